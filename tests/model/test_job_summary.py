"""The layout of the attempts' CSV, and cells that come back as they were."""

import csv
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gpuledger.model.job_summary import EARLIER, EVENT_COLUMNS, GPU_COLUMNS, OWN, CellKind, cell, value
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, JOB_ATTEMPTS

MOMENT = datetime(2025, 11, 2, 7, 30, 1, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("run0-train_epoch0", "text"),
        ("=HYPERLINK(1)", "text"),
        ("'quoted", "text"),
        ('a,b\n"c"', "text"),
        (MOMENT, "instant"),
        (datetime(2025, 11, 2, 1, 30), "local"),
        (9_007_199_254_740_993, "whole"),
        (0.1 + 0.2, "number"),
        (26_493_789_161.0, "number"),
        (False, "flag"),
        (["gpu1.example.org", "a;b"], "texts"),
        ([{"gpu": "GPU-0058af55", "gpu_model": "NVIDIA L40S"}], "json"),
        (None, "text"),
    ],
)
def test_a_cell_is_read_as_it_was_written(told: Any, kind: CellKind) -> None:
    assert value(cell(told, kind), kind) == told


def test_an_instant_as_a_store_answers_it_is_utc_whatever_the_machines_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    naive = MOMENT.replace(tzinfo=None)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/Chicago")
        time.tzset()
        told = [cell(naive, "instant"), cell([{"time": naive}], "json")]
    time.tzset()
    assert told == ["2025-11-02T07:30:01.250000Z", '[{"time":"2025-11-02T07:30:01.250000Z"}]']


def test_a_formula_is_not_written_as_one() -> None:
    assert cell("=1+1", "text") == "'=1+1"


@pytest.mark.parametrize(
    ("text", "kind"),
    [("many", "number"), ("nan", "number"), ("1.5", "whole"), ("yes", "flag"), ("soon", "local"), ("{}", "json")],
)
def test_a_cell_that_is_not_of_its_kind_is_refused(text: str, kind: CellKind) -> None:
    with pytest.raises(ValueError, match="."):
        value(text, kind)


def test_no_header_comes_twice_and_every_canonical_column_exists() -> None:
    headers = [column.header for column in (*EARLIER, *OWN)]
    assert len(set(headers)) == len(headers)
    assert len(EARLIER) == 40
    assert {column.column for column in OWN} - {""} <= set(JOB_ATTEMPTS.column_names)
    assert set(GPU_COLUMNS) <= set(ATTEMPT_GPUS.column_names)
    assert set(EVENT_COLUMNS) <= set(ATTEMPT_EVENTS.column_names)


def test_the_earlier_columns_stand_in_the_earlier_tools_order(shared_data: Path) -> None:
    with (shared_data / "dagman_experiment" / "full.csv").open() as file:
        header = next(csv.reader(file))
    ours = [column.header for column in EARLIER]
    assert [name for name in ours if name in header] == header
