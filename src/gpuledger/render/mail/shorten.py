"""Texts of a mail: none so long that it becomes the mail."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from gpuledger.model.document import Block, Definitions, Number, Numbers, Quality, Scalar, Table, Text

SENTENCE, NAME = 360, 120
_LINES, _CARDS, _LANES = 20, 6, 8
_SENTENCES = ("title", "finding", "foot", "left_out", "empty", "readout", "sentence", "evidence", "rule")
B = TypeVar("B", bound=Block)


def line(text: str, most: int = SENTENCE) -> str:
    """`text`, cut with "…" to `most` letters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def shortened(block: B) -> B:
    """The block with its texts cut and its cards, lanes and lines counted."""
    texts: dict[str, Any] = {name: line(getattr(block, name)) for name in _SENTENCES if hasattr(block, name)}
    return cast(B, _inside(replace(block, **texts)))


def _inside(block: Block) -> Block:
    match block:
        case Numbers():
            return replace(block, items=tuple(_number(item) for item in block.items[:_CARDS]))
        case Table():
            return _table(block)
        case Text():
            return replace(block, text="\n".join(line(one) for one in block.text.splitlines()[:_LINES]))
        case Definitions():
            return replace(block, items=tuple((line(a), line(b), line(c)) for a, b, c in block.items[:_LINES]))
        case Quality():
            lanes = (
                replace(one, label=line(one.label, NAME), step=line(one.step, NAME)) for one in block.lanes[:_LANES]
            )
            return replace(block, lanes=tuple(lanes))
        case _:
            return block


def _number(item: Number) -> Number:
    return replace(
        item,
        label=line(item.label, NAME),
        value=_value(item.value),
        unit=line(item.unit, NAME),
        reason=item.reason and line(item.reason, NAME),
        comparison=item.comparison and replace(item.comparison, label=line(item.comparison.label, NAME)),
        measured=item.measured and replace(item.measured, source=line(item.measured.source, NAME)),
    )


def _table(table: Table) -> Table:
    return replace(
        table,
        columns=tuple(replace(one, label=line(one.label, NAME), unit=line(one.unit, NAME)) for one in table.columns),
        rows=tuple(_values(row) for row in table.rows),
        totals=table.totals and _values(table.totals),
        others=table.others and _values(table.others),
    )


def _values(row: Sequence[Scalar]) -> tuple[Scalar, ...]:
    return tuple(_value(value) for value in row)


def _value(value: Scalar) -> Scalar:
    return line(value, NAME) if isinstance(value, str) else value
