"""A process with crewAI in it, told by lines of JSON which flow to start; it works off answers all the while."""

import json
import queue
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
WAIT_SECONDS = 60.0


@dataclass
class Crew:
    """A running crew process; what flows print is waited for line by line."""

    environment: dict[str, str]
    lines: list[str] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None
    _reader: threading.Thread = field(default_factory=threading.Thread)
    _arrived: threading.Condition = field(default_factory=threading.Condition)
    _answers: "queue.SimpleQueue[dict[str, object]]" = field(default_factory=queue.SimpleQueue)

    def __enter__(self) -> "Crew":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.flows.crew_process"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()
        self.wait_for("crew is ready", START_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def start(self, flow: str, **inputs: object) -> str:
        """Start a flow of crew_process.py; returns its flow id once it has paused. Raises what it raised, as text."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"flow": flow, "inputs": inputs}) + "\n")
        self._process.stdin.flush()
        answer = self._answers.get(timeout=WAIT_SECONDS)
        if "error" in answer:
            raise AssertionError(f"{flow} did not pause: {answer['error']}")
        return str(answer["flow_id"])

    def wait_for(self, text: str, seconds: float = WAIT_SECONDS) -> str:
        """The first line, from the beginning, that holds `text`."""
        deadline = time.monotonic() + seconds
        with self._arrived:
            while True:
                found = next((line for line in self.lines if text in line), None)
                if found is not None:
                    return found
                left = deadline - time.monotonic()
                if left <= 0 or not self._arrived.wait(left):
                    last = "\n".join(self.lines[-25:])
                    raise AssertionError(f"no line with {text!r} within {seconds:.0f} s; the last ones:\n{last}")

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            if line.startswith("{"):
                self._answers.put(json.loads(line))
                continue
            with self._arrived:
                self.lines.append(line.rstrip())
                self._arrived.notify_all()
