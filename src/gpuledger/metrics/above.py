"""For how long more was held than a limit allows, exact: every change counts, whatever the bins."""

import numpy as np
import pyarrow as pa

from gpuledger.metrics.events import numbers, whole
from gpuledger.metrics.relation import MICRO

ROUNDING = 1e-9
"""Shares add up to a little more than they are."""


def hours_above(found: pa.Table, rate: int, limit: float) -> float:
    """Hours in which the sum of a rate was above `limit`, from the answer of `peak.stays` without dimensions."""
    at = np.concatenate([whole(found["since_us"]), whole(found["until_us"])])
    amount = np.nan_to_num(numbers(found, f"rate{rate}"))
    order = np.argsort(at, kind="stable")
    level = np.cumsum(np.concatenate([amount, -amount])[order])
    lasts = np.diff(at[order], append=at[order][-1:])
    above: float = lasts[level > limit + ROUNDING * max(1.0, limit)].sum() / MICRO / 3600
    return float(above)
