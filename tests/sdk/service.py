"""A Nodback service in memory behind real HTTP: what the SDK's tests talk to.

Small and honest: leases end by a clock that the tests may move, claims have ids, stale ones get 409, and a request id
that comes again with another body is refused. It mails nobody: `answer()` is what a reviewer would have done.
"""

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

FLOW_KEY = "nodback_flow_1_k1_0123456789abcdef"
RESPOND_KEY = "nodback_respond_1_k2_0123456789abcdef"
MANAGE_KEY = "nodback_manage_1_k3_0123456789abcdef"
REVIEWER = "reviewer@example.com"
MAX_SNAPSHOT_BYTES = 4 * 1024 * 1024


class Problem(Exception):
    def __init__(self, status, code, detail, errors=()):
        super().__init__(detail)
        self.document = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code}
        self.document |= {"errors": [{"field": f, "message": m} for f, m in errors]} if errors else {}


@dataclass
class Row:
    body: dict
    number: int
    status: str = "pending"
    response: dict | None = None
    resume: str = "none"
    claim_id: str | None = None
    lease_until: float = 0.0
    attempt: int = 0
    error: str | None = None
    supersedes: str | None = None
    settled: str | None = None
    history: list[str] = field(default_factory=list)

    def move(self, status):
        self.resume = status
        self.history.append(status)


class Service:
    """The state and the rules; `serving()` puts HTTP in front of it."""

    def __init__(self, *, lease_seconds=30.0, clock=time.monotonic):
        self.lease_seconds = lease_seconds
        self.clock = clock
        self.rows: dict[str, Row] = {}
        self.states: dict[str, dict] = {}
        self.calls: Counter = Counter()
        self.failures: list = []  # (status, headers) answered instead, one per call
        self.before: dict[str, Callable] = {}  # run before a route does its work, outside the lock
        self.after: dict[str, Callable] = {}
        self._lock = threading.RLock()

    # What people do.

    def answer(self, request_id, *, outcome=None, feedback="", source="email"):
        with self._lock:
            row = self.rows[request_id]
            assert row.status == "pending", row.status
            row.status = "responded"
            row.response = {
                "outcome": outcome,
                "feedback": feedback,
                "reply_text": feedback,
                "responder": REVIEWER,
                "source": source,
                "responded_at": "2026-11-22T10:00:00.000Z",
            }
            row.move("ready")

    def expire_leases(self):
        with self._lock:
            for row in self.rows.values():
                row.lease_until = 0.0
            self._sweep()

    # What the flow side asks.

    def open_request(self, _id, body, _scope):
        errors = [
            (name, "Field required")
            for name in (
                "request_id",
                "flow_id",
                "flow_name",
                "flow_class",
                "method_name",
                "message",
                "output",
                "state",
            )
            if name not in body
        ]
        emit = body.get("emit")
        if emit is not None and (len(set(emit)) != len(emit) or not all(option.strip() for option in emit)):
            errors.append(("emit", "options must be different and not blank"))
        if errors:
            raise Problem(422, "invalid_request", "The request is not valid.", errors)
        size = len(json.dumps(body["snapshot"], separators=(",", ":")))
        if size > MAX_SNAPSHOT_BYTES:
            raise Problem(413, "snapshot_too_large", f"{size} bytes, the limit is {MAX_SNAPSHOT_BYTES}")
        known = self.rows.get(body["request_id"])
        if known is not None:
            if known.body != body:
                raise Problem(409, "request_id_reused", "The id was used with another body.")
            return 200, self._opened(known)
        earlier = [row for row in self.rows.values() if row.body["flow_id"] == body["flow_id"]]
        row = Row(body=body, number=len(earlier) + 1)
        for other in earlier:
            if other.status == "pending":
                other.status = "superseded"
                row.supersedes = other.body["request_id"]
        self.rows[body["request_id"]] = row
        return 201, self._opened(row)

    def get_request(self, request_id, _body, _scope):
        return 200, self._shown(self._row(request_id))

    def list_requests(self, _id, _body, scope):
        if scope == "flow":
            raise Problem(403, "wrong_scope", "This key may not list requests.")
        return 200, {"requests": [self._shown(row) for row in self.rows.values()], "next_cursor": None}

    def save_state(self, flow_id, body, _scope):
        self.states[flow_id] = body
        return 204, None

    def load_state(self, flow_id, _body, _scope):
        if flow_id not in self.states:
            raise Problem(404, "not_found", "No state was saved.")
        return 200, {**self.states[flow_id], "saved_at": "2026-11-22T10:00:00.000Z"}

    def load_pending(self, flow_id, _body, _scope):
        waiting = [
            row
            for row in self.rows.values()
            if row.body["flow_id"] == flow_id and row.resume not in {"consumed", "succeeded", "failed"}
        ]
        if not waiting:
            raise Problem(404, "not_found", "Nothing is pending.")
        row = waiting[-1]
        return 200, {**self._opened(row), "snapshot": row.body["snapshot"]}

    def claim(self, _id, body, _scope):
        self._sweep()
        classes = body["flow_classes"]
        for row in self.rows.values():
            if row.resume != "ready" or row.body["flow_class"] not in classes:
                continue
            if body.get("request_id") not in (None, row.body["request_id"]):
                continue
            row.move("claimed")
            row.claim_id = uuid.uuid4().hex
            row.attempt += 1
            row.lease_until = self.clock() + self.lease_seconds
            kept = (
                "request_id",
                "flow_id",
                "flow_name",
                "flow_class",
                "method_name",
                "emit",
                "default_outcome",
                "snapshot",
            )
            return 200, {name: row.body[name] for name in kept} | {
                "claim_id": row.claim_id,
                "lease_seconds": self.lease_seconds,
                "lease_until": "2026-11-22T10:00:30.000Z",
                "attempt": row.attempt,
                "number": row.number,
                "response": row.response,
            }
        return 204, None

    def renew(self, request_id, body, _scope):
        row = self._claimed(request_id, body, "claimed", "consumed")
        row.lease_until = self.clock() + self.lease_seconds
        return 200, {"lease_until": "2026-11-22T10:00:30.000Z"}

    def consumed(self, request_id, body, _scope):
        row = self._claimed(request_id, body, "claimed", "consumed")
        if body["flow_class"] != row.body["flow_class"]:
            row.move("failed")
            row.error = f"the worker was about to run {body['flow_class']}"
            raise Problem(409, "wrong_flow", row.error)
        if row.resume == "claimed":
            row.move("consumed")
            row.settled = body.get("outcome")
        return 204, None

    def result(self, request_id, body, _scope):
        row = self._claimed(request_id, body, "claimed", "consumed", "succeeded", "failed")
        if body["status"] == "succeeded" and row.resume == "claimed":
            raise Problem(409, "claim_lost", "Not consumed yet.")
        if row.resume != body["status"]:
            row.move(body["status"])
            row.error = body.get("error")
        return 204, None

    def retry(self, request_id, body, scope):
        row = self._row(request_id)
        if body.get("outcome") is not None and scope != "manage":
            raise Problem(403, "wrong_scope", "To retry with an outcome is to decide: use a manage key.")
        if row.resume != "failed":
            raise Problem(409, "resume_not_failed", f"The resume is {row.resume}, so there is nothing to retry.")
        outcome = body.get("outcome")
        if outcome is not None:
            if outcome not in (row.body["emit"] or ()):
                raise Problem(422, "invalid_request", "Not an option.", [("outcome", "must be an emit option")])
            row.response = {**row.response, "outcome": outcome}
        row.move("ready")
        return 202, self._shown(row)

    def health(self, _id, _body, _scope):
        return 200, {"status": "ok", "version": "0.1.0"}

    def handle(self, method, path, key, body):
        name, part = _route(method, path)
        if name is None:
            raise Problem(404, "not_found", f"There is no {method} {path}.")
        self.calls[name] += 1
        scope = {FLOW_KEY: "flow", RESPOND_KEY: "respond", MANAGE_KEY: "manage"}.get(key)
        if scope is None and name != "health":
            raise Problem(401, "unauthenticated", "The API key is not known.")
        if name in self.before:
            self.before[name]()
        with self._lock:
            answer = getattr(self, name)(part, body, scope)
        if name in self.after:
            self.after[name]()
        return answer

    def _row(self, request_id):
        if request_id not in self.rows:
            raise Problem(404, "not_found", "There is no such request.")
        return self.rows[request_id]

    def _claimed(self, request_id, body, *statuses):
        self._sweep()
        row = self._row(request_id)
        if row.claim_id != body.get("claim_id") or row.resume not in statuses:
            raise Problem(409, "claim_lost", "This claim is not the current one.")
        return row

    def _sweep(self):
        for row in self.rows.values():
            if row.lease_until > self.clock():
                continue
            if row.resume == "claimed":
                row.move("ready")
            elif row.resume == "consumed":
                row.move("failed")
                row.error = "The worker went away while the flow's listeners ran."

    def _opened(self, row):
        return {
            "request_id": row.body["request_id"],
            "number": row.number,
            "status": row.status,
            "assigned_to_email": REVIEWER,
            "deployment_id": 1,
            "organization_id": 1,
            "email_notifications": True,
            "created_at": "2026-11-22T09:00:00.000Z",
            "supersedes": row.supersedes,
        }

    def _shown(self, row):
        resume = {"status": row.resume, "attempt": row.attempt, "error": row.error, "lease_until": None}
        names = {name: row.body[name] for name in ("flow_name", "method_name")}
        return {**self._opened(row), **names, **(row.response or {}), "resume": resume}


def _route(method, path):
    parts = [unquote(part) for part in urlsplit(path).path.strip("/").split("/")]
    match (method, *parts):
        case ("GET", "health"):
            return "health", None
        case ("POST", "v1", "requests"):
            return "open_request", None
        case ("GET", "v1", "requests"):
            return "list_requests", None
        case ("GET", "v1", "requests", request_id):
            return "get_request", request_id
        case ("PUT" | "GET", "v1", "flows", flow_id, "state"):
            return ("save_state" if method == "PUT" else "load_state"), flow_id
        case ("GET", "v1", "flows", flow_id, "pending"):
            return "load_pending", flow_id
        case ("POST", "v1", "resumes", "claim"):
            return "claim", None
        case ("POST", "v1", "resumes", request_id, ("renew" | "consumed" | "result" | "retry") as name):
            return name, request_id
    return None, None


@contextmanager
def serving(service):
    """The service at a loopback address, which is what the block gets."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            length = int(self.headers.get("Content-Length") or 0)
            content = self.rfile.read(length)
            key = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            headers = {}
            if service.failures:
                status, headers = service.failures.pop(0)
                document = {"status": status, "code": "unavailable", "detail": "try again"}
            else:
                try:
                    status, document = service.handle(self.command, self.path, key, json.loads(content or "null"))
                except Problem as problem:
                    status, document = problem.document["status"], problem.document
            answer = b"" if document is None else json.dumps(document).encode()
            try:
                self.send_response(status)
                kind = "application/problem+json" if status >= 400 else "application/json"
                for name, value in {"Content-Type": kind, "Content-Length": str(len(answer)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)
            except ConnectionError:  # the client was killed or has given up
                self.close_connection = True

        do_POST = do_PUT = do_GET  # noqa: N815 - the names that http.server looks for

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
