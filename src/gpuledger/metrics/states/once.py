"""One pass over the readings for all that is asked about the same of them.

Readings are added up by the stored columns that parts tell apart and the bins that they cut the period into; each part
then goes through the few rows that remain. Parts that cut it another way are told from these rows too where they tell
nothing else apart; else they are added up beside them, in the same pass: together the rows would be many.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
Beside = Literal["covered_us", "first_us", "last_us", "end_us"]
"""How long its cluster was observed in a part's bin; since the period's start: when the first and the last of the
readings were, and to when they held."""
_PART = "question"
_KEPT: "Mapping[str, Callable[[ir.IntegerColumn], ir.IntegerScalar]]" = {
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
    populations: dict[object, list[int]] = defaultdict(list)
    for number, part in enumerate(parts):
        populations[part.question.population].append(number)
    tables: dict[int, pa.Table] = {}
    for those in populations.values():
        tables |= zip(those, _Pass(tuple(_Read(parts[number]) for number in those)).fetched(fetch), strict=True)
    return [tables[number] for number in range(len(parts))]


@dataclass(frozen=True, eq=False)
class _Read:
    """A part, with what it reads."""

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


@dataclass(frozen=True)
class _Pass:
    parts: tuple[_Read, ...]

    def fetched(self, fetch: Fetch) -> Iterator[pa.Table]:
        """What each part told, in their order."""
        told = [one.part.told(self._of(one)) for one in self.parts]
        if len(told) == 1:
            yield fetch(told[0])
            return
        kinds = {name: kind for rows in told for name, kind in rows.schema().items()}
        whole = fetch(ibis.union(*(_padded(rows, number, kinds) for number, rows in enumerate(told))))
        for number, rows in enumerate(told):
            yield whole.select(rows.columns).filter(pc.equal(whole[_PART], pa.scalar(number, pa.int64())))

    def _of(self, one: _Read) -> "ir.Table":
        """The few rows of a part, with its own bin."""
        number = self._number(one)
        few = self._few[one.question.with_left_out, number]
        own = {"bin": few[f"bin{number}"] if one.bins else ibis.literal(0, type="int64")}
        observed = {"covered_us": few[f"covered{number}_us"]} if "covered_us" in one.part.beside else {}
        return few.mutate(**own, **observed)

    @cached_property
    def _few(self) -> "dict[tuple[bool, int], ir.Table]":
        """What remains of the readings for parts that cut them alike and leave out the same."""
        found: dict[tuple[bool, int], ir.Table] = {}
        for root, told in self._told_from.items():
            groups: dict[tuple[bool, int], list[_Read]] = defaultdict(list)
            for one in told:
                groups[one.question.with_left_out, self._number(one)].append(one)
            whole = self._added(told, self._stored) if len(groups) > 1 else self._stored
            for (left_out, number), those in groups.items():
                is_whole = len(groups) > 1 and number == root and _columns(those) == _columns(told)
                found[left_out, number] = self._facts(those, whole if is_whole else self._added(those, whole))
        return found

    @cached_property
    def _told_from(self) -> dict[int, list[_Read]]:
        """The ways to cut that readings are added up for, each with the parts that are told from what remains."""
        found: dict[int, list[_Read]] = defaultdict(list)
        for one in self.parts:
            number = self._number(one)
            finer = [other for other in range(len(self._binnings)) if self._is_within(number, other)]
            found[max(finer, key=lambda other: len(self._binnings[other] or ()), default=number)].append(one)
        return found

    def _is_within(self, number: int, other: int) -> bool:
        """Whether one way to cut has no edge, and its parts no column, that those of the other have not."""
        mine, finer = self._binnings[number], self._binnings[other]
        if number == other or finer is None or (mine and not {*mine.edges} <= {*finer.edges}):
            return False
        return self._columns_of[number] <= self._columns_of[other]

    @cached_property
    def _columns_of(self) -> list[set[str]]:
        return [_columns(one for one in self.parts if one.bins == bins) for bins in self._binnings]

    def _added(self, parts: Sequence[_Read], rows: "ir.Table") -> "ir.Table":
        """Rows added up by the columns that the parts need: a fact of every reading would take longer."""
        beside = sorted({name for one in parts for name in one.part.beside if name in _KEPT})
        kept = {name: _KEPT[name](rows[name]) for name in beside}
        return rows.group_by(sorted({*self._cuts(parts), *_columns(parts)})).agg(weight_us=rows.weight_us.sum(), **kept)

    def _cuts(self, parts: Iterable[_Read]) -> Iterator[str]:
        """The columns that keep bins apart, and what was observed in them."""
        for one in parts:
            if one.bins:
                yield f"bin{self._number(one)}"
            if "covered_us" in one.part.beside:
                yield f"covered{self._number(one)}_us"

    def _facts(self, parts: Sequence[_Read], few: "ir.Table") -> "ir.Table":
        # An engine would move a condition on the keys alone to before the adding up, where it is tested of every reading.
        is_counted = [kept | (few.weight_us < 0) for kept in parts[0].question.is_counted(few)]
        made = set().union(*(one.names for one in parts)) & FACTS.keys()
        return facts(few.filter(*is_counted) if is_counted else few, sorted(made))

    @cached_property
    def _stored(self) -> "ir.Table":
        """The readings as they are stored, with what each stands for."""
        first = self.parts[0].question
        edges = {edge for bins in self._binnings if bins for edge in bins.edges}
        fine = Bins(tuple(sorted(edges))) if edges else None
        held = cells(first.period, fine)
        for number, bins in enumerate(self._binnings):
            held = held.mutate({f"bin{number}": _placed(bins, fine, held)})
            whole = ibis.window(group_by=["cluster", f"bin{number}", *(["time"] if first.is_by_reading else [])])
            held = held.mutate({f"covered{number}_us": held.weight_us.sum().over(whole).cast("int64")})
        own = [name for number in range(len(self._binnings)) for name in (f"bin{number}", f"covered{number}_us")]
        moments = {"first_us": "since_us", "last_us": "since_us", "end_us": "until_us"}
        return first.whole_at(held.select("cluster", "source", "time", "weight_us", *own, **moments))

    def _number(self, one: _Read) -> int:
        return self._binnings.index(one.bins)

    @cached_property
    def _binnings(self) -> "list[Bins | None]":
        """The ways in which parts cut the period."""
        return list(dict.fromkeys(one.bins for one in self.parts))


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
