"""The readings of a period's timeline in numpy: how long each holds, and which follow each other without a gap."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from gpuledger.metrics.coverage import Span
from gpuledger.metrics.events import Floats, Whole, names_of, numbers, whole
from gpuledger.metrics.relation import MICRO
from gpuledger.model.period import Period

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - stands for naive UTC
JITTER_US = 60 * MICRO
"""A pause this short between readings is no gap: a collector that missed one comes back a few seconds late."""


@dataclass(frozen=True, eq=False)
class Readings:
    """Those of one cluster, oldest first: who told each (a place in `sources`), and in microseconds since the period's start
    when it was, its usual step, and [since, until) in which it holds."""

    sources: tuple[str, ...]
    source: Whole
    at_us: Whole
    step_us: Floats
    since_us: Whole
    until_us: Whole

    def __len__(self) -> int:
        return len(self.at_us)

    @property
    def told_by(self) -> tuple[str, ...]:
        """The sources that told any of them."""
        return tuple(self.sources[place] for place in np.unique(self.source).tolist())

    def where(self, kept: "np.ndarray[Any, Any]") -> "Readings":
        """Some of them."""
        each = (self.source, self.at_us, self.step_us, self.since_us, self.until_us)
        return Readings(self.sources, *(values[kept] for values in each))

    def of(self, source: str) -> "Readings":
        """Those that one source told."""
        return self.where(self._is_of(source))

    def those(self, source: str, at_us: Whole) -> Whole:
        """The numbers of the readings that the source told at these moments, where there are such."""
        found = np.minimum(np.searchsorted(self.at_us, at_us), len(self) - 1)
        told: Whole = found[(self.at_us[found] == at_us) & self._is_of(source)[found]]
        return told

    def _is_of(self, source: str) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        place = self.sources.index(source) if source in self.sources else -1
        return np.asarray(self.source == place)

    def covered_us(self, edges: Whole) -> Whole:
        """For how long they hold between one edge and the next."""
        begun = np.searchsorted(self.since_us, edges)
        whole_us = np.concatenate([[0], np.cumsum(self.until_us - self.since_us)])[begun]
        last_until = np.concatenate([edges[:1], self.until_us])[begun]
        covered: Whole = np.diff(whole_us - np.where(begun, np.maximum(last_until - edges, 0), 0))
        return covered

    def spans(self, period: Period) -> list[Span]:
        """When any of them holds, in order and apart."""
        is_first = np.concatenate([[True], self.since_us[1:] > self.until_us[:-1]])
        firsts = self.since_us[is_first].tolist()
        lasts = self.until_us[np.concatenate([is_first[1:], [True]])].tolist()
        return [(moment(period, since), moment(period, until)) for since, until in zip(firsts, lasts, strict=True)]

    @cached_property
    def places(self) -> Whole:
        """A number for each: that of the next is one more, after a gap two more."""
        jitter = np.minimum(self.step_us / 2, JITTER_US)[1:]
        is_after_gap = np.concatenate([[False], self.since_us[1:] > self.until_us[:-1] + jitter])
        places: Whole = np.arange(len(self.at_us)) + np.cumsum(is_after_gap)
        return places


def readings_of(spans: pa.Table, period: Period) -> Mapping[str, Readings]:
    """The rows of `timeline.spans` by cluster."""
    if not spans.num_rows:
        return {}
    clusters, cluster = names_of(_named(spans["cluster"]), 1)
    sources, source = names_of(_named(spans["source"]), 1)
    at_us = whole(spans["time"].cast(pa.timestamp("us"))) - (period.naive[0] - _EPOCH) // _MICROSECOND
    since_us, until_us = whole(spans["since_us"]), whole(spans["until_us"])
    told = Readings(
        tuple(str(name) for (name,) in sources), source, at_us, numbers(spans, "step_us"), since_us, until_us
    )
    order = np.argsort(at_us, kind="stable")
    told, cluster = told.where(order), cluster[order]
    return {str(name): told.where(cluster == number) for number, (name,) in enumerate(clusters)}


def _named(column: pa.ChunkedArray) -> pa.Table:
    return pa.Table.from_arrays([column], ["d0"])


def moment(period: Period, offset_us: int) -> datetime:
    """The moment so many microseconds after the period's start."""
    return period.start + offset_us * _MICROSECOND
