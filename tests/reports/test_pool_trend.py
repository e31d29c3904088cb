"""The pool's trend: earlier periods of the same length and ISO weeks, each only as far as it was observed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gpuledger.model.period import Period
from gpuledger.reports._pool.trend import slope
from tests.reports.ledgers import rows
from tests.reports.states import CLAIMED, HOUR, START, gpu, pool, report


def test_a_trend_has_its_uncertainty() -> None:
    found = slope([1, 2, 4, None, 5])
    assert found is not None
    known = slope([1, 2, 4, 3, 5])
    assert known is not None
    assert (known.change, known.margin) == (pytest.approx(0.9), pytest.approx(0.8009, abs=1e-3))
    assert known.is_sure
    assert slope([1, None, 4]) is None


def test_the_trend_compares_periods_observed_well_enough(tmp_path: Path) -> None:
    hours = [hour for hour in range(24 * 6) if not 24 * 2 <= hour < 24 * 2 + 12]
    states = [
        row for hour in hours for row in gpu("a", "G0", [hour], **(CLAIMED if hour % 24 < 4 * (hour // 24) else {}))
    ]
    period = Period(START + 120 * HOUR, START + 144 * HOUR)
    found = rows(report(pool(tmp_path, states), period=period, weeks=0), "trend-by-class")["totals"]
    assert found["now"] == pytest.approx(20 / 24)
    assert found["periods"] == 5
    assert found["change"] == pytest.approx(4 / 24)
    assert found["verdict"] == "up"


def test_weeks_are_those_of_the_zone_and_count_what_was_observed(tmp_path: Path) -> None:
    states = gpu("a", "G0", range(24 * 7 * 2), **CLAIMED)
    end = datetime(2026, 6, 29, 5, tzinfo=UTC)
    period = Period(end - 24 * HOUR, end, "America/Chicago", "last")
    found = rows(report(pool(tmp_path, states), period=period, now=end), "by-week")
    assert {week: (row["primary"], row["allocated_ratio"]) for week, row in found.items()} == {
        "2026-W26": (24 * 7 - 5, 1), "2026-W25": (24 * 7, 1), "2026-W24": (5, None),
    }  # fmt: skip
