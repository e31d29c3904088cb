"""Two experiments side by side: the numbers of their reports, and the difference of the second to the first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from gpuledger.model.document import (
    Block,
    Column,
    Comparison,
    Coverage,
    Document,
    Number,
    Numbers,
    Scalar,
    Section,
    Table,
)
from gpuledger.model.period import Period
from gpuledger.reports._experiment import difference
from gpuledger.reports._words import inside

COMPARED: Mapping[str, tuple[str, ...]] = {
    "success-by-site": ("epochs", "attempts", "attempt_success", "node_success"),
    "time-by-site": ("wall", "good_ratio", "gpu"),
    "lost-by-cause": ("wall", "gpu", "attempts"),
    "gpu-models": ("gpu", "attempts"),
    "runtimes": ("count", "median"),
    "transfers-by-site": ("sent", "received", "in_hours"),
}
"""Tables of the report that are compared row by row, and the columns worth it."""
SAID = ("epochs", "wall-hours", "gpu-hours")
Verdict = Literal["better", "worse", "none"]


@dataclass(frozen=True)
class Side:
    """One of the two: its name for people and its report."""

    name: str
    document: Document


def compare(first: Side, second: Side) -> Document:
    """The difference, as a Document that any renderer draws. What one side does not have is not known, never zero."""
    one, other = first.document, second.document
    tables = [table for id_, columns in COMPARED.items() for table in _tables(first, second, id_, columns)]
    return Document(
        name="experiment-compare",
        title=f"{second.name} compared with {first.name}",
        finding=_finding(first, second),
        period=Period(
            min(one.period.start, other.period.start), max(one.period.end, other.period.end), one.display_zone
        ),
        parameters={"first": first.name, "second": second.name},
        generated_at=max(one.generated_at, other.generated_at),
        display_zone=one.display_zone,
        coverage=Coverage(None, None, None, None, "Each side is over its own time."),
        sections=(
            Section("summary", "Summary", (_numbers(first, second),)),
            Section("difference", "More than chance?", difference.tables(one, other, (first.name, second.name))),
            Section("tables", "Row by row", tuple[Block, ...](tables)),
        ),
        ranks=one.ranks,
        is_undated=one.is_undated and other.is_undated,
    )


def _finding(first: Side, second: Side) -> str:
    ours, theirs = (_cards(side.document) for side in (first, second))
    said = [
        f"{inside(ours[id_].label)} {_plain(ours[id_].value)} → {_plain(theirs[id_].value)}"
        for id_ in SAID
        if id_ in ours and id_ in theirs
    ]
    return f"{first.name} → {second.name}: {', '.join(said)}."


def _plain(value: Scalar) -> str:
    return f"{value:,.0f}" if isinstance(value, (int, float)) else "not known"


def _cards(document: Document) -> dict[str, Number]:
    return {item.id: item for block in document.blocks if isinstance(block, Numbers) for item in block.items}


def _numbers(first: Side, second: Side) -> Numbers:
    """The second's cards, each against the first's."""
    ours = _cards(first.document)
    items = [_against(item, ours.get(id_), first.name) for id_, item in _cards(second.document).items()]
    return Numbers("numbers", f"{second.name}, against {first.name}", tuple(items))


def _against(item: Number, before: Number | None, name: str) -> Number:
    value, was = item.value, before.value if before else None
    if not isinstance(value, (int, float)) or not isinstance(was, (int, float)):
        return replace(item, comparison=None, reason=f"not known for {name}" if value is not None else item.reason)
    is_share = item.format == "ratio"
    if not is_share and was == 0:
        return replace(item, comparison=None, reason=f"0 in {name}")
    delta = value - was if is_share else value / was - 1
    is_good = (delta > 0) == (item.better == "high")
    verdict: Verdict = "none" if item.better == "neither" or not delta else "better" if is_good else "worse"
    return replace(item, comparison=Comparison(delta, "point" if is_share else "ratio", verdict, f"against {name}"))


def _tables(first: Side, second: Side, id_: str, wanted: Sequence[str]) -> Iterator[Table]:
    """One table for each column of a table that either report has."""
    both = [next((table for table in side.document.tables if table.id == id_), None) for side in (first, second)]
    told = next((table for table in both if table is not None), None)
    if told is None:
        return
    for key in wanted:
        if column := next((each for each in told.columns if each.key == key), None):
            yield _table(told, column, [_values(table, key) for table in both], (first.name, second.name))


def _table(told: Table, column: Column, values: Sequence[Mapping[str, Scalar]], names: tuple[str, str]) -> Table:
    rows = sorted(dict.fromkeys([*values[0], *values[1]]), key=lambda name: -_size(values, name))
    return Table(
        f"{told.id}-{column.key}",
        f"{told.title}: {column.label}{f' ({column.unit})' if column.unit else ''}",
        (
            told.columns[0],
            Column("first", names[0], column.format, column.unit),
            Column("second", names[1], column.format, column.unit),
            Column("difference", "Difference", "point" if column.format == "ratio" else column.format, column.unit),
        ),
        tuple((name, *_three(values[0].get(name), values[1].get(name))) for name in rows),
    )


def _values(table: Table | None, key: str) -> dict[str, Scalar]:
    """One column by the name that begins the row."""
    if table is None:
        return {}
    at = next((number for number, column in enumerate(table.columns) if column.key == key), None)
    return {} if at is None else {str(row[0]): row[at] for row in table.rows}


def _three(one: Scalar, other: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one, other, other - one
    return one, other, None


def _size(values: Sequence[Mapping[str, Scalar]], name: str) -> float:
    amounts = [side.get(name) for side in values]
    return max((abs(amount) for amount in amounts if isinstance(amount, (int, float))), default=0.0)
