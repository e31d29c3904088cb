"""What a mail's templates are given of a Document: finished texts, and nothing that must be computed."""

from collections.abc import Sequence
from dataclasses import dataclass

from gpuledger.model.document import Column, Lane, Table
from gpuledger.render.format import duration, number, stamp, visible
from gpuledger.render.html.sections import CardView
from gpuledger.render.html.table_view import CellView, RowView, TableView, is_numeric, table_view
from gpuledger.render.mail.columns import TIGHT, fitting, phone_room
from gpuledger.render.theme import Colours

_GAPS, _LONGEST_WORD, _WHOLE = 3, 16, 15


@dataclass(frozen=True)
class Head:
    """A column's head; `classes` are those of mail.css."""

    label: str
    unit: str
    has_bar: bool
    classes: str


@dataclass(frozen=True)
class Cell:
    """A cell: `text` for people, `raw` for programs, `bar` a width in percent (None: no bar) in the colour `paint`."""

    text: str
    raw: str
    classes: str
    has_bar: bool
    bar: float | None
    paint: str
    bar_classes: str


@dataclass(frozen=True)
class MailTable:
    """A table as it stands in the mail: totals first, others last.

    `is_tight`: smaller type on a phone. `has_hidden`: a phone does not show all of its columns.
    """

    id: str
    title: str
    finding: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    foot: str
    empty: str
    is_tight: bool = False
    has_hidden: bool = False


@dataclass(frozen=True)
class Picture:
    """A figure of the mail; no `cid`: it is too large for a mail and only said."""

    id: str
    cid: str
    title: str
    finding: str
    alt: str


@dataclass(frozen=True)
class Seen:
    """A lane of the data-quality strip in words."""

    label: str
    share: str
    gaps: str
    step: str


def mail_table(table: Table, colours: Colours, zone: str) -> MailTable:
    """The table's texts; columns that do not fit a phone carry the class that hides them there."""
    view = table_view(table, colours, zone)
    room = phone_room(table)
    phone = fitting(table, room)
    classes = [_classes(table.columns, i, is_hidden=i not in phone) for i in range(len(table.columns))]
    heads = tuple(
        Head(visible(column.label), visible(unit), column.has_bar, classes[i])
        for i, (column, unit) in enumerate(zip(table.columns, view.units, strict=True))
    )
    rows = tuple(tuple(_cell(one, row, classes[i], i) for i, one in enumerate(row.cells)) for row in view.rows)
    shown = rows if table.rows else ()
    return MailTable(
        table.id, visible(table.title), visible(table.finding), heads, shown, _foot(view), visible(table.empty),
        is_tight=room is TIGHT, has_hidden=len(phone) < len(table.columns),
    )  # fmt: skip


def _classes(columns: Sequence[Column], index: int, *, is_hidden: bool) -> str:
    """A number that stands before a text keeps away from it."""
    column, after = columns[index], columns[index + 1 : index + 2]
    names = ["num"] if is_numeric(column) else ["whole"] if column.format in ("instant", "date") else []
    if is_numeric(column) and after and not is_numeric(after[0]):
        names.append("apart")
    return "".join(f" {name}" for name in (*names, *(["last"] if not after else []), *(["hide"] if is_hidden else [])))


def _cell(one: CellView, row: RowView, classes: str, index: int) -> Cell:
    total = " total" if row.kind == "total" else ""
    quiet = " quiet" if one.kind in ("null", "zero", "quiet") or (row.kind == "others" and index == 0) else ""
    first = " first" if total and index == 0 else ""
    whole = " whole" if index == 0 and len(one.text) <= _WHOLE else ""
    hidden = " hide" if classes.endswith(" hide") else ""
    # Only what has no place to break may break anywhere: names stay whole.
    long = " long" if max(map(len, one.text.split()), default=0) > _LONGEST_WORD else ""
    return Cell(
        one.text,
        one.raw,
        classes + total + quiet + first + whole + long,
        one.has_bar,
        one.bar,
        one.paint or "c0",
        total + hidden,
    )


def _foot(view: TableView) -> str:
    return visible(" ".join(part for part in (view.table.left_out, view.table.foot) if part))


def said(card: CardView) -> list[tuple[str, str]]:
    """The small lines under a card's value, each with its class ("": none): part, change, reason, measured share."""
    lines = [("", card.part)] if card.part else []
    if card.delta:
        lines += [(card.verdict, card.delta), *([("", card.against)] if card.against else [])]
    if card.number.reason:
        lines.append(("", card.number.reason))
    if card.measured and card.number.measured:
        lines.append(("", f"{card.measured} measured by {card.number.measured.source}"))
    return [(kind, visible(text)) for kind, text in lines]


def seen(lane: Lane, zone: str) -> Seen:
    """A lane in words, its longest gaps in the order of time."""
    longest = sorted(lane.gaps, key=lambda gap: gap[0] - gap[1])[:_GAPS]
    words = [f"{duration((end - start).total_seconds())} from {stamp(start, zone)}" for start, end in sorted(longest)]
    if len(lane.gaps) > _GAPS:
        words.append(f"{len(lane.gaps) - _GAPS:,} shorter")
    return Seen(visible(lane.label), number(lane.covered_ratio, "ratio"), "; ".join(words), visible(lane.step))
