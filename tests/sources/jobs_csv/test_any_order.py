"""A file cut in two, in either order, and read twice, is the same ledger."""

from pathlib import Path
from typing import Any

import pytest

from gpuledger.config import Ledger
from gpuledger.model.schema import unbound
from gpuledger.model.tables import JOB_ATTEMPTS
from tests.sources.jobs_csv.traces import TRACES, Trace, asked, ingested, loaded

HASHED = ("cluster", "attempt_id", "job_id", "row_hash", "usage_hash", "partition_month")
TEXTS = [trace for trace in TRACES.values() if trace.name != "clustercockpit"]


def told(ledger: Ledger, trace: Trace) -> tuple[Any, ...]:
    """All rows as they are hashed, and what is asked most."""
    attempts = unbound(JOB_ATTEMPTS)
    rows = ledger.store.ask(attempts.select(*HASHED)).sort_by([("cluster", "ascending"), ("attempt_id", "ascending")])
    answer = asked(ledger, trace, "gpu_hours", "cpu_hours", "attempts", "peak_gpus", by=["queue"])
    numbers = [{key: round(v, 6) if isinstance(v, float) else v for key, v in row.items()} for row in answer.records()]
    return rows.to_pydict(), numbers  # a sum's last digits depend on the order of its parts


def halves(file: Path, folder: Path) -> tuple[Path, Path]:
    """The file cut in the middle, each half with the header."""
    header, *rows = file.read_bytes().splitlines(keepends=True)
    first, second = folder / "a.csv", folder / "b.csv"
    first.write_bytes(header + b"".join(rows[: len(rows) // 2]))
    second.write_bytes(header + b"".join(rows[len(rows) // 2 :]))
    return first, second


@pytest.mark.parametrize("trace", TEXTS, ids=lambda trace: trace.name)
def test_halves_in_either_order_and_twice_are_the_whole(trace: Trace, shared_data: Path, tmp_path: Path) -> None:
    whole = shared_data / trace.folder / trace.file
    first, second = halves(whole, tmp_path)
    with loaded(trace, tmp_path / "whole", [whole]) as (ledger, _):
        expected = told(ledger, trace)
    for number, order in enumerate([(first, second), (second, first), (first, second, first), (first, whole, second)]):
        with loaded(trace, tmp_path / str(number), order) as (ledger, _):
            assert told(ledger, trace) == expected, order


@pytest.mark.parametrize("trace", TRACES.values(), ids=lambda trace: trace.name)
def test_a_file_read_again_changes_nothing(trace: Trace, shared_data: Path, tmp_path: Path) -> None:
    whole = shared_data / trace.folder / trace.file
    again = tmp_path / f"again{whole.suffix}"
    again.write_bytes(whole.read_bytes() + (b"\n" if whole.suffix == ".csv" else b""))
    with loaded(trace, tmp_path / "ledger", [whole]) as (ledger, (first,)):
        expected = told(ledger, trace)
        for file in (whole, again):
            done = ingested(ledger, trace, file)
            assert done.rows_read == first.rows_read == done.accepted + done.unchanged
            assert told(ledger, trace) == expected
        assert trace.name.startswith("alibaba") or done.accepted == 0, "only open rows tell which file they are of"


def test_an_export_of_a_table_is_the_table(shared_data: Path, tmp_path: Path) -> None:
    trace = TRACES["clustercockpit"]
    folder = shared_data / trace.folder
    with loaded(trace, tmp_path, [folder / trace.file, folder / "job.csv"]) as (ledger, (first, second)):
        assert (first.accepted, second.accepted, second.unchanged) == (271, 0, 271)
        assert asked(ledger, trace, "attempts").value("attempts") == 271


def test_equal_rows_of_two_files_count_once(shared_data: Path, tmp_path: Path) -> None:
    """The limit of rows without ids, as documented: the same bytes cannot be told from the same jobs."""
    trace = TRACES["philly"]
    file = tmp_path / "twins.csv"
    file.write_text("timestamp,duration,num_gpus,gpu_time,cluster\n" + "2017-10-01 00:00:00,3600.0,2,7200.0,vc\n" * 2)
    first, second = halves(file, tmp_path)
    with loaded(trace, tmp_path / "whole", [file]) as (ledger, (done,)):
        assert asked(ledger, trace, "gpu_hours").value("gpu_hours") == 4
        assert any("equal an earlier row of this file: 1;" in remark for remark in done.remarks)
    with loaded(trace, tmp_path / "cut", [first, second]) as (ledger, _):
        assert asked(ledger, trace, "gpu_hours").value("gpu_hours") == 2
