"""JSON of a flow's state as a tree that opens and closes without scripts, as much of it as a person can read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from nodback_core.mail.letters.wording import clean

MAX_NODES = 400
MAX_DEPTH = 12
OPEN_NODES = 8
"""A branch with at most so many children is open from the beginning."""
MAX_VALUE_CHARACTERS = 400


@dataclass
class _Budget:
    left: int = MAX_NODES


def tree(value: object) -> str:
    """Safe HTML of any JSON value."""
    budget = _Budget()
    return f'<div class="tree">{_branch(value, budget, 0)}</div>'


def _branch(value: object, budget: _Budget, depth: int) -> str:
    pairs = _pairs(value)
    if pairs is None:
        return _leaf(value)
    if not pairs:
        return f'<span class="t-none">{"empty object" if isinstance(value, Mapping) else "empty list"}</span>'
    lines = []
    for place, (name, child) in enumerate(pairs):
        if budget.left <= 0 or depth >= MAX_DEPTH:
            lines.append(f'<li class="t-none">{len(pairs) - place} more: see the whole as JSON</li>')
            break
        budget.left -= 1
        lines.append(f"<li>{_line(name, child, budget, depth)}</li>")
    return f"<ul>{''.join(lines)}</ul>"


def _line(name: str, child: object, budget: _Budget, depth: int) -> str:
    label = f'<span class="t-name" dir="auto">{escape(clean(name)[:200])}</span>'
    pairs = _pairs(child)
    if not pairs:
        return f"{label} {_branch(child, budget, depth + 1)}"
    kind = f"{len(pairs)} {'field' if isinstance(child, Mapping) else 'item'}{'' if len(pairs) == 1 else 's'}"
    is_open = " open" if depth < 2 and len(pairs) <= OPEN_NODES else ""
    summary = f'<summary>{label} <span class="t-none">{kind}</span></summary>'
    return f"<details{is_open}>{summary}{_branch(child, budget, depth + 1)}</details>"


def _pairs(value: object) -> list[tuple[str, object]] | None:
    if isinstance(value, Mapping):
        return [(str(k), v) for k, v in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [(str(i), v) for i, v in enumerate(value)]
    return None


def _leaf(value: object) -> str:
    if value is None:
        return '<span class="t-none">null</span>'
    if isinstance(value, bool):
        return f'<span class="t-word">{"true" if value else "false"}</span>'
    if isinstance(value, str):
        text = clean(value)
        cut = "…" if len(text) > MAX_VALUE_CHARACTERS else ""
        return f'<span class="t-text" dir="auto">{escape(text[:MAX_VALUE_CHARACTERS])}{cut}</span>'
    return f'<span class="t-number">{escape(str(value)[:60])}</span>'
