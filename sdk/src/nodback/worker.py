"""The worker: asks for answers that are ready, hands each to its flow, and does so until it is told to stop."""

import logging
import queue
import time
from collections.abc import Callable, Iterable
from typing import Any

from nodback.constructing import Factory, check_constructor
from nodback.errors import InvalidRequest, ServiceError, Unauthenticated, WrongScope
from nodback.lease import Lease
from nodback.listening import methods_of
from nodback.names import served
from nodback.resume import Ending, Resumed, carry_out
from nodback.reviews import Claim, ReviewService

logger = logging.getLogger("nodback.worker")

BUSY_POLL_SECONDS = 1.0
BUSY_FOR_SECONDS = 300.0
IDLE_POLL_SECONDS = 15.0
SLOWING_DOWN_SECONDS = 140.0


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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._flows = served(flows, scripts=serves_scripts)
        for flow_class in dict.fromkeys(self._flows.values()):
            if any(method.feedback is not None for method in methods_of(flow_class).values()):
                check_constructor(flow_class, factory)
        self._factory = factory
        self._serves_scripts = serves_scripts
        self._name = name
        self._learn_from_replies = learn_from_replies
        self._clock = clock
        # A SimpleQueue can be put to from a signal handler at any moment; an Event could deadlock there.
        self._stops: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stopping = False

    @property
    def serves(self) -> list[str]:
        """The names of the classes whose answers it claims."""
        return sorted(self._flows)

    def stop(self, reason: str = "stop") -> None:
        """Finish what is being resumed, then return from `run()`. Safe in a signal handler."""
        self._stopping = True
        self._stops.put(reason)

    def run(self) -> None:
        """Serve until `stop()`.

        Raises:
            Unauthenticated, WrongScope, InvalidRequest: asking again would not help.
        """
        last_activity = self._clock()
        unreachable = False
        while not self._stopping:
            try:
                resumed = self.once()
            except (Unauthenticated, WrongScope, InvalidRequest):
                raise
            except ServiceError as error:
                if not unreachable:
                    logger.warning("the service does not answer, asking on: %s", error)
                unreachable = True
                resumed = None
            else:
                if unreachable:
                    logger.info("the service answers again")
                unreachable = False
            if resumed is not None:
                last_activity = self._clock()
                continue
            self._wait(poll_seconds(self._clock() - last_activity))
        logger.info("stopped")

    def once(self) -> Resumed | None:
        """Claim one answer and hand it over; None when there is none."""
        claimed_at = self._clock()
        claim = self._service.claim(self._name, self.serves)
        if claim is None:
            return None
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

    def _wait(self, seconds: float) -> None:
        try:
            self._stops.get(timeout=seconds)
        except queue.Empty:
            return


def _log_claim(claim: Claim) -> None:
    logger.info(
        "%s.%s: resuming review %s of flow %s with %s%s",
        claim.flow_name,
        claim.method_name,
        claim.number if claim.number is not None else claim.request_id,
        claim.flow_id,
        repr(claim.answer.outcome) if claim.answer.outcome else "free text",
        f" (attempt {claim.attempt})" if claim.attempt > 1 else "",
    )


def _log_end(claim: Claim, resumed: Resumed, seconds: float) -> None:
    where = f"{claim.flow_name}.{claim.method_name}"
    if resumed.ending is Ending.SUCCEEDED:
        logger.info("%s: flow %s finished in %.1f s", where, claim.flow_id, seconds)
    elif resumed.ending is Ending.PAUSED_AGAIN:
        method = resumed.value.context.method_name
        logger.info("%s: flow %s waits for the next review, at %s, after %.1f s", where, claim.flow_id, method, seconds)
    elif resumed.ending is Ending.LEFT:
        logger.warning("%s: left request %s to its lease: %s", where, claim.request_id, resumed.error)
    else:
        logger.error(
            "%s: request %s failed: %s\n  When the cause is gone: nodback resumes retry %s",
            where,
            claim.request_id,
            resumed.error,
            claim.request_id,
        )
