"""Rows by columns: amounts (a heat map) or states (a lane a row)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from gpuledger.model.chart import Chart, Grid, GridGroup, GridRow
from gpuledger.render.figure.axes import BELOW, TimeScale, bin_edges, category_axis, time_axis
from gpuledger.render.figure.drawing import (
    Box,
    Cells,
    Drawing,
    Item,
    Key,
    Lanes,
    Room,
    Words,
    fit,
    in_lines,
    name_lines,
)
from gpuledger.render.format import column_digits, number, visible
from gpuledger.render.names import without_domain
from gpuledger.render.theme import Colours, on_step, state_label, state_paint, state_word, theme

_TOP, _GROUP, _SHARES, _CELL, _CELL_OF_TWO, _TALL = 4.0, 26.0, 24.0, 22.0, 32.0, 36.0
_RIGHT = 12.0
_NAME, _LONG_NAME = 130.0, 175.0
"""Widest names of lanes, of rows of amounts."""
_ABSENT = " "
_PAGES, _AIR = (340.0, 400.0), 6.0
"""Narrowest drawings of a phone and of a page that shows what has a tier of 1; air beside an amount."""
_LANES = ((32, 6.0), (100, 4.0))
_THINNEST, _HOST_GAP, _NAME_STEP = 2.0, 3.0, 14.0
_NARROWEST = 40.0
"""Narrower columns name every second, third … one; names of others are on one height or two."""
_STEPS = len(theme()["modes"]["light"]["sequential"])


def draw(chart: Chart, shape: Grid, colours: Colours, room: Room) -> Drawing:
    """The chart laid out in `room`; rows of one group stand together under its name."""
    lines, said = _lines(shape, room)
    step = _lane(len(shape.rows)) if shape.states else _height(shape, lines)
    count = len(chart.x.values)
    places, heads, bottom = _places(shape, step)
    left = max([60.0, *(room.measure(part, 11) + 16 for parts in lines for part in parts)])
    width = room.width - left - _RIGHT
    items: list[Item] = [item for group, y in heads for item in _head(group, y, width, room)]
    items += _names(shape, places, lines, step)
    items += (
        _states(shape, places, count, int(step))
        if shape.states
        else _amounts(chart, places, count, (width, step), room)
    )
    axis = _x_axis(chart, count, bottom, width, room)
    legend = _state_keys(shape) if shape.states else ()
    lowest = max([bottom + BELOW, *(item.y + 10 for item in axis if isinstance(item, Words))])
    return Drawing(lowest, left, _RIGHT, (*items, *axis), legend, notes=_words(chart, shape, said))


def _lines(shape: Grid, room: Room) -> tuple[list[tuple[str, ...]], str]:
    """Each row's name in its lines (a lane has room for one), and what they are named without."""
    short, said = without_domain([_host(row) if shape.states else row.label for row in shape.rows])
    if shape.states:
        return [(fit(name, 11, _NAME, room),) for name in short], said
    return [in_lines(name, 11, _LONG_NAME, room) for name in short], said


def _names(
    shape: Grid, places: list[tuple[GridRow, float]], lines: Sequence[tuple[str, ...]], step: float
) -> list[Item]:
    if not shape.states:
        rows = zip(places, lines, strict=True)
        return [item for (row, y), parts in rows for item in name_lines(parts, y + step / 2, 11, row.label, "ink-2")]
    shown = {_host(row): parts for (row, _), parts in zip(places, lines, strict=True)}
    return [item for host, y in _lane_names(places) for item in name_lines(shown[host], y, 11, host, "ink-2")]


def _head(group: GridGroup, y: float, width: float, room: Room) -> list[Item]:
    """A group's name and size, its states in words, and one bar of their shares."""
    after = room.measure(group.label, 12) * 1.14 + 10
    items: list[Item] = [Words(0.0, y + 13, group.label, size=12, is_bold=True)]
    items.append(
        Words(0.0, y + 13, fit(group.words, 11, max(0.0, width - after), room), paint="ink-2", dx=after, tier=1)
    )
    if not group.shares:
        return items
    told = " · ".join(f"{state_word(state)} {number(ratio, 'ratio')}" for state, ratio in group.shares if ratio)
    items.append(Words(0.0, y + 30, fit(told, 11, width, room), paint="ink-2", tier=1))
    start = 0.0
    for state, ratio in group.shares:
        items.append(Cells(state_paint(state), ((start, min(1.0, start + ratio), y + 39, y + 45),)))
        start += ratio
    return items


def _lane(rows: int) -> float:
    """Height of a lane: two pixels a GPU in a large pool, more where there is room."""
    return next((height for most, height in _LANES if rows <= most), _THINNEST)


def _places(shape: Grid, step: float) -> tuple[list[tuple[GridRow, float]], list[tuple[GridGroup, float]], float]:
    """Each row's top, each group's head, and where the last row ends; the lanes of a host stand apart from the next."""
    known = {group.label: group for group in shape.groups}
    y, places, heads = _TOP, [], []
    for label, rows in groupby(shape.rows, key=lambda row: row.group):
        if label:
            group = known.get(label, GridGroup(label))
            heads.append((group, y))
            y += _GROUP + (_SHARES if group.shares else 0.0)
        for _, lanes in groupby(rows, key=lambda row: _host(row) if shape.states else ""):
            for row in lanes:
                places.append((row, y))
                y += step
            y += _HOST_GAP if shape.states else 0.0
    return places, heads, y


def _host(row: GridRow) -> str:
    """The host of "host / GPU 3": a lane is thinner than a name, so a host's lanes share one."""
    return row.label.partition(" / ")[0]


def _lane_names(places: list[tuple[GridRow, float]]) -> list[tuple[str, float]]:
    """A name at the first lane of each host, where the one above leaves room for it."""
    names: list[tuple[str, float]] = []
    for host, lanes in groupby(places, key=lambda place: _host(place[0])):
        y = next(lanes)[1] + 6
        if not names or y - names[-1][1] >= _NAME_STEP:
            names.append((host, y))
    return names


def _states(shape: Grid, places: list[tuple[GridRow, float]], count: int, step: int) -> list[Item]:
    air = 1 if step > _THINNEST else 0
    code = {theme()["states"][state]["code"]: state for state in shape.states}
    runs: dict[str, list[tuple[int, int, int, int]]] = defaultdict(list)
    for row, y in places:
        start, top = 0, round(y)
        for letter, run in groupby(row.codes):
            end = start + len(list(run))
            if letter != _ABSENT:
                runs[code[letter]].append((start, end, top, top + step - air))
            start = end
    return [Lanes(state_paint(state), count, tuple(runs[state])) for state in shape.states if runs[state]]


def _state_keys(shape: Grid) -> tuple[Key, ...]:
    return tuple(Key(state_paint(state), state_label(state)) for state in shape.states)


def _height(shape: Grid, lines: Sequence[tuple[str, ...]]) -> float:
    """Cells with a note have two lines, names may have."""
    if any(row.notes for row in shape.rows):
        return _TALL
    return _CELL if all(len(parts) == 1 for parts in lines) else _CELL_OF_TWO


def _tier(text: float, count: int, margins: float) -> int:
    """The widths of a page (a phone's, a half one's, a whole one's) at which a cell has room for so wide a text."""
    need = (text + _AIR) * count + margins
    return next((tier for tier, width in enumerate(_PAGES) if need <= width), len(_PAGES))


def _amounts(
    chart: Chart, places: list[tuple[GridRow, float]], count: int, size: tuple[float, float], room: Room
) -> list[Item]:
    width, height = size
    most = max((v for row, _ in places for v in row.values if v is not None), default=0.0) or 1.0
    digits = column_digits([v for row, _ in places for v in row.values], chart.y.unit or "count")
    boxes: dict[str, list[Box]] = defaultdict(list)
    words: list[Item] = []
    for row, y in places:
        for i, value in enumerate(row.values):
            box = (i / count, (i + 1) / count, y + 0.5, y + height - 0.5)
            step = -1 if value is None else 0 if value == 0 else max(1, round(value / most * (_STEPS - 1)))
            boxes["gap" if value is None else "surface" if value == 0 else f"seq-{step}"].append(box)
            if value and width / count >= 28:
                text = number(value, chart.y.unit or "count", digits, suffix=False)
                ground = on_step(step)
                note = row.notes[i] if row.notes else ""
                lift = 7.0 if note else 0.0
                tier = _tier(max(room.measure(text, 11), room.measure(note, 11)), count, room.width - width)
                words.append(Words((i + 0.5) / count, y + height / 2 - lift, text, "middle", ground, tier=tier))
                if note:
                    words.append(Words((i + 0.5) / count, y + height / 2 + lift, note, "middle", ground, tier=tier))
    return [*(Cells(paint, tuple(cells)) for paint, cells in boxes.items()), *words]


def _words(chart: Chart, shape: Grid, said: str) -> tuple[str, ...]:
    values = [v for row in shape.rows for v in row.values if v is not None]
    named = (said,) if said else ()
    if shape.states or not values:
        return named
    most = number(max(values), chart.y.unit or "count", suffix=False)
    return (f"Light to strong: 0 … {most} {chart.y.label}. Empty: zero. Hatched: no data.".replace(" .", "."), *named)


def _x_axis(chart: Chart, count: int, bottom: float, width: float, room: Room) -> list[Item]:
    if chart.x.kind == "time" and isinstance(chart.x.values[0], datetime):
        edges = bin_edges(chart.x, None)
        return time_axis(TimeScale(edges[0], edges[-1]), chart.x.zone or "UTC", bottom, width, room)
    names = [str(value) for value in chart.x.values]
    each = width / count
    if each < _NARROWEST:
        return category_axis(names, bottom, width, room)
    level = [in_lines(name, 11, each - 4, room) for name in names]
    if not _is_cut(names, level):
        return _columns(level, [0] * count, bottom)
    # On two heights in turn every name has the width of two columns, the last one what is left to the edge.
    widths = [2 * each - 8] * (count - 1) + [min(2 * each - 8, 1.5 * each + _RIGHT)]
    lines = [in_lines(name, 11, most, room) for name, most in zip(names, widths, strict=True)]
    upper = max(len(parts) for parts in lines[::2])
    return _columns(lines, [upper * (n % 2) for n in range(count)], bottom, is_last_at_edge=True)


def _is_cut(names: Sequence[str], lines: Sequence[tuple[str, ...]]) -> bool:
    return any(" ".join(parts) != visible(name) for name, parts in zip(names, lines, strict=True))


def _columns(
    lines: Sequence[tuple[str, ...]], first: Sequence[int], bottom: float, *, is_last_at_edge: bool = False
) -> list[Item]:
    """Each column's name below its middle, from its own line on; the last one may end at the edge."""
    items: list[Item] = []
    for i, parts in enumerate(lines):
        at_edge = is_last_at_edge and i == len(lines) - 1
        for n, part in enumerate(parts):
            y = bottom + 14 + 13 * (first[i] + n)
            middle = Words((i + 0.5) / len(lines), y, part, "middle", "ink-2")
            items.append(Words(1.0, y, part, "end", "ink-2", dx=_RIGHT - 2) if at_edge else middle)
    return items
