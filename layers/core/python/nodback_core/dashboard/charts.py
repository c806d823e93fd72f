"""Charts as SVG made on the server: no script, no library; series differ by shape and pattern, not by colour alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from nodback_core.dashboard.words import duration

WIDTH, HEIGHT = 560, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 30
DAY_LABELS = 6
PATTERNS = 6
_MINUTE, _HOUR = 60, 3600
TIME_STEPS = (
    *(10, 20, 60, 2 * _MINUTE, 4 * _MINUTE, 10 * _MINUTE, 20 * _MINUTE, 40 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 4 * _HOUR, 6 * _HOUR, 8 * _HOUR, 12 * _HOUR, 24 * _HOUR, 48 * _HOUR),
)
"""Where an axis of durations may end, in seconds."""


@dataclass(frozen=True, slots=True)
class Series:
    """One value for each place on the x axis; None where there is none."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Stack:
    """One line of stacked bars: a name, and its parts in the order of the legend."""

    name: str
    parts: Sequence[int]


def bars(title: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Bars side by side, the second hatched."""
    top = _nice(max((v or 0 for s in series for v in s.values), default=0))
    slot = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    width = max(1.0, min(14.0, slot * 0.8 / len(series)))
    marks = []
    for number, one in enumerate(series):
        fill = 'class="bar-a"' if number == 0 else 'fill="url(#hatch)"'
        for place, value in enumerate(one.values):
            if value:
                x = LEFT + slot * place + (slot - width * len(series)) / 2 + width * number
                y = _y(value, top)
                marks.append(f'<rect {fill} x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_bottom() - y:.1f}"/>')
    return _chart(title, labels, top, "".join(marks), lambda v: f"{v:g}")


def lines(title: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Lines over days, the second dashed, in durations."""
    top = _nice_time(max((v or 0 for s in series for v in s.values), default=0))
    slot = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    marks = []
    for number, one in enumerate(series):
        css = "line-a" if number == 0 else "line-b"
        run: list[str] = []
        for place, value in enumerate([*one.values, None]):
            if value is None:
                if len(run) > 1:
                    marks.append(f'<polyline class="{css}" points="{" ".join(run)}"/>')
                run = []
                continue
            x, y = LEFT + slot * (place + 0.5), _y(value, top)
            run.append(f"{x:.1f},{y:.1f}")
            shape = (
                f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
                if number == 0
                else f'<rect class="bar-b" x="{x - 2.5:.1f}" y="{y - 2.5:.1f}" width="5" height="5"/>'
            )
            marks.append(shape)
    return _chart(title, labels, top, "".join(marks), lambda v: duration(v) if v else "0")


def stacks(title: str, rows: Sequence[Stack]) -> str:
    """One line for each name, its parts as shares of the longest, each in its own pattern with its number on it."""
    most = max((sum(r.parts) for r in rows), default=0) or 1
    height = len(rows) * 44 + 4
    marks = []
    for number, row in enumerate(rows):
        y, x = number * 44 + 18, 0.0
        marks.append(f'<text x="0" y="{y - 6}" class="value">{escape(row.name[:60])}</text>')
        for kind, part in enumerate(row.parts):
            if part:
                width = part / most * WIDTH
                fill = f'fill="url(#p{kind % PATTERNS})"' if kind % PATTERNS else 'class="p0"'
                marks.append(f'<rect {fill} x="{x:.1f}" y="{y}" width="{max(1.0, width - 1.5):.1f}" height="16"/>')
                x += width
    return _svg(title, height, "".join(marks))


def swatch(kind: int) -> str:
    """The pattern of one part, for the legend."""
    fill = f'fill="url(#p{kind % PATTERNS})"' if kind % PATTERNS else 'class="p0"'
    return f'<svg viewBox="0 0 16 8" aria-hidden="true"><rect {fill} width="16" height="8"/></svg>'


def _chart(title: str, labels: Sequence[str], top: float, marks: str, say: object) -> str:
    assert callable(say)
    slot = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    grid = []
    for share in (0, 0.5, 1):
        y = _y(top * share, top)
        grid.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        grid.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(str(say(top * share)))}</text>')
    every = max(1, -(-len(labels) // DAY_LABELS))
    for place in range(0, len(labels), every):
        x = LEFT + slot * (place + 0.5)
        grid.append(f'<text x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(labels[place])}</text>')
    return _svg(title, HEIGHT, f"{''.join(grid)}{marks}")


def _svg(title: str, height: int, inner: str) -> str:
    name = escape(title)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{name}">{inner}</svg>'


def patterns() -> str:
    """Fills that differ without colour, once for all charts of a page: diagonals, dots, a grid, lines."""
    # A diagonal goes on beyond its tile, so that no corner is left empty.
    rising = '<path d="M-2 2L2 -2M-1 9L9 -1M6 10L10 6" stroke-width="2"/>'
    shapes = (
        ("hatch", rising),
        ("p1", rising),
        ("p2", '<circle cx="4" cy="4" r="2.2"/>'),
        ("p3", '<path d="M0 4H8M4 0V8" stroke-width="1.2"/>'),
        ("p4", '<path d="M-2 6L2 10M-1 -1L9 9M6 -2L10 2" stroke-width="2"/>'),
        ("p5", '<path d="M0 4H8" stroke-width="2.4"/>'),
    )
    made = "".join(
        f'<pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect class="pattern-ground" width="8" height="8"/><g class="pattern">{shape}</g></pattern>'
        for name, shape in shapes
    )
    return f'<svg class="hidden" aria-hidden="true" width="1" height="1"><defs>{made}</defs></svg>'


def _y(value: float, top: float) -> float:
    return _bottom() - (_bottom() - TOP) * (value / top if top else 0)


def _bottom() -> int:
    return HEIGHT - BOTTOM


def _nice_time(seconds: float) -> float:
    """The same for a duration: an even number of its unit, so that the half of it reads well too."""
    return next((float(step) for step in TIME_STEPS if step >= seconds), _nice(seconds / 86400) * 86400)


def _nice(value: float) -> float:
    """The next number that is easy to read on an axis."""
    if value <= 0:
        return 1.0
    size = 10.0 ** (len(str(int(value))) - 1)
    return next((size * step for step in (1, 2, 4, 5, 10) if size * step >= value), value)
