"""A receiver: an ASGI app that the service calls when an answer waits, in place of a worker that asks for it.

It claims the answer, acknowledges it with 202, and carries it into the flow in a thread of its own, as a worker does.
Several receivers and workers may serve one deployment: each answer is carried out once.
"""

import json
import logging
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from nodback import enabling
from nodback.errors import InvalidRequest, MissingSetting, ServiceError, Unauthenticated, WebhookNotVerified, WrongScope
from nodback.version import PRODUCT
from nodback.webhooks import verify

if TYPE_CHECKING:
    from nodback.constructing import Factory
    from nodback.worker import Taken, Worker

logger = logging.getLogger("nodback.receiver")

SECRET_VARIABLE = "NODBACK_RECEIVER_SECRET"
CONCURRENCY = 8
MAX_BODY_BYTES = 64 * 1024
RESUME_READY, TEST = "resume_ready", "test"

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


def receiver(
    flows: Iterable[str | type[Any]],
    *,
    secret: str | Iterable[str] | None = None,
    url: str | None = None,
    api_key: str | None = None,
    factory: "Factory | None" = None,
    concurrency: int = CONCURRENCY,
    serves_scripts: bool = False,
    learn_from_replies: bool = False,
) -> "Receiver":
    """An ASGI app that carries answers into flows when the service calls it; mount it, or serve it as it is.

    Switches Nodback on for this process unless `enable()` has done so. Register its address as a webhook with
    `"resumes": true`: that gives the secret.

    Args:
        flows: modules as `package.module` or `package.module:FlowClass`, or flow classes.
        secret: the signing secret of the webhook, several while it is being rotated; from `NODBACK_RECEIVER_SECRET`
            when left out, several separated by spaces.
        url, api_key: as for `enable()`.
        factory: gives the constructor arguments of a flow class.
        concurrency: how many answers it carries out at the same time. More are called again for, or taken as soon as
            one is done.
        serves_scripts: serve also what the classes left when their file was run as a script.
        learn_from_replies: let methods with `learn=True` remember lessons from replies.

    Raises:
        MissingSetting: no secret, address or key.
        BadSetting: there are no such flows, or one could not be made again.
        CrewAIMissing, CrewAIUnsupported: crewai is not there, or too old.

    Example:
        >>> import nodback
        >>> app = nodback.receiver(flows=["flows.content"])  # doctest: +SKIP
    """
    secrets = _secrets(secret)
    if url is not None or api_key is not None or not enabling.is_enabled():
        # Before the flows are imported: @persist chooses its persistence when the class is defined.
        enabling.enable(url, api_key)
    from nodback.lint import lint_flows
    from nodback.loading import load_flows
    from nodback.worker import Worker

    classes: list[type[Any]] = []
    for flow in flows:
        classes += load_flows(flow, folder=Path.cwd()) if isinstance(flow, str) else [flow]
    worker = Worker(
        enabling.enabled_service(),
        dict.fromkeys(classes),
        name=f"{socket.gethostname()}:{os.getpid()}",
        serves_scripts=serves_scripts,
        learn_from_replies=learn_from_replies,
        factory=factory,
    )
    for finding in lint_flows(classes, factory=factory):
        logger.warning("%s: %s [%s]", finding.where, finding.text, finding.code)
    logger.info("receives answers for %s", ", ".join(worker.serves))
    return Receiver(worker, secrets=secrets, concurrency=concurrency)


class Receiver:
    """The ASGI app that `receiver()` makes.

    It answers 202 when it has claimed the answer, 200 when there is nothing to claim (any more) and to a test, 401 to
    what is not signed, 400 to what is no message for it, 404 for flows that it does not serve, and 503 when it cannot
    claim now.
    """

    def __init__(self, worker: "Worker", *, secrets: tuple[str, ...], concurrency: int = CONCURRENCY) -> None:
        self._worker = worker
        self._secrets = secrets
        self._concurrency = concurrency
        self._lock = threading.Lock()
        self._resuming = 0
        self._threads: set[threading.Thread] = set()
        self._stopped = False
        _before_executors_end(self._finish)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """One connection, as ASGI has it: an HTTP request, or the lifespan of a server whose only app this is."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"a receiver speaks HTTP, not {scope['type']}")
        answer = await self._answer(scope, receive)
        body = json.dumps({"detail": answer.detail}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if answer.status == 405:
            headers.append((b"allow", b"POST"))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    @property
    def serves(self) -> list[str]:
        """The names of the classes whose answers it takes."""
        return self._worker.serves

    def stop(self) -> None:
        """Take no more answers. Those in hand go on, and the process waits for them when it ends."""
        self._stopped = True
        self._worker.stop()

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: Mapping[str, Any], receive: Receive) -> "_Answer":
        if scope["method"] != "POST":
            return _Answer(405, f"{PRODUCT} calls this address by POST")
        body = await _body(receive)
        if body is None:
            return _Answer(413, f"a message has at most {MAX_BODY_BYTES} bytes")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            verify(body, headers, secret=self._secrets)
        except WebhookNotVerified as error:
            return _Answer(401, str(error))
        told = _read(body)
        if told is None:
            return _Answer(400, f"this is no {RESUME_READY}: give this address to a webhook that resumes")
        if told.event == TEST:
            return _Answer(200, f"the secret is right; answers are taken for {', '.join(self.serves)}")
        if told.flow_class not in self.serves:
            return _Answer(404, f"{told.flow_class} is not served here; this receiver has {', '.join(self.serves)}")
        import asyncio

        # Claimed and started in one go: a caller who has gone meanwhile must not leave a claim behind.
        return await asyncio.to_thread(self._take, told.request_id)

    def _take(self, request_id: str) -> "_Answer":
        with self._lock:
            if self._stopped or self._resuming >= self._concurrency:
                why = "this receiver stops" if self._stopped else f"{self._concurrency} answers are being carried out"
                return _Answer(503, why)
            self._resuming += 1
        taken: Taken | None = None
        try:
            taken = self._worker.take(request_id)
            if taken is None:
                return _Answer(200, "there is nothing to claim (any more)")
            thread = threading.Thread(target=self._carry_out, args=(taken,), name="nodback-resume")
            self._threads.add(thread)
            thread.start()
        except InvalidRequest as error:
            return _Answer(400, str(error))
        except (Unauthenticated, WrongScope) as error:
            logger.warning("the key of this receiver claims nothing: %s", error)
            return _Answer(500, str(error))
        except ServiceError as error:
            return _Answer(503, str(error))
        finally:
            if taken is None:
                self._done()
        return _Answer(202, f"request {request_id} is claimed")

    def _carry_out(self, taken: "Taken | None") -> None:
        try:
            while taken is not None:
                request_id = taken.claim.request_id
                try:
                    self._worker.carry_out(taken)
                except BaseException:
                    # Its flow tried to end the process, or a fault of our own: the others go on.
                    logger.exception("the resume of request %s ended in an odd way", request_id)
                taken = self._next()
        finally:
            self._threads.discard(threading.current_thread())
            self._done()

    def _next(self) -> "Taken | None":
        """What came while all hands were full, or what somebody lost; None when there is nothing, or we are to end."""
        if self._stopped:
            return None
        try:
            return self._worker.take()
        except Exception as error:  # noqa: BLE001 - what is ready is called for again; this one was extra
            logger.warning("asked for no further answer: %s", error)
            return None

    def _finish(self) -> None:
        """The process comes to its end: take nothing more, and wait for the flows in hand."""
        self.stop()
        for thread in tuple(self._threads):
            thread.join()

    def _done(self) -> None:
        with self._lock:
            self._resuming -= 1


def _before_executors_end(finish: Callable[[], None]) -> None:
    """Have `finish` called when the process ends, while its flows can still do all that they need."""
    # What is registered last is called first, and executors refuse all work once it is their turn.
    import concurrent.futures.thread  # noqa: F401

    # Nothing public is called early enough: `atexit` comes after all threads have ended.
    threading._register_atexit(finish)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class _Answer:
    status: int
    detail: str


@dataclass(frozen=True)
class _Notice:
    """What a message of the service says."""

    event: str
    request_id: str
    flow_class: str


def _secrets(secret: str | Iterable[str] | None) -> tuple[str, ...]:
    given = os.environ.get(SECRET_VARIABLE, "").split() if secret is None else secret
    secrets = (given,) if isinstance(given, str) else tuple(given)
    if not secrets or not all(secrets):
        raise MissingSetting(
            f"A receiver needs the signing secret of its webhook: set {SECRET_VARIABLE}, or pass secret=... to "
            "nodback.receiver()."
        )
    return secrets


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when it is too large, or when the caller has gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _read(body: bytes) -> _Notice | None:
    """What a genuine message says; None when it is not for a receiver."""
    try:
        message = json.loads(body)
    except ValueError:
        return None
    if not isinstance(message, dict):
        return None
    event, request = message.get("event"), message.get("request")
    about = request if isinstance(request, dict) else {}
    if event == TEST:
        return _Notice(TEST, "", "")
    texts = (about.get("id"), about.get("flow_class"))
    if event != RESUME_READY or not all(isinstance(text, str) and text for text in texts):
        return None
    return _Notice(RESUME_READY, str(texts[0]), str(texts[1]))
