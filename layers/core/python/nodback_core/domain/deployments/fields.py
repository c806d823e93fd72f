"""Checks of single values in a settings document: each takes what was sent and records what is wrong with it.

A check that fails returns None, so that reading goes on and every mistake is reported at once. `setting` puts a check
beside the field that it reads.
"""

import math
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TypeAlias, TypeVar

from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.errors import FieldError

T = TypeVar("T")

MINUTES_PER_YEAR = 365 * 24 * 60
MS_PER_MINUTE = 60_000
LARGEST_WHOLE_NUMBER = 2**64
MAX_SHOWN_CHARACTERS = 60
UNPRINTABLE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(slots=True)
class Problems:
    """The mistakes found so far, in the order of reading."""

    found: list[FieldError] = field(default_factory=list)

    def add(self, path: str, message: str) -> None:
        self.found.append(FieldError(path, message))


Reader: TypeAlias = Callable[[Problems, str, object], object]
"""Reads what was sent for a path. When it is wrong, it records the problem and returns None."""


def setting(read: Reader, default: T) -> T:
    """A field of a dataclass that a document may set: `read` reads what was sent, `default` applies when nothing was.

    Example: ``reply_token_hours: int = setting(partial(whole_number, least=1, most=1440, unit="hours"), 168)``
    """
    return field(default=default, metadata={"read": read})


def read_settings_of(kind: type[T], problems: Problems, sent: Mapping[str, object]) -> T:
    """The dataclass `kind`, made of `setting` fields, from a document. What is wrong or left out has its default."""
    read = {f.name: f.metadata["read"](problems, f.name, sent[f.name]) for f in fields(kind) if f.name in sent}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in read.items() if value is not None})


def optional(read: Reader) -> Reader:
    """A reader that accepts null as well."""
    return lambda problems, path, value: None if value is None else read(problems, path, value)


def shown(value: object) -> str:
    """A value as an error message repeats it: quoted and shortened."""
    text = (value if isinstance(value, str) else str(value))[: MAX_SHOWN_CHARACTERS + 1]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else "�" for c in text)
    return f"“{text[:MAX_SHOWN_CHARACTERS]}…”" if len(text) > MAX_SHOWN_CHARACTERS else f"“{text}”"


def inside(path: str, name: object) -> str:
    """The dotted path of something within `path`."""
    plain = shown(name)[1:-1]
    return f"{path}.{plain}" if path else plain


def number_of(value: object) -> int | float | None:
    """The value as a finite number of ordinary size, or None; a boolean is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_WHOLE_NUMBER else None
    if not math.isfinite(value):
        return None
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else float(value)


def section(problems: Problems, path: str, value: object, known: Collection[str]) -> Mapping[str, object] | None:
    """An object whose fields are all known."""
    if not isinstance(value, Mapping):
        problems.add(path, "must be an object")
        return None
    for name in value:
        if name not in known:
            problems.add(inside(path, name), f"is unknown; known are {', '.join(known)}")
    return value


def flag(problems: Problems, path: str, value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    problems.add(path, "must be true or false")
    return None


def choice(problems: Problems, path: str, value: object, choices: Collection[str]) -> str | None:
    if isinstance(value, str) and value in choices:
        return value
    problems.add(path, f"must be {'one of ' * (len(choices) > 1)}{', '.join(choices)}")
    return None


def minutes(problems: Problems, path: str, value: object) -> float | None:
    """A duration: a positive number of minutes, at most a year, fractions allowed."""
    number = number_of(value)
    if number is None:
        problems.add(path, "must be a number of minutes")
    elif number > MINUTES_PER_YEAR:
        problems.add(path, f"must be at most a year ({MINUTES_PER_YEAR} minutes)")
    elif number <= 0 or round(number * MS_PER_MINUTE) < 1:
        problems.add(path, "must be more than 0 minutes")
    else:
        return number
    return None


def whole_number(problems: Problems, path: str, value: object, *, least: int, most: int, unit: str) -> int | None:
    number = number_of(value)
    if number is not None and least <= number <= most and number == int(number):
        return int(number)
    problems.add(path, f"must be a whole number of {unit} from {least} to {most}")
    return None


def address(problems: Problems, path: str, value: object) -> str | None:
    if not isinstance(value, str):
        problems.add(path, "must be a mail address")
        return None
    try:
        return normalise(value)
    except InvalidAddress as problem:
        problems.add(path, f"{shown(value)} is no valid address: {problem}")
        return None


def text(
    problems: Problems, path: str, value: object, *, most: int, needed: bool = False, lines: bool = False
) -> str | None:
    """Text of at most `most` characters without control characters; `lines` allows line breaks."""
    if not isinstance(value, str):
        problems.add(path, "must be text")
    elif needed and not value.strip():
        problems.add(path, "must not be empty")
    elif len(value) > most:
        problems.add(path, f"must have at most {most} characters")
    elif not value.isprintable() and _has_control(value.replace("\n", "") if lines else value):
        problems.add(
            path, "must hold no control characters" if lines else "must be one line without control characters"
        )
    else:
        return value
    return None


def _has_control(value: str) -> bool:
    return any(unicodedata.category(c) in UNPRINTABLE_CATEGORIES for c in value)
