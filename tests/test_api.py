"""The Python API gives what the command line gives."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import gpuledger
from gpuledger.ledger import OpenLedger
from gpuledger.model.errors import NoData, SourceError, UsageError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEADER = (
    "JobIDRaw|JobID|Cluster|User|Account|Partition|State|Submit|Start|End|ElapsedRaw|AllocTRES|ExitCode|NCPUS|JobName"
)
ROWS = (
    "1|1|hpg|ann|physics|gpu|COMPLETED|2026-05-10T00:00:00|2026-05-10T00:00:00|2026-05-10T02:00:00|7200|cpu=8,gres/gpu=2|0:0|8|a",
    "2|2|hpg|bob|bio|gpu|FAILED|2026-05-11T00:00:00|2026-05-11T00:00:00|2026-05-11T01:00:00|3600|cpu=4,gres/gpu=1|1:0|4|b",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("api")
    (folder / "sacct.txt").write_text("\n".join([HEADER, *ROWS]) + "\n")
    return folder


@pytest.fixture(scope="module")
def ledger(folder: Path) -> Iterator[OpenLedger]:
    with gpuledger.open(folder / "ledger", now=NOW) as opened:
        [done] = opened.ingest(folder / "sacct.txt", source="slurm", zone="UTC")
        assert (done.rows_read, done.accepted, done.problems) == (2, 2, 0)
        yield opened


def test_an_answer_is_rows_totals_and_a_data_frame(ledger: OpenLedger) -> None:
    answer = ledger.ask("gpu_hours", by="user", last="30d")
    assert answer.totals == {"gpu_hours": 5.0}
    frame = answer.to_pandas()
    assert list(frame.columns) == ["user", "gpu_hours"]
    assert dict(zip(frame["user"], frame["gpu_hours"], strict=True)) == {"ann": 4.0, "bob": 1.0}


def test_a_period_is_said_as_on_the_command_line(ledger: OpenLedger) -> None:
    assert ledger.ask("gpu_hours", day="2026-05-10").totals == {"gpu_hours": 4.0}
    assert ledger.ask("gpu_hours", start="2026-05-11", end="2026-05-12").totals == {"gpu_hours": 1.0}
    with pytest.raises(UsageError, match="One period at a time"):
        ledger.ask("gpu_hours", day="2026-05-10", month="2026-05")


def test_filters_are_written_as_on_the_command_line(ledger: OpenLedger) -> None:
    assert ledger.ask("gpu_hours", where="user!=ann", month="2026-05").totals == {"gpu_hours": 1.0}
    assert ledger.ask("gpu_hours", where=["user=ann", "queue=gpu"], month="2026-05").totals == {"gpu_hours": 4.0}


def test_a_report_is_a_document_whose_tables_are_data_frames(ledger: OpenLedger) -> None:
    document = ledger.report("usage", month="2026-05", by="account")
    assert document.period.start == datetime(2026, 5, 1, tzinfo=UTC)
    assert document.parameters["by"] == "account"
    by_account = next(table for table in document.tables if "account" in table.id)
    frame = by_account.to_pandas()
    assert frame["gpu_hours"].sum() == 5.0


def test_what_is_wrong_is_an_error_with_one_sentence(ledger: OpenLedger, folder: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'gpu_hours'"):
        ledger.ask("gpu_hour")
    with pytest.raises(UsageError, match="no parameter 'bye'; did you mean 'by'"):
        ledger.report("usage", bye="user")
    with pytest.raises(UsageError, match="no report 'usge'; did you mean 'usage'"):
        ledger.report("usge")
    with pytest.raises(SourceError, match="does not exist"):
        ledger.ingest(folder / "nothing.txt")
    with pytest.raises(NoData, match="no data in 2020"):
        ledger.ask("gpu_hours", year="2020")
    with pytest.raises(TypeError, match="does not know month_"):
        ledger.ask("gpu_hours", month_="2026-05")


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, gpuledger; print([m for m in ('pyarrow', 'pydantic', 'ibis', 'pandas') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
