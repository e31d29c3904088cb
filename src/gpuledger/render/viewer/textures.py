"""The hatches of theme.json as CSS backgrounds: a swatch, a bar and a lane's key look like the lane itself."""

from functools import cache
from typing import Any

from gpuledger.render.theme import theme


@cache
def textures() -> str:
    """A class per paint (`.p-c0`, `.p-others`, `.p-state-idle`) that fills an element, with its outline."""
    ranks = [f"c{rank}" for rank in range(len(theme()["modes"]["light"]["categorical"]))]
    plain = "".join(_rule(paint, f"var(--{paint})") for paint in ranks)
    states = "".join(_state(key, spec["texture"]) for key, spec in theme()["states"].items())
    others = _rule("others", f"{_diagonal('others-line', 5)},var(--others)")
    gap = _rule("gap", f"{_diagonal('gap', 6)},var(--surface)", line="line-strong")
    return f"{plain}{others}{gap}{states}\n"


def _rule(paint: str, background: str, line: str = "") -> str:
    return f".p-{paint}{{background:{background};border-color:var(--{line or f'{paint}-line'})}}\n"


def _state(key: str, texture: str) -> str:
    paint = f"state-{key.replace('_', '-')}"
    ink, spec = f"{paint}-texture", theme()["textures"][texture]
    if not spec:
        return _rule(paint, f"var(--{paint})")
    if "sum" in spec:
        return _rule(paint, f"{_diagonal(ink, 6)},var(--{paint})")
    return _rule(paint, f"{_tile(ink, spec)},var(--{paint})")


def _tile(ink: str, spec: dict[str, Any]) -> str:
    """Ink where both coordinates, modulo their step, are below their bound: the upper left corner of a tile."""
    (width, wide), (height, high) = spec.get("x", (4, 4)), spec.get("y", (4, 4))
    return f"conic-gradient(at {wide}px {high}px,transparent 75%,var(--{ink}) 0) 0 0/{width}px {height}px"


def _diagonal(ink: str, step: int) -> str:
    return f"repeating-linear-gradient(135deg,var(--{ink}) 0 1.2px,transparent 1.2px {step - 1}px)"
