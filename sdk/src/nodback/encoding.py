"""Python values as JSON and back without loss, and the plain JSON view of them that people and rules read.

JSON knows fewer types than a flow's state does. What it does not know becomes an object with the one key `$nodback`:

    {"$nodback": ["datetime", "2026-11-22T10:00:00+00:00"]}

An object of the user's own that has this key is tagged itself, so every value has exactly one encoding.
Decoding imports nothing: an enum is only looked up in modules that the process has already loaded.
"""

import base64
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import ipaddress
import logging
import math
import pathlib
import sys
import uuid
import zoneinfo
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from nodback.reviews import Json
from nodback.version import PRODUCT

logger = logging.getLogger(__name__)

TAG = "$nodback"
# Beyond 2**53 a JSON number survives in Python, and in little else that it may pass through.
LARGEST_EXACT_INTEGER = 2**53

_ENCODERS: dict[type, tuple[str, Callable[[Any], Json]]] = {
    dt.datetime: ("datetime", lambda v: _clock_reading(v)),
    dt.date: ("date", lambda v: v.isoformat()),
    dt.time: ("time", lambda v: _clock_reading(v)),
    dt.timedelta: ("timedelta", lambda v: [v.days, v.seconds, v.microseconds]),
    decimal.Decimal: ("decimal", str),
    fractions.Fraction: ("fraction", str),
    complex: ("complex", lambda v: [repr(v.real), repr(v.imag)]),
    uuid.UUID: ("uuid", str),
    bytes: ("bytes", lambda v: _base64(v)),
    bytearray: ("bytearray", lambda v: _base64(v)),
    ipaddress.IPv4Address: ("ipv4", str),
    ipaddress.IPv6Address: ("ipv6", str),
}
_COLLECTIONS: dict[type, str] = {tuple: "tuple", set: "set", frozenset: "frozenset", deque: "deque"}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    "datetime": lambda v: _in_zone(dt.datetime.fromisoformat(v[0]), *v[1:]),
    "date": dt.date.fromisoformat,
    "time": lambda v: _in_zone(dt.time.fromisoformat(v[0]), *v[1:]),
    "timedelta": lambda v: dt.timedelta(*v),
    "decimal": decimal.Decimal,
    "fraction": fractions.Fraction,
    "complex": lambda v: complex(float(v[0]), float(v[1])),
    "uuid": uuid.UUID,
    "bytes": base64.b64decode,
    "bytearray": lambda v: bytearray(base64.b64decode(v)),
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "int": int,
    "float": float,
    "str": lambda v: base64.b64decode(v).decode("utf-8", "surrogatepass"),
    "path": pathlib.Path,
    "posix_path": pathlib.PurePosixPath,
    "windows_path": pathlib.PureWindowsPath,
    "tuple": lambda v: tuple(decode(item) for item in v),
    "set": lambda v: {decode(item) for item in v},
    "frozenset": lambda v: frozenset(decode(item) for item in v),
    "deque": lambda v: deque(decode(item) for item in v),
    "object": lambda v: {decode(key): decode(value) for key, value in v},
    "enum": lambda v: _enum_member(*v),
}

_warned: set[type] = set()
_Reading = TypeVar("_Reading", dt.datetime, dt.time)


def encode(value: Any) -> Json:
    """A value as JSON that `decode` turns back into an equal value of the same type.

    Pydantic models and dataclasses become dicts of their fields, as crewAI does. An object of any other class becomes
    its `str()`, with one warning per class.

    Raises:
        ValueError: the value contains itself, or is nested too deeply to be stored.

    Example:
        >>> from datetime import date
        >>> encode({"due": date(2026, 11, 22), "tries": (1, 2)})
        {'due': {'$nodback': ['date', '2026-11-22']}, 'tries': {'$nodback': ['tuple', [1, 2]]}}
        >>> decode(encode({"due": date(2026, 11, 22), "tries": (1, 2)}))
        {'due': datetime.date(2026, 11, 22), 'tries': (1, 2)}
    """
    try:
        return _encoded(value)
    except RecursionError as error:
        raise ValueError("The value contains itself, or is nested too deeply to be stored.") from error


def decode(value: Json) -> Any:
    """The value that `encode` was given.

    Raises:
        ValueError: a tag that this version does not know.
    """
    if isinstance(value, list):
        return [decode(item) for item in value]
    if isinstance(value, dict):
        if value.keys() != {TAG}:
            return {key: decode(item) for key, item in value.items()}
        kind, content = value[TAG]
        if kind not in _DECODERS:
            raise ValueError(f"The snapshot holds a value of kind {kind!r}, which this version of nodback cannot read.")
        return _DECODERS[kind](content)
    return value


def view(value: Any) -> Json:
    """The same value as plain JSON for routing rules and screens: readable, not reversible, secrets masked.

    Example:
        >>> from datetime import date
        >>> view({"due": date(2026, 11, 22), 7: {"b", "a"}})
        {'due': '2026-11-22', '7': ['a', 'b']}
    """
    try:
        return _viewed(value)
    except RecursionError as error:
        raise ValueError("The value contains itself, or is nested too deeply to be shown.") from error


def _encoded(value: Any) -> Json:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return value if _is_unicode(value) else _tagged("str", _base64(value.encode("utf-8", "surrogatepass")))
    if kind is int:
        return value if abs(value) <= LARGEST_EXACT_INTEGER else _tagged("int", str(value))
    if kind is float:
        return value if math.isfinite(value) else _tagged("float", repr(value))
    if kind is list:
        return [_encoded(item) for item in value]
    if isinstance(value, enum.Enum):
        return _tagged("enum", [kind.__module__, kind.__qualname__, value.name, _encoded(value.value)])
    if kind in _ENCODERS:
        name, encoder = _ENCODERS[kind]
        return _tagged(name, encoder(value))
    if kind in _COLLECTIONS:
        return _tagged(_COLLECTIONS[kind], [_encoded(item) for item in value])
    if isinstance(value, pathlib.PurePath):
        pure = "windows_path" if isinstance(value, pathlib.PureWindowsPath) else "posix_path"
        return _tagged("path" if isinstance(value, pathlib.Path) else pure, str(value))
    if isinstance(value, Mapping):
        if TAG not in value and all(type(key) is str and _is_unicode(key) for key in value):
            return {key: _encoded(item) for key, item in value.items()}
        return _tagged("object", [[_encoded(key), _encoded(item)] for key, item in value.items()])
    fields = _fields_of(value)
    if fields is not None:
        return _encoded(fields)
    return _foreign(value)


def _foreign(value: Any) -> Json:
    """Subclasses of what we know lose their class, secrets keep their text, all else becomes `str()`."""
    for base in (str, int, float, *_ENCODERS):
        if isinstance(value, base):
            _warn_once(type(value), f"a {base.__name__}")
            if base in _ENCODERS:
                name, encoder = _ENCODERS[base]
                return _tagged(name, encoder(value))
            return _encoded(base(value))
    for base in (list, tuple, set, frozenset, deque):
        if isinstance(value, base):
            _warn_once(type(value), f"a {base.__name__}")
            return _encoded(base(value))
    secret = getattr(value, "get_secret_value", None)
    if callable(secret):
        # Pydantic validates the plain text into the secret type again; its mask would be lost data.
        return _encoded(secret())
    _warn_once(type(value), "its str()")
    return _encoded(str(value))


def _viewed(value: Any) -> Json:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return _viewed(value.value)
    if isinstance(value, str):
        return str(value) if _is_unicode(value) else value.encode("utf-8", "replace").decode()
    if isinstance(value, int):
        return int(value) if abs(value) <= LARGEST_EXACT_INTEGER else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(_viewed(key)): _viewed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, deque)):
        return [_viewed(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_viewed(item) for item in value), key=str)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return _base64(value)
    fields = _fields_of(value)
    return _viewed(fields if fields is not None else str(value))


def _fields_of(value: Any) -> dict[str, Any] | None:
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        return dict(dump())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return None


def _clock_reading(value: dt.datetime | dt.time) -> list[Json]:
    zone = getattr(value.tzinfo, "key", None)
    # A named zone is kept by name: its offset would be wrong on the other side of a clock change.
    return [(value.replace(tzinfo=None) if zone else value).isoformat(), value.fold, zone]


def _in_zone(value: _Reading, fold: int, zone: str | None) -> _Reading:
    return value.replace(fold=fold, tzinfo=zoneinfo.ZoneInfo(zone) if zone else value.tzinfo)


def _base64(content: bytes | bytearray) -> str:
    return base64.b64encode(content).decode()


def _tagged(kind: str, content: Json) -> Json:
    return {TAG: [kind, content]}


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _warn_once(kind: type, becomes: str) -> None:
    if kind not in _warned:
        _warned.add(kind)
        logger.warning(
            "%s stores %s.%s as %s: after a review, that is what the flow gets back.",
            PRODUCT,
            kind.__module__,
            kind.__qualname__,
            becomes,
        )


def _enum_member(module: str, qualified_name: str, name: str, value: Json) -> Any:
    found: Any = sys.modules.get(module)
    for part in qualified_name.split("."):
        found = getattr(found, part, None)
    if isinstance(found, type) and issubclass(found, enum.Enum):
        return found[name] if name in found.__members__ else found(decode(value))
    logger.warning("The enum %s.%s is not loaded here; the flow gets %s as its value.", module, qualified_name, name)
    return decode(value)
