"""Flows in an event loop: the longest stall of a pause with a slow service, against crewAI's own SQLite.

Run: python bench/event_loop.py [--json]
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {"CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true", "CREWAI_TRACING_ENABLED": "false"}
warnings.simplefilter("ignore")

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "sdk/src"), str(ROOT)]

SERVICE_SECONDS = 3.0
ROUNDS = 5
BEAT_SECONDS = 0.001


async def longest_stall(start: Callable[[], Any]) -> float:
    """Seconds between two beats of a loop that had the longest way between them, while a flow pauses in it."""
    longest, last, going = 0.0, time.perf_counter(), True

    async def beat() -> None:
        nonlocal longest, last
        while going:
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
            await asyncio.sleep(BEAT_SECONDS)

    heart = asyncio.create_task(beat())
    await asyncio.sleep(0.05)
    longest = 0.0
    await start()
    going = False
    await heart
    return longest


def main(*, as_json: bool = False) -> None:
    """Print the figures, in milliseconds."""
    from crewai.flow.flow import Flow, start
    from crewai.flow.human_feedback import human_feedback
    from crewai.flow.persistence.sqlite import SQLiteFlowPersistence

    from nodback import enabling
    from nodback.testing import MemoryService

    class Asking(Flow):
        suppress_flow_events = True

        @start()
        @human_feedback(message="?", emit=["yes", "no"])
        def ask(self) -> str:
            return "?"

    class Slow(MemoryService):
        def open_request(self, request: Any) -> Any:
            time.sleep(SERVICE_SECONDS)
            return super().open_request(request)

    class Quick(MemoryService):
        pass

    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CREWAI_STORAGE_DIR"] = folder
        for name, service in (("a quick service", Quick()), ("a service that answers after 3 s", Slow())):
            enabling.enable_with(service)
            asyncio.run(Asking().kickoff_async())
            found[name] = _median(lambda: asyncio.run(longest_stall(lambda: Asking().kickoff_async())))
            enabling.disable()

        class Paused:
            def request_feedback(self, context: Any, flow: Any) -> str:  # noqa: ARG002
                from crewai.flow.async_feedback import HumanFeedbackPending

                raise HumanFeedbackPending(context=context)

        from crewai.flow.flow_config import flow_config

        flow_config.hitl_provider = Paused()
        file = SQLiteFlowPersistence(str(Path(folder) / "flows.db"))
        found["crewAI with SQLite"] = _median(
            lambda: asyncio.run(longest_stall(lambda: Asking(persistence=file).kickoff_async()))
        )
    figures = {name: round(seconds * 1000, 1) for name, seconds in found.items()}
    if as_json:
        print(json.dumps(figures))
        return
    for name, milliseconds in figures.items():
        print(f"   longest stall, {name}: {milliseconds} ms")


def _median(once: Callable[[], float]) -> float:
    return statistics.median(once() for _ in range(ROUNDS))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    main(as_json=parser.parse_args().json)
