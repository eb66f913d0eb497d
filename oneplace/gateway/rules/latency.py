"""How long messages take from our door to the record, kept as counts in buckets that grow by a fifth. Pure."""

import math
from collections.abc import Mapping

LEAST_SECONDS = 0.01
PER_DOUBLING = 4
MOST = 100
"""The last bucket, of days: whatever took longer is counted there."""
PROMISED_SECONDS = 2.0
"""An event shows within two seconds of its arrival (record.md)."""


def bucket_of(seconds: float) -> int:
    """The bucket of a duration; anything up to 10 ms, and a clock set back meanwhile, is in the first."""
    if seconds <= LEAST_SECONDS:
        return 0
    return min(MOST, math.ceil(PER_DOUBLING * math.log2(seconds / LEAST_SECONDS)))


def longest(bucket: int) -> float:
    """The longest duration of a bucket, in seconds."""
    return float(LEAST_SECONDS * 2 ** (bucket / PER_DOUBLING))


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """Seconds that this share of the messages stayed within, rounded up to a bucket's end; None of no messages."""
    left = math.ceil(sum(counts.values()) * share)
    for bucket in sorted(counts):
        left -= counts[bucket]
        if left <= 0 < counts[bucket]:
            return longest(bucket)
    return None
