"""Numbers, lengths of time and instants are printed by VISUAL.md section 5."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuledger.model.period import Period
from gpuledger.render.format import (
    SPACE,
    cell,
    column_digits,
    column_finest,
    day,
    duration,
    machine,
    number,
    span,
    stamp,
    unit_beside,
    unit_word,
    visible,
)
from gpuledger.render.names import without_domain
from gpuledger.render.theme import theme

TABLE = """
count     0 → 0 | 1 → 1 | 0.4 → <1 | 0.5 → 1 | 1.5 → 2 | 2.5 → 3 | 999 → 999 | 1000 → 1,000 | 29197 → 29,197 | 1e6 → 1,000,000 | -3 → −3 | -2.5 → −3 | -0.2 → −<1 | 1234567890123 → 1,234,567,890,123
gpu       0 → 0 | 0.04 → <0.1 | 0.05 → 0.1 | 0.15 → 0.2 | 0.25 → 0.3 | 1 → 1.0 | 40.94 → 40.9 | 40.95 → 41.0 | 62 → 62.0 | 999.94 → 999.9 | 1000 → 1,000 | 1234.5 → 1,235 | -0.05 → −0.1 | -1.25 → −1.3
hour      0 → 0 h | 0.004 → <0.01 h | 0.005 → 0.01 h | 1.234 → 1.23 h | 1.235 → 1.24 h | 9.99 → 9.99 h | 10 → 10.0 h | 12.34 → 12.3 h | 99.94 → 99.9 h | 100 → 100 h | 100.5 → 101 h | 314251 → 314,251 h
gpu_hour  0 → 0 GPU-h | 0.001 → <0.01 GPU-h | 0.5 → 0.50 GPU-h | 3.14159 → 3.14 GPU-h | 57.25 → 57.3 GPU-h | 29197.2 → 29,197 GPU-h | 100 → 100 GPU-h | 6472.5 → 6,473 GPU-h
ratio     0 → 0 % | 0.0004 → <0.1 % | 0.0005 → 0.1 % | 0.001 → 0.1 % | 0.0345 → 3.5 % | 0.222 → 22.2 % | 0.639 → 63.9 % | 0.9989 → 99.9 % | 0.9994 → 99.9 % | 0.9995 → 99.9 % | 0.99999 → 99.9 % | 1 → 100 % | 1.000001 → >100 % | 1.004 → >100 % | 1.005 → 101 % | 1.2 → 120 % | 2.5 → 250 % | 12.5 → 1,250 %
point     0 → 0 pp | 0.041 → +4.1 pp | -0.027 → −2.7 pp | 0.0004 → <0.1 pp | -0.0004 → −<0.1 pp | 0.5 → +50.0 pp | -1 → −100.0 pp
celsius   0 → 0 °C | 86.5 → 87 °C | 87 → 87 °C | -12.5 → −13 °C | 0.2 → <1 °C
watt      0 → 0 W | 9.94 → 9.9 W | 0.04 → <0.1 W | 10 → 10 W | 699.5 → 700 W | 1234 → 1,234 W
byte      0 → 0 B | 1 → 1.00 B | 512 → 512 B | 1023 → 1,023 B | 1024 → 1.00 KiB | 1536 → 1.50 KiB | 10240 → 10.0 KiB | 1048576 → 1.00 MiB | 85899345920 → 80.0 GiB | 1e12 → 931 GiB | 1.5e15 → 1.33 PiB | 1e18 → 888 PiB | 1e21 → 888,178 PiB | -2048 → −2.00 KiB
gib       0 → 0 GiB | 0.004 → <0.01 GiB | 1.5 → 1.50 GiB | 64 → 64.0 GiB | 5380 → 5,380 GiB
second    0 → 0 s | 0.2 → <1 s | 0.5 → 1 s | 1 → 1 s | 59.4 → 59 s | 59.5 → 1 min | 60 → 1 min | 119 → 1 min | 1260 → 21 min | 3599 → 59 min | 3600 → 1 h | 3660 → 1 h 01 min | 7199 → 1 h 59 min | 135000 → 37 h 30 min | 86400 → 24 h | 172740 → 47 h 59 min | 172800 → 2 d | 176400 → 2 d 1 h | 367200 → 4 d 6 h | 1e8 → 1,157 d 9 h | -60 → −1 min
money     0 → $0 | 0.004 → <$0.01 | 0.005 → $0.01 | 12.5 → $12.50 | 999.994 → $999.99 | 1000 → $1,000 | 1234.5 → $1,235 | -12.5 → −$12.50 | -0.001 → −<$0.01
"""

CASES = [
    (row.split()[0], *(part.strip() for part in case.split("→")))
    for row in TABLE.strip().splitlines()
    for case in row.split(maxsplit=1)[1].split("|")
]
UNITS = sorted(theme()["number"]["units"])


@pytest.mark.parametrize(("unit", "value", "text"), CASES)
def test_each_unit_prints_as_the_table_says(unit: str, value: str, text: str) -> None:
    assert number(float(value), unit).replace(SPACE, " ") == text


def test_a_missing_or_impossible_number_is_a_dash_never_zero() -> None:
    assert [number(value, unit) for value in (None, math.nan, math.inf) for unit in UNITS] == ["–"] * (3 * len(UNITS))


@given(
    st.floats(0, 1e15),
    st.floats(0, 1e15),
    st.sampled_from([u for u in UNITS if u not in ("byte", "second")]),
    st.integers(0, 3),
)
def test_a_greater_value_never_prints_smaller(a: float, b: float, unit: str, digits: int) -> None:
    low, high = sorted((a, b))
    assert _read(number(low, unit, digits)) <= _read(number(high, unit, digits))


def _read(text: str) -> Decimal:
    """A printed number back: a bound reads as just beside what it bounds."""
    body = "".join(c for c in text if c.isdigit() or c in ".−").replace("−", "-")
    beside = Decimal("-0.00001") if "<" in text else Decimal("0.00001") if ">" in text else Decimal(0)
    return Decimal(body) + beside


@given(st.floats(0, 2, exclude_min=True))
def test_a_ratio_is_zero_or_a_hundred_only_when_it_is(value: float) -> None:
    for digits in (None, 0, 1, 2):
        text = number(value, "ratio", digits, suffix=False)
        assert text not in ("0", "0.0", "0.00")
        assert (text in ("100", "100.0", "100.00")) == (value == 1)


@given(st.floats(1e-9, 1e15), st.sampled_from(UNITS))
def test_something_never_prints_as_nothing_and_keeps_its_sign(value: float, unit: str) -> None:
    assert any(c in "123456789" for c in number(value, unit))
    assert "−" in number(-value, unit)
    assert "−" not in number(value, unit)


@given(st.lists(st.floats(0, 1e7), min_size=1), st.sampled_from(["gpu", "hour", "gpu_hour", "ratio", "gib", "money"]))
def test_a_column_has_one_count_of_decimals(values: list[float], unit: str) -> None:
    digits = column_digits(values, unit)
    assert {len(number(v, unit, digits, suffix=False).partition(".")[2]) for v in values} == {digits}


def test_the_decimals_of_a_column_are_those_of_its_largest_value() -> None:
    assert column_digits([0.5, None, 6472.0], "gpu_hour") == 0
    assert column_digits([0.5, 12.0], "gpu_hour") == 1
    assert column_digits([0.222, 0.06], "ratio") == 1
    assert column_digits([None], "gpu") == 1
    assert column_digits([60.0], "second") is None


def test_the_times_of_a_column_end_in_one_unit_chosen_by_the_longest() -> None:
    def told(*seconds: float) -> list[str]:
        finest = column_finest(seconds, "second")
        return [cell(value, "second", "UTC", finest=finest).replace(SPACE, " ") for value in seconds]

    assert told(169_440.0, 216_000.0, 11.0, 3600.0, 86_400.0) == ["1 d 23 h", "2 d 12 h", "11 s", "1 h", "1 d 0 h"]
    assert told(169_440.0, 3600.0, 1260.0, 0.0) == ["47 h 04 min", "1 h 00 min", "21 min", "0 s"]
    assert told(1260.0, 11.0) == ["21 min", "11 s"]
    assert column_finest([5000.0], "gpu_hour") is None


@given(st.lists(st.floats(0, 1e9), min_size=2))
def test_a_longer_time_of_a_column_never_prints_shorter(values: list[float]) -> None:
    finest = column_finest(values, "second")
    shown = [_seconds(duration(value, finest)) for value in sorted(values)]
    assert shown == sorted(shown)


@pytest.mark.parametrize(
    ("label", "unit", "beside"),
    [
        ("CPU-hours", "hours", ""),
        ("Memory GiB-hours", "hours", ""),
        ("GPU-hours", "GPU-h", ""),
        ("Idle GPU-hours", "GPU-hours", ""),
        ("Memory in use, GiB", "GiB", ""),
        ("CPU-hours", "GPU-hours", "GPU-hours"),
        ("Success ratio", "%", "%"),
        ("Held", "hours", "hours"),
        ("Jobs", "", ""),
    ],
)
def test_a_unit_that_the_label_says_is_not_said_again(label: str, unit: str, beside: str) -> None:
    assert unit_beside(label, unit) == beside


def test_a_huge_or_tiny_number_is_still_printed() -> None:
    assert number(1e300, "count").startswith("1,000,000,000")
    assert number(5e-324, "gpu_hour", suffix=False) == "<0.01"


@given(st.floats(0, 1e10), st.floats(0, 1e10))
def test_a_longer_time_never_prints_shorter(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert _seconds(duration(low)) <= _seconds(duration(high))


def _seconds(text: str) -> float:
    if text.startswith("<"):
        return 0.5
    parts = text.replace(SPACE, " ").replace(",", "").split()
    return sum(
        float(n) * {"s": 1, "min": 60, "h": 3600, "d": 86_400}[u] for n, u in zip(parts[::2], parts[1::2], strict=True)
    )


def test_instants_are_said_in_the_display_zone() -> None:
    moment = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert stamp(moment, "UTC") == "1 Nov 05:30"
    assert stamp(moment, "America/Chicago", year=True) == "1 Nov 2026 00:30"
    assert day(date(2026, 11, 1), year=True) == "1 Nov 2026"


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ((2026, 5, 1), (2026, 6, 1), "1 May – 31 May 2026 UTC"),
        ((2026, 5, 1), (2026, 5, 2), "1 May 2026 UTC"),
        ((2025, 12, 1), (2026, 2, 1), "1 Dec 2025 – 31 Jan 2026 UTC"),
        ((2026, 10, 17, 14), (2026, 11, 16, 14), "17 Oct 14:00 – 16 Nov 2026 14:00 UTC"),
    ],
)
def test_a_period_of_whole_days_is_said_by_its_days(start: tuple[int, ...], end: tuple[int, ...], said: str) -> None:
    period = Period(datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))  # type: ignore[arg-type,misc]
    assert span(period, "UTC") == said


def test_a_cell_prints_by_its_type() -> None:
    assert cell(True, "text", "UTC") == "yes"
    assert cell(None, "text", "UTC") == "–"
    assert cell("", "text", "UTC") == ""
    assert cell(3, "count", "UTC") == "3"
    assert cell(0.5, "ratio", "UTC") == f"50.0{SPACE}%"
    assert cell(5.0, "gpu_hour", "UTC") == "5.00"
    assert cell(date(2026, 3, 29), "date", "UTC") == "29 Mar 2026"


def test_a_program_reads_full_precision_and_utc() -> None:
    assert machine(0.1 + 0.2) == "0.30000000000000004"
    assert machine(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00Z"
    assert machine(None) == machine(math.nan) == ""
    assert machine(True) == "true"


def test_units_stand_once_beside_the_title() -> None:
    assert (unit_word("gib"), unit_word("count"), unit_word("second"), unit_word("GPUs")) == ("GiB", "", "", "GPUs")


@given(st.text())
def test_no_character_that_acts_is_left_in_a_text(text: str) -> None:
    assert all(c.isprintable() or c in "\u202f\u00a0\u200c\u200d" for c in visible(text))
    assert visible(visible(text)) == visible(text)


def test_controls_and_direction_marks_are_written_out() -> None:
    assert visible("\x1b[31m\u202ea\n\udc80") == "\\x1b[31m\\u202ea\\n\\udc80"


def test_hosts_of_one_domain_are_named_without_it_and_it_is_said() -> None:
    hosts = ("gpu1.pool.example.edu", "gpu2.pool.example.edu / GPU 3", "gpu2.pool.example.edu · 8 GPUs")
    assert without_domain(hosts) == (
        ("gpu1", "gpu2 / GPU 3", "gpu2 · 8 GPUs"),
        "Hosts are named without .pool.example.edu.",
    )


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("gpu1.pool.example.edu",),
        ("gpu1.pool.example.edu", "gpu1.lab.example.edu"),
        ("gpu1.pool.example.edu", "All 2 hosts"),
        ("ann@pool.example.edu", "bo@pool.example.edu"),
        ("a.b", "c.b"),
        ("1.5", "2.5"),
    ],
    ids=["none", "one", "two domains", "not a host", "users", "no domain", "numbers"],
)
def test_names_that_are_not_all_hosts_of_one_domain_stay_as_they_are(names: tuple[str, ...]) -> None:
    assert without_domain(names) == (names, "")
