"""What is known of the real logs comes out of them."""

from collections import Counter
from pathlib import Path

from tests.sources.condor_log.reading import Reading, at, read


def log(shared_data: Path, start: str, zone: str | None = "America/Chicago") -> Reading:
    return read(next((shared_data / "dagman_experiment").glob(f"{start}*")), zone)


def test_evictions_of_the_ospool_by_code(shared_data: Path) -> None:
    reading = log(shared_data, "97da0868")
    codes = Counter((event["code"], event["subcode"]) for event in reading.events if event["event_kind"] == "evict")
    assert (codes[1013, 0], codes[21, 102]) == (42, 17)
    over = [row for row in reading.attempts if (row["end_code"], row["end_subcode"]) == (21, 102)]
    assert all(row["used_memory_bytes"] > row["requested_memory_bytes"] for row in over)


def test_stalled_transfers_of_dagmans_log_are_attempts_of_their_host(shared_data: Path) -> None:
    rows = [row for row in log(shared_data, "be7194dd").attempts if row["job_id"] == "12650945.0"]
    places = [(row["end_code"], row["site"], row["host_names"]) for row in rows]
    assert places == [(1007, "ospool", ["spark-agpu225.chtc.wisc.edu"])] * 5 + [(None, "ospool", ["gpu03"])]


def test_an_eviction_that_was_torn_still_ends_its_attempt(shared_data: Path) -> None:
    reading = log(shared_data, "97da0868")
    torn = [
        row
        for row in reading.attempts
        if row["job_id"] == "14799300.0" and row["ended_at"] == at("2026-05-15T16:37:55")
    ]
    assert [(row["state"], row["end_code"], row["end_subcode"]) for row in torn] == [("preempted", 9, 122)]
    assert [(problem.line, problem.input_rows) for problem in reading.problems] == [(3097, 0)]


def test_bytes_are_of_the_attempt_and_never_of_the_cluster(shared_data: Path) -> None:
    last = [row for row in log(shared_data, "97da0868").attempts if row["job_id"] == "14655618.0"][-1]
    assert (last["sent_bytes"], last["exit_code"]) == (18106943059, 0)
    assert last["used_cpu_seconds"] == (86400 + 47 * 60 + 28) + (3600 + 4 * 60 + 34)


def test_the_zone_is_told_by_the_log_itself(shared_data: Path) -> None:
    reading = log(shared_data, "49fe038a", None)
    assert "UTC-05:00" in reading.remarks[0]
    assert max(row["ended_at"] for row in reading.attempts) == at("2025-04-18T06:02:24")


def test_workflows_without_gpus_hold_none(shared_data: Path) -> None:
    paths = sorted((shared_data / "dagman_misc").glob("lsst*nodes.log"))
    rows = [row for path in paths for row in read(path).attempts]
    assert rows
    assert all(row["gpu_count"] in (None, 0) for row in rows)
    assert {row["state"] for row in rows} >= {"completed", "failed"}
