"""Stopping in time: after a stop was asked for, no call of the service is waited for longer than a few seconds."""

import functools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from nodback.errors import ServiceUnreachable

# Two calls may follow each other before a worker ends, and ten seconds are what a supervisor waits before it kills.
GRACE_SECONDS = 4.0
LOOK_SECONDS = 0.1


class Stop:
    """A stop that may be asked for once, from a signal handler too."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked_at: float | None = None

    @property
    def is_asked(self) -> bool:
        return self._asked_at is not None

    def ask(self) -> None:
        """Ask for it; once more changes nothing."""
        if self._asked_at is None:
            self._asked_at = self._clock()

    def bounded(self, call: Callable[[], Any]) -> Any:
        """What a call returns or raises, waited for as long as it takes, and after a stop for `GRACE_SECONDS`.

        Raises:
            ServiceUnreachable: it was given up; whether it reached the service is not known.
        """
        began = self._clock()
        answer: Future[Any] = Future()
        threading.Thread(target=_settle, args=(answer, call), name="nodback-call", daemon=True).start()
        while True:
            try:
                return answer.result(LOOK_SECONDS)
            except TimeoutError:
                if answer.done():
                    return answer.result()
            if self._asked_at is not None and self._clock() >= max(began, self._asked_at) + GRACE_SECONDS:
                raise ServiceUnreachable("the service did not answer before this worker had to stop")


class StoppableService:
    """A service of which every call is bounded by a stop."""

    def __init__(self, service: Any, stop: Stop) -> None:
        self._service = service
        self._stop = stop

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._service, name)

        @functools.wraps(method)
        def bounded(*args: Any, **kwargs: Any) -> Any:
            return self._stop.bounded(lambda: method(*args, **kwargs))

        return bounded


def _settle(answer: "Future[Any]", call: Callable[[], Any]) -> None:
    try:
        answer.set_result(call())
    except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
        answer.set_exception(error)
