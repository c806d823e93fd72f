"""The service over HTTPS: one method per route, retries where they are safe, every refusal as its own error."""

import email.utils
import json
import random
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from nodback.errors import (
    ClaimLost,
    Conflict,
    InvalidRequest,
    NotFound,
    RequestIdReused,
    ServiceError,
    ServiceFailed,
    ServiceUnreachable,
    SnapshotTooLarge,
    Unauthenticated,
    WrongScope,
)
from nodback.reviews import Claim, Json, OpenedRequest, OpenRequest
from nodback.settings import Settings
from nodback.version import PRODUCT, __version__

FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 8.0
CONNECT_TIMEOUT_SECONDS = 5.0
# Longer than one attempt: a claim that is given up while the service grants it would block the resume for a lease.
CLAIM_GIVE_UP_AFTER_SECONDS = 35.0
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
MAX_QUOTED_CHARACTERS = 300

_BY_CODE: Mapping[str, type[ServiceError]] = {
    "unauthenticated": Unauthenticated,
    "wrong_scope": WrongScope,
    "invalid_request": InvalidRequest,
    "request_id_reused": RequestIdReused,
    "not_found": NotFound,
    # No statement about what was asked for: a state is not absent because nobody could be asked for it.
    "no_such_route": ServiceFailed,
    "claim_lost": ClaimLost,
}
_BY_STATUS: Mapping[int, type[ServiceError]] = {
    400: InvalidRequest,
    401: Unauthenticated,
    403: WrongScope,
    404: NotFound,
    409: Conflict,
    422: InvalidRequest,
}


class Client:
    """The HTTP API of one deployment, as `reviews.ReviewService`. Safe to share between threads.

    Every call is bounded by `settings.give_up_after_seconds` in all, retries and waits included. Calls are repeated
    after connection errors, timeouts, 429 and 5xx: opening a request is idempotent by its id, the steps of a resume
    by their claim id. A claim is repeated after 429 alone: a worker asks again anyway, and one whose answer was lost
    returns to the queue when its lease ends.

    Args:
        settings: address, key and patience.
        transport, sleep, clock, chance: replaced by tests; waiting, seconds that only grow, and a number in [0, 1).

    Example:
        >>> from nodback.settings import read_settings
        >>> Client(read_settings("https://nodback.example.com", "nodback_flow_1_ab12_s3cret"))
        Client('https://nodback.example.com', ApiKey('nodb…cret'))
    """

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self._sleep = sleep
        self._clock = clock
        self._chance = chance
        self._http = httpx.Client(
            transport=transport,
            # A proxy from the environment must not get what is meant for this machine.
            trust_env=not settings.is_local,
            headers={
                "Authorization": f"Bearer {settings.api_key.reveal()}",
                "Accept": "application/json",
                "User-Agent": f"nodback-python/{__version__}",
            },
        )

        # A client that was replaced by another enable() must not leave its connections open.
        self._finalizer = weakref.finalize(self, self._http.close)

    def __repr__(self) -> str:
        return f"Client({self.settings.url!r}, {self.settings.api_key!r})"

    def close(self) -> None:
        self._finalizer()

    def open_request(self, request: OpenRequest) -> OpenedRequest:
        body = self._call("POST", "/v1/requests", request.as_json())
        return OpenedRequest(request.request_id, body.get("number"), body.get("assigned_to_email"))

    def save_state(self, flow_id: str, method_name: str, state: Json) -> None:
        self._call("PUT", f"/v1/flows/{_segment(flow_id)}/state", {"method_name": method_name, "state": state})

    def load_state(self, flow_id: str) -> Json | None:
        try:
            return self._call("GET", f"/v1/flows/{_segment(flow_id)}/state")["state"]
        except NotFound:
            return None

    def load_pending(self, flow_id: str) -> Json | None:
        try:
            return self._call("GET", f"/v1/flows/{_segment(flow_id)}/pending")["snapshot"]
        except NotFound:
            return None

    def claim(self, worker: str, flow_classes: Sequence[str], request_id: str | None = None) -> Claim | None:
        """The next answer for one of these classes, given by their qualified names, or that of one request alone.

        None when there is none.
        """
        wanted = {} if request_id is None else {"request_id": request_id}
        body = self._call(
            "POST",
            "/v1/resumes/claim",
            {"worker": worker, "flow_classes": list(flow_classes), **wanted},
            give_up_after_seconds=min(CLAIM_GIVE_UP_AFTER_SECONDS, self.settings.give_up_after_seconds),
            # A worker asks again in a moment anyway, and says at once that something is wrong.
            is_repeated=False,
        )
        return Claim.from_json(body) if body else None

    def renew(self, request_id: str, claim_id: str) -> None:
        self._call("POST", f"/v1/resumes/{_segment(request_id)}/renew", {"claim_id": claim_id})

    def consumed(self, request_id: str, claim_id: str, flow_class: str, outcome: str | None = None) -> None:
        """The named class is about to run its listeners; the service refuses any but the one that paused.

        `outcome` is the option that the flow takes the answer for; the service keeps it where the answer names none.
        """
        body = {"claim_id": claim_id, "flow_class": flow_class} | ({} if outcome is None else {"outcome": outcome})
        self._call("POST", f"/v1/resumes/{_segment(request_id)}/consumed", body)

    def result(self, request_id: str, claim_id: str, *, succeeded: bool, error: str | None = None) -> None:
        body = {"claim_id": claim_id, "status": "succeeded" if succeeded else "failed"}
        self._call("POST", f"/v1/resumes/{_segment(request_id)}/result", body | ({"error": error} if error else {}))

    def retry_resume(self, request_id: str, outcome: str | None = None) -> None:
        """Ask for a failed resume to be tried again; with an outcome, as if the reviewer had named it."""
        body = {} if outcome is None else {"outcome": outcome}
        self._call("POST", f"/v1/resumes/{_segment(request_id)}/retry", body)

    def get_request(self, request_id: str) -> dict[str, Json]:
        return self._call("GET", f"/v1/requests/{_segment(request_id)}")

    def list_requests(self, **filters: str | int) -> dict[str, Json]:
        """One page: `{"requests": [...], "next_cursor": ...}`; needs a key of scope `respond` or `manage`."""
        return self._call("GET", "/v1/requests", query=filters)

    def open_mail_test(self, deployment_id: int, to_email: str | None = None) -> dict[str, Json]:
        """Ask for a test review by mail; needs a key of scope `manage`, or the install key."""
        body = {} if to_email is None else {"to_email": to_email}
        return self._call("POST", f"/v1/deployments/{deployment_id}/test-request", body)

    def get_mail_test(self, deployment_id: int, request_id: str) -> dict[str, Json]:
        """How far a test came: `stage`, the mail that went out, and each reply with the verdicts seen."""
        return self._call("GET", f"/v1/deployments/{deployment_id}/test-requests/{_segment(request_id)}")

    def health(self) -> dict[str, Json]:
        return self._call("GET", "/health")

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Json] | None = None,
        *,
        query: Mapping[str, str | int] | None = None,
        give_up_after_seconds: float | None = None,
        is_repeated: bool = True,
    ) -> dict[str, Any]:
        patience = self.settings.give_up_after_seconds if give_up_after_seconds is None else give_up_after_seconds
        deadline = self._clock() + patience
        # Encoded once: a repeated call sends the same bytes, and what is not JSON fails before anything is sent.
        content = None if body is None else json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
        attempt = 0
        while True:
            attempt += 1
            problem: ServiceError
            asked_to_wait: float | None = None
            try:
                response = self._http.request(
                    method,
                    self.settings.url + path,
                    content=content,
                    params=query,
                    headers={"Content-Type": "application/json"} if content is not None else None,
                    timeout=_timeout(min(self.settings.attempt_timeout_seconds, deadline - self._clock())),
                )
            except httpx.TransportError as error:
                problem = ServiceUnreachable(
                    f"{method} {path} at {self.settings.url}: {type(error).__name__}: {error or 'no answer'}"
                )
            else:
                if response.is_success:
                    return _json_of(response, method, path)
                problem = _problem(response, method, path)
                if response.status_code not in RETRIED_STATUSES:
                    raise problem
                asked_to_wait = _retry_after_seconds(response.headers.get("Retry-After"))
            wait = asked_to_wait if asked_to_wait is not None else backoff_seconds(attempt, self._chance())
            may_repeat = is_repeated or problem.status == httpx.codes.TOO_MANY_REQUESTS
            if not may_repeat or self._clock() + wait >= deadline:
                raise _given_up(problem, attempt, patience)
            self._sleep(wait)


def backoff_seconds(attempt: int, chance: float) -> float:
    """How long to wait after the given attempt (from 1): doubling, capped, half of it left to chance.

    Example:
        >>> backoff_seconds(1, 0.0), backoff_seconds(3, 1.0), backoff_seconds(50, 1.0)
        (0.125, 1.0, 8.0)
    """
    longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(attempt - 1, 30))
    return longest / 2 + longest / 2 * chance


def _timeout(seconds: float) -> httpx.Timeout:
    allowed = max(0.001, seconds)
    return httpx.Timeout(allowed, connect=min(CONNECT_TIMEOUT_SECONDS, allowed))


def _given_up(problem: ServiceError, attempts: int, patience: float) -> ServiceError:
    text = f"{problem} (gave up after {attempts} attempt{'s' * (attempts > 1)}, {patience:g} s allowed)"
    return type(problem)(text, status=problem.status, service_code=problem.service_code, fields=problem.fields)


def _segment(value: str) -> str:
    if value in ("", ".", ".."):
        # Clients and gateways resolve these: the call would go somewhere else.
        raise InvalidRequest(f"{value!r} is no id: a URL cannot carry it")
    return quote(value, safe="")


def _retry_after_seconds(header: str | None) -> float | None:
    if header is None:
        return None
    try:
        return max(0.0, float(int(header)))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _json_of(response: httpx.Response, method: str, path: str) -> dict[str, Any]:
    if response.status_code == httpx.codes.NO_CONTENT or not response.content:
        return {}
    try:
        body = response.json()
    except ValueError as error:
        raise _not_nodback(response, method, path) from error
    if not isinstance(body, dict):
        raise _not_nodback(response, method, path)
    return body


def _not_nodback(response: httpx.Response, method: str, path: str) -> ServiceFailed:
    return ServiceFailed(
        f"{method} {path}: the answer is no JSON object, so this is hardly a {PRODUCT} service; check NODBACK_URL.",
        status=response.status_code,
    )


def _problem(response: httpx.Response, method: str, path: str) -> ServiceError:
    status = response.status_code
    try:
        body = response.json()
    except ValueError:
        body = None
    document: Mapping[str, Any] = body if isinstance(body, dict) else {}
    code = document.get("code") if isinstance(document.get("code"), str) else None
    # A 404 or 403 that is no problem document comes from something in front of the service.
    unknown = ServiceFailed if code is None and status in {403, 404} else _BY_STATUS.get(status, ServiceFailed)
    kind = _BY_CODE.get(code or "", unknown)
    fields = tuple(
        (str(entry.get("field", "")), str(entry.get("message", "")))
        for entry in document.get("errors") or ()
        if isinstance(entry, dict)
    )
    said = str(document.get("detail") or document.get("title") or document.get("message") or response.reason_phrase)
    text = f"{method} {path}: {status}{f' {code}' if code else ''}: {said[:MAX_QUOTED_CHARACTERS]}"
    text += "".join(f"; {field}: {message}" for field, message in fields) + _hint(kind, status)
    if code == "snapshot_too_large" or status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        raise SnapshotTooLarge(text)
    return kind(text, status=status, service_code=code, fields=fields)


def _hint(kind: type[ServiceError], status: int) -> str:
    if kind is Unauthenticated:
        return " (check NODBACK_API_KEY, or NODBACK_MANAGE_KEY where it is used: the key is unknown or was revoked)"
    if kind is WrongScope:
        return " (this API key has another scope than the call needs)"
    if 300 <= status < 400:
        return " (the service moved or this is not its address: check NODBACK_URL)"
    if kind is ServiceFailed and status in {403, 404}:
        return f" (this does not come from {PRODUCT} itself: check NODBACK_URL)"
    return ""
