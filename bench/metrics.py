"""Figures over 30 days at a thousand and at a million requests: read units, time, and the error of the median."""

import json
import random
import statistics
import sys
import time
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import boto3
from moto import mock_aws
from support.tables import AUDIT_TABLE, REQUESTS_TABLE, create_tables
from support.world import INSTALL

from nodback_core.adapters.dynamodb.store import DynamoDbStore
from nodback_core.domain.figures.histogram import as_attributes, of
from nodback_core.domain.figures.tallies import Generation, TallyRows, partition_of
from nodback_core.ports import Counters
from nodback_core.usecases.figures.metrics import read_metrics

DAYS = 30
FIRST = date(2026, 3, 1)
TRIES = 40
NAMES_AT_ONCE = 50
UNITS_A_ROW = 0.5


def fill(deployment_id: int, requests: int, store: DynamoDbStore, choose: random.Random) -> list[int]:
    """The rows that so many requests leave; returns their response times."""
    every: list[int] = []
    for number in range(DAYS):
        times = [int(choose.lognormvariate(15, 1.8)) for _ in range(requests // DAYS)]
        every += times
        hours = {f"{kind}:{hour:02d}": max(1, len(times) // 24) for hour in range(24) for kind in "hd"}
        row = {
            **as_attributes(of(times)),
            **hours,
            **{"n:opened": len(times), "n:responded": len(times), "s:email": len(times), "o:approved": len(times)},
            "sla:met": len(times),
        }
        place = partition_of(deployment_id, 0, TallyRows.TOTAL), (FIRST + timedelta(days=number)).isoformat()
        names = list(row)
        for start in range(0, len(names), NAMES_AT_ONCE):
            part = {name: row[name] for name in names[start : start + NAMES_AT_ONCE]}
            store.increment([Counters(*place, part)], [])
    return every


def main() -> None:
    choose = random.Random(2026)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        store = DynamoDbStore(client, REQUESTS_TABLE, AUDIT_TABLE)
        units: list[float] = []
        client.meta.events.register("before-call.dynamodb.BatchGetItem", lambda params, **_: _note(params, units))
        found = {}
        for deployment_id, requests in ((1, 1_000), (2, 1_000_000)):
            _make(deployment_id, store)
            times = fill(deployment_id, requests, store, choose)
            units.clear()
            took = []
            for _ in range(TRIES):
                began = time.perf_counter()
                last = FIRST + timedelta(days=DAYS - 1)
                figures = read_metrics(
                    deployment_id, first=FIRST, last=last, group_by=None, caller=INSTALL, store=store
                ).total
                took.append(time.perf_counter() - began)
            exact = statistics.median_low(times)
            median = figures.times.quantile(0.5) or 0
            found[requests] = (sum(units) / TRIES, statistics.median(took), abs(median - exact) / exact)
    for requests, (read, seconds, error) in found.items():
        print(f"{requests:>9} requests: {read:5.1f} read units, {seconds * 1000:6.1f} ms, median off by {error:.1%}")
    (small, large) = found.values()
    print(f"ratio: read units {large[0] / small[0]:.2f}, time {large[1] / small[1]:.2f} (aim 1.1)")


def _note(params: dict, units: list[float]) -> None:
    # A row below 4 kB that is read by its key, eventually consistent, costs half a unit.
    body = json.loads(params["body"])
    units.append(sum(len(table["Keys"]) for table in body["RequestItems"].values()) * UNITS_A_ROW)


def _make(deployment_id: int, store: DynamoDbStore) -> None:
    store.commit([Generation(deployment_id)])


if __name__ == "__main__":
    main()
