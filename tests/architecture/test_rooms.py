"""The same few rooms in every layer: who knows a capability in one layer finds it in another by swapping the folder."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "layers/core/python/nodback_core"
ROOMS = {
    "reviews",
    "replies",
    "letters",
    "flows",
    "webhooks",
    "audit",
    "figures",
    "people",
    "deployments",
    "shared",
}
LAYERS = [
    CORE / "domain",
    CORE / "usecases",
    CORE / "api",
    CORE / "dashboard/pages",
    CORE / "mail",
    ROOT / "infra/stacks",
    ROOT / "tests/unit",
]
BESIDE = {"tests/unit": {"dashboard"}}
"""Pages are tested across rooms."""
MAX_MODULES = 13


def modules(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("layer", LAYERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_layer_holds_the_rooms_and_nothing_else(layer: Path) -> None:
    found = {path.name for path in layer.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    name = layer.relative_to(ROOT).as_posix()
    assert found - ROOMS <= BESIDE.get(name, set())


@pytest.mark.parametrize("layer", LAYERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_room_is_crowded_and_each_says_what_it_is_for(layer: Path) -> None:
    for room in (path for path in layer.iterdir() if path.name in ROOMS and any(path.glob("*.py"))):
        assert len(modules(room)) <= MAX_MODULES, f"{room} holds {modules(room)}"
        if layer.name != "unit":
            assert (room / "__init__.py").read_text().startswith('"""'), room
