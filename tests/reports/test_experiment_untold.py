"""Attempts of which nothing tells how they ended: neither good nor lost, and in no ratio."""

from pathlib import Path
from typing import Any

import pytest

from gpuledger.model.document import Document
from gpuledger.reports._experiment import difference
from tests.reports.experiments import failed, made, trial
from tests.reports.ledgers import card, ledger, rows
from tests.reports.test_experiment import note


def untold(number: int, **said: Any) -> dict[str, Any]:
    """Over, with nothing but its times."""
    return trial(number, **{"state": "other", "exit_code": None, **said})


@pytest.fixture(scope="module")
def nothing_told(tmp_path_factory: pytest.TempPathFactory) -> Document:
    return made(ledger(tmp_path_factory.mktemp("untold"), [untold(n, begin=n) for n in range(1, 6)]))


def test_where_no_outcome_is_told_nothing_is_called_lost_or_failed(nothing_told: Document) -> None:
    for id_ in ("epochs", "node-success", "attempt-success"):
        assert card(nothing_told, id_).value is None, id_
    assert card(nothing_told, "wall-hours").value == pytest.approx(10)
    time = rows(nothing_told, "time-by-site")["totals"]
    assert (time["good_wall"], time["lost_wall"], time["good_ratio"]) == (None, None, None)
    assert (time["lost_gpu"], time["untold_wall"]) == (None, pytest.approx(10))
    assert rows(nothing_told, "success-by-site")["OSPool"]["succeeded"] is None
    assert "lost" not in nothing_told.finding
    assert nothing_told.finding.startswith("No attempt tells how it ended, of 5: what succeeded is not known.")


def test_no_rule_calls_it_well_where_no_outcome_is_told(nothing_told: Document) -> None:
    said = note(nothing_told, "no-advice")
    assert said
    assert said.level == "info"
    assert "of 5 of 5 attempts nobody knows how it ended" in said.sentence
    warned = note(nothing_told, "outcome-not-told")
    assert warned
    assert warned.level == "warning"


def test_shares_are_of_what_is_told_and_the_rest_is_said(tmp_path: Path) -> None:
    document = made(ledger(tmp_path, [trial(1), failed(2), trial(3), untold(4, gpu_count=2.0)]))
    assert card(document, "attempt-success").value == pytest.approx(2 / 3)
    assert card(document, "node-success").value == pytest.approx(2 / 3)
    time = rows(document, "time-by-site")["totals"]
    assert [time[key] for key in ("good_wall", "lost_wall", "untold_wall", "good_ratio")] == pytest.approx(
        [4, 2, 2, 2 / 3]
    )
    added = note(document, "parts-add-up")
    assert added
    assert added.level == "ok"
    assert "2.00 h without an outcome told = 8.00 wall hours" in added.sentence
    assert set(rows(document, "lost-by-cause")) == {"exit code 1", "totals"}


def test_a_node_that_succeeded_is_known_whatever_else_is_not(tmp_path: Path) -> None:
    document = made(ledger(tmp_path, [untold(1, node="n1"), trial(2, "n1", begin=5), untold(3, node="n2")]))
    assert card(document, "node-success").value == 1
    assert card(document, "node-success").reason == "1 of 1"
    assert "nodes-without-success" not in {table.id for table in document.tables}


def test_a_comparison_is_of_what_is_told(tmp_path: Path, nothing_told: Document) -> None:
    told = made(ledger(tmp_path, [trial(1), trial(2), untold(3)]))
    first, _ = difference.tables(told, told, ("a", "b"))
    assert {row[1] for row in first.rows} == {1.0}
    against, _ = difference.tables(nothing_told, told, ("a", "b"))
    assert against.rows == ()
