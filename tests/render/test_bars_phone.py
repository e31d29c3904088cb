"""Bars with long names: on a phone each name stands above its bar, so that the bar has room."""

import pytest

from gpuledger.model.chart import Axis, Bar, Bars, Chart
from gpuledger.render.figure import draw
from gpuledger.render.figure.bars import has_long_names
from gpuledger.render.figure.drawing import Cells, Room, Words
from gpuledger.render.html.chart_view import chart_view, measure
from gpuledger.render.theme import Colours

PHONE, PAGE = 328.0, 1380.0
LONG = ("connection lost past the lease (1008)", "replaced by a new match", "x" * 300)


def _chart(*names: str) -> Chart:
    bars = tuple(Bar(name, name, ((name, 10.0 - n),), f"{10 - n} h · 33.8 % · n 12") for n, name in enumerate(names))
    return Chart("lost", "Hours lost", "", Axis(""), Axis("", kind="category"), Bars(bars))


def _room(width: float, *, is_narrow: bool) -> Room:
    return Room(width, 200.0, measure, is_stretched=True, has_side_labels=True, is_narrow=is_narrow)


def test_on_a_phone_names_leave_the_bars_their_room() -> None:
    drawing = draw(_chart(*LONG), Colours({}), _room(PHONE, is_narrow=True))
    assert PHONE - drawing.left - drawing.right >= 120
    names = [item for item in drawing.items if isinstance(item, Words) and item.place == "plot"]
    assert len(names) == 3
    assert all(measure(name.text, 12) <= PHONE for name in names)
    assert names[2].full == "x" * 300


def test_a_name_stands_above_its_own_bar_and_touches_no_other() -> None:
    drawing = draw(_chart(*LONG), Colours({}), _room(PHONE, is_narrow=True))
    names = [item.y for item in drawing.items if isinstance(item, Words) and item.place == "plot"]
    bars = [box[2:] for item in drawing.items if isinstance(item, Cells) for box in item.boxes]
    for n, (top, bottom) in enumerate(bars):
        assert names[n] + 6 <= top
        assert n + 1 == len(names) or bottom <= names[n + 1] - 6
    assert bars[-1][1] < drawing.height


@pytest.mark.parametrize(("names", "is_long"), [(LONG, True), (("Anvil", "AWS"), False)])
def test_only_long_names_have_a_drawing_for_phones(names: tuple[str, ...], is_long: bool) -> None:
    assert has_long_names(draw(_chart(*names), Colours({}), _room(PAGE, is_narrow=False))) is is_long
    assert ("stacked" in chart_view(_chart(*names), Colours({}), "UTC", is_small=False).picture) is is_long
