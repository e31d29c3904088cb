"""Figures: nothing cut, nothing overlapping, the same bytes twice, in every shape."""

import io
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import combinations

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from gpuledger.model.chart import Axis, Chart, Gap, Grid, GridRow, Lines, Series
from gpuledger.render.figure import draw
from gpuledger.render.figure.axes import Scale, TimeScale, range_ticks, time_ticks, value_ticks
from gpuledger.render.figure.drawing import Area, Cells, Lanes, Room, Words, fit, in_lines
from gpuledger.render.figure.labels import Label, side_labels, spread
from gpuledger.render.figure.lanes import lane_pixels
from gpuledger.render.figure.paper import figure, to_png, to_svg
from gpuledger.render.figure.type import measure
from gpuledger.render.html import svg
from gpuledger.render.theme import Colours, palette
from tests.render import samples
from tests.render.timed import least, processor_seconds

CHARTS = {
    f"{document.name}/{chart.id}": (chart, Colours(document.ranks))
    for document in (samples.usage(), samples.shapes(), samples.hostile(), samples.edges(), samples.pool())
    for chart in document.charts
}
PAPER = Room(592, 256, measure, is_stretched=False, has_side_labels=True)


def problems(sheet: Figure) -> list[str]:
    """Texts that leave the sheet or touch another text, measured as Matplotlib sets them."""
    to_png(sheet)
    renderer = sheet.canvas.get_renderer()  # type: ignore[attr-defined]
    width, height = sheet.bbox.width, sheet.bbox.height
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in sheet.findobj(Text) if t.get_text().strip()]
    found = [f"cut: {t}" for t, b in boxes if b.x0 < 0 or b.y0 < 0 or b.x1 > width or b.y1 > height]
    for (t, a), (u, b) in combinations(boxes, 2):
        across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if across > 1 and down > 2:
            found.append(f"overlap: {t!r} and {u!r}")
    return found


@pytest.mark.parametrize("name", CHARTS)
def test_no_text_of_a_figure_is_cut_or_touches_another(name: str) -> None:
    assert problems(figure(*CHARTS[name])) == []


@pytest.mark.parametrize("name", ["usage/gpus-in-use", "shapes/states", "shapes/drains", "usage/wait-by-queue"])
def test_a_figure_is_the_same_twice_and_1200_pixels_wide(name: str) -> None:
    first, second = (to_png(figure(*CHARTS[name])) for _ in range(2))
    assert first == second
    assert Image.open(io.BytesIO(first)).width == 1200


@pytest.mark.parametrize("name", CHARTS)
def test_an_svg_holds_no_script_link_or_foreign_element(name: str) -> None:
    chart, colours = CHARTS[name]
    root = ElementTree.fromstring(to_svg(figure(chart, colours), chart.title))
    tags = {element.tag.rsplit("}", 1)[-1] for element in root.iter()}
    assert tags.isdisjoint({"script", "foreignObject", "a"})
    links = [
        v
        for e in root.iter()
        for k, v in e.attrib.items()
        if k.endswith("href") and not v.startswith(("#", "data:image/png;"))
    ]
    assert links == []


def test_dark_figures_are_drawn_on_request() -> None:
    pixels = Image.open(io.BytesIO(to_png(figure(*CHARTS["usage/gpus-in-use"], "dark")))).convert("RGB")
    assert pixels.getpixel((2, 2)) == (0x15, 0x18, 0x1E)


def test_a_figure_takes_less_than_its_budget_when_warm() -> None:
    figure(*CHARTS["usage/gpus-in-use"])
    limit = 0.9
    assert least(lambda: processor_seconds(lambda: to_png(figure(*CHARTS["usage/cpus-in-use"]))), limit) < limit


def test_the_lanes_of_a_pool_are_a_small_part_of_the_page_and_quick_on_paper() -> None:
    chart = samples.pool_states()
    limit = 2.4
    assert least(lambda: processor_seconds(lambda: to_png(figure(chart, Colours({})))), limit) < limit
    room = replace(PAPER, width=1380, is_stretched=True)
    assert len(svg.chart(draw(chart, Colours({}), room), "lanes")) < 100_000


def test_parts_have_the_colours_of_the_states_in_bands_labels_and_bars() -> None:
    drawing = draw(samples.parts(), Colours({}), PAPER)
    bands = [item.paint for item in drawing.items if isinstance(item, Area) and item.opacity == 1]
    expected = [f"state-{part}" for part in samples.PARTS]
    assert bands == expected[::-1]
    assert [key.paint for key in drawing.legend] == expected


def test_a_lane_is_drawn_where_its_state_was_held() -> None:
    codes = "PPPSSIIID "
    rows = tuple(GridRow(f"gpu1 / GPU {n}", "H200", codes=codes) for n in range(40))
    kinds = ("primary", "secondary", "idle", "drained")
    chart = replace(samples.pool_states(8, 10), shape=Grid(rows, kinds))
    lanes = {item.paint: item for item in draw(chart, Colours({}), PAPER).items if isinstance(item, Lanes)}
    assert [(paint, one.runs[0][:2]) for paint, one in lanes.items()] == [
        ("state-primary", (0, 3)), ("state-secondary", (3, 5)), ("state-idle", (5, 8)), ("state-drained", (8, 9)),
    ]  # fmt: skip
    pixels = lane_pixels(list(lanes.values()), (100.0, 300.0), palette("light"))
    top = lanes["state-primary"].runs[0][2]
    assert tuple(pixels[2 * top, 0]) == (*bytes.fromhex(palette("light")["state-primary"][1:]), 255)
    assert tuple(pixels[2 * top, 100]) == (*bytes.fromhex(palette("light")["state-idle"][1:]), 255)
    assert pixels[0, 0, 3] == pixels[2 * top, 195, 3] == 0  # above the lanes, and where the GPU was not there


def test_a_group_says_its_size_and_shares_in_words_and_one_bar() -> None:
    items = draw(samples.pool_states(80, 60), Colours({}), PAPER).items
    words = [item.text for item in items if isinstance(item, Words)]
    assert "20 GPUs on 2 hosts" in words
    assert any(text.startswith("primary 69.2") and text.endswith("idle 16.3\u202f%") for text in words)
    bars = [item for item in items if isinstance(item, Cells) and item.paint.startswith("state-")]
    assert bars[0].boxes[0][:2] == (0.0, 0.692)
    assert bars[5].boxes[0][1] == pytest.approx(1.0)


def test_a_timeline_says_hours_and_reason_at_the_right_and_points_where_a_drain_is_open() -> None:
    drawing = draw(samples.long_drains(), Colours({}), PAPER)
    right = [item.text for item in drawing.items if isinstance(item, Words) and item.place == "right"]
    assert right[:8] == ["GPU-h", "816", "492", "468", "300", "248", "3", "8"]
    assert "kernel update" in right
    assert '<b>fan</b> & "PSU"' in right
    assert any(text.startswith("still open · GPU 5 off") and text.endswith("…") for text in right)
    assert [item.text for item in drawing.items if isinstance(item, Words) and item.text == "▶"] == ["▶"] * 2


def test_a_host_with_its_number_of_gpus_is_told_whole_beside_a_timeline() -> None:
    drains = samples.long_drains()
    name = "reserve0009 · 8 GPUs"
    shape = replace(drains.shape, rows=(name,), spans=(replace(drains.shape.spans[0], row=name),), totals=())  # type: ignore[call-arg, union-attr]
    names = [
        item.text
        for item in draw(replace(drains, shape=shape), Colours({}), PAPER).items
        if isinstance(item, Words) and item.place == "left"
    ]
    assert names == [name]


def areas(chart: Chart) -> list[Area]:
    return [item for item in draw(chart, Colours({"user": samples.NAMES}), PAPER).items if isinstance(item, Area)]


def test_a_gap_is_hatched_from_its_interval_and_no_band_crosses_it() -> None:
    chart = samples.stacked("gap", "t", 10, "gpu")
    hole = chart.shape.series[0].values.index(None)  # type: ignore[union-attr]
    start, end = (chart.x.values[i] for i in (hole, hole + 1))
    chart = replace(chart, gaps=(Gap(start, end),))  # type: ignore[arg-type]
    drawing = draw(chart, Colours({}), PAPER)
    (gap,) = [item for item in drawing.items if isinstance(item, Cells) and item.paint == "gap"]
    x0, x1, *_ = gap.boxes[0]
    assert x0 == pytest.approx(hole / 120)
    inside = [x for area in areas(chart) for outline in area.outlines for x, _ in outline if x0 + 1e-9 < x < x1 - 1e-9]
    assert inside == []


def test_a_gap_without_null_bins_is_still_hatched_and_a_null_without_gap_is_not() -> None:
    chart = samples.stacked("x", "t", 10, "gpu")
    for gaps, count in (((), 0), ((Gap(samples.START, samples.END),), 1)):
        items = draw(replace(chart, gaps=gaps), Colours({}), PAPER).items
        assert len([i for i in items if isinstance(i, Cells) and i.paint == "gap"]) == count


def test_the_last_bin_that_is_not_over_is_faint_and_said() -> None:
    drawing = draw(samples.stacked("x", "t", 10, "gpu"), Colours({"user": samples.NAMES}), PAPER)
    faint = [item for item in drawing.items if isinstance(item, Area) and item.opacity == 0.5]
    assert faint
    assert all(x >= 119 / 120 - 1e-9 for area in faint for outline in area.outlines for x, _ in outline)
    assert any("half strength" in note for note in drawing.notes)


def test_stacked_bands_reach_the_sum_of_their_values() -> None:
    one, two = Series("a", "a", (1.0, 2.0)), Series("b", "b", (3.0, 2.0))
    chart = replace(
        samples.stacked("x", "t", 1, "gpu"), shape=Lines("area", True, (one, two), 3600.0), gaps=(), marks=()
    )
    chart = replace(chart, x=replace(chart.x, values=chart.x.values[:2]))
    top, bottom = areas(chart)
    highest = [min(y for _, y in area.outlines[0]) for area in (top, bottom)]
    ground = max(y for _, y in top.outlines[0])
    assert (ground - highest[1]) / (ground - highest[0]) == pytest.approx(0.5)


def test_a_limit_far_above_the_peak_is_said_in_words_not_drawn() -> None:
    drawing = draw(samples.usage().charts[2], Colours({}), PAPER)
    assert any("off this scale" in note for note in drawing.notes)
    assert not any(isinstance(item, Words) and "limit" in item.text for item in drawing.items)


def test_what_was_not_collected_is_a_sentence_without_axes() -> None:
    chart = next(c for c in samples.edges().charts if c.id == "none")
    drawing = draw(chart, Colours({}), PAPER)
    assert drawing.items == ()
    assert "not collected" in drawing.sentence


def test_a_true_zero_keeps_its_axes_and_says_so() -> None:
    chart = next(c for c in samples.edges().charts if c.id == "zero")
    words = [item.text for item in draw(chart, Colours({}), PAPER).items if isinstance(item, Words)]
    assert "0" in words
    assert "No job ran from 3 to 5 Nov." in words


@pytest.mark.parametrize("hours", [1, 6, 24, 72, 24 * 7, 24 * 30, 24 * 92, 24 * 366, 24 * 3660])
@pytest.mark.parametrize("zone", ["UTC", "America/Chicago", "Asia/Kolkata"])
def test_time_ticks_are_few_apart_and_away_from_the_edges(hours: int, zone: str) -> None:
    start = samples.START.replace(minute=17)
    scale = TimeScale(start, start + (samples.END - samples.START) * hours / 720)
    for width in (280, 420, 1200):
        ticks = [scale.at(moment) for moment, _ in time_ticks(scale, zone, width)]
        assert 1 <= len(ticks) <= width / 40
        assert all(0.03 <= x <= 0.97 for x in ticks)
        assert all((b - a) * width > 44 for a, b in zip(ticks, ticks[1:], strict=False))


@pytest.mark.parametrize("top", [0.003, 0.5, 1, 7, 62, 64.9, 99, 1024, 6144, 3e9])
@pytest.mark.parametrize("unit", ["gpu", "count", "second", "ratio"])
def test_value_ticks_are_round_few_and_start_at_zero(top: float, unit: str) -> None:
    ticks = value_ticks(top, unit)
    assert ticks[0] == 0
    assert ticks[-1] <= top * 1.001 or len(ticks) == 1
    assert len(ticks) <= 6


@pytest.mark.parametrize("top", [1, 3, 7, 9, 10, 11, 13, 45, 99, 1001])
def test_counts_have_no_halves(top: int) -> None:
    assert all(tick == int(tick) for tick in (*value_ticks(top, "count"), *range_ticks(Scale(0, top), "count")))


def test_a_name_is_told_in_two_lines_before_it_is_cut() -> None:
    assert in_lines("short", 11, 100, PAPER) == ("short",)
    assert in_lines("held by a policy of the access point (26)", 11, 175, PAPER) == (
        "held by a policy of the access",
        "point (26)",
    )
    assert in_lines("w" * 99, 11, 100, PAPER)[0].endswith("…")
    first, second = in_lines("word " * 40, 11, 100, PAPER)
    assert (first[-1], second[-1]) == ("d", "…")


@pytest.mark.parametrize("count", [2, 5, 7, 8, 30])
def test_columns_of_amounts_are_named_whole_where_two_heights_have_room(count: int) -> None:
    names = ["Bridges-2", "not matched", "OSPool", "CHTC-Spark-CE1"] * 8
    chart = replace(
        samples.pool_states(8, 10),
        x=Axis("", kind="category", values=tuple(f"{name}" for name in names[:count])),
        y=Axis("attempts", unit="count"),
        shape=Grid(tuple(GridRow(f"cause {n}", values=(1.0,) * count) for n in range(3))),
        gaps=(),
    )
    below = [
        item
        for item in draw(chart, Colours({}), PAPER).items
        if isinstance(item, Words) and item.paint == "ink-2" and item.place == "plot"
    ]
    assert problems(figure(chart, Colours({}))) == []
    assert not any(item.text.endswith("…") for item in below)


def test_points_have_a_legend_and_no_lines_to_where_no_point_is() -> None:
    one, two = (Series(name, name, (None, value)) for name, value in (("a", 1.0), ("b", 3.0)))
    chart = replace(
        samples.stacked("x", "t", 1, "gpu"), shape=Lines("points", False, (one, two), 3600.0), gaps=(), marks=()
    )
    chart = replace(chart, x=replace(chart.x, values=chart.x.values[:2]))
    drawing = draw(chart, Colours({}), PAPER)
    assert [key.label for key in drawing.legend] == ["a", "b"]
    assert not any(isinstance(item, Words) and item.place == "right" for item in drawing.items)


def test_log_ticks_stay_inside_their_range() -> None:
    assert range_ticks(Scale(20, 80_000, is_log=True), "second") == [60, 600, 3600, 21_600]
    assert range_ticks(Scale(0.7, 30, is_log=True), "") == [1, 2, 5, 10, 20]


def test_names_that_share_a_height_stay_in_the_order_of_the_stack() -> None:
    labels = [Label(100.0, "first", "", "c0"), *(Label(40.0, name, "", "c1") for name in ("second", "third", "others"))]
    items = side_labels(labels, (0.0, 200.0), "", PAPER)
    names = sorted((item.y, item.text) for item in items if isinstance(item, Words) and item.text)
    assert [name for _, name in names] == ["others", "third", "second", "first"]


def test_labels_are_spread_apart_inside_their_place() -> None:
    places = spread([5, 5, 5, 90, 91], 15, 0, 100)
    assert all(b - a >= 15 - 1e-9 for a, b in zip(places, places[1:], strict=False))
    assert places[-1] <= 100
    assert spread([10, 50], 15, 0, 100) == [10, 50]


def test_a_long_name_is_cut_to_its_room() -> None:
    text = fit("a" * 300, 11, 100, PAPER)
    assert text.endswith("…")
    assert measure(text, 11) <= 100
    assert fit("short", 11, 100, PAPER) == "short"
