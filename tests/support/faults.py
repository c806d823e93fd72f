"""Ports that count their calls and fail on purpose: before a call, as an outage does, or after it, as a lost answer."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from nodback_core.ports import Bus, Mailer, Objects, Queue, Store, Vault
from nodback_core.usecases.shared.relay import relay
from support.world import World

T = TypeVar("T")
When = Literal["before", "after"]
LOCAL = {"seal", "unseal", "salt"}
"""What a port does in the process itself, with no service to fail."""
PORTS: dict[str, type] = {
    "store": Store,
    "vault": Vault,
    "objects": Objects,
    "mailer": Mailer,
    "bus": Bus,
    "queue": Queue,
}


class Outage(Exception):
    """The call failed, or its answer was lost; who called cannot tell which."""


@dataclass(frozen=True)
class Fault:
    """Fail call number `at`, counted from 1."""

    at: int
    when: When


@dataclass
class Calls:
    """The calls of watched ports since `start`, and the fault that is to strike among them."""

    made: list[str] = field(default_factory=list)
    fault: Fault | None = None
    struck: str | None = None

    def start(self, fault: Fault | None = None) -> None:
        self.made, self.fault, self.struck = [], fault, None

    def make(self, name: str, call: Callable[[], T]) -> T:
        self.made.append(name)
        due = self.fault is not None and self.fault.at == len(self.made)
        if due and self.fault.when == "before":
            self.struck = name
            raise Outage(f"{name} failed")
        made = call()
        if due:
            self.struck = name
            raise Outage(f"the answer of {name} was lost")
        return made


class Watched:
    """A port whose calls to a service go through `calls`; everything else is the port's own."""

    def __init__(self, port: object, name: str, calls: Calls):
        object.__setattr__(self, "_watched", (port, name, calls))

    def __getattr__(self, attribute: str) -> object:
        port, name, calls = self._watched
        value = getattr(port, attribute)
        if attribute not in calls_of(name):
            return value
        return lambda *args, **named: calls.make(f"{name}.{attribute}", lambda: value(*args, **named))

    def __setattr__(self, attribute: str, value: object) -> None:
        setattr(self._watched[0], attribute, value)


def calls_of(port: str) -> set[str]:
    """The methods of a port that reach a service, from the port's own declaration."""
    declared = inspect.getmembers(PORTS[port], inspect.isfunction)
    return {name for name, _ in declared if not name.startswith("_")} - LOCAL


def watch(world: World) -> Calls:
    """Watch all ports of `world`. Its stream stays reliable: it reads what was committed, whoever crashed."""
    calls, bus = Calls(), world.bus
    world.store.on_entries = lambda entries: relay(entries, bus=bus)
    for name in PORTS:
        setattr(world, name, Watched(getattr(world, name), name, calls))
    return calls
