"""Records as DynamoDB items and back, from the dataclass's own fields and types.

Fields at their default are left out: rows stay small, and a field added later reads as its default in old rows.
"""

import types
from collections.abc import Hashable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from nodback_core.domain.shared.times import moment, stamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

T = TypeVar("T")


class Undecodable(Exception):
    """Attributes that are no record of a kind; says which field is wrong, never what it holds."""


def encode(value: object) -> "AttributeValueTypeDef":
    """Any field's value as an attribute value; TypeError for what no record may hold."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, Enum):
        return {"S": str(value.value)}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, datetime):
        return {"S": stamp(value)}
    if isinstance(value, tuple | list):
        return {"L": [encode(item) for item in value]}
    if isinstance(value, Mapping):
        return {"M": {str(k): encode(v) for k, v in value.items()}}
    if is_dataclass(value) and not isinstance(value, type):
        return {"M": encode_fields(value)}
    raise TypeError(f"a record cannot hold {type(value).__name__}")


def encode_fields(record: object) -> "dict[str, AttributeValueTypeDef]":
    """The fields of a dataclass that differ from their defaults, `version` apart."""
    return {
        f.name: encode(value)
        for f in fields(record)  # type: ignore[arg-type]
        if f.name != "version" and (value := getattr(record, f.name)) != _default(f)
    }


def decode_fields(kind: type[T], attributes: "Mapping[str, AttributeValueTypeDef]", **more: object) -> T:
    """The dataclass that `encode_fields` wrote; attributes that it does not know are passed over.

    Raises Undecodable for attributes that it cannot have written.
    """
    hints = _hints(kind)  # type: ignore[arg-type]  # mypy: a class is hashable
    values = {name: _field(name, hint, attributes[name]) for name, hint in hints.items() if name in attributes}
    known = values | more
    for name in _needed(kind):  # type: ignore[arg-type]
        if name not in known:
            raise Undecodable(f"{name} is missing")
    return kind(**known)


def _field(name: str, hint: object, attribute: "AttributeValueTypeDef") -> object:
    try:
        return _decode(hint, attribute)
    except Undecodable as error:
        raise Undecodable(f"{name}.{error}") from None
    except (KeyError, TypeError, ValueError, AttributeError):
        wanted = hint if isinstance(hint, type) else get_origin(hint)
        raise Undecodable(f"{name} is no {getattr(wanted, '__name__', hint)}") from None


def _default(f: Field[object]) -> object:
    if f.default is not MISSING:
        return f.default
    return f.default_factory() if f.default_factory is not MISSING else MISSING


@cache
def _needed(kind: Hashable) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if _default(f) is MISSING)  # type: ignore[arg-type]


@cache
def _hints(kind: Hashable) -> Mapping[str, object]:
    return get_type_hints(kind)


def _decode(hint: object, attribute: "AttributeValueTypeDef") -> object:
    if "NULL" in attribute:
        return None
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _decode(next(a for a in get_args(hint) if a is not type(None)), attribute)
    if origin is tuple:
        inner = get_args(hint)[0]
        return tuple(_decode(inner, item) for item in attribute["L"])
    if origin is not None:
        return decode_plain(attribute)
    kind = cast("type[object]", hint)
    if is_dataclass(kind):
        return decode_fields(kind, attribute["M"])
    if kind is datetime:
        return moment(attribute["S"])
    if kind is bytes:
        return bytes(attribute["B"])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(attribute["S"])
    return decode_plain(attribute)


def decode_plain(attribute: "AttributeValueTypeDef") -> object:
    """An attribute value as plain JSON."""
    if "S" in attribute:
        return attribute["S"]
    if "N" in attribute:
        return int(attribute["N"])
    if "BOOL" in attribute:
        return attribute["BOOL"]
    if "L" in attribute:
        return [decode_plain(item) for item in attribute["L"]]
    if "M" in attribute:
        return {k: decode_plain(v) for k, v in attribute["M"].items()}
    return None


def size_of(attribute: "AttributeValueTypeDef") -> int:
    """About the bytes that DynamoDB counts for a value: texts and bytes as they are, 3 and 1 each for a container."""
    if "S" in attribute:
        return len(attribute["S"].encode())
    if "B" in attribute:
        return len(attribute["B"])
    if "L" in attribute:
        return 3 + sum(1 + size_of(item) for item in attribute["L"])
    if "M" in attribute:
        return 3 + sum(1 + len(name.encode()) + size_of(value) for name, value in attribute["M"].items())
    return len(attribute["N"]) if "N" in attribute else 1
