"""Kill a worker at each point between claim and result, with the real crewAI: `python -m tests.flows.kill_table`.

With `--write` the table goes into docs/reliability.md.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "layers/core/python"), str(ROOT / "sdk/src"), str(ROOT), str(ROOT / "tests")]

from support.documents import put  # noqa: E402
from support.http import call, key_for  # noqa: E402
from support.world import World  # noqa: E402

from nodback_core.domain.reviews.requests import RESUME_GRACE_SECONDS, RESUME_LEASE_SECONDS, ResumeStatus  # noqa: E402

ANSWER_SECONDS = 120.0


@dataclass(frozen=True)
class Point:
    """Where a worker dies: at the service's route, before or after it did its work; or in the flow's listener."""

    title: str
    route: str = ""
    when: str = ""
    dying: bool = False


POINTS = (
    Point("it was given the answer, and has not received it", "claim", "after"),
    Point("the flow is restored; `consumed` has not reached the service", "consumed", "before"),
    Point("`consumed` is recorded; no listener has run", "consumed", "after"),
    Point("in the middle of a listener", dying=True),
    Point("the flow has ended; its result has not reached the service", "result", "before"),
    Point("the result is recorded", "result", "after"),
)
SMALL = (POINTS[1], POINTS[3])
"""The two that matter most: on either side of `consumed`."""


@dataclass(frozen=True)
class Seen:
    """What became of one killed worker's answer."""

    point: Point
    at_death: str
    after_lease: str
    taken_over: bool
    retried: bool
    runs: int
    end: str

    def row(self) -> str:
        goes_on = "another worker" if self.taken_over else "a person, by a retry" if self.retried else "nobody needs to"
        return f"| {self.point.title} | {self.at_death} | {self.after_lease} | {goes_on} | {self.runs} | {self.end} |"


HEAD = (
    "| the worker is killed when | resume then | once the lease has ended | who goes on | times the listener ran | "
    "in the end |\n|---|---|---|---|---|---|"
)


@dataclass
class Theatre:
    """The service in memory behind real HTTP, and the nursery of workers."""

    folder: Path
    world: World = field(default_factory=World)
    kill: Point | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _worker: int = 0

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, bytes] | None:
        """The service's answer, or None when the worker was killed meanwhile and hears nothing."""
        with self._lock:
            point = self.kill
            struck = point is not None and point.route and path.endswith(f"/{point.route}")
            if struck and point.when == "before":
                return self._strike()
            key = headers.get("Authorization", "").removeprefix("Bearer ")
            answered = call(self.world, method, path, key, body or None, headers=dict(headers))
            if struck:
                return self._strike()
            import json

            return answered.status, b"" if answered.json is None else json.dumps(answered.json).encode()

    def _strike(self) -> None:
        self.kill = None
        os.kill(self._worker, signal.SIGKILL)

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        theatre = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                answer = theatre.answer(self.command, self.path, self.headers, self.rfile.read(length))
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(answer[0])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer[1])))
                self.end_headers()
                self.wfile.write(answer[1])

            do_GET = do_POST = do_PUT = _any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}"
            finally:
                server.shutdown()
                thread.join()

    @contextlib.contextmanager
    def nursery(self, url: str, key: str) -> Iterator[subprocess.Popen[str]]:
        environment = {
            **os.environ,
            "NODBACK_URL": url,
            "NODBACK_API_KEY": key,
            "NURSERY_RAN": str(self.ran),
            "CREWAI_DISABLE_TELEMETRY": "true",
            "OTEL_SDK_DISABLED": "true",
            "CREWAI_STORAGE_DIR": str(self.folder / "crewai"),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "sdk/src"), str(ROOT)]),
            "PYTHONWARNINGS": "ignore",
        }
        with (self.folder / "nursery.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.flows.nursery"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            try:
                self._line(process, "ready")
                yield process
            finally:
                assert process.stdin is not None
                process.stdin.close()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                assert process.stdout is not None
                process.stdout.close()

    @property
    def ran(self) -> Path:
        return self.folder / "ran"

    def order(self, process: subprocess.Popen[str], order: str) -> int:
        """Have a child do something; returns how it ended."""
        assert process.stdin is not None
        process.stdin.write(order + "\n")
        process.stdin.flush()
        self._worker = int(self._line(process, "child"))
        return int(self._line(process, "ended"))

    def _line(self, process: subprocess.Popen[str], word: str) -> str:
        assert process.stdout is not None
        watchdog = threading.Timer(ANSWER_SECONDS, process.kill)
        watchdog.start()
        try:
            for line in process.stdout:
                if line.startswith(word):
                    return line.removeprefix(word).strip()
        finally:
            watchdog.cancel()
        raise RuntimeError(f"the nursery never said {word!r}:\n{(self.folder / 'nursery.log').read_text()[-3000:]}")


def play(points: tuple[Point, ...]) -> list[Seen]:
    """Kill a worker at each of these points, and see what becomes of the answer that it held."""
    with TemporaryDirectory() as folder:
        theatre = Theatre(Path(folder))
        deployment = theatre.world.deployment(email_notifications=False)
        flow, respond = (key_for(theatre.world, deployment, scope) for scope in ("flow", "respond"))
        with theatre.serving() as url, theatre.nursery(url, flow) as nursery:
            return [_one(theatre, nursery, point, f"run-{n}", flow, respond) for n, point in enumerate(points)]


def _one(theatre: Theatre, nursery: subprocess.Popen[str], point: Point, tag: str, flow: str, respond: str) -> Seen:
    world = theatre.world
    assert theatre.order(nursery, f"pause {tag}") == 0, "the flow did not come to its review"
    (request_id,) = [
        key[0].removeprefix("request/")
        for key, row in world.store.rows.items()
        if key[1] == "request" and row.status == "pending"
    ]
    assert call(world, "POST", f"/v1/requests/{request_id}/response", respond, {"outcome": "release"}).status == 200
    theatre.kill = None if point.dying else point
    ended = theatre.order(nursery, "work dying" if point.dying else "work")
    assert ended == -signal.SIGKILL, f"the worker ended with {ended} instead of being killed"
    at_death = world.request(request_id).resume.status
    world.pass_time(seconds=RESUME_LEASE_SECONDS + RESUME_GRACE_SECONDS + 1)
    world.sweep()
    attempt = world.request(request_id).resume.attempt
    after_lease = world.request(request_id).resume.status
    theatre.order(nursery, "work")
    taken_over = world.request(request_id).resume.attempt > attempt
    retried = world.request(request_id).resume.status is ResumeStatus.FAILED
    if retried:
        assert call(world, "POST", f"/v1/resumes/{request_id}/retry", flow, {}).status == 202
        theatre.order(nursery, "work")
    world.check_chains()
    runs = theatre.ran.read_text().split().count(tag)
    end = world.request(request_id).resume.status
    return Seen(point, str(at_death), str(after_lease), taken_over, retried, runs, str(end))


if __name__ == "__main__":
    table = "\n".join([HEAD, *(seen.row() for seen in play(POINTS))])
    print(table)
    if "--write" in sys.argv:
        put(ROOT / "docs/reliability.md", "kills", table)
