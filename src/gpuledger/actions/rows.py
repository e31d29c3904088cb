"""Raw rows of a canonical table, a page at a time: filters, one order, and where the last page ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from gpuledger.model.columns import Kind
from gpuledger.model.errors import UsageError
from gpuledger.model.names import unknown
from gpuledger.model.period import Period, as_utc, parse_instant
from gpuledger.model.schema import unbound
from gpuledger.model.tables import BY_TABLE, Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from gpuledger.store import Store

OPERATORS = ("!=", ">=", "<=", "=", ">", "<")
"""Longer ones first: that is how they are found."""
NULL = "null"
Value = str | int | float | bool | datetime | date | None


@dataclass(frozen=True)
class Condition:
    """`column op value`; for = and != one of several values, None for null."""

    column: str
    op: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Page:
    """What is wanted of a table. `after` is the last row's values of the order, from the page before."""

    table: Table
    columns: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    sort: str = ""
    is_descending: bool = False
    limit: int = 100
    period: Period | None = None
    after: tuple[Value, ...] | None = None

    @property
    def order(self) -> tuple[str, ...]:
        """What rows are sorted by: the wanted column, then the key, so that no two rows are equal."""
        first = self.sort or self.table.order
        return (first, *(name for name in self.table.key if name != first))


@dataclass(frozen=True)
class Rows:
    """A page: its rows, and where the next begins (None: there is none)."""

    rows: list[dict[str, Any]]
    after: tuple[Value, ...] | None


def table_named(name: str) -> Table:
    """The table of this name. Raises UsageError with the near ones."""
    if name not in BY_TABLE:
        raise UsageError(unknown("table", name, BY_TABLE))
    return BY_TABLE[name]


def condition(table: Table, text: str) -> Condition:
    """`state=failed,timeout`, `gpu_count>=2`, `ended_at=null`. Raises UsageError for what is none."""
    op = min((one for one in OPERATORS if one in text), key=lambda one: (text.index(one), -len(one)), default=None)
    if op is None:
        raise UsageError(f"{text!r} is not a filter; write state=failed, gpu_count>=2 or ended_at=null.")
    name, _, value = text.partition(op)
    kind = kind_of(table, name.strip())
    is_equal = op in ("=", "!=")
    if value.strip() == NULL and not is_equal:
        raise UsageError(f"{text!r}: null is neither more nor less; write {name.strip()}=null or {name.strip()}!=null.")
    parts = value.split(",") if is_equal else [value]
    return Condition(name.strip(), op, tuple(read(kind, part.strip(), name.strip()) for part in parts))


def kind_of(table: Table, name: str) -> Kind:
    """The kind of one of the table's columns. Raises UsageError with the near ones, or for a list."""
    kinds = {column.name: column.kind for column in table.columns}
    if name not in kinds:
        raise UsageError(unknown("column", name, kinds, f"the columns of {table.name} are in its answer"))
    if kinds[name] == "texts":
        raise UsageError(f"{name} is a list: rows are not compared by it.")
    return kinds[name]


def read(kind: Kind, text: str, name: str) -> Value:
    """A value as typed. Raises UsageError for one that the column cannot hold."""
    if text == NULL:
        return None
    try:
        match kind:
            case "whole":
                number = int(text)
                return number if abs(number) < 1 << 63 else _refuse(kind, text, name)
            case "number":
                return float(text)
            case "flag":
                return {"true": True, "false": False}[text.lower()]
            case "instant":
                return parse_instant(text).replace(tzinfo=None)
            case "date":
                return date.fromisoformat(text)
            case _:
                return text
    except (ValueError, KeyError):
        return _refuse(kind, text, name)


def _refuse(kind: Kind, text: str, name: str) -> Value:
    words = {"whole": "a whole number", "number": "a number", "flag": "true or false", "date": "a date"}
    raise UsageError(f"{name}: {text!r} is not {words.get(kind, 'a time')}.")


def rows(store: "Store", page: Page) -> Rows:
    """The page's rows, instants as UTC."""
    wanted = expression(page)
    found = store.ask(wanted, page.period).to_pylist()
    more = len(found) > page.limit
    kept = found[: page.limit]
    after = tuple(kept[-1][name] for name in page.order) if more else None
    return Rows([{name: as_utc(row[name]) for name in page.columns} for row in kept], after)


def expression(page: Page) -> "ir.Table":
    """One row more than the page holds, so that the last page is known."""
    held = unbound(page.table)
    keep = [_keeps(held, one) for one in page.conditions]
    if page.period:
        start, end = page.period.naive
        keep.append(held[page.table.order].between(start, end) & (held[page.table.order] < end))
    if page.after is not None:
        keep.append(_follows(held, page))
    rows = held.filter(*keep) if keep else held
    first, *rest = page.order
    lead = rows[first].desc(nulls_first=False) if page.is_descending else rows[first].asc(nulls_first=False)
    ordered = rows.order_by([lead, *(rows[name].asc() for name in rest)])
    names = tuple(dict.fromkeys((*page.columns, *page.order)))
    return ordered.limit(page.limit + 1).select(*names)


def _keeps(held: "ir.Table", wanted: Condition) -> "ir.BooleanValue":
    column, (first, *_) = held[wanted.column], wanted.values
    match wanted.op:
        case "=" | "!=":
            is_one = reduce(
                or_, [column.isnull() if one is None else column == one for one in wanted.values]
            ).fill_null(False)
            return is_one if wanted.op == "=" else ~is_one
        case ">":
            return column > first
        case ">=":
            return column >= first
        case "<":
            return column < first
        case _:
            return column <= first


def _follows(held: "ir.Table", page: Page) -> "ir.BooleanValue":
    """Rows after the last of the page before, in the order: nulls of the first column last."""
    (first, *rest), (last, *lasts) = page.order, page.after or ()
    same = held[first].isnull() if last is None else held[first] == last
    later = _after(held, rest, lasts)
    found = same & later if rest else None
    if last is not None:
        beyond = held[first] < last if page.is_descending else held[first] > last
        further = beyond | held[first].isnull()
        return further | found if found is not None else further
    return found if found is not None else held[first].isnull() & held[first].notnull()


def _after(held: "ir.Table", names: Sequence[str], values: Sequence[Value]) -> "ir.BooleanValue":
    """(a, b, c) > values, column by column."""
    import ibis

    steps = []
    for number, (name, value) in enumerate(zip(names, values, strict=True)):
        equal = [held[before] == known for before, known in zip(names[:number], values[:number], strict=True)]
        steps.append(reduce(and_, [*equal, held[name] > value]))
    return reduce(or_, steps) if steps else ibis.literal(False)


def described(table: Table) -> Mapping[str, Any]:
    """What a table is: its grain, key and columns."""
    from gpuledger.model.schema import describe

    return {"name": table.name, "grain": table.grain, "key": list(table.key), "columns": describe(table)}
