"""store: a look at the ledger, and what is wrong with it."""

import json
from pathlib import Path

from tests.cli.accounting import ANN, BOB, accounting
from tests.cli.conftest import Run


def test_info_lists_every_table_with_its_size(led: Path, cli: Run) -> None:
    tables = {row["name"]: row for row in json.loads(cli("store", "info", "--json").out)}
    assert tables["job_attempts"]["rows"] == 2
    assert tables["runs"]["rows"] == 1
    assert "job_attempts" in cli("store", "info").out


def test_a_whole_ledger_passes_the_check(led: Path, cli: Run) -> None:
    ran = cli("store", "check")
    assert (ran.code, ran.out, ran.err) == (0, "", "The ledger is whole.\n")
    assert json.loads(cli("store", "check", "--json").out) == []


def test_a_lost_file_is_found_with_4_and_mended_from_raw(work: Path, cli: Run) -> None:
    cli("--ledger", "led", "ingest", accounting(work / "a.txt", ANN, BOB), "--zone", "UTC")
    next((work / "led" / "job_attempts").rglob("*.parquet")).unlink()
    found = cli("--ledger", "led", "store", "check")
    assert found.code == 4
    assert "--repair" in found.err
    assert cli("--ledger", "led", "store", "check", "--repair").code == 0
    assert cli("--ledger", "led", "query", "gpu_hours", "--month", "2026-05", "--csv").out == "gpu_hours\n5.0\n"


def test_compact_and_vacuum_say_what_they_did(work: Path, cli: Run) -> None:
    cli("--ledger", "led", "ingest", accounting(work / "a.txt", ANN), "--zone", "UTC")
    assert cli("--ledger", "led", "store", "compact").out.endswith("files were replaced by larger ones.\n")
    assert cli("--ledger", "led", "store", "vacuum").out.endswith("files were deleted.\n")


def test_a_ledger_that_is_not_there_is_told(cli: Run) -> None:
    for command in ("info", "check", "compact", "vacuum"):
        assert cli("--ledger", "nothing", "store", command).code == 3
