"""The body of a call as one JSON object, held to what can be stored and answered again. Imports next to nothing."""

import json
import math
from typing import NoReturn

from nodback_core.domain.shared.errors import FieldError, InvalidInput


def json_object(body: str | bytes) -> dict[str, object]:
    """The object in `body`; InvalidInput for anything else.

    Refused too is what Python reads and nobody else could: NaN, numbers without an end, and half of a surrogate pair.
    """
    try:
        value = json.loads(body, parse_constant=_no_number, parse_float=_number)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidInput((FieldError("body", "the body must be one JSON object"),))
    if not is_text(body if isinstance(body, str) else "") or _has_half_pair(body, value):
        problem = "a text in it has half of a surrogate pair (\\ud800 to \\udfff): send whole characters"
        raise InvalidInput((FieldError("body", problem),))
    return value


def media_type_of(content_type: str) -> str:
    """The media type of a Content-Type header, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_json(content_type: str) -> bool:
    """Whether a body of this Content-Type is read as JSON; one that has none is."""
    kind = media_type_of(content_type)
    return kind in ("", "application/json") or kind.endswith("+json")


def is_text(text: str) -> bool:
    """Whether it has whole characters only, so that it can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _has_half_pair(body: str | bytes, value: object) -> bool:
    # Only an escape can bring one in, and most bodies have none.
    escape = "\\ud" if isinstance(body, str) else b"\\ud"
    return escape in body.lower() and not is_text(json.dumps(value, ensure_ascii=False))  # type: ignore[operator]


def _number(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
