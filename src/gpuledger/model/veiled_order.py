"""The order of names that are shown under pseudonyms: rows that tie would stand in the order of the real names.

What is ranked by an amount stays ranked; names of one amount go by what is shown of them, and so does what was in the
order of the names.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any, TypeVar

from gpuledger.model.chart import Bars, Boxes, Chart, Grid, Histogram, Lines, Series, Shape
from gpuledger.model.document import Document, Section, Table

T = TypeVar("T")
Shown = Callable[[str, str], str]
"""(kind, name) → the name as it is shown."""
Kinds = Sequence[str | None]
"""Of each column what names it holds, None for none."""
Amount = float | None


def by_shown_names(
    document: Document, kinds: Callable[[Table], Kinds], shown: Shown, named: frozenset[str]
) -> Document:
    """The document, every table, chart and ranking of names in it in such an order. `named` are dimensions of names."""
    weights = _weights(document, kinds)
    ranks = {
        key: _names(ranked, weights.get(key, {}), key, shown) if key in named else ranked
        for key, ranked in document.ranks.items()
    }
    return replace(
        document, ranks=ranks, sections=tuple(_section(one, kinds, shown, named) for one in document.sections)
    )


def _section(section: Section, kinds: Callable[[Table], Kinds], shown: Shown, named: frozenset[str]) -> Section:
    blocks = (
        replace(block, rows=tuple(_rows(block, kinds(block), shown))) if isinstance(block, Table)
        else _chart(block, shown) if isinstance(block, Chart) and block.dimension in named
        else block
        for block in section.blocks
    )  # fmt: skip
    return replace(section, blocks=tuple(blocks))


def _rows(table: Table, kinds: Kinds, shown: Shown) -> Sequence[tuple[Any, ...]]:
    """Rows of one value in the column that ranks them go by the names shown."""
    names = [number for number, kind in enumerate(kinds) if kind]
    if not names:
        return table.rows

    def as_shown(row: tuple[Any, ...]) -> list[str]:
        return [shown(str(kinds[number]), row[number]) if isinstance(row[number], str) else "" for number in names]

    rank = _ranking(table, kinds)
    if rank is not None:
        return in_order(table.rows, lambda row: row[rank], as_shown)
    is_by_name = any(_is_sorted([row[number] for row in table.rows]) for number in names)
    return sorted(table.rows, key=as_shown) if is_by_name else table.rows


def _ranking(table: Table, kinds: Kinds) -> int | None:
    """The column that the rows go by: the one with a bar, else the first that rises or falls."""
    plain = [number for number, kind in enumerate(kinds) if not kind]
    values = {number: [row[number] for row in table.rows] for number in plain}
    sorted_by = [number for number in plain if _is_sorted(values[number])]
    with_bar = [number for number in sorted_by if table.columns[number].has_bar]
    return next(iter([*with_bar, *(number for number in sorted_by if len(set(values[number])) > 1)]), None)


def _is_sorted(values: Sequence[Any]) -> bool:
    """Do they rise or fall, what is not known at the end?"""
    known = [value for value in values if value is not None]
    if None in values[: len(known)] or len({isinstance(value, str) for value in known}) > 1:
        return False
    return all(a <= b for a, b in pairwise(known)) or all(a >= b for a, b in pairwise(known))


def in_order(rows: Sequence[T], rank: Callable[[T], Any], as_shown: Callable[[T], Any]) -> list[T]:
    """The rows, those of one rank that stand together in the order of what is shown."""
    return [row for _, tied in groupby(rows, rank) for row in sorted(tied, key=as_shown)]


def _chart(chart: Chart, shown: Shown) -> Chart:
    kind = str(chart.dimension)

    def ordered(items: Sequence[T], name: Callable[[T], str], amount: Callable[[T], Amount]) -> tuple[T, ...]:
        return _ordered(items, name, amount, kind, shown)

    shape: Shape = chart.shape
    match shape:
        case Lines() | Histogram():
            shape = replace(shape, series=ordered(shape.series, lambda one: one.key, _total))
        case Bars():
            shape = replace(shape, bars=ordered(shape.bars, lambda one: one.key, lambda one: one.amount))
        case Boxes():
            shape = replace(shape, boxes=ordered(shape.boxes, lambda one: one.key, lambda one: one.median))
        case Grid():
            shape = replace(shape, rows=ordered(shape.rows, lambda one: one.label, lambda one: _sum(one.values)))
    return replace(chart, shape=shape)


def _ordered(
    items: Sequence[T], name: Callable[[T], str], amount: Callable[[T], Amount], kind: str, shown: Shown
) -> tuple[T, ...]:
    """What stands last for the rest ("others") stays there."""

    def as_shown(item: T) -> str:
        return shown(kind, name(item))

    rest = [item for item in items[-1:] if as_shown(item) == name(item)]
    named = items[: len(items) - len(rest)]
    amounts = [amount(item) for item in named]
    if len(set(amounts)) > 1 and _is_sorted(amounts):
        return (*in_order(named, amount, as_shown), *rest)
    return (*sorted(named, key=as_shown), *rest) if _is_sorted([name(item) for item in named]) else tuple(items)


def _total(series: Series) -> Amount:
    return _sum(series.values) if series.total is None else series.total


def _sum(values: Iterable[Amount]) -> Amount:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _names(ranked: Sequence[str], weights: Mapping[str, Any], kind: str, shown: Shown) -> tuple[str, ...]:
    return _ordered(ranked, lambda name: name, weights.get, kind, shown)


def _weights(document: Document, kinds: Callable[[Table], Kinds]) -> dict[str, dict[str, Any]]:
    """Per dimension the amount by which its names are ranked, as the first table of them tells it."""
    found: dict[str, dict[str, Any]] = {}
    for table in document.tables:
        rank, dimension = _ranking(table, kinds(table)), table.columns[0].dimension if table.columns else None
        if dimension and rank is not None and dimension not in found:
            found[dimension] = {str(row[0]): row[rank] for row in table.rows}
    return found
