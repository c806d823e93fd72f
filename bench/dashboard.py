"""The dashboard: its cold start against a bare boto3 client, its inbox with ten and with a hundred thousand requests.

    python -m bench.dashboard

`cold` is CPU time of a fresh process beyond that of an empty one. The inbox is answered in process, over a store whose
lists are kept in order, as an index of DynamoDB is: what grows is the table, not what is shown.
"""

import bisect
import gc
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from nodback_core.adapters.memory import MemoryStore
from nodback_core.dashboard.pages.reviews import inbox
from nodback_core.dashboard.visits import Visit
from nodback_core.dashboard.web import HttpRequest, as_result
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.people.members import Grant, Identity, Permission
from nodback_core.domain.reviews.requests import Assignment, Decision, Request, Source, Status
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.records import Index, Key, Record
from nodback_core.ports import Page
from nodback_core.runtime.environment import Environment
from nodback_core.runtime.service import Service

R = TypeVar("R", bound=Record)
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
WHO = "reviewer@example.com"
SIZES = (10, 100_000)
MINE = 10
REPEATS = 300
COLD_STARTS = 5
AIM_INBOX, AIM_COLD = 1.1, 2.0
ROOT = Path(__file__).parent.parent
_CLIENT = "import boto3; boto3.client('dynamodb', region_name='us-east-1')"
_IMPORTED = f"{_CLIENT}\nimport functions.dashboard.handler"
COLD = {
    "bare boto3 client": _CLIENT,
    "dashboard imported": _IMPORTED,
    "dashboard ready for its first inbox": f"{_IMPORTED}, nodback_core.dashboard.pages.reviews.inbox\n"
    "import nodback_core.adapters.dynamodb.store, nodback_core.adapters.jwt_tokens\n"
    "from nodback_core.dashboard.render import environment; environment().get_template('reviews/inbox.html')",
}


@dataclass
class IndexedStore(MemoryStore):
    """A store whose lists stand in order, so that reading a page costs what the page costs."""

    places: dict[tuple[Index, str], list[tuple[str, tuple[str, str]]]] = field(default_factory=dict)

    def commit(
        self, records: Sequence[Record], entries: Sequence[Entry] = (), *, removals: Sequence[Record] = ()
    ) -> None:
        super().commit(records, entries, removals=removals)
        for record in records:
            for index, place in record.indexes.items():
                listed = self.places.setdefault((index, place.partition), [])
                bisect.insort(listed, (place.sort, (record.key.partition, record.key.sort)))

    def list(
        self,
        kind: type[R],
        index: Index,
        partition: str,
        *,
        newest_first: bool = False,  # noqa: ARG002 - the inbox asks for the oldest, from the beginning
        after: str | None = None,
        before: str | None = None,  # noqa: ARG002
        limit: int = 50,
        cursor: str | None = None,  # noqa: ARG002
    ) -> Page[R]:
        listed = self.places.get((index, partition), [])
        start = bisect.bisect_left(listed, (after or "", ("", "")))
        part = listed[start : start + limit]
        keys: list[Key[Record]] = [Key(kind, *address) for _, address in part]
        fetched = self.fetch(*keys)
        rows = tuple(row for key in keys if (row := fetched[key]) is not None)
        return Page(rows, part[-1][0] if len(listed) > start + limit else None)  # type: ignore[arg-type]


def a_store(size: int) -> IndexedStore:
    """Ten requests that wait for us, and all others: decided ones of ours, waiting ones of other deployments."""
    store = IndexedStore()
    for number in (1, 2):
        store.commit([Deployment(number, 1, f"Deployment {number}", "creator@example.com", NOW)])
    for n in range(size):
        request = Request(
            request_id=str(UUID(int=n)), organization_id=1, deployment_id=1, flow_id=f"f{n}", flow_name="Flow",
            flow_class="m.Flow", method_name="review_content", number=1, opened_at=NOW - timedelta(minutes=n),
            body_digest="", assignment=Assignment(1, WHO), emit=("approved", "rejected"),
        )  # fmt: skip
        if n >= MINE and n % 2:
            request = replace(request, deployment_id=2, assignment=Assignment(1, f"person{n % 50}@example.com"))
        elif n >= MINE:
            decision = Decision(f"d{n}", NOW, Source.EMAIL, WHO, "reply token and DMARC", "approved")
            request = replace(request, status=Status.RESPONDED, decision=decision, closed_at=NOW)
        store.commit([request])
    return store


def inbox_ms(store: IndexedStore) -> float:
    """One answer of the inbox."""
    service = Service(Environment("bench", "us-east-1", 1, "r", "a", public_url="https://nodback.test"))
    service.store = store
    who = Identity(WHO, "s", grants=(Grant(1, (Permission.MANAGE,)),))
    asked = HttpRequest("GET", "/", headers={"accept-encoding": "gzip"})
    began = time.perf_counter()
    answer = inbox.page(Visit(asked, service, NOW, "nonce", who))
    as_result(answer, asked)
    spent = (time.perf_counter() - began) * 1000
    assert str(answer.body).count('class="row') >= MINE
    return spent


def cpu_seconds(code: str) -> float:
    """CPU time of a fresh process."""
    environment = {**os.environ, "PYTHONPATH": ":".join([str(ROOT / "layers/core/python"), str(ROOT)])}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    # In turn, so that a busy machine is busy for all of them.
    runs = [{name: cpu_seconds(code) for name, code in {"empty": "pass", **COLD}.items()} for _ in range(COLD_STARTS)]
    cold = {name: min(run[name] for run in runs) - min(run["empty"] for run in runs) for name in COLD}
    for name, seconds in cold.items():
        print(f"  cold start, CPU: {name} {seconds * 1000:.0f} ms = {seconds / cold['bare boto3 client']:.2f}")
    print(f"  aim for the import: at most {AIM_COLD:g}")
    stores = {size: a_store(size) for size in SIZES}
    # What lies in memory here lies in a table there: the collector is not to walk through it.
    gc.collect()
    gc.freeze()
    rounds = [{size: inbox_ms(store) for size, store in stores.items()} for _ in range(REPEATS)]
    few, many = (min(each[size] for each in rounds) for size in SIZES)
    print(f"  inbox: {few:.2f} ms with {SIZES[0]:,} requests in the tables, {many:.2f} ms with {SIZES[1]:,}")
    print(f"  ratio {many / few:.2f} (aim at most {AIM_INBOX:g})")


if __name__ == "__main__":
    main()
