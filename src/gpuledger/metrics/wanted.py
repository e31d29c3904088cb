"""What is asked: metrics by dimensions, filters, steps of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gpuledger.model.period import By

NOT_KNOWN = "not known"
"""How the missing value of a dimension is written in words, and asked for in a filter."""

Name = str | None
"""A value of a dimension; None where the source does not say."""

Step = float | By | Sequence[datetime]
"""How a period is cut into bins: seconds, a part of the calendar, or its edges themselves (the period's own among them)."""


@dataclass(frozen=True)
class Filter:
    """Keeps the attempts whose `column` (a dimension's name) is one of `values`, or with `!=` none of them.

    None among `values` stands for "not known"; `!=` keeps what is not known unless None is named.
    """

    column: str
    op: Literal["=", "!="]
    values: tuple[Name, ...]


@dataclass(frozen=True)
class Wanted:
    """One question among several that are asked together: names of metrics and dimensions, filters on top.

    `with_left_out`: also of the hosts and models that the site leaves out of its numbers of GPU states.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: tuple[Filter, ...] = ()
    with_left_out: bool = False


@dataclass(frozen=True)
class WantedSeries:
    """One question about held metrics over time among several that are asked together: as `Ask.series_of` is asked."""

    metrics: tuple[str, ...]
    step: Step
    by: str | None = None
    where: tuple[Filter, ...] = ()
    kept: Sequence[Name] | None = None
