"""The colours hold what VISUAL.md sections 2 and 9 promise: contrast, and distance for every eye."""

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from colorspacious import cspace_convert

from gpuledger.render.theme import MODES, OTHERS, Colours, Mode, on_step, palette, theme

GROUNDS = ("page", "surface", "raised")
TEXTS = ("ink", "ink-2", "ink-3")
EYES = {"deuteranomaly": (14.5, 13.4), "protanomaly": (14.8, 13.4), "tritanomaly": (13.0, 11.7)}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", MODES)
def test_every_text_is_readable_on_every_ground(mode: Mode) -> None:
    colours = palette(mode)
    pairs = [(text, ground) for text in TEXTS for ground in GROUNDS]
    pairs += [
        ("accent", "surface"),
        ("accent", "page"),
        ("on-accent", "accent"),
        ("ok", "surface"),
        ("critical", "surface"),
    ]
    for level in theme()["severity"]:
        pairs += [(level, f"{level}-tint"), (level, "surface")]
    assert {
        pair: contrast(colours[pair[0]], colours[pair[1]])
        for pair in pairs
        if contrast(colours[pair[0]], colours[pair[1]]) < 4.5
    } == {}


@pytest.mark.parametrize("mode", MODES)
def test_every_outline_and_limit_stands_out_from_its_ground(mode: Mode) -> None:
    """Names and controls stand on surfaces only (five of the light outlines have 2.9 on the page); banners on the page."""
    colours = palette(mode)
    pairs = [(f"c{rank}-line", "surface") for rank in range(12)]
    pairs += [
        ("others-line", "surface"),
        ("control", "surface"),
        ("focus", "surface"),
        ("focus", "page"),
        ("ink", "surface"),
    ]
    pairs += [(f"{level}-edge", "page") for level in theme()["severity"]]
    weak = {pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 3}
    assert weak == set()


def distances(hexes: list[str], eye: str | None) -> Any:
    rgb = np.array([[int(h[i : i + 2], 16) / 255 for i in (1, 3, 5)] for h in hexes])
    if eye:
        space = {"name": "sRGB1+CVD", "cvd_type": eye, "severity": 100}
        rgb = np.clip(cspace_convert(rgb, space, "sRGB1"), 0, 1)
    points = cspace_convert(rgb, "sRGB1", "CAM02-UCS")
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


@pytest.mark.parametrize("mode", MODES)
def test_any_two_names_differ_for_every_eye(mode: Mode) -> None:
    ranks = [palette(mode)[f"c{rank}"] for rank in range(12)]
    least = {eye: min(distances(ranks, eye)[i, j] for i, j in combinations(range(12), 2)) for eye in EYES}
    index = MODES.index(mode)
    assert {eye: d for eye, d in least.items() if d < EYES[eye][index]} == {}
    assert min(distances(ranks, None)[i, j] for i, j in combinations(range(12), 2)) >= (24.3, 22.3)[index]


@pytest.mark.parametrize("mode", MODES)
def test_neighbours_in_a_stack_differ_most(mode: Mode) -> None:
    ranks = [palette(mode)[f"c{rank}"] for rank in range(12)]
    for eye in (None, *EYES):
        apart = distances(ranks, eye)
        assert min(apart[i, j] for i, j in pairwise(range(12))) >= (18 if eye is None else 15.5)


@pytest.mark.parametrize("mode", MODES)
def test_states_of_one_colour_family_are_told_apart_by_texture(mode: Mode) -> None:
    order = theme()["state_order"]
    fills = [palette(mode)[f"state-{key.replace('_', '-')}"] for key in order]
    for eye in EYES:
        apart = distances(fills, eye)
        close = {(order[i], order[j]) for i, j in combinations(range(len(order)), 2) if apart[i, j] < 14.2}
        assert all(theme()["states"][a]["texture"] != theme()["states"][b]["texture"] for a, b in close)


def test_a_name_has_one_colour_and_the_thirteenth_is_one_of_the_others() -> None:
    names = [f"user{n}" for n in range(200)]
    colours = Colours({"user": names})
    assert [colours.paint("user", name) for name in names[:13]] == [*(f"c{n}" for n in range(12)), OTHERS]
    assert len({colours.paint("user", name) for name in names}) == 13
    assert colours.paint("user", "stranger") == colours.paint("site", "user0") == OTHERS


def test_both_modes_know_the_same_paints() -> None:
    assert palette("light").keys() == palette("dark").keys()


@pytest.mark.parametrize("mode", MODES)
def test_amounts_can_be_read_on_every_step_of_their_scale(mode: Mode) -> None:
    """On two of the steps neither ink nor surface can be, in both modes."""
    colours, steps = palette(mode), range(len(theme()["modes"][mode]["sequential"]))
    poor = {step: contrast(colours[f"seq-{step}"], colours[on_step(step)]) for step in steps}
    assert {step: found for step, found in poor.items() if found < 4.5} == {}
