"""Histograms of response times: how far what is read out is from what was put in."""

import math
import random
import statistics
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodback_core.domain.figures.histogram import (
    LAST_BUCKET,
    RELATIVE_ERROR,
    Histogram,
    additions,
    as_attributes,
    bucket_of,
    from_attributes,
    merge,
    middle_ms,
    of,
)

YEAR_MS = 365 * 24 * 3600 * 1000
SAMPLES = 20_000
SHARES = (0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 1.0)
DISTRIBUTIONS: dict[str, Callable[[random.Random], float]] = {
    "people": lambda r: r.lognormvariate(14, 2),
    "even": lambda r: r.uniform(1, YEAR_MS),
    "two crowds": lambda r: r.gauss(60_000, 5_000) if r.random() < 0.5 else r.gauss(3e8, 1e7),
    "long tail": lambda r: 1000 * r.paretovariate(1.1),
    "all the same": lambda _: 123_456,
}


def exact_quantile(times: list[int], share: float) -> int:
    return sorted(times)[max(1, math.ceil(share * len(times))) - 1]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_every_quantile_is_within_five_percent(distribution: str):
    numbers = random.Random(20261122)
    times = [min(YEAR_MS, max(1, round(DISTRIBUTIONS[distribution](numbers)))) for _ in range(SAMPLES)]
    histogram = of(times)
    assert histogram.count == SAMPLES
    assert histogram.average_ms == statistics.fmean(times)
    for share in SHARES:
        found, exact = histogram.quantile(share), exact_quantile(times, share)
        assert found is not None
        assert abs(found - exact) / exact <= 0.05
    assert len(as_attributes(histogram)) <= 270


@given(st.integers(min_value=12, max_value=YEAR_MS))
def test_a_time_is_read_back_within_the_relative_error(milliseconds: int):
    found = middle_ms(bucket_of(milliseconds))
    assert abs(found - milliseconds) <= milliseconds * RELATIVE_ERROR + 0.5


@given(st.lists(st.lists(st.integers(min_value=0, max_value=YEAR_MS), max_size=20), max_size=5))
def test_merged_parts_are_the_whole_in_any_order(parts: list[list[int]]):
    whole = of(time for part in parts for time in part)
    assert merge(of(part) for part in parts) == whole
    assert merge(of(part) for part in reversed(parts)) == whole


def test_adding_attributes_is_adding_response_times():
    row: dict[str, Decimal] = {}
    for time in (0, 1, 5821, 5821, 10**15, -3):
        for name, value in additions(time).items():
            row[name] = row.get(name, Decimal(0)) + value
    assert from_attributes({**row, "day": "2026-11-22", "opened": Decimal(7)}) == of([0, 1, 5821, 5821, 10**15, 0])
    assert from_attributes(as_attributes(from_attributes(row))) == from_attributes(row)
    assert additions(5821) == {"b091": 1, "sum_ms": 5821}


def test_nothing_counted_has_no_average_and_no_median():
    assert Histogram().average_ms is None
    assert Histogram().quantile(0.5) is None
    assert from_attributes({}) == Histogram()


def test_what_is_shorter_or_longer_than_any_bucket_is_counted_at_the_ends():
    assert bucket_of(-5) == bucket_of(0) == bucket_of(1) == 0
    assert bucket_of(10**30) == LAST_BUCKET
    assert bucket_of(YEAR_MS) < 260


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_beyond_the_whole_is_refused(share: float):
    with pytest.raises(ValueError, match="between 0 and 1"):
        of([1]).quantile(share)
