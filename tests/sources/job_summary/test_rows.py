"""One row: what it says, what it proves wrong about itself, and what cannot be read."""

from datetime import UTC, datetime

import pytest

from gpuledger.model.errors import NoData, SourceError
from gpuledger.sources.job_summary import JobSummary
from tests.sources.job_summary.summaries import HEADERS, ROW, one, text, told


def test_a_row_of_the_newest_layout_fills_what_it_can() -> None:
    (row,) = told(one(), "America/Chicago").attempts
    assert row["attempt_id"] == f"ap#12713212.0#{int(datetime(2025, 11, 5, 15, 3, 12, tzinfo=UTC).timestamp())}"
    assert row["started_at"] == datetime(2025, 11, 5, 15, 10, tzinfo=UTC)
    assert (row["workflow_run"], row["workflow_step"], row["site"]) == ("0ee9fad9", "3", "aws")
    assert row["gpu_busy_ratio"] == pytest.approx(0.925)
    assert (row["sent_bytes"], row["received_bytes"]) == (27066479133.0, 511581144.0)
    assert row["used_cpu_seconds"] == pytest.approx(4.35 * 3600)
    assert row["gpu_memory_bytes"] == 45458 * 2**20
    assert row["transfer_in_seconds"] == 384


def test_only_the_first_gpu_is_described() -> None:
    (gpu,) = told(one()).tables["attempt_gpus"]
    assert (gpu["gpu"], gpu["capability"], gpu["cuda_version"]) == ("GPU-11fd246e", "8.9", "12.9")
    assert gpu["is_ecc_enabled"] is True


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [
        ("completed", "completed", None),
        ("checkpointed", "requeued", 85),
        ("failed", "failed", 1),
        ("evicted", "preempted", None),
        ("aborted", "removed", None),
        ("held", "held", None),
        ("released", "held", None),
        ("RESCUED", "other", None),
        ("", "other", None),
    ],
)
def test_final_status_says_no_more_than_it_knows(status: str, state: str, code: int | None) -> None:
    (row,) = told(one(Final_Status=status)).attempts
    assert (row["state"], row["state_raw"], row["exit_code"]) == (state, status, code)


def test_a_new_word_is_kept_and_named() -> None:
    answer = told(one(Final_Status="vanished"))
    assert (answer.attempts[0]["state"], answer.attempts[0]["state_raw"]) == ("other", "vanished")
    assert any("'vanished'" in sentence for sentence in answer.remarks)


def test_a_held_attempt_without_an_end_counts_no_time() -> None:
    (row,) = told(one(Final_Status="released", End_Time="", Held_Time="2025-11-05T20:00:00")).attempts
    assert row["ended_at"] is None
    assert row["observed_at"] == row["started_at"]
    assert row.get("reported_by") is None


def test_zero_bytes_of_a_job_that_never_terminated_are_not_known() -> None:
    cells = {"Total_Bytes_Sent": "0", "Total_Bytes_Received": "0"}
    assert told(one(Final_Status="evicted", **cells)).attempts[0]["sent_bytes"] is None
    assert told(one(Final_Status="completed", **cells)).attempts[0]["sent_bytes"] == 0


def test_bytes_beyond_what_a_double_counts_are_still_a_number() -> None:
    assert told(one(Total_Bytes_Received="5115811427066479133")).attempts[0]["sent_bytes"] == pytest.approx(
        5.1158e18, rel=1e-4
    )


def test_a_request_that_was_read_as_use_is_not_use() -> None:
    answer = told(one(GPU_Usage="2.0", GPU_Memory_Usage_MB=""))
    assert answer.attempts[0]["gpu_busy_ratio"] is None
    assert any("it is the request" in sentence for sentence in answer.remarks)


def test_memory_that_so_many_gpus_cannot_have_is_left_out() -> None:
    answer = told(one(GPU_Memory_MB="363664"))
    assert answer.attempts[0]["gpu_memory_bytes"] is None
    assert any("GPU Memory MB" in sentence for sentence in answer.remarks)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"HTCondor_Cluster_ID": ""}, "HTCondor Cluster ID is missing"),
        ({"HTCondor_Cluster_ID": "many"}, "HTCondor Cluster ID is not a whole number"),
        ({"HTCondor_Cluster_ID": "99999999999999999999"}, "HTCondor Cluster ID is not a whole number"),
        ({"Start_Time": "yesterday"}, "Start Time is not a time"),
        ({"End_Time": "2025-11-05T09:00:00"}, "End Time is before Start Time"),
        ({"Start_Time": "2025-03-09T02:30:00"}, "Start Time is in the hour the clock skipped in America/Chicago"),
    ],
)
def test_a_row_that_cannot_be_believed_is_a_problem_with_its_line(cells: dict[str, str], reason: str) -> None:
    answer = told(one(**cells), "America/Chicago")
    assert answer.attempts == []
    assert [(problem.line, problem.reason) for problem in answer.problems] == [(2, reason)]
    assert "run0-train_epoch3" in answer.problems[0].row


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"Number_of_GPUs": "two"}, "gpu_count", "Number of GPUs is not a number"),
        ({"Number_of_GPUs": "-2"}, "gpu_count", "Number of GPUs is negative"),
        ({"GPU_Memory_MB": "inf"}, "gpu_memory_bytes", "GPU Memory MB is not a number"),
        ({"Total_Bytes_Sent": "a lot"}, "received_bytes", "Total Bytes Sent is not a whole number"),
        ({"Transfer_Input_Start_Time": "noon"}, "transfer_in_seconds", "Transfer Input Start Time is not a time"),
        ({"CPU_Usage": "all"}, "used_cpu_seconds", "CPU Usage is not a number"),
    ],
)
def test_a_cell_that_cannot_be_read_is_left_out_and_its_attempt_kept(
    cells: dict[str, str], column: str, reason: str
) -> None:
    answer = told(one(**cells), "America/Chicago")
    (attempt,) = answer.attempts
    assert (attempt[column], attempt["state"], answer.input_rows) == (None, "completed", 1)
    assert [(problem.line, problem.reason, problem.input_rows) for problem in answer.problems] == [
        (2, f"{reason}; the cell was left out", 0)
    ]


@pytest.mark.parametrize("year", ["0001", "1677", "2262", "9999"])
@pytest.mark.parametrize("column", ["Submit_Time", "End_Time", "Transfer_Input_Start_Time", "Held_Time"])
def test_a_stamp_of_no_time_a_clock_has_shown_is_a_problem_with_its_line(column: str, year: str) -> None:
    answer = told(one(**{column: f"{year}-11-02T00:10:00"}), "America/Chicago")
    assert [problem.line for problem in answer.problems] == [2]
    assert "is not a time" in answer.problems[0].reason
    assert len(answer.attempts) == (column not in ("Submit_Time", "End_Time")), "what bounds no attempt is left out"


def test_a_line_of_another_width_is_a_problem_and_the_next_is_read() -> None:
    content = one() + b"run0,too,short\r\n" + one().split(b"\r\n", 1)[1]
    answer = told(content)
    assert [problem.line for problem in answer.problems] == [3]
    assert answer.input_rows == 2


def test_the_hour_that_occurs_twice_is_told_apart_by_order_or_taken_for_the_first_and_said() -> None:
    night = {
        "Submit_Time": "2025-11-02T00:10:00", "Transfer_Input_Start_Time": "2025-11-02T01:50:00",
        "Transfer_Input_End_Time": "2025-11-02T01:10:00", "Start_Time": "2025-11-02T01:12:00",
        "End_Time": "2025-11-02T03:00:00",
    }  # fmt: skip
    (row,) = told(one(**night), "America/Chicago").attempts
    assert row["started_at"] == datetime(2025, 11, 2, 7, 12, tzinfo=UTC)
    assert row["matched_at"] == datetime(2025, 11, 2, 6, 50, tzinfo=UTC)
    unclear = {**night, "Transfer_Input_Start_Time": "", "Transfer_Input_End_Time": ""}
    answer = told(one(**unclear), "America/Chicago")
    (row,) = answer.attempts
    assert row["started_at"] == datetime(2025, 11, 2, 6, 12, tzinfo=UTC)
    assert "In 1 rows a start or end is in the hour that occurs twice, and is taken for the first." in answer.remarks
    assert not answer.problems


@pytest.mark.parametrize("dropped", ["Targeted Resource", "Run UUID", "GPU Usage", "DAG Source", "Submit Time"])
def test_an_older_table_lacks_columns_and_is_read(dropped: str) -> None:
    answer = told(text([ROW], [name for name in HEADERS if name != dropped]))
    assert len(answer.attempts) == 1


def test_a_table_without_needed_columns_is_refused_by_name() -> None:
    with pytest.raises(SourceError, match=r"^job_summary\.csv has no column 'Final Status'"):
        told(text([ROW], [name for name in HEADERS if name != "Final Status"]))


def test_a_header_named_twice_is_refused() -> None:
    with pytest.raises(SourceError, match=r"^job_summary\.csv names 'Job Name' twice"):
        told(text([ROW], [*HEADERS, "Job Name"]))


def test_nothing_is_no_table() -> None:
    with pytest.raises(NoData):
        told(b"")


def test_only_the_header_tells_of_nothing_and_raises_nothing() -> None:
    assert told(text([], HEADERS)).input_rows == 0


def test_the_live_monitors_table_is_named_and_refused() -> None:
    with pytest.raises(SourceError, match="live monitor"):
        JobSummary().claims(b"Job Name,Status,DeviceName,GlobalMemoryMb,GlideinResource,Duration\n", "x.csv")


@pytest.mark.parametrize("head", [b"JobID|User|State\n1|ann|COMPLETED\n", b"\x00\x01", b"", b"id,user\n"])
def test_other_tables_are_not_claimed(head: bytes) -> None:
    assert JobSummary().claims(head, "x.csv") is None


def test_what_a_spreadsheet_saved_is_read_alike() -> None:
    """A byte order mark, other line ends, numbers with .0, words for nothing."""
    plain = told(one())
    changed = b"\xef\xbb\xbf" + one(HTCondor_Cluster_ID="12713212.0", Held_Time="NaT", Number_of_GPUs="2.0")
    assert told(changed.replace(b"\r\n", b"\n")).attempts == plain.attempts


@pytest.mark.parametrize("lines", [3, 5_000], ids=["a short rest", "a long rest"])
def test_a_quote_that_is_never_closed_is_told_and_what_stands_before_it_is_read(lines: int) -> None:
    row = one().split(b"\r\n", 1)[1]
    answer = told(one() + b'"' + row * lines)
    assert len(answer.attempts) >= 1
    assert (answer.problems[0].line, answer.problems[0].reason[:17]) == (3, "a quote is opened")


def test_an_execution_that_repeats_the_transfer_of_an_earlier_one_is_another_attempt() -> None:
    """The earlier tool writes the last transfer it saw before each start, also before a second start without one."""
    second = {**ROW, "Attempt Sequence": "2", "Start Time": "2025-11-05T12:00:00", "End Time": "2025-11-05T13:00:00"}
    first, later = told(text([ROW, second], HEADERS)).attempts
    assert first["attempt_id"] != later["attempt_id"]
    assert (later["matched_at"], later["transfer_in_seconds"]) == (None, None)


def test_two_attempts_of_one_moment_stay_two_and_a_row_twice_stays_one() -> None:
    rows = [ROW, {**ROW, "Attempt Sequence": "2"}, ROW]
    answer = told(text(rows, HEADERS))
    names = [row["attempt_id"] for row in answer.attempts]
    assert len(set(names)) == 2
    assert names[1] == f"{names[0]}+2"
    assert [gpu["attempt_id"] for gpu in answer.tables["attempt_gpus"]] == names
