"""From the answers of the queries to one table: joined by name, ratios from their parts, sorted, with totals."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import fsum
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from gpuledger.metrics import Answer, Dimension, InUse, Kind, Metric
from gpuledger.metrics.aggregate import BIN, ROWS, Alike, Part, aggregates, metrics_of
from gpuledger.metrics.bins import Bins, cut
from gpuledger.metrics.coverage import covered_seconds, joined
from gpuledger.metrics.observed import Observing
from gpuledger.metrics.one_pass import in_one_pass
from gpuledger.metrics.over_time import Amounts, Course, counts
from gpuledger.metrics.peak import peaks, stays
from gpuledger.metrics.question import Question
from gpuledger.metrics.relation import Moment
from gpuledger.model.period import Period, label

if TYPE_CHECKING:
    import ibis.expr.types as ir

Key = tuple[Any, ...]
Found = dict[Key, dict[str, float | None]]
Asked = tuple[Question, Sequence[Metric]]
Uses = tuple[InUse, ...]
Fetch = Callable[["ir.Table"], pa.Table]

MOMENTS: tuple[Moment, ...] = ("submitted", "started", "ended")
OF_HELD: frozenset[Kind] = frozenset({"held", "active", "jobs", "distinct"})
"""Taken over the attempts that held resources in the period."""
COUNTED = OF_HELD - {"held"}
ZERO_WHEN_ABSENT = OF_HELD
"""No attempt at all is 0 of these; of a peak, a quantile or a ratio it is nothing."""


class Cut(Protocol):
    """What of a question decides the order of its rows."""

    @property
    def by(self) -> tuple[Dimension, ...]: ...
    @property
    def bins(self) -> Bins | None: ...
    @property
    def zone(self) -> str: ...


@dataclass(frozen=True)
class Asking:
    """How questions reach the store, and which metrics there are."""

    fetch: Fetch
    metrics: Mapping[str, Metric]

    def taken(self, question: Question, name: str) -> Metric:
        """The numerator of a mean: what was held inside the observed spans, the same as all where there is no gap."""
        metric = self.metrics[name]
        if question.is_observed_whole:
            return metric
        return replace(metric, name=f"{name} observed", is_observed=True)


def answers(
    asking: Asking, asked: Sequence[Asked], courses: Sequence[Course] = ()
) -> tuple[tuple[Answer, ...], tuple[Uses, ...]]:
    """The answers of questions asked together, each with its totals; and of each course its series."""
    found, uses = _found(asking, asked, courses)
    return tuple(_answer(asking, *each, rows) for each, rows in zip(asked, found, strict=True)), uses


def _answer(asking: Asking, question: Question, wanted: Sequence[Metric], found: Found) -> Answer:
    totals = LazyTotals(
        tuple(metric.name for metric in wanted),
        lambda: _totals(asking, question, wanted, found) if question.by else found.get((), {}),
    )
    rows = {**_whole_calendar(question, wanted), **found}
    return Answer(columns(question, wanted, rows), question.by, tuple(wanted), question.period, totals)


def _whole_calendar(question: Question, wanted: Sequence[Metric]) -> Found:
    """By the calendar alone every part has a row: where nothing happened, 0 if somebody looked and null if not."""
    if question.bins is None or len(question.by) > 1:
        return {}
    seen = Observing(question.bins, question.spans).observed_us > 0
    return {
        (cell,): {
            metric.name: (0 if metric.kind == "mean" else _absent(metric)) if is_seen else None for metric in wanted
        }
        for cell, is_seen in enumerate(seen.tolist())
    }


@dataclass(eq=False)
class LazyTotals(Mapping[str, float | None]):
    """Totals asked when first read: a report reads those of its first table only, the others share them."""

    names: tuple[str, ...]
    find: Callable[[], Mapping[str, float | None]]

    @cached_property
    def _found(self) -> Mapping[str, float | None]:
        return self.find()

    def __getitem__(self, name: str) -> float | None:
        if name not in self.names:
            raise KeyError(name)
        return self._found.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return repr(dict(self))


def _found(
    asking: Asking, asked: Sequence[Asked], courses: Sequence[Course] = ()
) -> tuple[list[Found], tuple[Uses, ...]]:
    """What each question found: every metric by name, and what it is derived from. And each course."""
    parts = [
        Part(number, question, _parts(asking, question, wanted)) for number, (question, wanted) in enumerate(asked)
    ]
    told, uses = _queries(asking.fetch, parts, courses)
    found: list[Found] = [defaultdict(dict) for _ in asked]
    for rows in told:
        for number, key, values in rows:
            found[number][key] |= values
    for part, (question, wanted) in zip(parts, asked, strict=True):
        _complete(asking, question, wanted, part.metrics, found[part.number])
    return found, uses


def _complete(
    asking: Asking, question: Question, wanted: Sequence[Metric], parts: Sequence[Metric], found: Found
) -> None:
    """Every key has every metric: what no attempt told, and what follows from the others."""
    if not question.by:
        found.setdefault((), {})
    for key, values in found.items():
        for metric in parts:
            values.setdefault(metric.name, _absent(metric))
        _derive(asking, question, wanted, key, values)


def _parts(asking: Asking, question: Question, wanted: Iterable[Metric]) -> tuple[Metric, ...]:
    """The metrics to query: those asked for, and numerators and denominators of the others."""
    parts: dict[str, Metric] = {}
    for metric in wanted:
        match metric.kind:
            case "mean":
                those = [asking.taken(question, metric.numerator)]
            case "ratio":
                those = [asking.metrics[metric.numerator], asking.metrics[metric.denominator]]
            case _:
                those = [metric]
        parts |= {one.name: one for one in those}
    return tuple(parts.values())


def _absent(metric: Metric) -> float | None:
    return 0 if metric.kind in ZERO_WHEN_ABSENT or (metric.format == "count" and metric.kind in MOMENTS) else None


Rows = Iterable[tuple[int, Key, dict[str, float | None]]]
Side = tuple["ir.Table", Callable[[pa.Table], Rows]]
"""A query, and how its answer is read."""


def _queries(fetch: Fetch, parts: Sequence[Part], courses: Sequence[Course]) -> tuple[list[Rows], tuple[Uses, ...]]:
    """Few queries: one for all that was held and one per moment (per population), and what bins and peaks need."""
    told: list[Rows] = []
    uses: dict[int, Uses] = {}
    for held, those in _populations([*filter(None, map(_held_part, parts))], courses):
        rows, found = _held(fetch, held, [courses[number] for number in those])
        told += rows
        uses |= zip(those, found, strict=True)
    for moment in MOMENTS:
        for placed, _ in _populations([*filter(None, (_of(part, {moment}) for part in parts))], ()):
            told += _placed(fetch, moment, placed)
    for part in parts:
        told += [
            _counted(fetch, part, metric) for metric in part.metrics if part.question.bins and metric.kind in COUNTED
        ]
        if of_peaks := _of(part, {"peak"}):
            told.append(_peaks(fetch, of_peaks))
    return told, tuple(uses[number] for number in range(len(courses)))


def _populations(parts: Sequence[Part], courses: Sequence[Course]) -> Iterable[tuple[list[Part], list[int]]]:
    """Parts, and numbers of courses, that are about the same rows."""
    passes: dict[object, tuple[list[Part], list[int]]] = defaultdict(lambda: ([], []))
    for part in parts:
        passes[part.question.population][0].append(part)
    for number, course in enumerate(courses):
        passes[course.question.population][1].append(number)
    return passes.values()


def _of(part: Part, kinds: Set[Kind]) -> Part | None:
    """The part with its metrics of these kinds, None when it has none."""
    those = tuple(metric for metric in part.metrics if metric.kind in kinds)
    return replace(part, metrics=those) if those else None


def _held_part(part: Part) -> Part | None:
    """What of a part one pass answers: counts by the calendar have a row a name and bin, and their own."""
    return _of(part, {"held"} if part.question.bins else OF_HELD)


def _held(fetch: Fetch, parts: Sequence[Part], courses: Sequence[Course]) -> tuple[list[Rows], list[Uses]]:
    """All that is asked of the attempts that held resources, in one pass over them."""
    about: list[Part | Course] = [*parts, *courses]
    by = [dimension for each in about for dimension in each.question.by]
    rows = about[0].question.held([metric for each in about for metric in each.metrics], by)
    sides = [*_sums(rows, [part for part in parts if not part.question.bins], are_held=True)]
    sides += [_amounts(rows, part) for part in parts if part.question.bins]
    found = in_one_pass(fetch, [*(table for table, _ in sides), *(course.changes(rows) for course in courses)])
    return [read(next(found)) for _, read in sides], [course.read(next(found)) for course in courses]


def _placed(fetch: Fetch, moment: Moment, parts: Sequence[Part]) -> Iterable[Rows]:
    """All that is asked of the attempts submitted, started or ended in the period, in one pass over them."""
    by = [dimension for part in parts for dimension in part.question.by]
    sides = _sums(parts[0].question.placed(moment, metrics_of(parts), by), parts, are_held=False)
    found = in_one_pass(fetch, [table for table, _ in sides])
    return [read(each) for (_, read), each in zip(sides, found, strict=True)]


def _sums(rows: "ir.Table", parts: Sequence[Part], *, are_held: bool) -> list[Side]:
    return [(table, partial(_aggregated, alike)) for alike, table in aggregates(rows, parts, are_held=are_held)]


def _aggregated(alike: Alike, found: pa.Table) -> Rows:
    """Rows of an aggregate; those of no attempts are left out."""
    question, names = alike[0].question, {metric.name: f"m{n}" for n, metric in enumerate(metrics_of(alike))}
    for row in found.to_pylist():
        if row[ROWS]:
            key = key_of(question, tuple(row[f"d{n}"] for n in range(len(question.columns))), row.get(BIN))
            for part in alike:
                yield part.number, key, {metric.name: _number(row[names[metric.name]]) for metric in part.metrics}


def _amounts(rows: "ir.Table", part: Part) -> Side:
    """What was held by a part of the calendar."""
    amounts, names = Amounts(part.question, part.metrics), [metric.name for metric in part.metrics]

    def read(found: pa.Table) -> Rows:
        for key, cell, values in amounts.read(found):
            yield part.number, key_of(part.question, key, cell), dict(zip(names, values, strict=True))

    return amounts.changes(rows), read


def _counted(fetch: Fetch, part: Part, metric: Metric) -> Rows:
    """How many attempts, jobs or different values there were by a part of the calendar."""
    for key, cell, value in counts(fetch, part.question, metric):
        yield part.number, key_of(part.question, key, cell), {metric.name: value}


def _peaks(fetch: Fetch, part: Part) -> Rows:
    question = part.question
    bins = question.bins or cut(question.period, question.period.seconds, "UTC")
    found = fetch(stays(question, part.metrics))
    for key, cell, number, value in peaks(found, len(question.columns), bins, len(part.metrics)):
        yield part.number, key_of(question, key, cell), {part.metrics[number].name: value}


def key_of(question: Cut, names: Key, cell: int | None) -> Key:
    """The names in the order of the question, the calendar's part by its number."""
    if question.bins is None:
        return names
    place = next(number for number, dimension in enumerate(question.by) if dimension.calendar)
    return (*names[:place], cell, *names[place:])


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _derive(
    asking: Asking, question: Question, wanted: Sequence[Metric], key: Key, values: dict[str, float | None]
) -> None:
    for metric in wanted:
        if metric.kind == "ratio":
            values[metric.name] = ratio(values[metric.numerator], values[metric.denominator])
        elif metric.kind == "mean":
            numerator = asking.taken(question, metric.numerator)
            hours = _observed_seconds(question, _part(question, key)) / numerator.per_seconds
            values[metric.name] = ratio(values[numerator.name], hours)


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """Their quotient; None where one is not known or the denominator is 0."""
    return numerator / denominator if numerator is not None and denominator else None


def _part(question: Question, key: Key) -> Period:
    """The part of the period a row is about."""
    if question.bins is None:
        return question.period
    cell = next(value for value, dimension in zip(key, question.by, strict=True) if dimension.calendar)
    return Period(question.bins.edges[cell], question.bins.edges[cell + 1], question.zone)


def _observed_seconds(question: Question, part: Period) -> float:
    """Seconds of a part of the period that were observed; all of it where no source says what it observed."""
    return part.seconds if question.spans is None else covered_seconds(joined(question.spans, part))


def _totals(asking: Asking, question: Question, wanted: Sequence[Metric], found: Found) -> dict[str, float | None]:
    """Sums are summed; everything else is asked again without dimensions."""
    parts = _parts(asking, question, wanted)
    again = [metric for metric in parts if not metric.is_sum]
    totals = _found(asking, [(question.without_dimensions(), again)])[0][0].get((), {}) if again else {}
    for metric in parts:
        if metric.is_sum:
            known = [value for values in found.values() if (value := values.get(metric.name)) is not None]
            totals[metric.name] = fsum(known) if known or not found else None
    _derive(asking, question.without_dimensions(), wanted, (), totals)
    return totals


def columns(question: Cut, wanted: Sequence[Metric], found: Found) -> dict[str, list[Any]]:
    """What was found as columns: dimensions, then metrics; by the calendar, then the first metric, largest first."""
    keys = sorted(found, key=lambda key: _rank(question, key, found[key].get(wanted[0].name)))
    columns: dict[str, list[Any]] = {}
    for place, dimension in enumerate(question.by):
        values = [key[place] for key in keys]
        if dimension.calendar and question.bins:
            values = _labels(question.bins, dimension.calendar, question.zone, values)
        columns[dimension.name] = values
    return columns | {metric.name: [_number(found[key].get(metric.name)) for key in keys] for metric in wanted}


def _rank(question: Cut, key: Key, value: float | None) -> tuple[Any, ...]:
    """Calendar first, then the number (largest first, unknown last), then the names."""
    named = list(zip(key, question.by, strict=True))
    cells = [part for part, dimension in named if dimension.calendar or dimension.is_moment]
    names = [(part is None, part or "") for part, dimension in named if not dimension.calendar]
    return (*cells, value is None, -(value or 0), *names)


def _labels(bins: Bins, calendar: Any, zone: str, cells: Sequence[int]) -> list[str]:
    names = {cell: label(bins.edges[cell], calendar, zone) for cell in set(cells)}
    return [names[cell] for cell in cells]
