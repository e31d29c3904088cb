"""Two experiments differ by more than chance, or they do not."""

from pathlib import Path

import pytest

from gpuledger.reports._experiment.difference import of_medians, of_shares, tables
from tests.reports.experiments import failed, made, trial
from tests.reports.ledgers import ledger


def test_the_interval_of_two_shares_is_that_of_the_literature() -> None:
    """Newcombe 1998, table II, 56 of 70 against 48 of 80: 0.20, 0.0524 to 0.3339."""
    found = of_shares((48, 80), (56, 70))
    assert found
    assert (round(found.delta, 4), round(found.low, 4), round(found.high, 4)) == (0.2, 0.0524, 0.3339)
    assert found.verdict == "surely more"


def test_few_attempts_prove_nothing() -> None:
    found = of_shares((1, 3), (3, 3))
    assert found
    assert found.verdict == "may be chance"
    assert of_shares((0, 0), (3, 3)) is None
    few = {"count": 4, "median": 1.0, "q1": 0.5, "q3": 1.5}
    assert of_medians(few, few | {"count": 50}) is None


def test_medians_far_apart_differ_and_near_ones_may_be_chance() -> None:
    one = {"count": 50, "median": 3600.0, "q1": 3500.0, "q3": 3700.0}
    far, near = of_medians(one, one | {"median": 1800.0}), of_medians(one, one | {"median": 3610.0})
    assert far
    assert near
    assert (far.verdict, near.verdict) == ("surely less", "may be chance")


def test_two_reports_are_told_apart_by_site_and_in_all(tmp_path: Path) -> None:
    bad = made(ledger(tmp_path / "a", [*(failed(n) for n in range(20)), *(trial(50 + n) for n in range(20))]))
    good = made(ledger(tmp_path / "b", [trial(n, hours=4 + n / 100) for n in range(40)]))
    success, times = tables(bad, good, ("spring", "autumn"))
    rows = {row[0]: row for row in success.rows}
    assert rows["OSPool: attempts that succeeded"][1:4] == (0.5, 1.0, 0.5)
    assert rows["All: attempts that succeeded"][-1] == "surely more"
    assert times.rows[0][3] == pytest.approx(2 * 3600 + 0.195 * 3600)
    assert "more than chance" in success.finding


def test_that_nothing_can_be_compared_is_said_once(tmp_path: Path) -> None:
    few = made(ledger(tmp_path / "a", [trial(1)]))
    _, times = tables(few, few, ("spring", "autumn"))
    assert (times.rows, times.finding, times.empty) == ((), "", "Nothing that both tell can be compared.")
