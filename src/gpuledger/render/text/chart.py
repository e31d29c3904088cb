"""A chart in letters: title, finding, small lines or bars, limits and gaps in words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from gpuledger.model.chart import Bars, Boxes, Chart, Grid, Histogram, Lines, Series, Spans, Value
from gpuledger.render.format import NULL, SPACE, between, column_digits, number, stamp, unit_word, visible
from gpuledger.render.names import without_domain
from gpuledger.render.text.words import Sheet, cut, pad, width
from gpuledger.render.theme import state_word

_BARS = "▁▂▃▄▅▆▇█"
_BESIDE_SPARK, _BESIDE_BAR = 52, 60
"""Columns that name and numbers take beside a small line, a bar."""
_ALL_FIVE = 100
_SHORTEST = 8


def chart_lines(chart: Chart, zone: str, sheet: Sheet) -> Iterator[str]:
    """The chart's words and, where letters can show it, its shape."""
    yield from sheet.heading(chart.title, "-")
    yield from sheet.wrapped(chart.readout)
    yield from sheet.wrapped(chart.finding)
    yield from _shape(chart, zone, sheet)
    for mark in chart.marks:
        yield from sheet.wrapped(mark.label)
    for gap in chart.gaps:
        yield from sheet.wrapped(f"{gap.label} {between(gap.start, gap.end, zone)}")
    if chart.empty and not any(_has_value(one) for one in getattr(chart.shape, "series", ())):
        yield from sheet.wrapped(chart.empty)
    yield from sheet.wrapped(f"{chart.left_out} {chart.foot}".strip())


def _shape(chart: Chart, zone: str, sheet: Sheet) -> Iterator[str]:
    match chart.shape:
        case Lines() as shape:
            yield from _series(shape, sheet)
        case Histogram() as shape:
            for one in shape.series:
                yield from _bars(one, shape.edges, chart.x.unit, sheet.columns - _BESIDE_BAR)
        case Boxes() as shape:
            yield from _boxes(shape, chart.x.unit, sheet)
        case Spans() as shape:
            yield from _spans(shape, zone, sheet)
        case Grid() as shape:
            yield from _grid(shape, len(chart.x.values), sheet)
        case Bars() as shape:
            yield from _ranked(shape, sheet)


def _spans(shape: Spans, zone: str, sheet: Sheet) -> Iterator[str]:
    digits = column_digits(shape.totals, shape.total_unit)
    bars = Counter(bar.row for bar in shape.spans)
    totals = {
        row: _amount(total, shape.total_unit, digits) + (f" in all {bars[row]}" if bars[row] > 1 else "")
        for row, total in zip(shape.rows, shape.totals, strict=False)
        if total is not None
    }
    names, said = without_domain(shape.rows)
    short = dict(zip(shape.rows, names, strict=True))
    for bar in shape.spans:
        end = stamp(bar.end, zone) if bar.end else "still open"
        # A row's amount is said once, at its first interval.
        told = [
            f"{_lane(short.get(bar.row, bar.row), sheet.names)}  {stamp(bar.start, zone)} – {end}",
            totals.pop(bar.row, ""),
            bar.label,
        ]
        yield from sheet.wrapped("  ".join(filter(None, told)), "    ")
    if said:
        yield from sheet.wrapped(said)


def _lane(row: str, most: int) -> str:
    """A lane's name; what stands after its host (how many GPUs) is never cut."""
    host, between, rest = visible(row).partition(" · ")
    return cut(host, max(_SHORTEST, most - width(between + rest))) + between + rest


def _has_value(series: Series) -> bool:
    return any(value for value in series.values)


def _series(shape: Lines, sheet: Sheet) -> Iterator[str]:
    """A small line a series, on one scale; a gap is a dot, the period's total stands beside it."""
    names = min(sheet.names, max((width(visible(s.label)) for s in shape.series), default=0))
    digits = column_digits([s.total for s in shape.series], shape.total_unit)
    highest = max((v for s in shape.series for v in s.values if v is not None), default=0.0)
    for series in shape.series:
        total = "" if series.total is None else _amount(series.total, shape.total_unit, digits)
        yield f"{pad(cut(visible(series.label), names), names)}  {_spark(series.values, highest, sheet.columns - _BESIDE_SPARK)}  {total}"


def _spark(values: Sequence[Value], highest: float, most: int) -> str:
    """At most `most` signs, each the highest of its neighbours; "·" where nobody looked."""
    step = -(-len(values) // most) or 1
    groups = [[v for v in values[i : i + step] if v is not None] for i in range(0, len(values), step)]
    return "".join(
        "·" if not g else _BARS[round(max(g) / (highest or 1.0) * (len(_BARS) - 1))] if max(g) else " " for g in groups
    )


def _bars(series: Series, edges: Sequence[float], unit: str, longest: int) -> Iterator[str]:
    most = max([1e-12, *(v for v in series.values if v)])
    yield visible(series.label)
    names = [f"{number(low, unit, suffix=False)} – {number(high, unit)}" for low, high in pairwise(edges)]
    widest = max((width(name) for name in names), default=0)
    for name, value in zip(names, series.values, strict=False):
        yield f"{pad(name, widest, right=True)}  {pad('█' * round((value or 0) / most * longest), longest)}  {number(value, 'count')}"


def _ranked(shape: Bars, sheet: Sheet) -> Iterator[str]:
    names = min(sheet.names, max((width(visible(bar.label)) for bar in shape.bars), default=0))
    beside = max((width(visible(bar.words)) for bar in shape.bars), default=0)
    longest, most = (
        max(8, sheet.columns - names - beside - 6),
        max((bar.amount for bar in shape.bars), default=0.0) or 1.0,
    )
    for bar in shape.bars:
        line = pad("█" * round(bar.amount / most * longest), longest)
        yield f"{pad(cut(visible(bar.label), names), names)}  {line}  {visible(bar.words)}"


def _boxes(shape: Boxes, unit: str, sheet: Sheet) -> Iterator[str]:
    """The five numbers; where not all have room, three of them."""
    names = min(sheet.names, max((width(visible(box.label)) for box in shape.boxes), default=0))
    step = 1 if sheet.columns >= _ALL_FIVE else 2
    heads = ("n", *("low", "quarter", "median", "3 quarters", "high")[::step])
    yield f"{pad('', names)}" + "".join(pad(head, 12, right=True) for head in heads)
    for box in shape.boxes:
        five = [
            NULL if v is None else number(v, unit, suffix=not unit_word(unit))
            for v in (box.low, box.q1, box.median, box.q3, box.high)
        ]
        texts = [number(box.count, "count"), *five[::step]]
        yield pad(cut(visible(box.label), names), names) + "".join(pad(text, 12, right=True) for text in texts)


def _grid(shape: Grid, columns: int, sheet: Sheet) -> Iterator[str]:
    yield f"{len(shape.rows)} rows by {columns} columns; the picture shows them."
    for group in shape.groups:
        shares = (f"{state_word(state)} {number(ratio, 'ratio')}" for state, ratio in group.shares if ratio)
        yield from sheet.wrapped(
            ": ".join(filter(None, (group.label, " · ".join(filter(None, (group.words, *shares)))))), "    "
        )


def _amount(total: float, unit: str, digits: int | None) -> str:
    """A total and its unit, which may be a word of the report's own ("GiB-h")."""
    word = visible(unit_word(unit))
    return number(total, unit, digits, suffix=False) + (f"{SPACE}{word}" if word else "")
