"""Boxes and bands say whose they are: by their colour however narrow, by their name also where there is only one."""

from datetime import UTC, datetime, timedelta

from gpuledger.model.chart import Axis, Box, Boxes, Chart, Lines, Series
from gpuledger.render.figure import draw
from gpuledger.render.figure.drawing import Cells, Item, Room, Words
from gpuledger.render.figure.labels import GAP, Label, side_labels
from gpuledger.render.figure.type import measure
from gpuledger.render.theme import Colours

PAPER = Room(592, 256, measure, is_stretched=False, has_side_labels=True)
SITES = Colours({"site": ("OSPool", "Delta")})
DAYS = tuple(datetime(2026, 5, 1, tzinfo=UTC) + timedelta(days=n) for n in range(3))


def names(items: tuple[Item, ...]) -> list[str]:
    """Texts in the right margin."""
    return [item.text for item in items if isinstance(item, Words) and item.place == "right"]


def over_time(dimension: str | None, *series: Series) -> Chart:
    shape = Lines("bar", True, series, 86_400.0, total_unit="count")
    return Chart(
        "epochs", "Epochs", "", Axis("", kind="time", values=DAYS, zone="UTC"), Axis("Epochs"), shape, dimension
    )


def test_a_box_of_nearly_equal_values_is_wide_enough_for_its_colour() -> None:
    narrow, wide = Box("Delta", "Delta", 9, 10.0, 10.0, 10.0, 10.001, 11.0), Box("OSPool", "OSPool", 9, 1, 2, 5, 8, 9)
    drawing = draw(
        Chart("run", "Run", "", Axis("", unit="hour"), Axis(""), Boxes((narrow, wide)), "site"), SITES, PAPER
    )
    plot = PAPER.width - drawing.left - drawing.right
    widths = [(box[1] - box[0]) * plot for item in drawing.items if isinstance(item, Cells) for box in item.boxes]
    assert abs(widths[0] - 9.0) < 1e-6
    assert abs(widths[1] - 6 / (11 * 1.05) * plot) < 1e-6


def test_the_only_band_of_a_stack_by_names_is_named() -> None:
    one = Series("OSPool", "OSPool", (1.0, 2.0, 0.0), total=3.0)
    drawing = draw(over_time("site", one), SITES, PAPER)
    assert names(drawing.items) == ["OSPool", "3"]
    assert [key.label for key in drawing.legend] == ["OSPool"]
    measured = draw(over_time("measure", one), SITES, PAPER)
    assert names(measured.items) == []
    assert measured.legend == ()


def test_a_name_without_a_band_has_its_zero_and_no_line_to_lead_to_it() -> None:
    series = (
        Series("OSPool", "OSPool", (1.0, 2.0, 4.0), total=7.0),
        Series("Delta", "Delta", (0.0, 0.0, 0.0), total=0.0),
    )
    items = draw(over_time("site", *series), SITES, PAPER).items
    assert names(items) == ["Delta", "0", "OSPool", "7"]
    led = [item for item in items if not isinstance(item, Words | Cells) and getattr(item, "place", "") == "right"]
    assert len(led) == 1


def test_the_unit_stands_over_the_highest_label() -> None:
    items = side_labels([Label(150.0, "a", "1", "c0"), Label(190.0, "b", "2", "c1")], (0.0, 200.0), "GPU-h", PAPER)
    heights = {item.text: item.y for item in items if isinstance(item, Words)}
    assert heights["GPU-h"] == heights["a"] - GAP
