"""Blocks in the order of the document, gathered into what the page shows together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from markupsafe import Markup

from gpuledger.model.chart import Chart, Grid, Spans
from gpuledger.model.document import (
    Block,
    Definitions,
    Document,
    Note,
    Number,
    Numbers,
    Quality,
    Section,
    Table,
    Text,
)
from gpuledger.render.cards import told_once
from gpuledger.render.figure.axes import TimeScale, time_ticks
from gpuledger.render.figure.drawing import Key
from gpuledger.render.format import NOT_KNOWN, NULL, between, is_number, number, unit_word
from gpuledger.render.format import cell as cell_text
from gpuledger.render.html.chart_view import chart_view
from gpuledger.render.html.table_view import table_view
from gpuledger.render.output import file_stem
from gpuledger.render.theme import OTHERS, Colours

_OTHERS, _PART_OF, _CHECKS = "others", " of ", "Checks"


@dataclass(frozen=True)
class Run:
    """One thing on the page: charts side by side, notes as a list, or a single block. `kind` names its macro."""

    kind: str
    items: tuple[Any, ...]
    title: str = ""
    legend: tuple[Key, ...] = ()


@dataclass(frozen=True)
class SectionView:
    """A section and its anchor."""

    title: str
    anchor: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class CardView:
    """A card's texts; the value and its unit apart, so that the number can be large, and what the value is a part of."""

    number: Number
    value: str
    unit: str
    part: str
    delta: str
    verdict: str
    against: str
    measured: str
    spark: Markup
    is_known: bool


def section_views(document: Document) -> tuple[SectionView, ...]:
    """Every section; neighbours of the same kind share a run."""
    colours = Colours(document.ranks)
    views = [
        SectionView(section.title, f"s-{file_stem(section.id)}", tuple(_runs(document, section, colours)))
        for section in document.sections
    ]
    return tuple(_told_apart(views))


def _told_apart(views: list[SectionView]) -> Iterator[SectionView]:
    """No two lists of checks have one heading: those of notes alone have their section's, later ones name it."""
    is_first = True
    for view in views:
        runs = []
        for run in view.runs:
            if run.kind == "notes":
                title = view.title if len(view.runs) == 1 else _CHECKS if is_first else f"{_CHECKS}: {view.title}"
                is_first = is_first and title != _CHECKS
                run = replace(run, title=title)
            runs.append(run)
        yield replace(view, runs=tuple(runs))


def _runs(document: Document, section: Section, colours: Colours) -> Iterator[Run]:
    for (kind, _), group in groupby(section.blocks, key=lambda block: (_kind(block), _alone(block))):
        blocks = list(group)
        if kind == "charts":
            yield _charts([b for b in blocks if isinstance(b, Chart)], colours, document.display_zone)
        elif kind == "notes":
            yield Run(kind, tuple(blocks))
        else:
            for block in blocks:
                yield Run(kind, (_VIEWS[kind](block, document, colours),))


def _kind(block: Block) -> str:
    return {Chart: "charts", Note: "notes", Table: "table", Numbers: "numbers", Text: "text", Quality: "quality",
            Definitions: "definitions"}[type(block)]  # fmt: skip


def _alone(block: Block) -> str:
    """Lanes and timelines need the whole width: each is a run of its own."""
    is_wide = isinstance(block, Chart) and (
        isinstance(block.shape, Spans) or (isinstance(block.shape, Grid) and bool(block.shape.states))
    )
    return block.id if is_wide else ""


def _charts(charts: list[Chart], colours: Colours, zone: str) -> Run:
    """A lead chart and smaller ones; charts of the same names share one legend above them."""
    is_pair = len(charts) == 2 or len(charts) in (6, 8)
    views = tuple(
        chart_view(chart, colours, zone, is_small=len(charts) > 1 and (is_pair or index > 0))
        for index, chart in enumerate(charts)
    )
    legends = {tuple(_without_count(key) for key in view.legend) for view in views}
    shared = legends.pop() if len(views) > 1 and len(legends) == 1 else ()
    return Run("charts", views, legend=shared)


def _without_count(key: Key) -> Key:
    """How many the others are differs from chart to chart; who has a colour does not."""
    return Key(key.paint, _OTHERS) if key.paint == OTHERS else key


def _numbers(block: Numbers, document: Document, colours: Colours) -> Mapping[str, Any]:
    block, against = told_once(block)
    return {
        "block": block,
        "cards": [card_view(item, document.display_zone) for item in block.items],
        "against": against,
    }


def card_view(item: Number, zone: str) -> CardView:
    """The card's texts by the number rules."""
    value = cell_text(item.value, item.format, zone)
    is_known = value != NULL
    word = unit_word(item.format) if is_number(item.value) else ""
    unit, of, whole = f" {item.unit}".partition(_PART_OF)
    unit, part = unit.strip() or word, f"{of}{whole}".strip()
    if unit and value.endswith(unit):
        value = value.removesuffix(unit).rstrip()
    delta, verdict, against = "", "none", ""
    if item.comparison is not None:
        change = item.comparison
        arrow = "=" if change.delta == 0 else "▲" if change.delta > 0 else "▼"
        told = "" if change.verdict == "none" else f" {change.verdict}"
        delta = f"{arrow} {number(abs(change.delta), change.format).lstrip('+')}{told}"
        verdict, against = change.verdict, change.label
    measured = number(item.measured.ratio, "ratio") if item.measured else ""
    shown = value if is_known else NOT_KNOWN
    return CardView(
        item,
        shown,
        unit if is_known else "",
        part if is_known else "",
        delta,
        verdict,
        against,
        measured,
        spark(item.spark),
        is_known,
    )


def spark(values: tuple[float | None, ...]) -> Markup:
    """A card's small line, broken where a value is missing; nothing for fewer than two values."""
    known = [v for v in values if v is not None]
    if len(known) < 2:
        return Markup("")
    low, high = min(known), max(known)
    places = [
        None if v is None else (i / (len(values) - 1) * 88, 20 - (v - low) / ((high - low) or 1.0) * 18)
        for i, v in enumerate(values)
    ]
    path = "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in (place for place in run if place is not None))
        for is_known, run in groupby(places, key=lambda place: place is not None)
        if is_known
    )
    end = next(place for place in reversed(places) if place is not None)
    drawn = '<svg width="90" height="22" aria-hidden="true"><path d="{}"/><circle cx="{:.1f}" cy="{:.1f}" r="2"/></svg>'
    return Markup(drawn).format(path, *end)


def _text(block: Text, document: Document, colours: Colours) -> Mapping[str, Any]:
    lines = [line for line in block.text.splitlines() if line.strip()]
    parts: list[dict[str, Any]] = []
    for is_item, group in groupby(lines, key=lambda line: line.startswith("- ")):
        if is_item:
            parts.append({"points": [line.removeprefix("- ") for line in group], "line": ""})
        else:
            parts += [{"points": (), "line": line} for line in group]
    return {"block": block, "parts": parts}


def _quality(block: Quality, document: Document, colours: Colours) -> Mapping[str, Any]:
    scale = TimeScale(document.period.start, document.period.end)
    zone = document.display_zone
    lanes = [
        {
            "label": lane.label,
            "share": number(lane.covered_ratio, "ratio"),
            "step": lane.step,
            "spoken": "; ".join(f"no data {between(a, b, zone)}" for a, b in lane.gaps[:20]),
            "gaps": [{"x": f"{scale.at(a) * 100:.3f}", "width": f"{max(0.35, (scale.at(b) - scale.at(a)) * 100):.3f}"} for a, b in lane.gaps],
        }
        for lane in block.lanes
    ]  # fmt: skip
    ticks = [{"x": f"{scale.at(moment) * 100:.2f}", "text": text} for moment, text in time_ticks(scale, zone, 700)]
    return {"block": block, "lanes": lanes, "ticks": ticks}


_VIEWS: Mapping[str, Any] = {
    "table": lambda block, document, colours: table_view(block, colours, document.display_zone),
    "numbers": _numbers,
    "text": _text,
    "quality": _quality,
    "definitions": lambda block, document, colours: block,
}
