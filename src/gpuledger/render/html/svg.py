"""A drawing on the page: SVG that stretches sideways while its words and lines keep their size.

Three drawings stand side by side: left margin, plot, right margin. In the plot, geometry is drawn in a nested
drawing that stretches; words and dots are placed by percent. Paints are CSS variables, so the picture follows the
reader's mode. Everything from data goes through `Markup.format`, which escapes it.
"""

import base64
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from gpuledger.render.figure.drawing import Area, Cells, Dots, Drawing, Item, Lanes, Place, Point, Stroke, Words
from gpuledger.render.figure.lanes import lane_mask
from gpuledger.render.format import visible
from gpuledger.render.theme import OTHERS

_UNITS = 1000.0
"""Width of the stretched drawing in its own units."""
_WIDE = 200.0
"""Pixels of an optional margin from which it leaves on a tablet already."""
_TEXTURED = frozenset({"gap", "state-secondary", "state-owner", "state-drained", "state-prevented", "state-no-data"})


def fill(paint: str, *, is_swatch: bool = False) -> str:
    """A paint as an SVG fill; the rest of a ranking is hatched where nothing stretches it (a swatch, a bar)."""
    if paint in _TEXTURED or (is_swatch and paint == OTHERS):
        return f"url(#t-{paint})"
    return f"var(--{paint})"


def chart(drawing: Drawing, name: str) -> Markup:
    """The three parts of a drawn chart; `name` is the page's own for it, for what its parts refer to."""
    optional = (" optional" if drawing.is_optional_right else "") + (" wide" if drawing.right > _WIDE else "")
    return Markup("").join(
        (
            _margin(drawing, "left", drawing.left, "gutter"),
            Markup('<svg class="plot" height="{:g}">{}{}</svg>').format(
                drawing.height, _layers(drawing, name), _words(drawing, "plot")
            ),
            _margin(drawing, "right", drawing.right, f"gutter side{optional}"),
        )
    )


def _margin(drawing: Drawing, place: Place, width: float, kind: str) -> Markup:
    shift = width if place == "left" else 0.0
    marks = [
        _flat(item, shift)
        for item in drawing.items
        if not isinstance(item, Area | Dots | Lanes | Words) and item.place == place
    ]
    return Markup('<svg class="{}" width="{:g}" height="{:g}">{}{}</svg>').format(
        kind, width, drawing.height, Markup("").join(marks), _words(drawing, place, shift)
    )


def _layers(drawing: Drawing, name: str) -> Markup:
    """The plot's geometry in painting order: stretched runs, with percent-placed marks between them."""
    parts: list[Markup] = []
    run: list[Markup] = []
    for item in drawing.items:
        if isinstance(item, Words) or getattr(item, "place", "plot") != "plot":
            continue
        if isinstance(item, Lanes):
            parts += [*_stretched(run, drawing.height), _masked(item, drawing.height, f"l-{name}-{len(parts)}")]
            run = []
        elif isinstance(item, Area) and (item.paint == OTHERS or item.paint in _TEXTURED):
            parts += [*_stretched(run, drawing.height), _hatched(item, drawing.height, f"o-{name}-{len(parts)}")]
            run = []
        elif isinstance(item, Dots) or (isinstance(item, Cells) and (item.paint in _TEXTURED or item.least)):
            parts += [*_stretched(run, drawing.height), _percent(item)]
            run = []
        else:
            run.append(_mark(item))
    return Markup("").join([*parts, *_stretched(run, drawing.height)])


def _stretched(marks: Sequence[Markup], height: float) -> list[Markup]:
    if not marks:
        return []
    frame = '<svg width="100%" height="{0:g}" viewBox="0 0 1000 {0:g}" preserveAspectRatio="none">{1}</svg>'
    return [Markup(frame).format(height, Markup("").join(marks))]


def _hatched(item: Area, height: float, name: str) -> Markup:
    """An area cut out of a hatched ground: the outline stretches with the plot, the hatch does not."""
    path = "".join(_outline(points) for points in item.outlines)
    faint = Markup(' opacity="{:g}"').format(item.opacity) if item.opacity < 1 else ""
    clip = (
        '<clipPath id="{0}" clipPathUnits="objectBoundingBox"><path transform="scale({1:.7f} {2:.7f})" d="{3}"/></clipPath>'
        '<rect width="100%" height="{4:g}" fill="{5}" clip-path="url(#{0})"{6}/>'
    )
    ground = fill(item.paint, is_swatch=True)
    return Markup(clip).format(name, 1 / _UNITS, 1 / height, path, height, ground, faint)


def _masked(item: Lanes, height: float, name: str) -> Markup:
    """Lanes as one small picture that says where they run; their colour and texture stay those of the reader's mode."""
    source = base64.b64encode(lane_mask(item, round(height))).decode()
    lanes = (
        '<mask id="{0}" maskUnits="userSpaceOnUse" x="0" y="0" width="100%" height="{1:g}"><image class="lanes" width="100%" height="{1:g}" '
        'preserveAspectRatio="none" href="data:image/png;base64,{2}"/></mask>'
        '<rect width="100%" height="{1:g}" fill="{3}" mask="url(#{0})"/>'
    )
    return Markup(lanes).format(name, height, source, fill(item.paint))


def _mark(item: Item) -> Markup:
    match item:
        case Area():
            path = "".join(_outline(points) for points in item.outlines)
            faint = Markup(' opacity="{:g}"').format(item.opacity) if item.opacity < 1 else ""
            return Markup('<path fill="{}" d="{}"{}/>').format(fill(item.paint), path, faint)
        case Cells():
            return _boxes(item)
        case Stroke():
            return _stroke(item, [(x * _UNITS, y) for x, y in item.points])
        case _:
            raise TypeError(f"{type(item).__name__} is placed by percent, not stretched.")


def _boxes(item: Cells) -> Markup:
    path = "".join(
        f"M{_n(x0 * _UNITS)} {_n(y0)}H{_n(x1 * _UNITS)}V{_n(y1)}H{_n(x0 * _UNITS)}Z" for x0, x1, y0, y1 in item.boxes
    )
    edge = Markup(' stroke="var(--{}-line)" class="edge"').format(item.paint) if item.is_outlined else ""
    return Markup('<path fill="{}" d="{}"{}/>').format(fill(item.paint), path, edge)


def _outline(points: Iterable[Point]) -> str:
    """A closed outline; level and upright pieces, which steps are made of, take the short form."""
    parts, last = [], None
    for x, y in ((_n(x * _UNITS), _n(y)) for x, y in points):
        if last is None:
            parts.append(f"M{x} {y}")
        elif (x, y) != last:
            parts.append(f"V{y}" if x == last[0] else f"H{x}" if y == last[1] else f"L{x} {y}")
        last = (x, y)
    return "".join(parts) + "Z"


def _stroke(item: Stroke, points: Sequence[Point]) -> Markup:
    path = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
    halo = Markup('<path class="line" stroke="var(--surface)" stroke-width="{:g}" d="{}"/>').format(item.halo, path)
    dash = Markup(' stroke-dasharray="6 4"') if item.is_dashed else ""
    line = Markup('<path class="line" stroke="var(--{})" stroke-width="{:g}" d="{}"{}/>')
    return (halo if item.halo else Markup("")) + line.format(item.paint, item.width, path, dash)


def _percent(item: Item) -> Markup:
    match item:
        case Dots():
            edge = Markup(' stroke="var(--ink)"') if item.is_outlined else ""
            dots = (
                Markup('<circle cx="{}%" cy="{}" r="{:g}"/>').format(_n(x * 100), _n(y), item.radius)
                for x, y in item.points
            )
            return Markup('<g fill="var(--{})" opacity="{:g}"{}>{}</g>').format(
                item.paint, item.opacity, edge, Markup("").join(dots)
            )
        case Cells():
            return Markup("").join(_percent_box(item, *box) for box in item.boxes)
        case _:
            raise TypeError(f"{type(item).__name__} is stretched, not placed by percent.")


def _percent_box(item: Cells, x0: float, x1: float, y0: float, y1: float) -> Markup:
    edge = Markup(' stroke="var(--{}-line)"').format(item.paint) if item.is_outlined else ""
    box = Markup('<rect x="{:.3f}%" y="{}" width="{:.3f}%" height="{}" fill="{}"{}/>').format(
        x0 * 100, _n(y0), (x1 - x0) * 100, _n(y1 - y0), fill(item.paint), edge
    )
    if not item.least:
        return box
    # A short interval on a narrow screen would vanish: a thin one stands below it.
    thin = Markup('<rect x="{:.3f}%" y="{}" width="{:g}" height="{}" fill="{}"/>')
    return thin.format(x0 * 100, _n(y0), item.least, _n(y1 - y0), fill(item.paint)) + box


def _flat(item: Cells | Stroke, shift: float) -> Markup:
    if isinstance(item, Stroke):
        return _stroke(item, [(x + shift, y) for x, y in item.points])
    boxes = (
        Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}" stroke="var(--{}-line)"/>').format(
            _n(x0 + shift), _n(y0), _n(x1 - x0), _n(y1 - y0), fill(item.paint, is_swatch=True), item.paint
        )
        for x0, x1, y0, y1 in item.boxes
    )
    return Markup("").join(boxes)


def _words(drawing: Drawing, place: Place, shift: float = 0.0) -> Markup:
    words = (item for item in drawing.items if isinstance(item, Words) and item.place == place)
    return Markup("").join(_text(item, place, shift) for item in words)


def _text(item: Words, place: Place, shift: float) -> Markup:
    x = f"{_n(item.x * 100)}%" if place == "plot" else _n(item.x + shift)
    names = [f"w-{item.paint}", *(["big"] if item.size > 11 else []), *(["strong"] if item.is_bold else [])]
    names += [*(["ground"] if item.has_ground else []), *([f"tier-{item.tier}"] if item.tier else [])]
    full = Markup("<title>{}</title>").format(visible(item.full)) if item.full else ""
    anchor = Markup(' text-anchor="{}"').format(item.align) if item.align != "start" else ""
    offset = Markup(' dx="{:g}"').format(item.dx) if item.dx else ""
    text = '<text x="{}" y="{}" dy=".35em" class="{}"{}{}>{}{}</text>'
    return Markup(text).format(x, _n(item.y), " ".join(names), anchor, offset, visible(item.text), full)


def _n(value: float) -> str:
    """A coordinate with one decimal, as short as it can be."""
    return f"{value:.1f}".removesuffix(".0")
