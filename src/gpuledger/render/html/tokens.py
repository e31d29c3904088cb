"""theme.json as CSS custom properties of both modes, and its textures as SVG patterns."""

from functools import cache

from markupsafe import Markup

from gpuledger.render.theme import MODES, palette, theme


@cache
def css() -> str:
    """Custom properties: sizes, then light, then dark by the system's wish or the reader's choice."""
    light, dark = (
        ";".join([f"color-scheme:{mode}", *(f"--{k}:{v}" for k, v in palette(mode).items())]) for mode in MODES
    )
    levels = "".join(
        f".{key}{{--text:var(--{key});--tint:var(--{key}-tint);--edge:var(--{key}-edge)}}"
        for key in theme()["severity"]
    )
    return (
        f":root{{{_sizes()}}}\n:root{{{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-mode=light]){{{dark}}}}}\n"
        f"@media screen{{:root[data-mode=dark]{{{dark}}}}}\n{levels}\n"
    )


def _sizes() -> str:
    font, space = theme()["font"], theme()["space"]
    sizes = [f"--text-{key}:{pixels}px" for key, pixels in font["size"].items()]
    return ";".join([f"--font:{font['web']}", f"--radius:{space['radius']}px", *sizes])


@cache
def textures() -> Markup:
    """A pattern per hatched paint: the gap, the rest of a ranking, the states of a GPU."""
    hatched = [_diagonal("gap", "surface", "gap", 6), _diagonal("others", "others", "others-line", 5)]
    states = [_state(key, state["texture"]) for key, state in theme()["states"].items() if state["texture"] != "solid"]
    return Markup("\n").join([*hatched, *states])


def _diagonal(name: str, ground: str, ink: str, step: int) -> Markup:
    return Markup(
        '<pattern id="t-{0}" width="{3}" height="{3}" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="{3}" height="{3}" fill="var(--{1})"/><rect width="1.2" height="{3}" fill="var(--{2})"/></pattern>'
    ).format(name, ground, ink, step)


def _state(key: str, texture: str) -> Markup:
    paint, spec = f"state-{key.replace('_', '-')}", theme()["textures"][texture]
    if "sum" in spec:
        return _diagonal(paint, paint, f"{paint}-texture", 5)
    (width, ink_width), (height, ink_height) = spec.get("x", (8, 8)), spec.get("y", (8, 8))
    return Markup(
        '<pattern id="t-{0}" width="{1}" height="{2}" patternUnits="userSpaceOnUse"><rect width="{1}" height="{2}" '
        'fill="var(--{0})"/><rect width="{3}" height="{4}" fill="var(--{0}-texture)"/></pattern>'
    ).format(paint, width, height, ink_width, ink_height)
