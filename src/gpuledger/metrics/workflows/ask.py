"""The part of an Ask that is about attempts of workflows: they are read once a question, then counted by name."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gpuledger.metrics import NOT_KNOWN, Answer, Ask, Dimension, Metric, Wanted
from gpuledger.metrics.answers import Key, LazyTotals, columns, key_of, ratio
from gpuledger.metrics.divided import Divided
from gpuledger.metrics.naming import check, of_table
from gpuledger.metrics.workflows.metrics import TABLE
from gpuledger.metrics.workflows.names import Names
from gpuledger.metrics.workflows.read import Experiment, Patterns, name_of, read
from gpuledger.metrics.workflows.totals import NOTHING, Counted, Split, Totals
from gpuledger.metrics.workflows.tries import Tries
from gpuledger.model.period import Period

MODEL = "gpu_model"
NOT_TOLD = (NOT_KNOWN, "")


@dataclass(frozen=True, eq=False)
class WorkflowAsk:
    """Answers questions about attempts of workflows for the Ask around it."""

    around: Ask

    def together(self, asked: Sequence[tuple[Sequence[Metric], Wanted]]) -> tuple[Answer, ...]:
        """See `metrics.Ask.together`."""
        return tuple(self._answer(metrics, wanted) for metrics, wanted in asked)

    def _answer(self, metrics: Sequence[Metric], wanted: Wanted) -> Answer:
        around = self.around.filtered(*wanted.where)
        for each in check(around.where, around.dimensions):
            of_table(each.column, TABLE, around.dimensions)
        by = tuple(of_table(name, TABLE, around.dimensions) for name in dict.fromkeys(wanted.by))
        question = Divided(around.period, around.display_zone, by)
        found = read(around, Patterns(sites=around.sites), also=question.columns)
        rows = dict(self._rows(question, found, metrics))
        names = tuple(metric.name for metric in metrics)
        totals = LazyTotals(names, lambda: self._values(metrics, _whole(found.tries)))
        return Answer(columns(question, metrics, rows), by, tuple(metrics), around.period, totals)

    def _rows(
        self, question: Divided, found: Experiment, metrics: Sequence[Metric]
    ) -> Iterator[tuple[Key, dict[str, float | None]]]:
        names, keys, split = _named(found.tries, question.columns)
        for cell, counted in _cells(question, found.tries):
            for label, totals in counted.totals(names, split).items():
                yield key_of(question, keys[int(label)], cell), self._values(metrics, totals)

    def _values(self, metrics: Iterable[Metric], totals: Totals) -> dict[str, float | None]:
        values: dict[str, float | None] = {}
        for metric in metrics:
            parts = [self.around.metrics[name] for name in (metric.numerator, metric.denominator) if name]
            told = [_value(part, totals) for part in parts]
            values[metric.name] = ratio(told[0], told[1]) if parts else _value(metric, totals)
        return values


def _value(metric: Metric, totals: Totals) -> float | None:
    if metric.expression is None:
        raise TypeError(f"The metric {metric.name} of kind {metric.kind} needs an expression.")
    value: float | None = metric.expression(totals)
    return value


def _whole(tries: Tries) -> Totals:
    """All attempts together."""
    every = Names(np.zeros(len(tries), dtype=np.int64), ("0",))
    return Counted(tries).totals(every).get("0", NOTHING)


def _cells(question: Divided, tries: Tries) -> Iterator[tuple[int | None, Counted]]:
    """The attempts as the whole period shows them, or each part of it."""
    if question.bins is None:
        yield None, Counted(tries)
        return
    for cell, (start, end) in enumerate(pairwise(question.bins.edges)):
        yield cell, Counted(tries.within(Period(start, end, question.zone)))


def _named(tries: Tries, dimensions: Sequence[Dimension]) -> tuple[Names, list[Key], Split | None]:
    """The names of each attempt in all dimensions as one, what each stands for, and attempts taken apart by GPU model
    where that is asked for."""
    split, models = _by_model(tries) if any(one.name == MODEL for one in dimensions) else (None, None)
    told = [name_of(tries, one.name) for one in dimensions]
    if split and models:
        told = [
            models if one.name == MODEL else names.take(split.rows) for one, names in zip(dimensions, told, strict=True)
        ]
    size = len(split.rows) if split else len(tries)
    codes = np.stack([names.codes for names in told]) if told else np.zeros((1, size), dtype=np.int64)
    unique, places = np.unique(codes, axis=1, return_inverse=True)
    keys: list[Key] = [
        tuple(_text(names.labels[code]) for names, code in zip(told, column, strict=False))
        for column in unique.T.tolist()
    ]
    return Names(places.reshape(-1).astype(np.int64), tuple(map(str, range(len(keys))))), keys, split


def _by_model(tries: Tries) -> tuple[Split, Names]:
    """Each attempt once for each model it held, with the part of its GPUs that are of it."""
    parts = tries.parts
    pairs, places = np.unique(np.stack([parts.rows, parts.models.codes]), axis=1, return_inverse=True)
    weights = np.bincount(places.reshape(-1), weights=parts.weights, minlength=pairs.shape[1])
    return Split(pairs[0], weights.astype(np.float64)), Names(pairs[1], parts.models.labels)


def _text(label: str) -> str | None:
    return None if label in NOT_TOLD else label
