"""Response times as histograms, which can be added up in any order: by day, by reviewer, by anything else.

Each bucket is a tenth wider than the one before, so a value read from a bucket is within 4.8 % of the recorded one,
whatever the distribution. Count, sum and average are exact. Every number is a top-level attribute, so that one DynamoDB
`ADD` records a response time without a read.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

GROWTH = 1.1
RELATIVE_ERROR = (GROWTH - 1) / (GROWTH + 1)
LAST_BUCKET = 300
"""It ends at 80 years, in milliseconds; longer times are counted in it."""
SUM_ATTRIBUTE = "sum_ms"
BUCKET_PREFIX = "b"


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts by bucket, and the exact sum in milliseconds; without arguments, the empty one."""

    counts: Mapping[int, int] = field(default_factory=dict)
    sum_ms: int = 0

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    @property
    def average_ms(self) -> float | None:
        """The exact average, or None when nothing was counted."""
        return self.sum_ms / self.count if self.count else None

    def quantile(self, share: float) -> int | None:
        """The time within which `share` (0 to 1) of all responses came, by nearest rank; None when empty."""
        if not 0 <= share <= 1:
            raise ValueError("a share is between 0 and 1")
        rank = max(1, math.ceil(share * self.count))
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= rank:
                return middle_ms(bucket)
        return None


def bucket_of(milliseconds: int) -> int:
    """The bucket of a response time: bucket 0 is up to one millisecond, each following one a tenth wider."""
    if milliseconds <= 1:
        return 0
    return min(LAST_BUCKET, math.ceil(math.log(milliseconds) / math.log(GROWTH)))


def middle_ms(bucket: int) -> int:
    """The time with the smallest relative error for everything in the bucket."""
    return round(GROWTH**bucket * 2 / (GROWTH + 1)) if bucket else 1


def additions(milliseconds: int) -> dict[str, int]:
    """What one response time adds to the attributes, such as ``{"b091": 1, "sum_ms": 5821}``."""
    time = max(0, milliseconds)
    return {f"{BUCKET_PREFIX}{bucket_of(time):03d}": 1, SUM_ATTRIBUTE: time}


def of(times_ms: Iterable[int]) -> Histogram:
    """The histogram of these response times, in whole milliseconds."""
    return merge(from_attributes(additions(time)) for time in times_ms)


def merge(histograms: Iterable[Histogram]) -> Histogram:
    """The histograms added up."""
    counts: dict[int, int] = {}
    sum_ms = 0
    for histogram in histograms:
        sum_ms += histogram.sum_ms
        for bucket, count in histogram.counts.items():
            counts[bucket] = counts.get(bucket, 0) + count
    return Histogram(counts, sum_ms)


def as_attributes(histogram: Histogram) -> dict[str, int]:
    """The histogram as attributes of a row; empty buckets are left out."""
    attributes = {f"{BUCKET_PREFIX}{bucket:03d}": n for bucket, n in sorted(histogram.counts.items()) if n}
    return {**attributes, SUM_ATTRIBUTE: histogram.sum_ms}


def from_attributes(attributes: Mapping[str, object]) -> Histogram:
    """The histogram in a row; attributes with other names are ignored."""
    counts = {
        int(name.removeprefix(BUCKET_PREFIX)): int(str(value))
        for name, value in attributes.items()
        if len(name) == 4 and name.startswith(BUCKET_PREFIX) and name[1:].isdecimal()
    }
    return Histogram(counts, int(str(attributes.get(SUM_ATTRIBUTE, 0))))
