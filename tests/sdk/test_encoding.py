import dataclasses
import datetime as dt
import enum
import json
import logging
import pathlib
import zoneinfo
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from nodback import encoding
from nodback.encoding import decode, encode, view


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


hashable = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters()),
    st.binary(),
    st.datetimes(timezones=st.one_of(st.none(), st.just(dt.UTC), st.timezones())),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.fractions(),
    st.complex_numbers(allow_nan=False),
    st.uuids(),
    st.ip_addresses(),
    st.sampled_from([Colour.RED, Number.ONE, Rights.READ, Rights.READ | Rights.WRITE]),
    st.builds(pathlib.Path, st.just("a/b")),
)
values = st.recursive(
    hashable | st.builds(bytearray, st.binary()),
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.lists(inner).map(deque),
        st.sets(hashable),
        st.frozensets(hashable),
        st.dictionaries(st.text(), inner),
        st.dictionaries(st.sampled_from(["$nodback", "a"]), inner),
        st.dictionaries(hashable, inner),
    ),
    max_leaves=20,
)


def same(one, other):
    """Equal, and of the same types all the way down, where `==` is generous."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple, deque)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(map(repr, one)) == list(map(repr, other)) and all(map(same, one.values(), other.values()))
    if isinstance(one, (set, frozenset)):
        return sorted(map(repr, one)) == sorted(map(repr, other))
    return repr(one) == repr(other)


@given(values)
def test_every_value_comes_back_equal_and_of_the_same_type(value):
    stored = json.loads(json.dumps(encode(value), allow_nan=False))
    assert same(decode(stored), value)


@given(values)
def test_every_value_has_a_plain_json_view(value):
    json.dumps(view(value), allow_nan=False).encode()


@pytest.mark.parametrize(
    "value", [float("inf"), float("-inf"), 2**200, -(2**53) - 1, "\ud800", {"$nodback": ["int", "1"]}]
)
def test_what_json_would_bend_comes_back_straight(value):
    assert decode(json.loads(json.dumps(encode(value)))) == value


def test_a_named_zone_is_kept_by_name():
    reading = dt.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    back = decode(encode(reading))
    assert back.tzinfo.key == "Europe/Berlin"
    assert (back.fold, back.utcoffset()) == (1, reading.utcoffset())


def test_models_and_dataclasses_become_dicts_of_typed_values():
    class Model(BaseModel):
        when: dt.date

    @dataclasses.dataclass
    class Data:
        model: Model
        secret: SecretStr

    back = decode(encode(Data(Model(when=dt.date(2026, 1, 1)), SecretStr("s3cret"))))
    assert back == {"model": {"when": dt.date(2026, 1, 1)}, "secret": "s3cret"}
    assert view(Data(Model(when=dt.date(2026, 1, 1)), SecretStr("s3cret"))) == {
        "model": {"when": "2026-01-01"},
        "secret": "**********",
    }


def test_an_unknown_object_becomes_its_text_with_one_warning(caplog):
    class Odd:
        def __str__(self):
            return "odd"

    with caplog.at_level(logging.WARNING):
        assert decode(encode([Odd(), Odd()])) == ["odd", "odd"]
    assert [record.message for record in caplog.records].count(
        f"Nodback stores {__name__}.{Odd.__qualname__} as its str(): after a review, that is what the flow gets back."
    ) == 1


def test_an_enum_that_is_not_loaded_becomes_its_value(caplog):
    stored = {"$nodback": ["enum", ["no.such.module", "Colour", "RED", "red"]]}
    assert decode(stored) == "red"
    assert "not loaded" in caplog.text


def test_decoding_imports_nothing_and_makes_nothing_but_enums():
    import sys

    before = set(sys.modules)
    assert decode({"$nodback": ["enum", ["xml.sax.expatreader", "ExpatParser", "x", 1]]}) == 1
    assert decode({"$nodback": ["enum", ["os", "system", "x", "echo"]]}) == "echo"
    assert set(sys.modules) == before


def test_a_tag_of_a_later_version_is_refused():
    with pytest.raises(ValueError, match="'quaternion'"):
        decode({"$nodback": ["quaternion", [1, 2, 3, 4]]})


def test_a_value_that_contains_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="contains itself"):
        encode(loop)
    with pytest.raises(ValueError, match="contains itself"):
        view(loop)


def test_warned_classes_are_remembered_by_class():
    assert all(isinstance(kind, type) for kind in encoding._warned)
