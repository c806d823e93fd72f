"""State and metadata that would not come back from a review: found before anybody is asked."""

import threading
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, field_validator

import nodback

pytestmark = pytest.mark.filterwarnings("default")


class Machine:
    pass


class Animal(BaseModel):
    name: str = "x"


class Dog(Animal):
    tricks: int = 3


@dataclass
class Point:
    x: int = 1


class Aliased(BaseModel):
    id: str = ""
    total: int = Field(default=1, alias="sum")


class AliasedByName(Aliased):
    model_config = ConfigDict(populate_by_name=True)


class Hidden(BaseModel):
    id: str = ""
    note: str = Field(default="", exclude=True)


class Private(BaseModel):
    id: str = ""
    _seen: int = PrivateAttr(default=0)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)


class Arbitrary(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    id: str = ""
    machine: Machine | None = None


class Zoo(BaseModel):
    id: str = ""
    pet: Animal = Animal()


class Growing(BaseModel):
    id: str = ""
    title: str = "a"

    @field_validator("title")
    @classmethod
    def shout(cls, value):
        return value + "!"


class Plain(BaseModel):
    id: str = ""
    on: date = date(2026, 11, 24)
    paid: Decimal = Decimal("1.20")
    token: SecretStr = SecretStr("hunter2")
    many: dict[int, set[str]] = {1: {"a", "b"}}
    rate: float = float("nan")
    point: Point = Point()
    pets: list[Animal] = [Animal(name="y")]


class Open(BaseModel):
    id: str = ""
    anything: Any = None


def flow_of(state):
    from crewai.flow.flow import Flow, start
    from crewai.flow.human_feedback import human_feedback

    class Asking(Flow[state]):
        change = None

        @start()
        @human_feedback(message="?", emit=["yes", "no"])
        def ask(self):
            if type(self).change:
                type(self).change(self.state)
            return "?"

    return Asking


def pause(flow_class, change=None):
    flow_class.change = staticmethod(change) if change else None
    return flow_class().kickoff()


def setting(name, value):
    return lambda state: setattr(state, name, value)


@pytest.mark.parametrize(
    ("state", "change", "told"),
    [
        (Aliased, setting("total", 5), "state.total has an alias and would be its default (set populate_by_name)"),
        (Hidden, setting("note", "hunter2"), "state.note is excluded and would be its default"),
        (Private, setting("_seen", 3), "state._seen is private and would be its default"),
        (Arbitrary, setting("machine", Machine()), "state.machine cannot be built again from what is stored"),
        (Zoo, setting("pet", Dog()), "state.pet would have another value"),
        (Growing, None, "state.title would have another value"),
    ],
)
def test_a_typed_state_that_would_come_back_as_another_is_refused(crewai, service, enabled, state, change, told):
    with pytest.raises(nodback.FlowRefused) as refused:
        pause(flow_of(state), change)
    assert told in str(refused.value)
    assert str(refused.value).startswith("Asking.ask: the state would not come back")
    assert "hunter2" not in str(refused.value)
    assert service.calls["open_request"] == 0


@pytest.mark.parametrize("state", [Aliased, AliasedByName, Hidden, Private, Arbitrary, Zoo, Plain, Open])
def test_a_state_that_comes_back_as_it_is_is_asked_about(crewai, service, enabled, state):
    pause(flow_of(state), setting("total", 5) if state is AliasedByName else None)
    assert service.calls["open_request"] == 1


def test_what_changes_its_class_by_design_is_told_once_with_its_place(crewai, service, enabled, caplog):
    changed = flow_of(Open)
    for _ in range(2):
        pause(changed, setting("anything", {"pets": [Dog()], "at": Point()}))
    told = [record.message for record in caplog.records if record.name == "nodback.roundtrip"]
    assert told == [
        "Asking.ask: after the review, state.anything.pets.0 is a Dog and comes back as a dict; "
        "state.anything.at is a Point and comes back as a dict"
    ]
    assert service.calls["open_request"] == 2


def test_a_dict_state_is_asked_about_whatever_is_in_it(crewai, service, enabled, caplog):
    pause(flow_of(dict), lambda state: state.update(dog=Dog(), on=date(2026, 1, 1)))
    assert "state.dog is a Dog and comes back as a dict" in caplog.text
    assert "state.on" not in caplog.text
    assert service.calls["open_request"] == 1


def test_a_state_that_is_changed_while_it_is_looked_at_is_not_called_lost(monkeypatch):
    from nodback import roundtrip

    class Restless(BaseModel):
        count: int = 0

        def model_dump(self, **options):
            self.count += 1
            return super().model_dump(**options)

    assert roundtrip.changes_of(Restless()) == []


def test_metadata_with_a_value_that_is_no_json_is_whole_on_both_sides(crewai, service, enabled):
    from crewai.flow.flow import Flow, listen, start
    from crewai.flow.human_feedback import human_feedback

    from nodback.worker import Worker

    given = {"team": "brand", "due": date(2026, 11, 24), "lock": threading.Lock()}
    seen = []

    class WithMetadata(Flow):
        @start()
        @human_feedback(message="?", emit=["yes", "no"], metadata=given)
        def ask(self):
            return "?"

        @listen("yes")
        def go(self, result):
            seen.append(result.metadata)

    WithMetadata().kickoff()
    (row,) = service.rows.values()
    assert (row.body["metadata"]["team"], row.body["metadata"]["due"]) == ("brand", "2026-11-24")
    service.answer(row.body["request_id"], outcome="yes")
    assert Worker(enabled, [WithMetadata], name="test:1").once().ending == "succeeded"
    assert (seen[0]["team"], seen[0]["due"]) == ("brand", date(2026, 11, 24))
    assert set(given) == {"team", "due", "lock"}, "the decorator's own dict"
