"""What each action of the trail means, for docs/audit.md: `python -m tests.support.action_table --write`."""

import sys
from dataclasses import fields
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "layers/core/python"), str(ROOT / "tests")]

from nodback_core.domain.audit.trail import KINDS  # noqa: E402
from nodback_core.domain.reviews.happenings import TestOpened  # noqa: E402
from nodback_core.domain.shared.happenings import Happening  # noqa: E402
from support.documents import put  # noqa: E402

PAGE = ROOT / "docs/audit.md"
NO_FACTS = ("by", "calls_for")


def table() -> str:
    """A line for each class."""
    lines = [
        "| action | the timeline says | the bus is told | webhooks are told | closes as | facts |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_line(kind) for kind in (*KINDS, TestOpened))])


def _line(kind: type[Happening]) -> str:
    action = f"`{kind.action}`" + (" (a test of the mail)" if kind is TestOpened else "")
    event = f"`{kind.webhook}`" if kind.webhook else ""
    mailed = ", and may send mail" if kind.calls_for_mail else ""
    told = f"yes{mailed}" if kind.is_event else "no"
    return f"| {action} | {kind.words} | {told} | {event} | {kind.closes_as or ''} | {', '.join(_facts(kind))} |"


def _facts(kind: type[Happening]) -> list[str]:
    """The names of its facts; those that an entry may lack in brackets."""
    named = [(str(f.metadata.get("name", f.name)), f.default is None) for f in fields(kind) if f.name not in NO_FACTS]
    return [f"[{name}]" if may_lack else name for name, may_lack in sorted(named, key=lambda fact: fact[1])]


if __name__ == "__main__":
    print(table())
    if "--write" in sys.argv:
        put(PAGE, "actions", table())
