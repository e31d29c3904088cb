"""A file that breaks off: its rows stay, the run is partial, and the exit code says that it is not the whole."""

from pathlib import Path

from gpuledger.config import Settings, open_ledger
from gpuledger.model.tables import RUNS, SNAPSHOTS
from tests.cli.accounting import ANN, BOB, accounting
from tests.cli.conftest import Run


def test_a_file_cut_in_its_last_line_exits_with_3_and_keeps_what_came_before(work: Path, cli: Run) -> None:
    file = Path(accounting(work / "cut.txt", ANN, BOB))
    file.write_bytes(file.read_bytes()[:-40])
    for options in (("--dry-run",), (), ("--replay",), ()):
        ran = cli("--ledger", "led", "ingest", "slurm", str(file), "--zone", "UTC", "--cluster", "hpg", *options)
        assert ran.code == 3
        assert "2 rows read = " in ran.out
        assert "The input breaks off in line 3; get the whole file." in ran.err
    with open_ledger(Settings.model_validate({"ledger": str(work / "led")})) as ledger:
        runs = ledger.store.matching(RUNS, cluster="hpg").to_pylist()
        marks = ledger.store.matching(SNAPSHOTS, cluster="hpg").to_pylist()
    assert {run["result"] for run in runs} == {"partial"}
    assert [mark["status"] for mark in marks] == ["partial"]
    assert cli("--ledger", "led", "query", "gpu_hours", "--month", "2026-05").code == 0
    assert cli("--ledger", "led", "store", "check").code == 0
