"""theme.json as values: the only place colours, sizes and signs come from.

A *paint* is the key of a colour in both modes: a token of the interface ("ink", "grid"), a rank ("c0" to "c11",
"others"), a state ("state-drained"), a step of the amounts ("seq-0" to "seq-8").
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Mode = Literal["light", "dark"]
MODES: tuple[Mode, ...] = ("light", "dark")
OTHERS, PART, MEASURE = "others", "part", "measure"
"""The paint of the rest of a ranking; the dimension whose names are states of theme.json; that of amounts without names."""


@cache
def theme() -> Mapping[str, Any]:
    """The tokens, as written."""
    text = (files("gpuledger.render") / "theme.json").read_text("utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


@cache
def palette(mode: Mode) -> Mapping[str, str]:
    """Paint → hex colour; a paint's outline is under `<paint>-line`, a state's texture under `<paint>-texture`."""
    tokens = theme()["modes"][mode]
    paints: dict[str, str] = {key.replace("_", "-"): value for key, value in tokens["ui"].items()}
    for rank, colour in enumerate(tokens["categorical"]):
        paints |= {f"c{rank}": colour["fill"], f"c{rank}-line": colour["line"]}
    paints |= {OTHERS: tokens["others"]["fill"], "others-line": tokens["others"]["line"]}
    for key, state in tokens["states"].items():
        name = f"state-{key.replace('_', '-')}"
        paints |= {name: state["fill"], f"{name}-line": state["texture"], f"{name}-texture": state["texture"]}
    for key, level in tokens["severity"].items():
        paints |= {key: level["text"], f"{key}-tint": level["tint"], f"{key}-edge": level["edge"]}
    for step, colour in enumerate(tokens["sequential"]):
        paints |= {f"seq-{step}": colour, f"seq-{step}-line": colour}
    ink, surface = paints["ink"], paints["surface"]
    middle = {"light": (ink, "#000000"), "dark": ("#FFFFFF", surface)}[mode]  # there neither can be read in both modes
    return paints | dict(zip(_GROUNDS, (ink, *middle, surface), strict=True))


_GROUNDS = ("on-light", "on-middle", "on-upper-middle", "on-dark")


def on_step(step: int) -> str:
    """The paint of words on a step of the amounts, 4.5:1 or more in both modes."""
    half = len(theme()["modes"]["light"]["sequential"]) // 2
    return _GROUNDS[min(max(step - half + 1, 0), 3)]


def state_paint(state: str) -> str:
    """A state's paint; one that the theme does not know is hatched like missing data."""
    return f"state-{state.replace('_', '-')}" if state in theme()["states"] else "state-no-data"


def state_label(state: str) -> str:
    """A state in words ("Primary job"); one that the theme does not know is its own name."""
    known = theme()["states"].get(state)
    return str(known["label"]) if known else state


@cache
def _parts() -> Mapping[str, str]:
    """A state's paint by its key and by its words, so that a table's names match the bands of a figure."""
    states = theme()["states"].items()
    return {name: state_paint(key) for key, state in states for name in (key, state["label"])}


def state_word(state: str) -> str:
    """A state in one word beside a number ("secondary 13.9 %")."""
    return state.replace("_", " ")


class Colours:
    """Which paint a name has: its rank in the dimension; past the twelfth, or unknown, it is one of the others."""

    def __init__(self, ranks: Mapping[str, Iterable[str]]) -> None:
        most = int(theme()["others"]["max_names"])
        self._rank = {
            dimension: {name: rank for rank, name in enumerate(names) if rank < most and name}
            for dimension, names in ranks.items()
        }

    def paint(self, dimension: str | None, name: str | None) -> str:
        """The paint of `name`, the same in every figure and table of the document; not known is one of the others."""
        if dimension == PART:
            return _parts().get(name or "", OTHERS)
        rank = self._rank.get(dimension or "", {}).get(name or "")
        return OTHERS if rank is None else f"c{rank}"

    @property
    def plain(self) -> str:
        """The paint of an amount that is of no name: the first, or what the document keeps free for it."""
        return f"c{self._rank.get(MEASURE, {}).get(MEASURE, 0)}"

    def has(self, dimension: str | None) -> bool:
        """Whether names of this dimension carry colours at all."""
        return dimension == PART or bool(self._rank.get(dimension or ""))
