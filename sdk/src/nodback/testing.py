"""Trying out flows without a service, a network or an LLM: a reviewer that lives in the test.

    import nodback.testing

    def test_approved_content_is_published():
        with nodback.testing.reviewer(["needs_revision", ("approved", "Much better")]) as review:
            assert review.run(ContentApprovalFlow()) == "published"
        assert [request.method_name for request in review.requests] == ["review_content", "review_content"]

The flow is paused, stored, restored in a new object and resumed exactly as in production, so that a test also shows
what a state loses on the way through JSON.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nodback import enabling
from nodback.errors import ClaimLost, Conflict, InvalidRequest
from nodback.reviews import Answer, Claim, Json, OpenedRequest, OpenRequest

Given = str | tuple[str, str] | Answer
REVIEWER = "reviewer@example.com"
LEASE_SECONDS = 60.0


class NoAnswerLeft(AssertionError):
    """The flow asked more often than the test has answers for."""


class MemoryService:
    """The service of one flow author's test: opens requests, takes answers, gives them to whoever claims them.

    Example:
        >>> service = MemoryService()
        >>> service.claim("worker", ["flows.ContentApprovalFlow"]) is None
        True
    """

    def __init__(self) -> None:
        self.requests: list[OpenRequest] = []
        self.states: dict[str, Json] = {}
        self.outcomes: dict[str, str | None] = {}
        self.settled: dict[str, str | None] = {}
        self._answers: dict[str, Answer] = {}
        self._claims: dict[str, str] = {}
        self._consumed: set[str] = set()

    def close(self) -> None:
        """Nothing to close."""

    def open_request(self, request: OpenRequest) -> OpenedRequest:
        json.dumps(request.as_json(), allow_nan=False)
        self.requests.append(request)
        number = sum(1 for known in self.requests if known.flow_id == request.flow_id)
        return OpenedRequest(request.request_id, number, REVIEWER)

    def answer(self, request_id: str, answer: Answer) -> None:
        self._answers[request_id] = answer

    def save_state(self, flow_id: str, method_name: str, state: Json) -> None:
        del method_name
        self.states[flow_id] = json.loads(json.dumps(state, allow_nan=False))

    def load_state(self, flow_id: str) -> Json | None:
        return self.states.get(flow_id)

    def load_pending(self, flow_id: str) -> Json | None:
        waiting = [r for r in self.requests if r.flow_id == flow_id and r.request_id not in self._consumed]
        return waiting[-1].snapshot if waiting else None

    def claim(self, worker: str, flow_classes: Sequence[str], request_id: str | None = None) -> Claim | None:
        for number, request in enumerate(self.requests, start=1):
            if request.request_id not in self._answers or request.request_id in self._claims:
                continue
            if request.flow_class not in flow_classes or request_id not in (None, request.request_id):
                continue
            self._claims[request.request_id] = f"{worker}/{request.request_id}"
            return Claim(
                request_id=request.request_id,
                claim_id=self._claims[request.request_id],
                lease_seconds=LEASE_SECONDS,
                attempt=1,
                flow_id=request.flow_id,
                flow_name=request.flow_name,
                flow_class=request.flow_class,
                method_name=request.method_name,
                number=number,
                answer=self._answers[request.request_id],
                snapshot=json.loads(json.dumps(request.snapshot)),
            )
        return None

    def renew(self, request_id: str, claim_id: str) -> None:
        self._require(request_id, claim_id)

    def consumed(self, request_id: str, claim_id: str, flow_class: str, outcome: str | None = None) -> None:
        self._require(request_id, claim_id)
        paused = next(request.flow_class for request in self.requests if request.request_id == request_id)
        if flow_class != paused:
            raise Conflict(f"{flow_class} is about to run, and {paused} paused", status=409, service_code="wrong_flow")
        self._consumed.add(request_id)
        self.settled[request_id] = outcome

    def result(self, request_id: str, claim_id: str, *, succeeded: bool, error: str | None = None) -> None:
        self._require(request_id, claim_id)
        self.outcomes[request_id] = None if succeeded else error

    def _require(self, request_id: str, claim_id: str) -> None:
        if self._claims.get(request_id) != claim_id:
            raise ClaimLost(f"request {request_id} is not claimed as {claim_id}", status=409)


class Reviewer:
    """Answers what flows ask, in the order of the answers that the test gave.

    Attributes:
        requests: what the reviewer was asked, oldest first, as the service would have got it.
    """

    def __init__(self, answers: Iterable[Given] | Callable[[OpenRequest], Given], service: MemoryService) -> None:
        self._next: Callable[[OpenRequest], Given] = answers if callable(answers) else _one_by_one(answers)
        self._service = service

    @property
    def requests(self) -> list[OpenRequest]:
        return self._service.requests

    def run(
        self, flow: Any, inputs: dict[str, Any] | None = None, *, factory: Callable[[type[Any]], Any] | None = None
    ) -> Any:
        """Run a flow from its start to its end, through all of its reviews; returns what it returns.

        Args:
            factory: gives the constructor arguments of a flow class, as `nodback worker --factory` does.

        Raises:
            NoAnswerLeft: it asked once more than there are answers.
            ResumeError: an answer could not be handed over, for instance free text without an LLM.
            Exception: whatever the flow's own methods raise.
        """
        from crewai.flow.async_feedback import HumanFeedbackPending

        from nodback.resume import ResumingPersistence, hand_over

        value = flow.kickoff(inputs=inputs)
        while isinstance(value, HumanFeedbackPending):
            request = self.requests[-1]
            self._service.answer(request.request_id, as_answer(self._next(request), request.emit))
            claim = self._service.claim("nodback.testing", [request.flow_class])
            assert claim is not None
            persistence = ResumingPersistence.of(claim, self._service)
            value = hand_over(claim, flow_class=type(flow), persistence=persistence, factory=factory)
        return value


@contextmanager
def reviewer(answers: Iterable[Given] | Callable[[OpenRequest], Given]) -> Iterator[Reviewer]:
    """Answer every review inside the block; afterwards crewAI is as it was before.

    Args:
        answers: one per review, or a function that is given the request. Each is an emit option, any other text
            (then the flow's own LLM must classify it, as in production), or a pair of option and comment.

    Example:
        >>> with reviewer(["approved"]) as review:  # doctest: +SKIP
        ...     review.run(ContentApprovalFlow())
    """
    if enabling.is_enabled():
        raise InvalidRequest("nodback.enable() was called in this process: call nodback.disable() before the test.")
    service = MemoryService()
    enabling.enable_with(service)
    try:
        yield Reviewer(answers, service)
    finally:
        enabling.disable()


def as_answer(given: Given, options: Sequence[str] | None) -> Answer:
    """What the service would make of a reviewer's words.

    Example:
        >>> as_answer("approved", ["approved", "rejected"]).outcome
        'approved'
        >>> as_answer("approved, thanks", ["approved", "rejected"]).outcome is None
        True
    """
    if isinstance(given, Answer):
        return given
    outcome, text = given if isinstance(given, tuple) else (None, given)
    if outcome is None and text in (options or ()):
        outcome = text
    return Answer(outcome=outcome, feedback=text, reply_text=text, responder=REVIEWER, source="email")


def _one_by_one(answers: Iterable[Given]) -> Callable[[OpenRequest], Given]:
    left = iter(answers)

    def next_answer(request: OpenRequest) -> Given:
        for answer in left:
            return answer
        raise NoAnswerLeft(f"{request.flow_name}.{request.method_name} asked once more than there are answers.")

    return next_answer
