"""The whole document as plain text: at most 100 columns, no colours, nothing from data can move the cursor."""

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from gpuledger.model.chart import Boxes, Chart, Grid, Histogram, Lines, Series, Spans, Value
from gpuledger.model.document import (
    Block,
    Column,
    Definitions,
    Document,
    Note,
    Number,
    Numbers,
    Quality,
    Table,
    Text,
)
from gpuledger.render.format import (
    EMPTY,
    NOT_KNOWN,
    NULL,
    SPACE,
    cell,
    column_digits,
    number,
    span,
    stamp,
    unit_word,
    visible,
)
from gpuledger.render.output import Output, file_stem, save
from gpuledger.render.theme import theme

WIDTH = 100
_NAME = 36
_BARS = "▁▂▃▄▅▆▇█"
_SPARK = 48
_BAR = 40


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes `<document name>.txt`."""
    content = to_text(document).encode("utf-8", "backslashreplace")
    return [save(content, out, file_stem(document.name), "txt", block=None, title=document.title)]


def to_text(document: Document) -> str:
    """The same words and numbers as the page."""
    lines: list[str] = []
    for note in document.banners:
        lines += [*_wrapped(_note(note)), ""]
    lines += _heading(document.title, "=")
    told = [span(document.period, document.display_zone), document.coverage.sentence, f"times in {document.display_zone}"]
    lines += [*_wrapped(" · ".join(part for part in told if part)), *_wrapped(document.finding)]
    for section in document.sections:
        for block in section.blocks:
            lines += ["", *_block(block, document.display_zone)]
    lines += ["", f"“{NULL}” means not collected, never zero."]
    return "\n".join(line.rstrip() for line in lines).replace(SPACE, " ") + "\n"


def _block(block: Block, zone: str) -> Iterator[str]:
    match block:
        case Numbers():
            yield from _numbers(block, zone)
        case Table():
            yield from _table(block, zone)
        case Chart():
            yield from _chart(block, zone)
        case Note():
            yield from _wrapped(_note(block))
        case Text():
            yield from _heading(block.title, "-") if block.title else ()
            for line in block.text.splitlines():
                yield from _wrapped(line)
        case Definitions():
            yield from _heading(block.title, "-")
            for label, unit, meaning in block.items:
                yield from _wrapped(f"{label}{f' ({unit})' if unit else ''}: {meaning}", "    ")
        case Quality():
            yield from _quality(block, zone)


def _heading(title: str, rule: str) -> list[str]:
    lines = _wrapped(title) or [""]
    return [*lines, rule * max(width(line) for line in lines)]


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(visible(text), WIDTH, break_on_hyphens=False, subsequent_indent=indent if text.startswith("- ") or indent != "  " else "")


def _note(note: Note) -> str:
    level = theme()["severity"][note.level]
    return f"{level['mark']} {level['label']}: {note.sentence} {note.evidence}".rstrip()


def _numbers(block: Numbers, zone: str) -> Iterator[str]:
    yield from _heading(block.title, "-")
    rows = [(visible(item.label), _value(item, zone), _context(item)) for item in block.items]
    names = min(_NAME, max((width(name) for name, _, _ in rows), default=0))
    values = max((width(value) for _, value, _ in rows), default=0)
    for name, value, context in rows:
        yield from _hanging(f"{pad(cut(name, names), names)}  {pad(value, values, right=True)}  ", context)


def _hanging(head: str, text: str) -> list[str]:
    room = max(24, WIDTH - width(head))
    lines = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
    return [head + lines[0], *(" " * width(head) + line for line in lines[1:])]


def _value(item: Number, zone: str) -> str:
    text = cell(item.value, item.format, zone, suffix=not item.unit)
    return NOT_KNOWN if text == NULL else visible(f"{text} {item.unit}".strip())


def _context(item: Number) -> str:
    parts = []
    if item.comparison is not None:
        change = item.comparison
        arrow = "=" if change.delta == 0 else "▲" if change.delta > 0 else "▼"
        verdict = "" if change.verdict == "none" else f" {change.verdict}"
        parts.append(f"{arrow} {number(abs(change.delta), change.format).lstrip('+')}{verdict} {change.label}")
    if item.measured is not None:
        parts.append(f"measured {number(item.measured.ratio, 'ratio')} by {item.measured.source}")
    return visible("; ".join([*parts, *([item.reason] if item.reason else [])]))


def _table(table: Table, zone: str) -> Iterator[str]:
    yield from _heading(table.title, "-")
    yield from _wrapped(table.finding)
    if not table.rows:
        yield from _wrapped(table.empty)
        return
    rows = [*([table.totals] if table.totals else []), *table.rows, *([table.others] if table.others else [])]
    columns = [
        _column(column, [row[i] for row in rows], [row[i] for row in table.rows], zone)
        for i, column in enumerate(table.columns)
    ]
    for part in _parts(columns):
        yield from _lines(part, [column.label for column in table.columns], columns, has_totals=table.totals is not None)
    yield from _wrapped(f"{table.left_out} {table.foot}".strip())


def _column(column: Column, values: Sequence[object], rows: Sequence[object], zone: str) -> list[str]:
    """The column's texts under its head, all of one width."""
    digits = column_digits(rows, column.format)  # type: ignore[arg-type]
    null = NOT_KNOWN if column.dimension else NULL
    texts = [null if value is None else visible(cell(value, column.format, zone, digits)) or EMPTY for value in values]  # type: ignore[arg-type]
    head = visible(f"{column.label} {column.unit}".strip())
    is_text = column.format in ("text", "instant", "date")
    texts = [cut(text, _NAME if is_text else WIDTH) for text in (head, *texts)]
    widest = max(width(text) for text in texts)
    return [pad(text, widest, right=not is_text) for text in texts]


def _parts(columns: Sequence[Sequence[str]]) -> list[list[int]]:
    """Column numbers that fit side by side; what does not fit continues below under the first column again."""
    parts, used = [[0]], width(columns[0][0])
    for index in range(1, len(columns)):
        need = 2 + width(columns[index][0])
        if used + need > WIDTH and len(parts[-1]) > 1:
            parts.append([0])
            used = width(columns[0][0])
        parts[-1].append(index)
        used += need
    return parts


def _lines(part: Sequence[int], labels: Sequence[str], columns: Sequence[Sequence[str]], *, has_totals: bool) -> Iterator[str]:
    if part[1:2] != [1] and len(labels) > 1:
        yield ""
    lines = ["  ".join(texts) for texts in zip(*(columns[i] for i in part), strict=True)]
    rule = "-" * width(lines[0])
    yield lines[0]
    yield rule
    for index, line in enumerate(lines[1:]):
        yield line
        if has_totals and index == 0:
            yield rule


def _chart(chart: Chart, zone: str) -> Iterator[str]:
    yield from _heading(chart.title, "-")
    yield from _wrapped(chart.readout)
    yield from _wrapped(chart.finding)
    match chart.shape:
        case Lines() as shape:
            yield from _series(shape)
        case Histogram() as shape:
            for one in shape.series:
                yield from _bars(one, shape.edges, chart.x.unit)
        case Boxes() as shape:
            yield from _boxes(shape, chart.x.unit)
        case Spans() as shape:
            for bar in shape.spans:
                end = stamp(bar.end, zone) if bar.end else "still open"
                yield from _wrapped(f"{cut(visible(bar.row), _NAME)}  {stamp(bar.start, zone)} – {end}  {bar.label}", "    ")
        case Grid() as shape:
            yield f"{len(shape.rows)} rows by {len(chart.x.values)} columns; the picture shows them."
    for mark in chart.marks:
        yield from _wrapped(mark.label)
    for gap in chart.gaps:
        yield from _wrapped(f"{gap.label} {stamp(gap.start, zone)} – {stamp(gap.end, zone)}")
    if chart.empty and not any(_has_value(one) for one in getattr(chart.shape, "series", ())):
        yield from _wrapped(chart.empty)
    yield from _wrapped(f"{chart.left_out} {chart.foot}".strip())


def _has_value(series: Series) -> bool:
    return any(value for value in series.values)


def _series(shape: Lines) -> Iterator[str]:
    """A small line a series, on one scale; a gap is a dot, the period's total stands beside it."""
    names = min(_NAME, max((width(visible(s.label)) for s in shape.series), default=0))
    digits = column_digits([s.total for s in shape.series], shape.total_unit)
    highest = max((v for s in shape.series for v in s.values if v is not None), default=0.0)
    for series in shape.series:
        total = "" if series.total is None else number(series.total, shape.total_unit, digits)
        yield f"{pad(cut(visible(series.label), names), names)}  {_spark(series.values, highest)}  {total}"


def _spark(values: Sequence[Value], highest: float) -> str:
    """At most 48 signs, each the highest of its neighbours; "·" where nobody looked."""
    step = -(-len(values) // _SPARK) or 1
    groups = [[v for v in values[i : i + step] if v is not None] for i in range(0, len(values), step)]
    return "".join("·" if not g else _BARS[round(max(g) / (highest or 1.0) * (len(_BARS) - 1))] if max(g) else " " for g in groups)


def _bars(series: Series, edges: Sequence[float], unit: str) -> Iterator[str]:
    most = max([1e-12, *(v for v in series.values if v)])
    yield visible(series.label)
    for low, high, value in zip(edges, edges[1:], series.values, strict=False):
        name = f"{number(low, unit, suffix=False)} – {number(high, unit)}"
        yield f"{pad(name, 20, right=True)}  {pad('█' * round((value or 0) / most * _BAR), _BAR)}  {number(value, 'count')}"


def _boxes(shape: Boxes, unit: str) -> Iterator[str]:
    names = min(_NAME, max((width(visible(box.label)) for box in shape.boxes), default=0))
    yield f"{pad('', names)}" + "".join(pad(head, 12, right=True) for head in ("n", "low", "quarter", "median", "3 quarters", "high"))
    for box in shape.boxes:
        five = [NULL if v is None else number(v, unit, suffix=not unit_word(unit)) for v in (box.low, box.q1, box.median, box.q3, box.high)]
        texts = [number(box.count, "count"), *five]
        yield pad(cut(visible(box.label), names), names) + "".join(pad(text, 12, right=True) for text in texts)


def _quality(block: Quality, zone: str) -> Iterator[str]:
    yield from _heading(block.title, "-")
    yield from _wrapped(block.finding)
    names = min(_NAME, max((width(visible(lane.label)) for lane in block.lanes), default=0))
    for lane in block.lanes:
        gaps = "; ".join(f"{stamp(a, zone)} – {stamp(b, zone)}" for a, b in lane.gaps)
        head = f"{pad(cut(visible(lane.label), names), names)}  {pad(number(lane.covered_ratio, 'ratio'), 8, right=True)}  "
        yield from _hanging(head, visible(f"{lane.step}{'; ' if lane.step and gaps else ''}{f'no data {gaps}' if gaps else ''}"))
    yield from _wrapped(block.foot)


def width(text: str) -> int:
    """Columns of a terminal that `text` takes: wide letters two, marks that sit on others none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, most: int) -> str:
    """`text`, cut with "…" to `most` columns."""
    if width(text) <= most:
        return text
    while text and width(text) > most - 1:
        text = text[:-1]
    return text + "…"


def pad(text: str, most: int, *, right: bool = False) -> str:
    """`text` filled with spaces to `most` columns."""
    fill = " " * (most - width(text))
    return fill + text if right else text + fill
