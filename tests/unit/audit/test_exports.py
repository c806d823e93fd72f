"""Exports: whole chains, once each, whatever happens meanwhile; and spreadsheets that run nothing."""

import csv
import json
from bisect import insort
from datetime import timedelta
from pathlib import Path

import pytest
from support.exports import TOLD, begin_export, export_all, fetch_export, finish_export, manager, write_once
from support.scale import SCALE
from support.world import START, World

import nodback_core.usecases.audit.exports as exports
from nodback.verify import Verdict, read_known, verify
from nodback_core.domain.audit.day_lists import day_of, day_sort
from nodback_core.domain.audit.exports import cell
from nodback_core.domain.deployments.deployment import Deployment, Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.shared.entries import SERVICE, Action, Head, NewEntry, append
from nodback_core.domain.shared.errors import Forbidden, InvalidInput, NotFound


def busy_world(requests: int = 12) -> World:
    world = World()
    one, other = world.deployment(), world.deployment()
    for number in range(requests):
        world.pass_time(minutes=4)
        opened = world.pause(one if number % 3 else other, flow_id=f"flow-{number}")
        world.deliver()
        if number % 2:
            world.reply("approved", to=world.reply_address())
            world.deliver()
        if number % 4 == 0:
            world.seal()
        assert opened.request
    return world


def test_an_export_is_complete_verifies_and_holds_nothing_of_others(tmp_path: Path) -> None:
    world = busy_world()
    folder = export_all(world, 1, tmp_path)
    report = verify(folder, known=TOLD)
    assert (report.verdict, report.reason) == (Verdict.INTACT, "")
    lines = [json.loads(line) for line in (folder / "entries-00001.ndjson").read_bytes().splitlines()]
    ours = [e for chain in world.store.chains.values() for e in chain if e.deployment_id == 1]
    told = {(e["subject"], e["seq"]) for e in lines}
    finished = max(e.seq for e in ours if e.subject == "deployment/1")
    assert told == {(e.subject, e.seq) for e in ours} - {("deployment/1", finished)}
    assert len(lines) == len(told) == report.entries
    assert {e["action"] for e in lines} >= {"export.started", "request.responded", "notification.sent"}
    assert world.store.chains["deployment/1"][-1].action == "export.finished"


def test_requests_that_are_opened_while_it_is_written_neither_disturb_nor_repeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE_ENTRIES", 7)
    monkeypatch.setattr(exports, "PAGE_SEALS", 2)
    world = busy_world(20)
    export = begin_export(world, 1, START.replace(month=1))
    deployment = world.deployment()
    for number in range(400):
        world.pass_time(seconds=1)
        world.pause(deployment if number % 2 else the_deployment(world), flow_id=f"meanwhile-{number}")
        if number % 5 == 0:
            world.seal()
        written = write_once(world, export)
        if written and written.status == "finished":
            break
    folder = fetch_export(world, finish_export(world, export), tmp_path)
    report = verify(folder, known=TOLD)
    assert (report.verdict, report.reason) == (Verdict.INTACT, "")
    assert len(list(folder.glob("entries-*.ndjson"))) > 5
    lines = [line for path in sorted(folder.glob("entries-*.ndjson")) for line in path.read_bytes().splitlines()]
    assert len(set(lines)) == len(lines) == report.entries


CHAINS, IN_EACH = 100, 10
"""A hundred thousand entries in `make fuzz`."""


@pytest.mark.fuzz
def test_a_large_export_among_openings_is_complete_and_holds_nothing_twice(tmp_path: Path) -> None:
    world = World()
    deployment = world.deployment()
    happenings = [NewEntry(Action.REQUEST_REMINDED, SERVICE, {"n": 1})] * IN_EACH
    for number in range(CHAINS * SCALE):
        made, _ = append(Head(1, 1, f"request/{number:032x}"), happenings, at=START + timedelta(milliseconds=number))
        world.store.commit([], made)
    world.now = START + timedelta(hours=1)
    export = begin_export(world, 1, START.replace(month=1))
    meanwhile = 0
    while (written := write_once(world, export)) is None or written.status != "finished":
        world.pass_time(seconds=20)
        world.pause(deployment, flow_id=f"meanwhile-{meanwhile}")
        meanwhile += 1
        world.seal()
    report = verify(fetch_export(world, written, tmp_path), known=TOLD)
    assert (report.verdict, report.reason) == (Verdict.INTACT, "")
    lines = [line for path in sorted(tmp_path.glob("entries-*.ndjson")) for line in path.read_bytes().splitlines()]
    assert len(set(lines)) == len(lines) == report.entries >= CHAINS * SCALE * IN_EACH


def the_deployment(world: World) -> Deployment:
    found = world.store.fetch(Deployment.at(1))[Deployment.at(1)]
    assert found is not None
    return found


def test_a_step_that_died_is_done_again_without_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE_ENTRIES", 9)
    world = busy_world(16)
    export = begin_export(world, 1, START.replace(month=1))
    commit, dies = world.store.commit, [True]

    def dying(*args: object, **more: object) -> None:
        dies[0] = not dies[0]
        if dies[0]:
            raise ConnectionError("died before the commit")
        commit(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(world.store, "commit", dying)
    for _ in range(200):
        try:
            written = write_once(world, export)
        except ConnectionError:
            continue
        if written and written.status == "finished":
            break
    monkeypatch.setattr(world.store, "commit", commit)
    assert verify(fetch_export(world, finish_export(world, export), tmp_path), known=TOLD).verdict is Verdict.INTACT
    finished = [e for e in world.store.chains["deployment/1"] if e.action is Action.EXPORT_FINISHED]
    assert len(finished) == 1


def test_a_range_is_what_its_seals_sealed_and_chains_are_whole(tmp_path: Path) -> None:
    world = busy_world(6)
    world.seal()
    world.pass_time(days=3)
    began = world.now
    late = world.pause(the_deployment(world), flow_id="late").request
    world.pass_time(minutes=6)
    world.seal()
    world.pass_time(days=3)
    world.pause(the_deployment(world), flow_id="later")
    export = finish_export(world, begin_export(world, 1, began, began.replace(hour=23)))
    folder = fetch_export(world, export, tmp_path)
    assert verify(folder, known=TOLD).verdict is Verdict.INTACT
    lines = [json.loads(line) for line in (folder / "entries-00001.ndjson").read_bytes().splitlines()]
    assert {e["subject"] for e in lines} == {late.subject}


def test_an_empty_range_is_an_export_too(tmp_path: Path) -> None:
    world = busy_world(2)
    world.pass_time(days=9)
    begin = world.now.replace(day=world.now.day - 3)
    export = finish_export(world, begin_export(world, 1, begin, begin.replace(hour=23)))
    report = verify(fetch_export(world, export, tmp_path), known=TOLD)
    assert (report.verdict, report.reason, report.entries) == (Verdict.INTACT, "", 0)


def test_only_managers_of_the_deployment_export_and_only_what_is_over() -> None:
    world = busy_world(2)
    export = begin_export(world, 1, START)
    with pytest.raises(NotFound):
        exports.read_export(1, export.export_id, caller=manager(2), store=world.store)
    with pytest.raises(Forbidden):
        exports.list_exports(1, caller=Caller(Scope.FLOW, 1, "f"), store=world.store, cursor=None)
    for begin in (world.now, world.now.replace(year=2027), START.replace(year=2024)):
        with pytest.raises(InvalidInput):
            begin_export(world, 1, begin)


def test_a_tampering_in_the_table_is_found_by_whoever_checks_an_export(tmp_path: Path) -> None:
    """With all rights on the table: an entry is changed and the whole chain behind it hashed again."""
    world = busy_world()
    subject = a_decided(world)
    chain = world.store.chains[subject]
    deployment_id = chain[0].deployment_id
    world.seal()
    head = Head(1, deployment_id, subject)
    forged = []
    for entry in chain:
        data = {**entry.data, "outcome": "rejected"} if entry.action == "request.responded" else entry.data
        made, head = append(head, [NewEntry(entry.action, entry.actor, data)], at=entry.at)
        forged += made
    at = next(e.seq for e in chain if e.action == "request.responded")
    world.store.chains[subject] = forged
    report = verify(export_all(world, deployment_id, tmp_path), known=TOLD)
    assert report.verdict is Verdict.TAMPERED
    assert report.where.startswith(f"{subject} entry ")
    assert int(report.where.rsplit(" ", 1)[1]) >= at


def test_a_seal_that_was_made_anew_is_found_by_whoever_kept_an_earlier_one(tmp_path: Path) -> None:
    """With all rights, the signing key included: chains and seals are made again from the beginning."""
    world = busy_world()
    before = export_all(world, 1, tmp_path / "before")
    known = read_known(before)
    key = verify(before).key
    world.store.chains[a_decided(world)].pop()
    world.store.rows = {k: v for k, v in world.store.rows.items() if not k[0].startswith("seals")}
    list_by_day_again(world)
    for number in range(8):
        world.pass_time(minutes=5)
        world.pause(the_deployment(world), flow_id=f"as-if-{number}")
        world.seal()
    anew = export_all(world, 1, tmp_path / "anew")
    assert verify(anew, known=TOLD).verdict is Verdict.INTACT, "by itself it holds together"
    assert verify(anew).key == key
    report = verify(anew, known=known)
    assert report.verdict is Verdict.TAMPERED
    assert report.where == f"seal {next(iter(known.seals))}"


def a_decided(world: World) -> str:
    """The subject of a request that was answered."""
    return next(s for s, c in world.store.chains.items() if any(e.action == "request.responded" for e in c))


def list_by_day_again(world: World) -> None:
    world.store.days = {}
    for chain in world.store.chains.values():
        for entry in chain:
            insort(world.store.days.setdefault(day_of(entry), []), (day_sort(entry), entry))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "'=1", "=cmd|' /C calc'!A0", "\n=1"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_a_table_opens_as_a_table(tmp_path: Path) -> None:
    world = World()
    deployment = world.deployment()
    world.pause(deployment, method_name="=HYPERLINK(1)")
    folder = export_all(world, 1, tmp_path)
    rows = list(csv.DictReader((folder / "entries-00001.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert {row["action"] for row in rows} >= {"deployment.created", "request.opened"}
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())
    assert cell(None) == ""
    assert cell(7) == "7"
