"""The window of a page: a "last …" period from its first whole bin on."""

from datetime import timedelta

from gpuledger.model.period import Period
from gpuledger.reports._bins import clock_edges


def aligned(period: Period, width: timedelta, zone: str) -> Period:
    """A "last …" period from its first whole bin on: it has as many bins as its length holds, the last one not over.

    Any other period is as it was asked.
    """
    if period.kind != "last":
        return period
    start = next((edge for edge in clock_edges(period.start, width, zone) if edge >= period.start), period.start)
    return Period(start, period.end, zone, "last") if start < period.end else period
