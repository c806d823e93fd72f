"""One request and several who want to close it at once: what each may be told, and what must be true afterwards."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.replies.results import Result
from nodback_core.domain.replies.token import issue, reply_address
from nodback_core.domain.reviews.requests import Request, Status
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.errors import NodbackError
from nodback_core.usecases.reviews.cancel_request import cancel_request
from nodback_core.usecases.reviews.open_request import OpenedPause
from nodback_core.usecases.reviews.reassign_request import reassign_request
from nodback_core.usecases.reviews.respond import Recorded
from nodback_core.usecases.reviews.respond_by_api import respond_by_api
from support.interleaving import Choose, TakingTurns, Turns
from support.witness import CLOSING_ACTIONS, Witness
from support.world import OPTIONS, REPLY_DOMAIN, REVIEWER, World

RESPOND = Caller(Scope.RESPOND, 1, "k2")
KINDS = ("api", "mail", "auto", "supersede", "cancel")


@dataclass(frozen=True)
class Writer:
    """Somebody who wants to close the request, and how to see in the end whether it was them."""

    name: str
    act: Callable[[], object]
    won: Callable[[Request], bool]


@dataclass
class Arena:
    """A world in which one request after another is fought over."""

    seed: int
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(self.seed)
        self.witness = Witness(self.world.store, ("s" * 48,))
        self.world.store = self.witness
        self.deployment = self.world.deployment(
            auto_response={"enabled": True, "timeout_minutes": 30, "default_outcome": "needs_revision"}
        )
        self.flows = 0

    def open(self) -> Request:
        """A request of a new flow, whose auto-response is due."""
        self.flows += 1
        request = self.world.pause(self.deployment, flow_id=f"flow-{self.flows}").request
        self.world.pass_time(minutes=31)
        return request

    def race(self, acts: Sequence[Callable[[], object]], choose: Choose) -> list[object]:
        """Let all go at once, in the order that `choose` gives."""
        turns = Turns(choose)
        self.world.store = TakingTurns(self.witness, turns)
        try:
            return turns.run(acts)
        finally:
            self.world.store = self.witness
            self.world.bus.events.clear()

    def judge(self, request: Request, writers: Sequence[Writer], results: Sequence[object]) -> None:
        """Somebody won, and nobody was told anything else than what is so."""
        final = self.world.request(request.request_id)
        assert final.status is not Status.PENDING, "somebody must have won"
        for writer, result in zip(writers, results, strict=True):
            told = f"{writer.name} was told {result!r}, but it is {final.status} by {final.decision}"
            said, won = _says_it_won(result, request), writer.won(final)
            assert said is None or said == won, told
            if isinstance(result, NodbackError) and final.decision is not None:
                assert result.facts["outcome"] == final.decision.outcome, told

    def writer(self, kind: str, request: Request, number: int, draw: random.Random) -> Writer:
        """One of the ways in which a request is closed; equal numbers make equal writers."""
        return {
            "api": lambda: self._api(request, number),
            "mail": lambda: self._mail(request, number),
            "supersede": lambda: self._supersede(request, str(UUID(int=draw.getrandbits(128), version=4))),
            "auto": lambda: self._auto(request),
            "cancel": lambda: self._cancel(request, str(UUID(int=draw.getrandbits(128)))),
        }[kind]()

    def _api(self, request: Request, number: int) -> Writer:
        claim = f"writer {number}"
        return Writer(
            f"api {number}",
            lambda: respond_by_api(
                request.request_id,
                feedback=f"says {number}",
                outcome=OPTIONS[number % len(OPTIONS)],
                responder=claim,
                idempotency_key=None,
                caller=RESPOND,
                storage=self.world.storage,
                now=self.world.now,
            ),
            lambda final: final.decision is not None and final.decision.source_claim == claim,
        )

    def _mail(self, request: Request, number: int) -> Writer:
        message_id = f"<{request.request_id}-{number}@example.com>"
        token = issue(
            request_id=UUID(request.request_id),
            round_number=1,
            address=REVIEWER,
            expires_at=request.opened_at.replace(minute=0, second=0) + timedelta(days=7),
            ring=self.world.ring,
        )
        to = reply_address(token, REPLY_DOMAIN)
        text = OPTIONS[number % len(OPTIONS)]

        def won(final: Request) -> bool:
            return self._closing(final).data.get("message_id") == message_id

        return Writer(f"mail {number}", lambda: self.world.reply(text, to=to, message_id=message_id), won)

    def _closing(self, final: Request) -> Entry:
        (entry,) = [e for e in self.world.store.chain(final.subject).items if e.action.value in CLOSING_ACTIONS]
        return entry

    def _supersede(self, request: Request, newer: str) -> Writer:
        return Writer(
            f"supersede {newer}",
            lambda: self.world.pause(self.deployment, flow_id=request.flow_id, request_id=newer),
            lambda final: final.superseded_by == newer,
        )

    def _auto(self, request: Request) -> Writer:
        return Writer("auto", lambda: self.world.wake(request.request_id), lambda _: False)

    def reassign(self, request: Request, to: str) -> Callable[[], object]:
        """Somebody gives the request to another address."""
        return lambda: reassign_request(
            request.request_id,
            to,
            reason=None,
            caller=Caller(Scope.MANAGE, 1, "k3"),
            storage=self.world.storage,
            now=self.world.now,
        )

    def _cancel(self, request: Request, key_id: str) -> Writer:
        return Writer(
            f"cancel {key_id}",
            lambda: cancel_request(
                request.request_id,
                reason="no longer needed",
                caller=Caller(Scope.MANAGE, 1, key_id),
                storage=self.world.storage,
                now=self.world.now,
            ),
            lambda final: self._closing(final).actor.id == key_id,
        )


def _says_it_won(result: object, request: Request) -> bool | None:
    """Whether a result claims the request for its writer; None when it claims nothing either way."""
    if isinstance(result, Recorded | Request):
        return True
    if isinstance(result, NodbackError) and result.code in ("already_decided", "request_closed"):
        return False
    if isinstance(result, OpenedPause):
        return result.superseded == request.request_id
    if isinstance(result, Result):
        return {Result.RECORDED: True, Result.CLOSED: False, Result.DUPLICATE: None}[result]
    if isinstance(result, BaseException):
        raise result
    return None
