"""Each GPU at each reading of a period, with how long the reading holds: what spells and lasts of use are told from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis

from gpuledger.metrics import Filter
from gpuledger.metrics.relation import instant
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.dimensions import column_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

OF_GPU = ("cluster", "host", "gpu")


def held(states: StateAsk, where: Sequence[Filter] = ()) -> "ir.Table":
    """The facts of each GPU-moment that counts, its `class`, and since_us, until_us (since the period's start)."""
    rows = states.question((), where).moments()
    at = rows.time.delta(instant(states.around.period.naive[0]), unit="microsecond")
    since = ibis.greatest(at, 0).cast("int64")
    kind = column_of(rows, states.around.dimensions["class"], states.sorting)
    return rows.mutate(since_us=since, until_us=(since + rows.weight_us).cast("int64"), **{"class": kind})
