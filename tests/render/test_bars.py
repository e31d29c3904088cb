"""Ranked bars: every row named and measured in words, parts in order, nothing cut."""

from dataclasses import replace

from gpuledger.model.chart import Axis, Bar, Bars, Chart, Grid, GridRow
from gpuledger.render import json as document_json
from gpuledger.render.figure import draw
from gpuledger.render.figure.drawing import Cells, Room, Words
from gpuledger.render.figure.paper import figure
from gpuledger.render.figure.type import measure
from gpuledger.render.text import to_text
from gpuledger.render.theme import Colours
from tests.render import samples
from tests.render.test_figure import problems

RANKS = {"site": ("OSPool", "Anvil"), "fate": ("Good", "Lost")}
ROOM = Room(592, 256, measure, is_stretched=False, has_side_labels=True)
WIDE = "a cause of loss with a very long name that has no room anywhere beside its bar"
PARTED = Chart(
    "hours", "Wall hours by site", "Most at OSPool.", Axis(""), Axis("", kind="category"),
    Bars(
        (
            Bar("OSPool", "OSPool", (("Good", 30.0), ("Lost", 70.0)), "100 h · 98.0 % · 30 % good"),
            Bar("Anvil", "Anvil", (("Good", 0.0), ("Lost", 2.0)), "2.00 h · 2.0 % · 0 % good"),
            Bar("none", WIDE, (("Good", 0.0), ("Lost", 0.0)), f"0 h {WIDE}"),
        ),
        "fate",
    ),
)  # fmt: skip


def test_no_text_of_ranked_bars_is_cut_or_touches_another() -> None:
    assert problems(figure(PARTED, Colours(RANKS))) == []


def test_parts_stand_in_their_order_in_their_colours_and_on_one_scale() -> None:
    drawing = draw(PARTED, Colours(RANKS), ROOM)
    cells = [item for item in drawing.items if isinstance(item, Cells)]
    assert [cell.paint for cell in cells] == ["c0", "c1", "c1"]
    (first,), (second,), (third,) = (cell.boxes for cell in cells)
    assert (first[0], first[1], second[1], round(third[1], 3)) == (0.0, 0.3, 1.0, 0.02)
    assert [key.label for key in drawing.legend] == ["Good", "Lost"]


def test_a_name_keeps_the_colour_of_its_rank_and_a_zero_its_row() -> None:
    shape = Bars((Bar("Anvil", "Anvil", (("Anvil", 5.0),), "5"), Bar("OSPool", "OSPool", (("OSPool", 0.0),), "0")))
    drawing = draw(replace(PARTED, shape=shape, dimension="site"), Colours(RANKS), ROOM)
    assert [item.paint for item in drawing.items if isinstance(item, Cells)] == ["c1"]
    assert {"OSPool", "0"} <= {item.text for item in drawing.items if isinstance(item, Words)}


def test_text_and_json_tell_the_same_bars() -> None:
    document = samples.shapes()
    section = replace(document.sections[0], blocks=(PARTED,))
    document = replace(document, sections=(section,))
    assert "100 h · 98.0 % · 30 % good" in to_text(document)
    assert document_json.from_json(document_json.to_json(document)) == document


def test_a_cell_carries_its_n_and_every_column_its_name() -> None:
    rows = (GridRow("V100", values=(5.0, None, 2.0), notes=("n 12", "", "n 3")),)
    columns = ("OSPool", "Bridges-2", "not matched")
    chart = replace(PARTED, x=Axis("", kind="category", values=columns), y=Axis("h", unit="hour"), shape=Grid(rows))
    words = [item.text for item in draw(chart, Colours({}), ROOM).items if isinstance(item, Words)]
    assert {"n 12", "n 3", "OSPool", "Bridges-2", "not matched"} <= set(words)
    assert problems(figure(chart, Colours({}))) == []
