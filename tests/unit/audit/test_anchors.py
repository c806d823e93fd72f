"""What an export or a receipt proves, and by what: against forgers who may sign with the stack's own key."""

import json
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.exports import begin_export, fetch_export, finish_export, manager
from support.forgery import Document, Forger, forge_receipt
from support.world import World

from nodback.cli import main
from nodback.verify import Known, Verdict, read_known, verify
from nodback.verify.hashes import canonical
from nodback_core.adapters.memory import MemorySigner
from nodback_core.domain.audit.seals import fingerprint
from nodback_core.usecases.audit.receipts import receipt

STRANGER = MemorySigner(666)
"""Anybody can make a key."""


@dataclass
class Year:
    """A deployment's exports, one for each quarter, as an auditor fetches them: no seal is in two of them."""

    world: World
    quarters: list[Path] = field(default_factory=list)
    receipts: list[Path] = field(default_factory=list)
    """Of the early review: while it waited, and when it was answered."""
    early: str = ""
    """A review that was opened in the first quarter and answered in the second."""

    @property
    def signer(self) -> MemorySigner:
        signer = self.world.archive.signer
        assert isinstance(signer, MemorySigner)
        return signer

    @property
    def key(self) -> str:
        return fingerprint(self.signer.public_key())

    def seals(self, quarter: int) -> tuple[int, int]:
        """The first and the last seal of a quarter."""
        seals = json.loads((self.quarters[quarter - 1] / "manifest.json").read_bytes())["manifest"]["seals"]
        return seals["first"], seals["last"]

    def forger(self, quarter: int, folder: Path) -> Forger:
        """Somebody with all rights, and a copy of a quarter to work on."""
        return Forger(shutil.copytree(self.quarters[quarter - 1], folder / "forged"), self.signer)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    folder, world = tmp_path_factory.mktemp("year"), World()
    made = Year(world)
    deployment, begin = world.deployment(), world.now.replace(month=1)
    early = world.pause(deployment, flow_id="early").request
    world.deliver()
    address = world.reply_address()
    for quarter in (1, 2, 3):
        for number in range(3):
            world.pass_time(hours=1)
            world.pause(deployment, flow_id=f"flow-{quarter}-{number}")
            world.deliver()
            world.reply("approved", to=world.reply_address())
            if (quarter, number) == (2, 1):
                world.reply("approved", to=address)
            world.deliver()
            world.pass_time(minutes=5)
            world.seal()
        made.quarters.append(exported(world, begin, folder / f"q{quarter}"))
        made.receipts.append(write_receipt(issue(world, early.request_id), folder / f"receipt-{quarter}.json"))
        world.pass_time(hours=1)
        begin = world.now
    made.early = early.subject
    return made


def exported(world: World, begin: datetime, folder: Path) -> Path:
    return fetch_export(world, finish_export(world, begin_export(world, 1, begin)), folder)


def issue(world: World, request_id: str) -> Document:
    return dict(
        receipt(
            request_id,
            caller=manager(1),
            storage=world.storage,
            archive=world.archive,
        )
    )


def write_receipt(document: Document, path: Path) -> Path:
    path.write_text(json.dumps(document))
    return path


def flip_decisions(entry: Document) -> None:
    if entry["action"] == "request.responded":
        entry["data"]["outcome"] = "rejected"


def seen(path: Path, known: Known | None = None) -> tuple[Verdict, str]:
    report = verify(path, known=known)
    return report.verdict, report.where


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["verify", *map(str, arguments)])
    return result.exit_code, result.output


# What was kept from before


def test_an_export_that_follows_the_one_that_was_kept_is_intact(year: Year) -> None:
    first, second, third = year.quarters
    for kept, new in ((first, second), (second, third), (third, second), (second, first)):
        report = verify(new, known=read_known(kept))
        assert (report.verdict, report.reason) == (Verdict.INTACT, ""), new
        assert (report.adjoins, report.compared) == (True, 0), "no seal is in both"
    report = verify(second, known=read_known(second))
    assert (report.verdict, report.compared) == (Verdict.INTACT, report.seals)


@pytest.mark.parametrize("kept", ["", "manifest.json"])
def test_a_second_export_that_was_forged_does_not_follow_the_first(year: Year, tmp_path: Path, kept: str) -> None:
    forger = year.forger(2, tmp_path)
    forger.change, forger.first_previous = flip_decisions, "0" * 64
    forged = forger.forge()
    assert seen(forged, Known(year.key)) == (Verdict.INTACT, ""), "by itself it holds together"
    known = read_known(year.quarters[0] / kept, year.key)
    assert seen(forged, known) == (Verdict.TAMPERED, f"seal {year.seals(2)[0]}")


def test_a_first_export_that_was_forged_does_not_lead_to_the_second(year: Year, tmp_path: Path) -> None:
    forger = year.forger(1, tmp_path)
    forger.change = flip_decisions
    forged = forger.forge()
    assert seen(forged, Known(year.key)) == (Verdict.INTACT, "")
    assert seen(forged, read_known(year.quarters[1])) == (Verdict.TAMPERED, f"seal {year.seals(1)[1]}")


@pytest.mark.parametrize("kept", ["export", "receipt"])
def test_an_entry_that_was_kept_is_the_same_in_whatever_is_sealed_later(year: Year, tmp_path: Path, kept: str) -> None:
    """The forged quarter follows the kept one, but tells the beginning of a long review in another way."""

    def reassign(entry: Document) -> None:
        if (entry["subject"], entry["seq"]) == (year.early, 1):
            entry["at"] = "2026-03-01T00:00:00.000Z"

    forger = year.forger(2, tmp_path)
    forger.change = reassign
    forged = forger.forge()
    assert seen(forged, Known(year.key)) == (Verdict.INTACT, "")
    assert seen(forged, read_known(year.quarters[0] / "manifest.json"))[0] is Verdict.INTACT, "it holds no entry"
    known = read_known(year.quarters[0] if kept == "export" else year.receipts[0])
    assert seen(forged, known) == (Verdict.TAMPERED, f"{year.early} entry 1")


def test_an_entry_that_was_kept_and_is_gone_is_asked_for(year: Year, tmp_path: Path) -> None:
    forger = year.forger(2, tmp_path)
    forger.drop = lambda entry: entry["subject"] == year.early and entry["seq"] > 1
    forged = forger.forge()
    assert seen(forged, Known(year.key)) == (Verdict.INTACT, "")
    report = verify(forged, known=read_known(year.quarters[0]))
    assert report.verdict is Verdict.INCOMPLETE
    assert f"{year.early} entry 2 is missing" in report.reason


def test_a_gap_between_what_was_kept_and_what_is_new_is_named_and_never_passed_over(year: Year) -> None:
    report = verify(year.quarters[2], known=read_known(year.quarters[0], year.key))
    first, last = year.seals(2)
    assert report.verdict is Verdict.UNLINKED
    assert f"seals {first} to {last} are missing" in report.reason
    assert "--known" in report.reason
    report = verify(year.quarters[0], known=read_known(year.quarters[2]))
    assert report.verdict is Verdict.UNLINKED
    assert f"seals {first} to {last} are missing" in report.reason
    report = verify(year.quarters[1], known=read_known(year.quarters[2] / "manifest.json"))
    assert report.verdict is Verdict.UNLINKED
    assert f"seals {last + 1} to " in report.reason, "a manifest names its newest seal only"


def test_no_numbering_of_forged_seals_makes_them_follow(year: Year, tmp_path: Path) -> None:
    known = read_known(year.quarters[0])
    for number in range(1, 30):
        forger = year.forger(2, tmp_path / str(number))
        forger.change, forger.first_previous, forger.number_seals_from = flip_decisions, "0" * 64, number
        touches = number <= year.seals(2)[0]
        expected = Verdict.TAMPERED if touches else Verdict.UNLINKED
        assert seen(forger.forge(), known)[0] is expected, number
    forger = year.forger(2, tmp_path)
    forger.number_seals_from = 0
    assert seen(forger.forge(), known) == (Verdict.TAMPERED, "seal 0")


def test_an_empty_export_is_not_tied_to_anything(year: Year, tmp_path: Path) -> None:
    world = World()
    world.pause(world.deployment())
    world.pass_time(days=2)
    begun = begin_export(world, 1, world.now.replace(hour=0), world.now.replace(hour=1))
    empty = fetch_export(world, finish_export(world, begun), tmp_path)
    assert seen(empty, Known(year.key)) == (Verdict.INTACT, ""), "this install has the same key"
    report = verify(empty, known=read_known(year.quarters[0]))
    assert report.verdict is Verdict.UNLINKED
    assert "holds no seal" in report.reason
    with pytest.raises(ValueError, match="holds no seal"):
        read_known(empty)


def test_a_receipt_is_held_against_an_earlier_receipt_of_the_same_request(year: Year) -> None:
    report = verify(year.receipts[1], known=read_known(year.receipts[0]))
    assert (report.verdict, report.reason) == (Verdict.INTACT, "")
    assert report.compared_entries == len(json.loads(year.receipts[0].read_text())["entries"])
    assert verify(year.receipts[0], known=read_known(year.receipts[1])).verdict is Verdict.INTACT


def test_a_receipt_that_touches_nothing_that_was_kept_is_not_tied_to_it(year: Year, tmp_path: Path) -> None:
    late = next(c[0].subject for c in reversed(year.world.store.chains.values()) if c[0].subject.startswith("request/"))
    path = write_receipt(issue(year.world, late.removeprefix("request/")), tmp_path / "late.json")
    assert seen(path, Known(year.key)) == (Verdict.INTACT, "")
    assert seen(path, read_known(year.quarters[0])) == (Verdict.UNLINKED, "")
    assert seen(path, read_known(year.quarters[2])) == (Verdict.INTACT, "")


def test_a_forged_receipt_is_found_by_what_was_kept(year: Year, tmp_path: Path) -> None:
    def forged(**seal: object) -> Path:
        document = json.loads(year.receipts[1].read_text())
        document = forge_receipt(document, year.signer, change=flip_decisions, **seal)
        document["decision"]["outcome"] = "rejected"
        return write_receipt(document, tmp_path / "forged.json")

    assert seen(forged(), Known(year.key)) == (Verdict.INTACT, ""), "by itself it holds together"
    number = json.loads(year.receipts[1].read_text())["seal"]["digest"]["number"]
    assert seen(forged(), read_known(year.receipts[1])) == (Verdict.TAMPERED, f"{year.early} entry 4")
    assert seen(forged(), read_known(year.quarters[1])) == (Verdict.TAMPERED, f"{year.early} entry 4")
    seals = Known(year.key, read_known(year.quarters[1]).seals)
    assert seen(forged(), seals) == (Verdict.TAMPERED, f"seal {number}")
    after = year.seals(1)[1] + 1
    false = forged(number=after, previous="0" * 64)
    assert seen(false, read_known(year.quarters[0])) == (Verdict.TAMPERED, f"seal {after}")
    first = forged(number=1, previous="0" * 64)
    assert seen(first, Known(year.key)) == (Verdict.TAMPERED, "seal 1"), "the first follows nothing"


def test_what_was_kept_must_hold_itself(year: Year, tmp_path: Path) -> None:
    spoilt = shutil.copytree(year.quarters[0], tmp_path / "spoilt")
    entries = spoilt / "entries-00001.ndjson"
    entries.write_bytes(entries.read_bytes().replace(b"approved", b"rejected"))
    with pytest.raises(ValueError, match="does not hold by itself"):
        read_known(spoilt)
    entries.unlink()
    assert not read_known(spoilt).entries, "the manifest alone still names its newest seal"
    manifest = spoilt / "manifest.json"
    outer = json.loads(manifest.read_bytes())
    outer["manifest"]["seals"]["last_hash"] = "0" * 64
    manifest.write_text(json.dumps(outer))
    with pytest.raises(ValueError, match="signature"):
        read_known(manifest)
    document = json.loads(year.receipts[0].read_text())
    document["seal"]["digest"]["previous"] = "0" * 64
    with pytest.raises(ValueError, match="signature"):
        read_known(write_receipt(document, tmp_path / "receipt.json"))


# The key


def test_without_a_key_and_without_anything_kept_it_is_said_what_is_not_proved(year: Year, tmp_path: Path) -> None:
    forger = year.forger(1, tmp_path)
    forger.signer, forger.change = STRANGER, flip_decisions
    forged = forger.forge()
    for path in (year.quarters[0], year.receipts[1], forged):
        report = verify(path)
        assert report.verdict is Verdict.UNANCHORED
        assert report.reason.startswith("consistent, but not anchored: ")
    assert verify(forged).key == fingerprint(STRANGER.public_key())
    assert seen(forged, Known(year.key)) == (Verdict.TAMPERED, "public key")


def test_a_stranger_cannot_carry_on_what_was_kept(year: Year, tmp_path: Path) -> None:
    """Everybody who was sent an export knows which seal comes next to it."""
    forger = year.forger(2, tmp_path)
    forger.signer, forger.change = STRANGER, flip_decisions
    forged = forger.forge()
    for kept in (year.quarters[0], year.quarters[0] / "manifest.json", year.receipts[0]):
        assert seen(forged, read_known(kept)) == (Verdict.TAMPERED, "public key")
    assert seen(forged, Known(seals=read_known(year.quarters[0]).seals))[0] is Verdict.UNANCHORED


def test_a_fingerprint_is_understood_however_it_is_written(year: Year) -> None:
    pairs = [year.key[i : i + 2] for i in range(0, 64, 2)]
    for written in (year.key.upper(), ":".join(pairs), ":".join(pairs).upper(), " ".join(pairs), f" {year.key}\n"):
        assert seen(year.quarters[0], Known(written)) == (Verdict.INTACT, ""), written
        assert run(year.quarters[0], "--key", written)[0] == 0, written
    for typo in ("", year.key[:-1], year.key + "0", "x" * 64, "alias/nodback"):
        with pytest.raises(ValueError, match="64 hex digits"):
            Known(typo)
        code, said = run(year.quarters[0], "--key", typo)
        assert code == Verdict.UNREADABLE
        assert "TAMPERED" not in said


# What the manifest does not say


@pytest.mark.parametrize("name", ["note.txt", "entries-00001.json", ".hidden", "entries-00009.csv", "more/entries.csv"])
def test_a_file_that_the_manifest_does_not_list_is_an_error(year: Year, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(year.quarters[0], tmp_path / "x")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("approved")
    assert seen(folder, Known(year.key)) == (Verdict.TAMPERED, name.partition("/")[0])


def test_what_a_file_manager_leaves_behind_is_no_error(year: Year, tmp_path: Path) -> None:
    folder = shutil.copytree(year.quarters[0], tmp_path / "x")
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (folder / name).write_bytes(b"\x00")
    assert seen(folder, Known(year.key)) == (Verdict.INTACT, "")


def test_a_manifest_says_everything_once_and_nothing_unsigned(year: Year, tmp_path: Path) -> None:
    folder = shutil.copytree(year.quarters[0], tmp_path / "x")
    path = folder / "manifest.json"
    honest = path.read_bytes()
    outer = json.loads(honest)
    other = canonical({**outer["manifest"], "entries": 0})
    for forged in (
        b'{"manifest":' + other + b"," + honest[1:],
        honest.replace(b'"entries":', b'"entries":0,"entries":', 1),
        canonical({**outer, "approved_by": "the board"}),
    ):
        assert forged != honest
        path.write_bytes(forged)
        assert verify(folder, known=Known(year.key)).verdict in (Verdict.TAMPERED, Verdict.UNREADABLE)
        with pytest.raises(ValueError, match="manifest"):
            read_known(path)


@pytest.mark.parametrize(
    ("name", "honest", "forged"),
    [
        ("entries-00001.ndjson", b'"outcome":"approved"', b'"outcome":"rejected","outcome":"approved"'),
        ("entries-00001.ndjson", b'{"action":', b'{ "action":'),
        ("seals-00001.ndjson", b'"number":2', b'"number":1,"number":2'),
        ("seals-00001.ndjson", b'{"deployments":', b'{"comment":"approved","deployments":'),
    ],
)
def test_no_line_can_be_read_in_two_ways_even_when_it_is_signed(
    year: Year, tmp_path: Path, name: str, honest: bytes, forged: bytes
) -> None:
    forger = year.forger(1, tmp_path)
    forger.after_lines = lambda: (forger.folder / name).write_bytes(
        (forger.folder / name).read_bytes().replace(honest, forged, 1)
    )
    folder = forger.forge()
    assert forged in (folder / name).read_bytes()
    assert verify(folder, known=Known(year.key)).verdict is Verdict.TAMPERED


def test_a_proof_holds_nothing_but_the_proof(year: Year, tmp_path: Path) -> None:
    for path in ("path", "deployment_path"):
        document = json.loads(year.receipts[1].read_text())
        document["seal"][path]["approved_by"] = "the board"
        changed = write_receipt(document, tmp_path / "receipt.json")
        assert verify(changed, known=Known(year.key)).verdict is Verdict.TAMPERED


# The command


def test_the_command_says_what_is_proved_and_what_is_not(year: Year) -> None:
    first, second, third = year.quarters
    code, said = run(first)
    assert code == 5
    assert "UNANCHORED  consistent, but not anchored: " in said
    assert f"key     {year.key}" in said
    code, said = run(second, "--key", year.key, "--known", first)
    assert code == 0
    assert "INTACT" in said
    assert "its seals and those that you kept follow each other" in said
    code, said = run(third, "--known", first)
    assert code == 4
    assert "UNLINKED  incomplete: " in said
    code, said = run(second, "--known", second)
    assert code == 0
    counted = year.seals(2)[1] - year.seals(2)[0] + 1
    assert f"known   {counted} seals and {verify(second).entries} entries are as you kept them" in said
