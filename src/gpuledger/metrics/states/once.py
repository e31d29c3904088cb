"""One pass over the readings for all that is asked about the same of them.

Readings are added up by the stored columns that parts tell apart and the bins that they cut the period into; each part
then goes through the few rows that remain. Parts that cut it another way are told from these rows too where they tell
nothing else apart; else the readings are added up for them anew: together the rows would be many.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Literal, Protocol

import ibis
import ibis.expr.operations as ops
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.metrics import Metric
from gpuledger.metrics.bins import Bins
from gpuledger.metrics.states.dimensions import column_of
from gpuledger.metrics.states.facts import FACTS, facts
from gpuledger.metrics.states.question import StateQuestion
from gpuledger.metrics.states.timeline import cells
from gpuledger.model.schema import unbound
from gpuledger.model.tables import GPU_STATES

if TYPE_CHECKING:
    import ibis.expr.types as ir

Fetch = Callable[["ir.Table"], pa.Table]
Beside = Literal["held_us", "first_us", "last_us", "end_us"]
"""How long the longest of the readings stands for; since the period's start: when the first and the last of them were,
and to when they held."""
_PART = "question"
_KEPT: "Mapping[str, Callable[[ir.IntegerColumn], ir.IntegerScalar]]" = {
    "held_us": lambda at: at.max(),
    "first_us": lambda at: at.min(),
    "last_us": lambda at: at.max(),
    "end_us": lambda at: at.max(),
}
"""How moments are added up."""


class Part(Protocol):
    """What one question wants of the readings. All parts of a pass are about the same period."""

    @property
    def question(self) -> StateQuestion: ...
    @property
    def metrics(self) -> Sequence[Metric]: ...
    @property
    def beside(self) -> tuple[Beside, ...]:
        """What it reads beside the columns of its dimensions and metrics, `cluster`, `bin` and `weight_us`."""

    def told(self, rows: "ir.Table") -> "ir.Table":
        """Its rows: of what was added up, with those columns and the facts that are made of them."""


def found(fetch: Fetch, parts: Sequence[Part]) -> list[pa.Table]:
    """What each part told. Those whose numbers are taken over the same readings go through them together."""
    populations: dict[object, list[_Read]] = defaultdict(list)
    for number, part in enumerate(parts):
        populations[part.question.population].append(_Read(number, part))
    tables: dict[int, pa.Table] = {}
    for those in populations.values():
        for together in _told_together(those):
            tables |= _Pass(tuple(together)).fetched(fetch)
    return [tables[number] for number in range(len(parts))]


@dataclass(frozen=True, eq=False)
class _Read:
    """A part by its number, with what it reads."""

    number: int
    part: Part

    @property
    def question(self) -> StateQuestion:
        return self.part.question

    @property
    def bins(self) -> "Bins | None":
        return self.part.question.bins

    @cached_property
    def names(self) -> set[str]:
        """The stored columns and the facts."""
        whole, question = _whole(), self.question
        named = (_fields(column_of(whole, dimension, question.sorting), whole) for dimension in question.columns)
        return set().union(question.sorted_by, *map(_read_by, self.part.metrics), *named)

    @cached_property
    def columns(self) -> set[str]:
        """The stored columns, those that facts are made of among them."""
        made = (_made_of(fact) for fact in self.names & FACTS.keys())
        return {"cluster", *(self.names - FACTS.keys())}.union(*made)


def _told_together(parts: Sequence[_Read]) -> Iterable[Sequence[_Read]]:
    """Parts that are told from the same adding up of readings."""
    alike: dict[Bins | None, list[_Read]] = defaultdict(list)
    for one in parts:
        alike[one.bins].append(one)
    found: dict[Bins | None, list[_Read]] = defaultdict(list)
    for bins, those in alike.items():
        finer = [other for other in alike if _is_within(bins, those, other, alike[other])]
        found[max(finer, key=lambda other: len(other or ()), default=bins)] += those
    return found.values()


def _is_within(bins: "Bins | None", parts: Sequence[_Read], other: "Bins | None", of_other: Sequence[_Read]) -> bool:
    """Whether one way to cut has no edge, and its parts no column, that those of the other have not."""
    if bins == other or other is None or (bins and not {*bins.edges} <= {*other.edges}):
        return False
    return _columns(parts) <= _columns(of_other)


@dataclass(frozen=True, eq=False)
class _Pass:
    """Parts of one adding up. The bins of one of them have the edges of all."""

    parts: tuple[_Read, ...]

    def fetched(self, fetch: Fetch) -> dict[int, pa.Table]:
        """What each part told, by its number."""
        told = {one.number: one.part.told(self._of(one)) for one in self.parts}
        if len(told) == 1:
            return {number: fetch(rows) for number, rows in told.items()}
        kinds = {name: kind for rows in told.values() for name, kind in rows.schema().items()}
        whole = fetch(ibis.union(*(_padded(rows, number, kinds) for number, rows in told.items())))
        # A number given to Arrow makes it import pandas, which takes longer than many a query: these are its own.
        numbers = {number.as_py(): number for number in whole[_PART].unique()}
        parts = {number: whole.filter(pc.equal(whole[_PART], those)) for number, those in numbers.items()}
        return {number: parts.get(number, whole.slice(0, 0)).select(rows.columns) for number, rows in told.items()}

    def _of(self, one: _Read) -> "ir.Table":
        """The few rows of a part, with its own bin."""
        number = self._number(one)
        few = self._few[one.question.with_left_out, number]
        own = {"bin": few[f"bin{number}"] if one.bins else ibis.literal(0, type="int64")}
        return few.mutate(**own, **self._only_cluster)

    @cached_property
    def _few(self) -> "dict[tuple[bool, int], ir.Table]":
        """What remains of the readings for parts that cut them alike and leave out the same."""
        groups: dict[tuple[bool, int], list[_Read]] = defaultdict(list)
        for one in self.parts:
            groups[one.question.with_left_out, self._number(one)].append(one)
        whole = self._added(self.parts, self._stored) if len(groups) > 1 else self._stored
        found: dict[tuple[bool, int], ir.Table] = {}
        for (left_out, number), those in groups.items():
            is_whole = len(groups) > 1 and those[0].bins == self._finest and _columns(those) == _columns(self.parts)
            found[left_out, number] = self._facts(those, whole if is_whole else self._added(those, whole))
        return found

    def _added(self, parts: Sequence[_Read], rows: "ir.Table") -> "ir.Table":
        """Rows added up by the columns that the parts need: a fact of every reading would take longer."""
        beside = sorted({name for one in parts for name in one.part.beside})
        kept = {name: _KEPT[name](rows[name]) for name in beside}
        keys = {*_columns(parts), *(f"bin{self._number(one)}" for one in parts if one.bins)}
        keys = (keys - self._only_cluster.keys()) or keys
        return rows.group_by(sorted(keys)).agg(weight_us=rows.weight_us.sum(), **kept)

    @property
    def _only_cluster(self) -> "Mapping[str, ir.Value]":
        """The column of clusters where there is but one, as nearly always: it tells nothing apart, and each column of a
        group costs as much as the others."""
        clusters = {cluster for cluster, _ in self.parts[0].question.readers}
        return {"cluster": ibis.literal(*clusters)} if len(clusters) == 1 else {}

    def _facts(self, parts: Sequence[_Read], few: "ir.Table") -> "ir.Table":
        made = set().union(*(one.names for one in parts)) & FACTS.keys()
        return facts(parts[0].question.counted_of(few, few.weight_us), sorted(made))

    @cached_property
    def _stored(self) -> "ir.Table":
        """The readings as they are stored, with what each stands for."""
        first = self.parts[0].question
        held = cells(first.period, self._finest)
        own = {f"bin{number}": _placed(bins, self._finest, held) for number, bins in enumerate(self._binnings)}
        moments = {
            "held_us": held.weight_us,
            "first_us": held.since_us,
            "last_us": held.since_us,
            "end_us": held.until_us,
        }
        return first.whole_at(held.select("cluster", "source", "time", "weight_us", **own, **moments))

    def _number(self, one: _Read) -> int:
        return self._binnings.index(one.bins)

    @cached_property
    def _binnings(self) -> "list[Bins | None]":
        """The ways in which parts cut the period."""
        return list(dict.fromkeys(one.bins for one in self.parts))

    @cached_property
    def _finest(self) -> "Bins | None":
        return max(self._binnings, key=lambda bins: len(bins or ()))


def _columns(parts: Iterable[_Read]) -> set[str]:
    return set().union(*(one.columns for one in parts))


def _placed(bins: "Bins | None", fine: "Bins | None", held: "ir.Table") -> "ir.IntegerValue":
    """The number of the bin that each piece of a reading's time is in."""
    if bins is None or fine is None:
        return ibis.literal(0, type="int64")
    return held.bin if bins == fine else bins.place(fine.edges_of(held.bin)[0])[0].cast("int64")


def _padded(rows: "ir.Table", number: int, kinds: "dict[str, object]") -> "ir.Table":
    """With the columns of all parts, and whose rows they are."""
    columns = (rows[name] if name in rows.columns else ibis.null(kind).name(name) for name, kind in kinds.items())
    return rows.select(ibis.literal(number, type="int64").name(_PART), *columns)


@cache
def _whole() -> "ir.Table":
    return facts()


@cache
def _read_by(metric: Metric) -> set[str]:
    return _fields(metric.expression(_whole()), _whole()) if metric.expression else set()


@cache
def _made_of(fact: str) -> set[str]:
    told = unbound(GPU_STATES)
    return _fields(FACTS[fact](told), told)


def _fields(value: "ir.Value", rows: "ir.Table") -> set[str]:
    """The columns of `rows` that a value is made of."""
    return {field.name for field in value.op().find(ops.Field) if field.rel == rows.op()}
