"""What ran over an edge of the file's window is clipped, not dropped; states and moments that follow from it."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gpuledger.model.batch import Watermark
from tests.sources.jobs_csv.reading import COLUMNS, GOOD, HEADER, found
from tests.sources.jobs_csv.traces import NOW, TRACES, asked, loaded

SINCE, UNTIL = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
WINDOW = {"since": SINCE, "until": UNTIL}


def test_a_row_without_end_is_open_and_reported_by_its_file() -> None:
    (row,) = found(HEADER + "1,a,,2026-05-01 09:00:00,,1,running\n", window=WINDOW).rows
    assert (row["ended_at"], row["reported_by"], row["state"]) == (None, "file:0123", "running")
    assert row["observed_at"] == row["started_at"]
    assert found(HEADER + GOOD, window=WINDOW).rows[0]["reported_by"] is None


def test_a_stated_window_is_a_watermark_of_each_cluster() -> None:
    rows = HEADER + GOOD + GOOD.replace("1,ann", "2,bob")
    told = found(rows, window=WINDOW, columns=COLUMNS | {"cluster": "'c-' || user"})
    assert told.watermarks == [Watermark("c-ann", SINCE, UNTIL), Watermark("c-bob", SINCE, UNTIL)]
    assert found(rows).watermarks == []


def test_a_start_cut_off_counts_from_the_window_and_is_not_known() -> None:
    content = (
        HEADER + "1,a,,,2026-05-01 03:00:00,1,\n2,b,,2026-05-01 01:00:00,,1,\n3,c,2026-05-01 02:00:00,,,1,pending\n"
    )
    cut = found(content, window=WINDOW | {"has_cut_starts": True}).rows
    assert [(row["started_at"], row["is_start_known"], row["state"]) for row in cut] == [
        (SINCE, False, "other"), (SINCE.replace(hour=1), True, "running"), (None, None, "pending"),
    ]  # fmt: skip
    assert [row["started_at"] for row in found(content, window=WINDOW).rows] == [None, SINCE.replace(hour=1), None]


def test_rows_without_end_and_window_are_said() -> None:
    told = found(HEADER + "1,a,,2026-05-01 09:00:00,,1,running\n")
    assert told.remarks == [
        "rows without an end: 1; `window.until` is not told, so they count to what is known of them"
    ]


def test_a_duration_of_a_running_row_is_how_far_it_came() -> None:
    columns = {name: text for name, text in COLUMNS.items() if name != "ended_at"}
    content = "id,user,submit,start,gpus,state,took\n1,a,,2026-05-01 09:00:00,1,running,3600\n"
    (row,) = found(content, columns=columns, duration="took", window=WINDOW).rows
    assert (row["ended_at"], row["observed_at"].hour) == (None, 10)


def test_use_is_null_until_the_row_has_ended() -> None:
    columns = COLUMNS | {"gpu_busy_ratio": "0.5", "gpu_busy_source": "'site'", "energy_joules": "gpus"}
    rows = found(HEADER + GOOD + "2,a,,2026-05-01 09:00:00,,1,running\n", columns=columns, window=WINDOW).rows
    assert [(row["gpu_busy_ratio"], row["gpu_busy_source"], row["energy_joules"]) for row in rows] == [
        (0.5, "site", 2.0), (None, None, None),
    ]  # fmt: skip
    assert [row["usage_observed_at"] for row in rows] == [rows[0]["ended_at"], None]


def test_what_measured_nothing_is_not_told() -> None:
    rows = found(HEADER + GOOD, columns=COLUMNS | {"energy_joules": "5", "gpu_busy_source": "'site'"}).rows
    assert [(row["energy_joules"], row["gpu_busy_source"]) for row in rows] == [(5.0, None)]
    assert rows[0]["usage_observed_at"] == rows[0]["ended_at"]


@pytest.mark.parametrize(
    ("word", "state"),
    [("COMPLETED", "completed"), ("Node-Fail", "node_fail"), ("out of memory", "out_of_memory"), ("ok", "completed"), ("OK ", "completed"), ("weird", "other")],
)  # fmt: skip
def test_words_of_the_state_column(word: str, state: str) -> None:
    told = found(HEADER + GOOD.replace("completed", word), states={"ok": "completed"})
    assert (told.rows[0]["state"], told.rows[0]["state_raw"]) == (state, word)
    assert bool(told.remarks) == (state == "other")


def test_models_are_spelled_one_way_and_none_without_a_gpu() -> None:
    columns = COLUMNS | {"gpu_model": "user"}
    rows = found(
        HEADER + GOOD.replace("ann", "a100") + GOOD.replace("1,ann", "2,a100").replace(",2,c", ",0,c"), columns=columns
    ).rows
    assert [row["gpu_model"] for row in rows] == ["NVIDIA A100", None]


def test_a_trace_cut_out_of_a_service_is_clipped_to_its_window(shared_data: Path, tmp_path: Path) -> None:
    """Counted by hand from the file: instances of unknown start from second 0, of unknown end to day 31."""
    trace = TRACES["alibaba-2025"]
    file = shared_data / trace.folder / trace.file
    with file.open() as text:
        rows = [row for row in csv.DictReader(text) if float(row["gpu_request"])]
    bounds = [(float(row["scheduled_time"] or 0), float(row["deletion_time"] or 31 * 86400)) for row in rows]
    expected = (
        sum(float(row["gpu_request"]) * (end - start) for row, (start, end) in zip(rows, bounds, strict=True)) / 3600
    )
    with loaded(trace, tmp_path, [file]) as (ledger, _):
        from gpuledger.actions.query import query

        answer = query(ledger, ["gpu_hours", "gpu_attempts"], [], [], trace.period, NOW)
        whole = asked(ledger, trace, "gpu_hours")
    assert answer.value("gpu_hours") == pytest.approx(expected, rel=1e-9)
    assert answer.value("gpu_attempts") == len(rows)
    assert answer.value("gpu_hours") > 2 * whole.value("gpu_hours")
