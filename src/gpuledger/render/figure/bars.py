"""Ranked bars: a row a name, the longest first; the amount in words at its end."""

from gpuledger.model.chart import Bar, Bars, Chart
from gpuledger.render.figure.drawing import Cells, Drawing, Item, Key, Room, Stroke, Words, fit, in_lines, name_lines
from gpuledger.render.names import without_domain
from gpuledger.render.theme import Colours

ROW = 28.0
_TALL = 36.0
_TOP, _HALF, _BELOW = 4.0, 9.0, 6.0
_NAME = (235.0, 170.0)
"""Widest lines of names: on paper, on a page, which may be a phone's."""
_STACKED, _NAME_Y, _BAR_Y = 46.0, 10.0, 30.0
"""A row whose name stands above its bar: its height, and the middles of name and bar in it."""
_LONG = 100.0
"""Room for names from which a phone has none left for bars beside them."""
_WIDEST, _LEAST = 0.42, 130.0
"""Part of the room that the words at the right may take; more where names leave so many pixels for the bars."""


def draw(chart: Chart, shape: Bars, colours: Colours, room: Room) -> Drawing:
    """The chart laid out in `room`; all bars are on one scale from 0, without an axis: each says its amount."""
    most = max((bar.amount for bar in shape.bars), default=0.0) or 1.0
    short, said = without_domain([bar.label for bar in shape.bars])
    if room.is_narrow:
        return _stacked(chart, shape, _Paints(chart, shape, colours), room, short)
    names = [in_lines(name, 12, _NAME[room.is_stretched], room) for name in short]
    row = ROW if all(len(parts) == 1 for parts in names) else _TALL
    bottom = _TOP + row * len(shape.bars)
    left = _left(names, room)
    most_words = max(room.width * _WIDEST, room.width - left - _LEAST)
    texts, right = _texts(shape, most_words, room)
    items: list[Item] = []
    for index, (bar, name, text) in enumerate(zip(shape.bars, names, texts, strict=True)):
        y = _TOP + row * (index + 0.5)
        items += name_lines(name, y, 12, bar.label)
        items += _parts(bar, y, most, _Paints(chart, shape, colours))
        items.append(_amount(bar, y, text))
    items.append(Stroke("line-strong", ((0.0, _TOP), (0.0, bottom))))
    notes = (said,) if said else ()
    return Drawing(bottom + _BELOW, left, right, tuple(items), _keys(shape, colours), notes=notes)


def has_long_names(drawing: Drawing) -> bool:
    """Whether a phone needs the names above the bars."""
    return drawing.left > _LONG


def _left(names: list[tuple[str, ...]], room: Room) -> float:
    return max([60.0, *(room.measure(part, 12) + 16 for parts in names for part in parts)])


def _texts(shape: Bars, most: float, room: Room) -> tuple[list[str], float]:
    """The amounts in words, and the margin they need."""
    texts = [fit(bar.words, 12, most, room) for bar in shape.bars]
    return texts, max([40.0, *(room.measure(text, 12) * 1.08 + 16 for text in texts)])


def _amount(bar: Bar, y: float, text: str) -> Words:
    return Words(8, y, text, size=12, place="right", full=bar.words if text != bar.words else "")


def _stacked(chart: Chart, shape: Bars, paints: "_Paints", room: Room, short: tuple[str, ...]) -> Drawing:
    """Each name above its bar, over the whole width."""
    most = max((bar.amount for bar in shape.bars), default=0.0) or 1.0
    texts, right = _texts(shape, room.width - _LEAST, room)
    items: list[Item] = []
    for index, (bar, name, text) in enumerate(zip(shape.bars, short, texts, strict=True)):
        top = _TOP + _STACKED * index
        cut = fit(name, 12, room.width - 16, room)
        items.append(Words(0.0, top + _NAME_Y, cut, size=12, full=bar.label if cut != bar.label else ""))
        items += _parts(bar, top + _BAR_Y, most, paints)
        items.append(_amount(bar, top + _BAR_Y, text))
    return Drawing(_TOP + _STACKED * len(shape.bars) + _BELOW, 8.0, right, tuple(items))


class _Paints:
    """A part has the paint of its own dimension; a bar of one part that of the chart's."""

    def __init__(self, chart: Chart, shape: Bars, colours: Colours) -> None:
        self.chart, self.shape, self.colours = chart, shape, colours

    def of(self, bar: Bar, part: str) -> str:
        if self.shape.part_dimension:
            return self.colours.paint(self.shape.part_dimension, part)
        return (
            self.colours.paint(self.chart.dimension, bar.key)
            if self.colours.has(self.chart.dimension)
            else self.colours.plain
        )


def _parts(bar: Bar, y: float, most: float, paints: _Paints) -> list[Item]:
    items: list[Item] = []
    start = 0.0
    for key, amount in bar.parts:
        end = start + amount / most
        if amount > 0:
            items.append(Cells(paints.of(bar, key), ((start, end, y - _HALF, y + _HALF),), is_outlined=True, least=1.0))
        start = end
    return items


def _keys(shape: Bars, colours: Colours) -> tuple[Key, ...]:
    """The parts, in the order they stand in."""
    if not shape.part_dimension:
        return ()
    names = dict.fromkeys(key for bar in shape.bars for key, amount in bar.parts if amount > 0)
    order = [key for bar in shape.bars for key, _ in bar.parts]
    return tuple(Key(colours.paint(shape.part_dimension, name), name) for name in dict.fromkeys(order) if name in names)
