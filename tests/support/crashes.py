"""Every call of every use case fails once before and once after it was made; then the service repairs itself."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import get_args

from nodback_core.domain.letters.notifications import Notification, NotificationStatus
from nodback_core.domain.shared.errors import Gone, NotFound, Refused, VersionDiffers
from nodback_core.usecases.shared.sweep import SweepFailed
from support import invariants
from support.crash_cases import Case, Named
from support.faults import Calls, Fault, Outage, When, watch
from support.invariants import mailed_as
from support.pauses import no_pauses
from support.witness import Witness
from support.world import World

SWEEPS = 2
SECONDS_BETWEEN_SWEEPS = 61
KEY_SECRET = "s" * 48


@dataclass(frozen=True)
class Crash:
    """One injected failure: at which call of which case, and whether the trigger came again afterwards."""

    named: Named
    fault: Fault
    call: str
    again: bool

    def __str__(self) -> str:
        coming = "comes again" if self.again else "is lost"
        return f"{self.named.title}: {self.fault.when} call {self.fault.at} ({self.call}), the trigger {coming}"


@dataclass(frozen=True)
class Repaired:
    """How many sweeps it took until nothing was owed."""

    crash: Crash
    sweeps: int


def calls_made(named: Named) -> list[str]:
    """The calls of a case, by running it once."""
    _, _, calls, case = _stage(named)
    calls.start()
    case.act()
    return list(calls.made)


def every_crash(named: Named) -> Iterator[Crash]:
    """Before and after each call; the trigger is lost, or comes again as queues, streams and clients repeat it."""
    for at, call in enumerate(calls_made(named), start=1):
        for when in get_args(When):
            for again in (False, True):
                yield Crash(named, Fault(at, when), call, again)


def survive(crash: Crash) -> Repaired:
    """Let it happen and the service repair itself; AssertionError when a promise breaks or something stays owed."""
    with no_pauses():
        world, witness, calls, case = _stage(crash.named)
        calls.start(crash.fault)
        try:
            case.act()
        except (Outage, SweepFailed):
            pass
        else:
            raise AssertionError(f"{crash.call} failed, and nobody noticed")
        finally:
            calls.start()
        invariants.check(world, witness)
        twice = sent_but_not_recorded(world)
        if crash.again:
            _again(case)
        sweeps = _repair(world, witness, twice)
        if crash.again:
            assert case.done(), "it was tried again, and still has not had its effect"
            wanted = letters_of(crash.named)
            assert not case.same_mails or letters(world) == wanted, f"{letters(world)} were mailed instead of {wanted}"
        return Repaired(crash, sweeps)


@cache
def letters_of(named: Named) -> frozenset[tuple[str, str]]:
    """Who is mailed what when nothing fails."""
    world, _, _, case = _stage(named)
    case.act()
    world.deliver()
    return letters(world)


def letters(world: World) -> frozenset[tuple[str, str]]:
    return frozenset((mail.tags["notification"].split("_")[-1], mail.to) for mail in world.mailer.sent)


def sent_but_not_recorded(world: World) -> set[str]:
    """The mails whose sender died between the mail service and the record: they alone may be sent twice."""
    found = set()
    for mail in world.mailer.sent:
        if "request_id" not in mail.tags:
            continue
        request_id = mail.tags["request_id"]
        kind, seq, name = mail.tags["notification"].split("_", 2)
        address = Notification.at(request_id, f"{kind}:{seq}:{name}")
        row = world.store.fetch(address)[address]
        if row is not None and row.status is NotificationStatus.CLAIMED:
            found.add(mailed_as(mail.tags))
    return found


def _stage(named: Named) -> tuple[World, Witness, Calls, Case]:
    world = World()
    witness = Witness(world.store, (KEY_SECRET,))
    world.store = witness
    calls = watch(world)
    return world, witness, calls, named.given(world)


def _again(case: Case) -> None:
    done = (Refused, VersionDiffers, Gone, NotFound) if case.told_done else (Refused, VersionDiffers, Gone)
    with suppress(*done):  # it is told that this is done already
        case.act()


def _repair(world: World, witness: Witness, twice: set[str]) -> int:
    world.deliver()
    for swept in range(SWEEPS + 1):
        invariants.check(world, witness, may_repeat=twice)
        try:
            invariants.nothing_owed(world, witness)
        except AssertionError:
            if swept == SWEEPS:
                raise
        world.pass_time(seconds=SECONDS_BETWEEN_SWEEPS)
        found = world.sweep()
        world.deliver()
        if not (found.effects or found.waits or found.resumes):
            invariants.check(world, witness, may_repeat=twice)
            invariants.nothing_owed(world, witness)
            return swept
    raise AssertionError(f"after {SWEEPS} sweeps there was still something to repair")
