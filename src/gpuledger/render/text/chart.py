"""A chart in letters: title, finding, small lines or bars, limits and gaps in words."""

from collections.abc import Iterator, Sequence

from gpuledger.model.chart import Boxes, Chart, Grid, Histogram, Lines, Series, Spans, Value
from gpuledger.render.format import NULL, SPACE, column_digits, number, stamp, unit_word, visible
from gpuledger.render.text.words import LONGEST_NAME, cut, heading, pad, width, wrapped

_BARS = "▁▂▃▄▅▆▇█"
_SPARK, _BAR = 48, 40


def chart_lines(chart: Chart, zone: str) -> Iterator[str]:
    """The chart's words and, where letters can show it, its shape."""
    yield from heading(chart.title, "-")
    yield from wrapped(chart.readout)
    yield from wrapped(chart.finding)
    yield from _shape(chart, zone)
    for mark in chart.marks:
        yield from wrapped(mark.label)
    for gap in chart.gaps:
        yield from wrapped(f"{gap.label} {stamp(gap.start, zone)} – {stamp(gap.end, zone)}")
    if chart.empty and not any(_has_value(one) for one in getattr(chart.shape, "series", ())):
        yield from wrapped(chart.empty)
    yield from wrapped(f"{chart.left_out} {chart.foot}".strip())


def _shape(chart: Chart, zone: str) -> Iterator[str]:
    match chart.shape:
        case Lines() as shape:
            yield from _series(shape)
        case Histogram() as shape:
            for one in shape.series:
                yield from _bars(one, shape.edges, chart.x.unit)
        case Boxes() as shape:
            yield from _boxes(shape, chart.x.unit)
        case Spans() as shape:
            yield from _spans(shape, zone)
        case Grid() as shape:
            yield f"{len(shape.rows)} rows by {len(chart.x.values)} columns; the picture shows them."


def _spans(shape: Spans, zone: str) -> Iterator[str]:
    for bar in shape.spans:
        end = stamp(bar.end, zone) if bar.end else "still open"
        yield from wrapped(
            f"{cut(visible(bar.row), LONGEST_NAME)}  {stamp(bar.start, zone)} – {end}  {bar.label}", "    "
        )


def _has_value(series: Series) -> bool:
    return any(value for value in series.values)


def _series(shape: Lines) -> Iterator[str]:
    """A small line a series, on one scale; a gap is a dot, the period's total stands beside it."""
    names = min(LONGEST_NAME, max((width(visible(s.label)) for s in shape.series), default=0))
    digits = column_digits([s.total for s in shape.series], shape.total_unit)
    highest = max((v for s in shape.series for v in s.values if v is not None), default=0.0)
    for series in shape.series:
        total = "" if series.total is None else _amount(series.total, shape.total_unit, digits)
        yield f"{pad(cut(visible(series.label), names), names)}  {_spark(series.values, highest)}  {total}"


def _spark(values: Sequence[Value], highest: float) -> str:
    """At most 48 signs, each the highest of its neighbours; "·" where nobody looked."""
    step = -(-len(values) // _SPARK) or 1
    groups = [[v for v in values[i : i + step] if v is not None] for i in range(0, len(values), step)]
    return "".join(
        "·" if not g else _BARS[round(max(g) / (highest or 1.0) * (len(_BARS) - 1))] if max(g) else " " for g in groups
    )


def _bars(series: Series, edges: Sequence[float], unit: str) -> Iterator[str]:
    most = max([1e-12, *(v for v in series.values if v)])
    yield visible(series.label)
    for low, high, value in zip(edges, edges[1:], series.values, strict=False):
        name = f"{number(low, unit, suffix=False)} – {number(high, unit)}"
        yield f"{pad(name, 20, right=True)}  {pad('█' * round((value or 0) / most * _BAR), _BAR)}  {number(value, 'count')}"


def _boxes(shape: Boxes, unit: str) -> Iterator[str]:
    names = min(LONGEST_NAME, max((width(visible(box.label)) for box in shape.boxes), default=0))
    yield f"{pad('', names)}" + "".join(
        pad(head, 12, right=True) for head in ("n", "low", "quarter", "median", "3 quarters", "high")
    )
    for box in shape.boxes:
        five = [
            NULL if v is None else number(v, unit, suffix=not unit_word(unit))
            for v in (box.low, box.q1, box.median, box.q3, box.high)
        ]
        texts = [number(box.count, "count"), *five]
        yield pad(cut(visible(box.label), names), names) + "".join(pad(text, 12, right=True) for text in texts)


def _amount(total: float, unit: str, digits: int | None) -> str:
    """A total and its unit, which may be a word of the report's own ("GiB-h")."""
    word = visible(unit_word(unit))
    return number(total, unit, digits, suffix=False) + (f"{SPACE}{word}" if word else "")
