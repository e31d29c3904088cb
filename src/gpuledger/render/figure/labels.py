"""Direct labels in the right margin: swatch, name and total at the height of the band they name."""

from collections.abc import Sequence
from dataclasses import dataclass

from gpuledger.render.figure.drawing import Cells, Item, Room, Stroke, Words, fit
from gpuledger.render.theme import theme

WIDTH = 150.0
GAP = float(theme()["chart"]["label_gap"])


@dataclass(frozen=True)
class Label:
    """A name to stand beside its band, whose middle lies at height `y`; `is_led` where there is a band to lead it to."""

    y: float
    name: str
    value: str
    paint: str
    is_led: bool = True


def side_labels(labels: Sequence[Label], place: tuple[float, float], head: str, room: Room) -> list[Item]:
    """The labels from bottom to top, apart by `GAP`, each led to its band by a hair line."""
    # Names that hold nothing in the last bin share one height: there the later rank stays on top, as in the stack.
    ordered = [label for _, label in sorted(enumerate(labels), key=lambda each: (each[1].y, -each[0]))]
    low = place[0] + (8 if head else 0)
    heights = spread([label.y for label in ordered], GAP, low, max(place[1], low + GAP * len(ordered)))
    items: list[Item] = []
    if head and labels:
        items.append(Words(WIDTH - 8, heights[0] - GAP, head, "end", "ink-3", place="right"))
    for label, y in zip(ordered, heights, strict=True):
        taken = room.measure(label.value, 11) + 7 if label.value else 0.0
        name = fit(label.name, 11, WIDTH - 37 - taken, room)
        if label.is_led:
            items.append(Stroke("line-strong", ((2, label.y), (9, y), (13, y)), 0.75, place="right"))
        items += [
            Cells(label.paint, ((15, 24, y - 4.5, y + 4.5),), is_outlined=True, place="right"),
            Words(29, y, name, full=label.name if name != label.name else "", place="right"),
            Words(WIDTH - 8, y, label.value, "end", "ink-2", place="right"),
        ]
    return items


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions nearest to `wanted` (ascending), `gap` apart, inside [low, high]: pooled, then clamped."""
    pools: list[tuple[float, int]] = []
    for want in wanted:
        pools.append((want, 1))
        while len(pools) > 1 and pools[-2][0] + gap * (pools[-2][1] + pools[-1][1]) / 2 > pools[-1][0]:
            (b, n), (a, m) = pools.pop(), pools.pop()
            pools.append(((a * m + b * n) / (m + n), m + n))
    out: list[float] = []
    for centre, count in pools:
        half = gap * (count - 1) / 2
        out += [min(max(centre, low + half), high - half) - half + gap * k for k in range(count)]
    return _apart(out, gap, high)


def _apart(places: list[float], gap: float, high: float) -> list[float]:
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + gap)
    if places and places[-1] > high:
        places[-1] = high
        for i in range(len(places) - 2, -1, -1):
            places[i] = min(places[i], places[i + 1] - gap)
    return places
