"""Random tamperings of exports: all are found, and honest exports never raise an alarm."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.exports import TOLD, export_all
from support.scale import SCALE, SEED, replay_with
from support.world import World

from nodback.cli import main
from nodback.verify import Verdict, verify

TAMPERINGS = 100
HONEST = 100
"""`make fuzz` takes both a hundred times further."""


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of a few requests, with several seals."""
    return an_export(4, tmp_path_factory.mktemp("honest"), sealed=1.0)


def an_export(seed: int, folder: Path, *, sealed: float = 0.5) -> Path:
    world, choose = World(seed=seed), random.Random(seed)
    deployments = [world.deployment() for _ in range(2)]
    for number in range(choose.randrange(2, 6)):
        world.pass_time(minutes=choose.randrange(1, 90))
        world.pause(choose.choice(deployments), flow_id=f"flow-{number}")
        world.deliver()
        if choose.random() < 0.6:
            world.reply(choose.choice(["approved", "Ja, gern ü", "no"]), to=world.reply_address())
            world.deliver()
        if choose.random() < sealed:
            world.seal()
    return export_all(world, 1, folder)


Lines = list[bytes]


def flip_a_field(lines: Lines, choose: random.Random) -> None:
    at = choose.randrange(len(lines))
    document = json.loads(lines[at])
    spots = list(places(document))
    holder, name = choose.choice(spots)
    holder[name] = other_value(holder[name], choose)
    lines[at] = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def places(value: object) -> list[tuple]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for name, inner in items:
        found += places(inner) if isinstance(inner, dict | list) and inner else [(value, name)]
    return found


def other_value(value: object, choose: random.Random) -> object:
    if isinstance(value, str) and value:
        at = choose.randrange(len(value))
        return value[:at] + ("0" if value[at] != "0" else "1") + value[at + 1 :]
    if isinstance(value, int) and not isinstance(value, bool):
        return value + choose.choice((-1, 1, 1000))
    return "forged"


def flip_a_byte(lines: Lines, choose: random.Random) -> None:
    at = choose.randrange(len(lines))
    line = bytearray(lines[at])
    line[choose.randrange(len(line))] ^= 1 << choose.randrange(8)
    lines[at] = bytes(line)


def delete(lines: Lines, choose: random.Random) -> None:
    del lines[choose.choice((0, len(lines) // 2, -1, choose.randrange(len(lines))))]


def swap(lines: Lines, choose: random.Random) -> None:
    one, other = choose.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]


def repeat(lines: Lines, choose: random.Random) -> None:
    lines.insert(choose.randrange(len(lines) + 1), choose.choice(lines))


def copy_from_another(lines: Lines, choose: random.Random) -> None:
    one, other = choose.sample(range(len(lines)), 2)
    document, wanted = json.loads(lines[one]), json.loads(lines[other])
    for name in ("subject", "seq", "deployments", "heads"):
        if name in wanted:
            document[name] = wanted[name]
    lines[other] = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def truncate(lines: Lines, choose: random.Random) -> None:
    lines[-1] = lines[-1][: choose.randrange(len(lines[-1]))]


WAYS: tuple[Callable[[Lines, random.Random], None], ...] = (
    flip_a_field,
    flip_a_byte,
    delete,
    swap,
    repeat,
    copy_from_another,
    truncate,
)


@pytest.mark.fuzz
def test_no_random_tampering_of_any_file_is_believed(honest: Path, tmp_path: Path) -> None:
    names = [p.name for p in sorted(honest.iterdir())]
    folder = tmp_path / "forged"
    shutil.copytree(honest, folder)
    for number in range(TAMPERINGS * SCALE):
        choose = random.Random(SEED + number)
        name, way = choose.choice(names), choose.choice(WAYS)
        original = (honest / name).read_bytes()
        lines = original.splitlines(keepends=True)
        if (len(lines) < 2 and way in (swap, copy_from_another)) or (way is flip_a_field and name.endswith(".csv")):
            way = flip_a_byte
        if way is copy_from_another and name.endswith(".csv"):
            way = swap
        way(lines, choose)
        forged = b"".join(lines)
        if forged == original:
            continue
        (folder / name).write_bytes(forged)
        assert verify(folder, known=TOLD).verdict is not Verdict.INTACT, (
            f"{way.__name__} of {name}: {replay_with(SEED)}"
        )
        (folder / name).write_bytes(original)
    assert verify(folder, known=TOLD).verdict is Verdict.INTACT


@pytest.mark.fuzz
def test_an_honest_export_never_raises_an_alarm(tmp_path: Path) -> None:
    for seed in range(SEED, SEED + HONEST * SCALE):
        folder = tmp_path / str(seed)
        report = verify(an_export(seed, folder), known=TOLD)
        assert report.verdict is Verdict.INTACT, f"{report.where}: {report.reason}; {replay_with(seed)}"
        shutil.rmtree(folder)


def entries_of(folder: Path) -> tuple[Path, Lines]:
    path = folder / "entries-00001.ndjson"
    return path, path.read_bytes().splitlines(keepends=True)


def test_the_first_bad_entry_is_named(honest: Path, tmp_path: Path) -> None:
    for at in range(len(entries_of(honest)[1])):
        folder = shutil.copytree(honest, tmp_path / str(at))
        path, lines = entries_of(folder)
        document = json.loads(lines[at])
        document["at"] = "2026-01-01T00:00:00.000Z"
        lines[at] = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        path.write_bytes(b"".join(lines))
        report = verify(folder, known=TOLD)
        assert report.verdict is Verdict.TAMPERED
        assert report.where == f"{document['subject']} entry {document['seq']}"
        path.write_bytes(b"".join(lines[:at] + lines[at + 1 :]))
        assert verify(folder, known=TOLD).where == f"{document['subject']} entry {document['seq']}"


def test_seals_that_were_dropped_replayed_or_exchanged_are_named(honest: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(honest, tmp_path / "x")
    path = folder / "seals-00001.ndjson"
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) > 2
    path.write_bytes(b"".join(lines[:1] + lines[2:]))
    assert verify(folder, known=TOLD).where == "seal 2"
    path.write_bytes(b"".join([lines[0], lines[0], *lines[2:]]))
    assert verify(folder, known=TOLD).where == "seal 2"
    path.write_bytes(b"".join([lines[1], lines[0], *lines[2:]]))
    assert verify(folder, known=TOLD).where == "seal 1"
    path.write_bytes(b"".join(lines[:-1]))
    assert verify(folder, known=TOLD).verdict is Verdict.TAMPERED, "entries that no seal covers any more"


def test_the_command_tells_by_its_exit_code_what_it_found(honest: Path, tmp_path: Path) -> None:
    def run(*arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["verify", *map(str, arguments)])
        return result.exit_code, result.output

    key = verify(honest).key
    code, said = run(honest, "--key", key)
    assert code == 0
    assert "INTACT" in said
    assert run(honest)[0] == 5
    assert run(honest, "--key", key, "--known", honest)[0] == 0
    assert run(honest, "--key", "0" * 64)[0] == 1
    assert run(honest, "--known", tmp_path)[0] == 3

    folder = shutil.copytree(honest, tmp_path / "x")
    path, lines = entries_of(folder)
    path.write_bytes(b"".join(lines[1:]))
    code, said = run(folder)
    assert code == 1
    assert "deployment/1 entry 1: it is missing" in said
    path.unlink()
    assert run(folder)[0] == 2
    path.write_bytes(b"".join(lines))
    (folder / "manifest.json").unlink()
    assert run(folder)[0] == 2
    path.unlink()
    assert run(folder)[0] == 3
    assert run(tmp_path / "nothing")[0] == 3
    extra = shutil.copytree(honest, tmp_path / "y") / "entries-00002.ndjson"
    extra.write_bytes(lines[0])
    assert run(extra.parent)[0] == 1
