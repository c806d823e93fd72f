"""The receipt: checked by the SDK, which shares no code with the service."""

import copy
import json
import random
from pathlib import Path

import pytest
from support.exports import TOLD
from support.world import World

from nodback.verify import Known, Report, Verdict, read_known, verify
from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.usecases.audit.erase import erase_content
from nodback_core.usecases.audit.receipts import receipt

MANAGER = Caller(Scope.MANAGE, 1, "m")
Document = dict


def story() -> tuple[World, str]:
    """A review that was answered by mail on the second try, among others."""
    world = World()
    deployment = world.deployment(free_text="ask", sla_minutes=60)
    for number in range(3):
        world.pause(deployment, flow_id=f"other-{number}")
    request = world.pause(deployment).request
    world.deliver()
    world.pass_time(minutes=3)
    world.reply("hm, not sure", to=world.reply_address())
    world.deliver()
    world.reply("Approved\n\nWith pleasure — ганна", to=world.reply_address())
    world.deliver()
    return world, request.request_id


def issue(world: World, request_id: str) -> Document:
    return receipt(request_id, caller=MANAGER, storage=world.storage, archive=world.archive)


def check(document: object, folder: Path, known: Known | None = None) -> Report:
    file = folder / "receipt.json"
    file.write_text(json.dumps(document))
    return verify(file, known=known or TOLD)


def test_a_sealed_receipt_proves_what_was_shown_answered_and_how_the_sender_was_known(tmp_path: Path) -> None:
    world, request_id = story()
    world.seal()
    document = issue(world, request_id)
    report = check(document, tmp_path)
    assert (report.verdict, report.reason) == (Verdict.INTACT, "")
    assert report.entries == len(world.actions(request_id))
    assert document["decision"]["outcome"] == "approved"
    assert document["reply"]["verdicts"]["dmarc"] == "PASS"
    assert {t["digest"] for t in document["contents"]["texts"]} == {
        "shown_digest",
        "feedback_digest",
        "reply_text_digest",
    }
    assert "With pleasure — ганна" in json.dumps(document["contents"], ensure_ascii=False)


def test_a_receipt_before_the_seal_is_incomplete_and_says_so(tmp_path: Path) -> None:
    world, request_id = story()
    assert check(issue(world, request_id), tmp_path).verdict is Verdict.INCOMPLETE
    world.seal()
    world.pass_time(minutes=1)
    erase_content(
        request_id, even_unfinished=True, caller=MANAGER, store=world.store, objects=world.objects, now=world.now
    )
    report = check(issue(world, request_id), tmp_path)
    assert report.verdict is Verdict.INCOMPLETE
    assert "not sealed yet" in report.reason
    world.pass_time(minutes=5)
    world.seal()
    report = check(issue(world, request_id), tmp_path)
    assert report.verdict is Verdict.INTACT, report.reason
    assert report.notes == ["the texts were erased; what remains of them is their digests"]


def test_a_receipt_can_be_held_against_what_was_kept_from_before(tmp_path: Path) -> None:
    world, request_id = story()
    seal = world.seal()
    assert seal is not None
    document = issue(world, request_id)
    key = check(document, tmp_path).key
    kept = read_known(tmp_path / "receipt.json", key)
    assert check(document, tmp_path, kept).compared == 1
    assert check(document, tmp_path, Known(seals={seal.number: "0" * 64})).verdict is Verdict.TAMPERED
    assert check(document, tmp_path, Known(key="0" * 64)).verdict is Verdict.TAMPERED


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Every place in a document where a plain value stands."""
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in places(v, (*path, k))]
    if isinstance(value, list):
        return [p for i, v in enumerate(value) for p in places(v, (*path, i))]
    return [path]


def changed(value: object, choose: random.Random) -> object:
    if isinstance(value, bool) or value is None:
        return "x"
    if isinstance(value, int):
        return value + choose.choice((-1, 1))
    assert isinstance(value, str)
    if not value:
        return "x"
    at = choose.randrange(len(value))
    other = choose.choice([c for c in "0123456789abcdefXY " if c != value[at]])
    return value[:at] + other + value[at + 1 :]


def test_whatever_single_value_is_changed_the_receipt_is_not_believed(tmp_path: Path) -> None:
    world, request_id = story()
    world.seal()
    document = issue(world, request_id)
    choose = random.Random(7)
    for path in places(document):
        forged = copy.deepcopy(document)
        holder = forged
        for part in path[:-1]:
            holder = holder[part]
        holder[path[-1]] = changed(holder[path[-1]], choose)
        assert check(forged, tmp_path).verdict in (Verdict.TAMPERED, Verdict.UNREADABLE), path


def test_entries_that_are_gone_moved_or_repeated_are_named(tmp_path: Path) -> None:
    world, request_id = story()
    world.seal()
    document = issue(world, request_id)
    count = len(document["entries"])
    for at in range(count):
        forged = copy.deepcopy(document)
        del forged["entries"][at]
        report = check(forged, tmp_path)
        assert report.verdict is Verdict.TAMPERED
        if at < count - 1:
            assert report.where == f"request/{request_id} entry {at + 1}"
    forged = copy.deepcopy(document)
    forged["entries"].insert(1, forged["entries"][1])
    assert check(forged, tmp_path).where == f"request/{request_id} entry 3"
    forged = copy.deepcopy(document)
    del forged["contents"]["texts"][0]
    assert check(forged, tmp_path).verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "review/receipt/1"}', "\x00", "null"])
def test_what_is_no_receipt_is_unreadable(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    assert verify(tmp_path / "x.json").verdict is Verdict.UNREADABLE
    assert verify(tmp_path / "none.json").verdict is Verdict.UNREADABLE
