"""The same value, the same text: the page's formatters and scales against Python's."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest

from gpuledger.model.period import Period
from gpuledger.render import format as ours
from gpuledger.render.figure.axes import Scale, TimeScale, range_ticks, tick_texts, time_ticks, value_ticks
from gpuledger.render.figure.labels import spread
from gpuledger.render.theme import theme
from gpuledger.render.viewer.bundle import bundle
from tests.render import samples

pytestmark = pytest.mark.browser
UNITS = (*theme()["number"]["units"], "CPU-h", "")
EDGES = (
    0, 1, -1, 0.5, 2.5, -2.5, 0.05, 0.0004, 99.95, 99.949, 100, 999.5, 1000, 1e6, 1e13, 0.999, 0.9995, 0.9999, 0.99999999,
    1.00000001, 1.0004, -0.001, 59.6, 3599.6, 172_799.7, 172_800, 1023.99, 1024, 1e-7, 1.005, 2.675, 0.125, 1e15, 1.5e-9,
)  # fmt: skip
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


@pytest.fixture(scope="module")
def script(chromium: Any) -> Iterator[Any]:
    """The page's modules of words and numbers in an empty page."""
    folder = files("gpuledger.render.viewer") / "static" / "js"
    modules = {name: (folder / f"{name}.js").read_text("utf-8") for name in ("theme", "zone", "format", "place")}
    modules["tokens"] = f"export const tokens = {json.dumps(theme())};\n"
    page = chromium.new_page()
    page.goto("about:blank")
    page.add_script_tag(
        content=bundle(modules).replace("const module_", "globalThis.module_")
        + "globalThis.format = module_format; globalThis.place = module_place; globalThis.zone = module_zone;"
    )
    yield page
    page.close()


def values() -> list[float]:
    rng = random.Random(5)
    drawn = [rng.uniform(-1, 1) * 10 ** rng.randint(-6, 14) for _ in range(400)]
    return [*EDGES, *drawn, *(round(value, 2) for value in drawn[:100])]


def test_numbers_are_the_same_text_in_both(script: Any) -> None:
    cases = [
        (value, unit, digits, suffix)
        for unit in UNITS
        for value in values()
        for digits in (None, 0, 1, 2)
        for suffix in (True, False)
    ]
    told = "text => JSON.stringify(JSON.parse(text).map(([v, u, d, s]) => format.number(v, u, d, s)))"
    theirs = json.loads(script.evaluate(told, json.dumps(cases)))  # as one text: so many values one by one take long
    mine = [ours.number(value, unit, digits, suffix=suffix) for value, unit, digits, suffix in cases]
    assert len(cases) > 50_000
    assert [(case, a, b) for case, a, b in zip(cases, mine, theirs, strict=True) if a != b] == []


def test_columns_have_the_same_decimals_and_finest_units(script: Any) -> None:
    rng = random.Random(7)
    cases = [
        ([rng.uniform(-1, 1) * 10 ** rng.randint(-3, 7) for _ in range(rng.randint(0, 5))] + [None], unit)
        for unit in UNITS
        for _ in range(100)
    ]
    theirs = script.evaluate(
        "cases => cases.map(([v, u]) => [format.columnDigits(v, u), format.columnFinest(v, u)])", cases
    )
    mine = [[ours.column_digits(column, unit), ours.column_finest(column, unit)] for column, unit in cases]
    assert [(case, a, b) for case, a, b in zip(cases, mine, theirs, strict=True) if a != b] == []


def test_lengths_of_time_are_the_same(script: Any) -> None:
    rng = random.Random(9)
    cases = [
        (second, finest)
        for second in [*EDGES, *(rng.uniform(-1, 1) * 10 ** rng.randint(0, 8) for _ in range(2000))]
        for finest in (None, 60, 3600)
    ]
    theirs = script.evaluate("cases => cases.map(([v, f]) => format.duration(v, f))", cases)
    mine = [ours.duration(second, finest) for second, finest in cases]
    assert [(case, a, b) for case, a, b in zip(cases, mine, theirs, strict=True) if a != b] == []


@pytest.mark.parametrize("zone", ZONES)
def test_instants_and_periods_are_the_same_in_every_zone(script: Any, zone: str) -> None:
    rng = random.Random(11)
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(525_600)) for _ in range(300)]
    texts = [moment.isoformat() for moment in moments]
    theirs = script.evaluate(
        "([texts, zone_]) => texts.map(t => zone.stamp(Date.parse(t), zone_, true))", [texts, zone]
    )
    assert theirs == [ours.stamp(moment, zone, year=True) for moment in moments]
    periods = [Period(a, a + timedelta(hours=rng.randrange(1, 2000)), zone) for a in moments[:100]]
    spoken = [{"start": one.start.isoformat(), "end": one.end.isoformat()} for one in periods]
    theirs = script.evaluate("([periods, zone_]) => periods.map(p => zone.span(p, zone_))", [spoken, zone])
    assert theirs == [ours.span(one, zone) for one in periods]


@pytest.mark.parametrize("zone", ZONES)
def test_ticks_of_time_stand_at_the_same_moments(script: Any, zone: str) -> None:
    rng = random.Random(13)
    cases = []
    for _ in range(60):
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=5 * rng.randrange(90_000))
        cases.append(
            (
                start,
                start + timedelta(minutes=rng.choice((90, 700, 5000, 43_200, 200_000))),
                rng.choice((300, 700, 1200)),
            )
        )
    asked = [[a.isoformat(), b.isoformat(), width] for a, b, width in cases]
    theirs = script.evaluate(
        "([asked, zone_]) => asked.map(([a, b, w]) => zone.timeTicks(Date.parse(a), Date.parse(b), w, zone_, 64).map(t => t.text))",
        [asked, zone],
    )
    mine = [[text for _, text in time_ticks(TimeScale(a, b), zone, width)] for a, b, width in cases]
    assert [(case, a, b) for case, a, b in zip(asked, mine, theirs, strict=True) if a != b] == []


def test_ticks_of_amounts_and_labels_stand_at_the_same_places(script: Any) -> None:
    rng = random.Random(17)
    tops = [(10 ** rng.uniform(-3, 7), unit) for unit in ("gpu", "count", "second", "ratio", "gib") for _ in range(60)]
    theirs = script.evaluate(
        "tops => tops.map(([t, u]) => { const v = place.valueTicks(t, u); return [v, place.tickTexts(v, u)]; })", tops
    )
    mine = [[value_ticks(top, unit), tick_texts(value_ticks(top, unit), unit)] for top, unit in tops]
    assert [(case, a, b) for case, a, b in zip(tops, mine, theirs, strict=True) if a[1] != b[1]] == []
    ranges = [(low := rng.uniform(0.1, 50), low * rng.uniform(2, 900), rng.random() < 0.5) for _ in range(100)]
    theirs = script.evaluate("ranges => ranges.map(([a, b, l]) => place.rangeTicks(a, b, 'second', l))", ranges)
    assert [[round(v, 6) for v in each] for each in theirs] == [
        [round(v, 6) for v in range_ticks(Scale(low, high, is_log), "second")] for low, high, is_log in ranges
    ]
    wanted = [sorted(rng.uniform(0, 300) for _ in range(rng.randint(1, 14))) for _ in range(200)]
    theirs = script.evaluate("wanted => wanted.map(w => place.spread(w, 15, 0, 300))", wanted)
    mine_spread = [[round(v, 6) for v in spread(each, 15, 0, 300)] for each in wanted]
    assert [[round(v, 6) for v in each] for each in theirs] == mine_spread


def test_hidden_letters_are_written_out_the_same(script: Any) -> None:
    texts = [*samples.HOSTILE, "a\u200db", "\u00a0x", "\u2028", "\ufeff", "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"), "\x7f\x9f"]  # fmt: skip
    assert script.evaluate("texts => texts.map(t => format.visible(t))", texts) == [
        ours.visible(text) for text in texts
    ]


def test_units_stand_beside_what_does_not_say_them(script: Any) -> None:
    cases = [
        ("CPU-hours", "hours"),
        ("Memory in use", "GiB"),
        ("GPU-hours", "GPU-h"),
        ("Cost", "$"),
        ("Share", "%"),
        ("Größe", "größe"),
    ]
    theirs = script.evaluate("cases => cases.map(([l, u]) => format.unitBeside(l, u))", cases)
    assert theirs == [ours.unit_beside(label, unit) for label, unit in cases]
