"""The worker: asks for answers that are ready, hands each to its flow, and does so until it is told to stop."""

import functools
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast

from nodback.constructing import Factory, check_constructor
from nodback.errors import InvalidRequest, ServiceError, Unauthenticated, WrongScope
from nodback.lease import Lease
from nodback.listening import methods_of
from nodback.logs import fields
from nodback.names import served
from nodback.resume import Ending, Resumed, carry_out
from nodback.reviews import Claim, ReviewService
from nodback.stopping import Stop, StoppableService

logger = logging.getLogger("nodback.worker")

BUSY_POLL_SECONDS = 1.0
BUSY_FOR_SECONDS = 300.0
IDLE_POLL_SECONDS = 15.0
SLOWING_DOWN_SECONDS = 140.0
SILENCE_SECONDS = 5.0


def poll_seconds(idle_seconds: float) -> float:
    """How long to wait before asking again: each second for five minutes after activity, then backing off to 15 s.

    Example:
        >>> poll_seconds(0), poll_seconds(300), poll_seconds(370), poll_seconds(86_400)
        (1.0, 1.0, 8.0, 15.0)
    """
    slowed = max(0.0, idle_seconds - BUSY_FOR_SECONDS) / SLOWING_DOWN_SECONDS
    return min(IDLE_POLL_SECONDS, BUSY_POLL_SECONDS + slowed * (IDLE_POLL_SECONDS - BUSY_POLL_SECONDS))


class Worker:
    """Serves the given flows until `stop()`.

    Args:
        flows: flow classes; only their answers are claimed.
        name: who we are, for the service's records: `host:pid`.
        serves_scripts: claim also what these classes left when their file was run as a script, where a class is called
            `__main__.FlowClass` whatever the file.
        factory: gives the constructor arguments of a flow class; called for each resume, and once now.
        concurrency: how many answers it carries out at the same time, each in a thread with an event loop of its own.
        clock: seconds that only grow.

    Raises:
        BadSetting: two of the classes share a name, or one with a review could not be made again.
    """

    def __init__(
        self,
        service: ReviewService,
        flows: Iterable[type[Any]],
        *,
        name: str,
        serves_scripts: bool = False,
        learn_from_replies: bool = False,
        factory: Factory | None = None,
        concurrency: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        stop = Stop(clock)
        self._service = cast(ReviewService, StoppableService(service, stop))
        self._flows = served(flows, scripts=serves_scripts)
        for flow_class in dict.fromkeys(self._flows.values()):
            if any(method.feedback is not None for method in methods_of(flow_class).values()):
                check_constructor(flow_class, factory)
        self._factory = factory
        self._serves_scripts = serves_scripts
        self._name = name
        self._learn_from_replies = learn_from_replies
        self._clock = clock
        self._concurrency = concurrency
        self._stop = stop
        # A SimpleQueue can be put to from a signal handler at any moment; an Event could deadlock there.
        self._told: queue.SimpleQueue[_Told] = queue.SimpleQueue()

    @property
    def serves(self) -> list[str]:
        """The names of the classes whose answers it claims."""
        return sorted(self._flows)

    def stop(self, reason: str = "stop") -> None:
        """Finish what is being resumed, then return from `run()`. Safe in a signal handler."""
        self._stop.ask()
        self._told.put(_Told("stop", reason))

    def run(self) -> None:
        """Serve until `stop()`.

        Raises:
            Unauthenticated, WrongScope, InvalidRequest: asking again would not help.
        """
        desk = _Desk(self._clock)
        while (goes_on := not (self._stop.is_asked or desk.refusal)) or desk.is_busy:
            # A worker that ends takes nothing more in hand, however much of it would fit.
            room = self._concurrency if goes_on else 0
            if desk.may_ask(room):
                desk.asks()
                self._start("claim", self._ask)
            told = self._next(desk.seconds_to_wait(room))
            if told is None:
                desk.notice_silence()
            elif told.what == "claimed":
                desk.was_answered(idle=False)
                desk.resuming += 1
                self._start("resume", functools.partial(self._resume, *told.value))
            elif told.what == "nothing":
                desk.was_answered(idle=True)
            elif told.what == "trouble":
                desk.has_trouble(told.value)
            elif told.what == "resumed":
                desk.was_done()
        if desk.refusal is not None:
            raise desk.refusal
        logger.info("stopped")

    def once(self) -> Resumed | None:
        """Claim one answer and hand it over; None when there is none."""
        taken = self.take()
        return None if taken is None else self.carry_out(taken)

    def take(self, request_id: str | None = None) -> "Taken | None":
        """Claim one answer, or that of one request alone, for `carry_out`; None when there is none."""
        taken_at = self._clock()
        wanted = () if request_id is None else (request_id,)
        claim = self._service.claim(self._name, self.serves, *wanted)
        return None if claim is None else Taken(claim, taken_at)

    def carry_out(self, taken: "Taken") -> Resumed:
        """Hand a claimed answer over and tell the service how it went, as `run()` does."""
        return self._carry_out(taken.claim, taken.at)

    def _ask(self) -> None:
        asked_at = self._clock()
        try:
            claim = self._service.claim(self._name, self.serves)
        except Exception as error:  # noqa: BLE001 - what is no trouble of the service is raised by run()
            self._told.put(_Told("trouble", error))
        else:
            self._told.put(_Told("nothing") if claim is None else _Told("claimed", (claim, asked_at)))

    def _resume(self, claim: Claim, claimed_at: float) -> None:
        try:
            self._carry_out(claim, claimed_at)
        except BaseException:
            # Its flow tried to end the process, or a fault of our own: the others in hand go on.
            logger.exception("the resume of request %s ended in an odd way", claim.request_id)
        finally:
            self._told.put(_Told("resumed"))

    def _carry_out(self, claim: Claim, claimed_at: float) -> Resumed:
        _log_claim(claim)
        with Lease(self._service, claim, claimed_at=claimed_at, clock=self._clock) as lease:
            resumed = carry_out(
                claim,
                flow_class=self._flows.get(claim.flow_class),
                service=self._service,
                lease=lease,
                serves_scripts=self._serves_scripts,
                learn_from_replies=self._learn_from_replies,
                factory=self._factory,
            )
        _log_end(claim, resumed, self._clock() - claimed_at)
        return resumed

    def _start(self, what: str, work: Callable[[], None]) -> None:
        # Daemons: a second signal ends the process at once, whatever they do.
        threading.Thread(target=work, name=f"nodback-{what}", daemon=True).start()

    def _next(self, seconds: float | None) -> "_Told | None":
        try:
            return self._told.get(timeout=seconds)
        except queue.Empty:
            return None


@dataclass(frozen=True)
class Taken:
    """A claim, and the worker's clock when it was asked for."""

    claim: Claim
    at: float


@dataclass(frozen=True)
class _Told:
    """What the loop of a worker is told: by its threads, and by whoever stops it."""

    what: Literal["stop", "claimed", "nothing", "trouble", "resumed"]
    value: Any = None


class _Desk:
    """What a worker has in hand, and when it asks again; `room` is how many answers it may have in hand."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last_activity = clock()
        self._asks_at = clock()
        self._asked_at: float | None = None
        self._unreachable = False
        self.resuming = 0
        self.refusal: Exception | None = None

    @property
    def is_busy(self) -> bool:
        return self._asked_at is not None or self.resuming > 0

    def may_ask(self, room: int) -> bool:
        return self._asked_at is None and self.resuming < room and self._clock() >= self._asks_at

    def seconds_to_wait(self, room: int) -> float | None:
        """Until something is to be done, when nobody tells anything before; None when there is nothing to wait for."""
        if self._asked_at is not None:
            return None if self._unreachable else max(0.0, self._asked_at + SILENCE_SECONDS - self._clock())
        return max(0.0, self._asks_at - self._clock()) if self.resuming < room else None

    def asks(self) -> None:
        self._asked_at = self._clock()

    def was_answered(self, *, idle: bool) -> None:
        if self._unreachable:
            logger.info("the service answers again")
        self._asked_at, self._unreachable = None, False
        if not idle:
            self._last_activity = self._clock()
        self._asks_at = self._clock() + (poll_seconds(self._clock() - self._last_activity) if idle else 0.0)

    def was_done(self) -> None:
        self.resuming -= 1
        self._last_activity = self._asks_at = self._clock()

    def notice_silence(self) -> None:
        if self._asked_at is not None and not self._unreachable:
            self._unreachable = True
            logger.warning("the service has not answered for %.0f s, waiting on", SILENCE_SECONDS)

    def has_trouble(self, error: Exception) -> None:
        self._asked_at = None
        if not isinstance(error, ServiceError) or isinstance(error, (Unauthenticated, WrongScope, InvalidRequest)):
            self.refusal = error
            return
        if not self._unreachable:
            logger.warning("the service does not answer, asking on: %s", error)
        self._unreachable = True
        self._asks_at = self._clock() + poll_seconds(self._clock() - self._last_activity)


def _log_claim(claim: Claim) -> None:
    logger.info(
        "%s.%s: resuming review %s of flow %s with %s%s",
        claim.flow_name,
        claim.method_name,
        claim.number if claim.number is not None else claim.request_id,
        claim.flow_id,
        repr(claim.answer.outcome) if claim.answer.outcome else "free text",
        f" (attempt {claim.attempt})" if claim.attempt > 1 else "",
        extra=_about(claim, event="claimed", attempt=claim.attempt, outcome=claim.answer.outcome),
    )


def _log_end(claim: Claim, resumed: Resumed, seconds: float) -> None:
    where = f"{claim.flow_name}.{claim.method_name}"
    about = _about(claim, event=resumed.ending.replace(" ", "_"), seconds=round(seconds, 3), reason=resumed.error)
    if resumed.ending is Ending.SUCCEEDED:
        logger.info("%s: flow %s finished in %.1f s", where, claim.flow_id, seconds, extra=about)
    elif resumed.ending is Ending.PAUSED_AGAIN:
        method = resumed.value.context.method_name
        told = "%s: flow %s waits for the next review, at %s, after %.1f s"
        logger.info(told, where, claim.flow_id, method, seconds, extra=about)
    elif resumed.ending is Ending.LEFT:
        logger.warning("%s: left request %s to its lease: %s", where, claim.request_id, resumed.error, extra=about)
    else:
        logger.error(
            "%s: request %s failed: %s\n  When the cause is gone: nodback resumes retry %s",
            where,
            claim.request_id,
            resumed.error,
            claim.request_id,
            extra=about,
        )


def _about(claim: Claim, **more: Any) -> dict[str, Any]:
    return fields(
        request_id=claim.request_id,
        flow_id=claim.flow_id,
        flow_class=claim.flow_class,
        method=claim.method_name,
        number=claim.number,
        **more,
    )
