"""store: a look at the ledger, and what is wrong with it."""

import json
import time
from pathlib import Path

import pytest

from tests.cli.accounting import ANN, BAD, BOB, accounting
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


def test_refused_rows_are_listed_with_file_line_and_reason(work: Path, cli: Run) -> None:
    cli(
        "--ledger",
        "led",
        "ingest",
        accounting(work / "a.txt", ANN, BAD, BAD.replace("|c", "|\x1b[31m")),
        "--zone",
        "UTC",
    )
    told = json.loads(cli("--ledger", "led", "store", "problems", "--json").out)
    assert [(row["input_name"], row["line"]) for row in told] == [("a.txt", 3), ("a.txt", 4)]
    assert all(row["reason"] for row in told)
    assert told[0]["row"] == BAD
    assert told[1]["row"].endswith("|\\x1b[31m")
    assert "\x1b" not in cli("--ledger", "led", "store", "problems", "--csv").out


def test_refused_rows_tell_their_moment_in_utc_whatever_the_machines_zone(
    work: Path, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/Chicago")
    time.tzset()
    try:
        cli("--ledger", "led", "ingest", accounting(work / "a.txt", ANN, BAD), "--zone", "UTC")
        [told] = json.loads(cli("--ledger", "led", "store", "problems", "--json").out)
        [_, row] = cli("--ledger", "led", "store", "problems", "--csv").out.splitlines()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert told["time"].endswith("+00:00")
    assert row.partition(",")[0] == told["time"].replace("+00:00", "Z")


def test_the_newest_refused_rows_come_first_and_a_limit_is_told(work: Path, cli: Run) -> None:
    for name in ("a.txt", "b.txt"):
        cli("--ledger", "led", "ingest", accounting(work / name, ANN, BAD.replace("cyd", name)), "--zone", "UTC")
    ran = cli("--ledger", "led", "store", "problems", "--limit", "1")
    assert "b.txt" in ran.out
    assert "a.txt" not in ran.out
    assert "1 of 2 refused rows; --limit 2 shows all." in ran.err


def test_a_folder_around_a_ledger_is_answered_with_the_ledger(work: Path, cli: Run) -> None:
    cli("--ledger", "demo/ledger", "ingest", accounting(work / "a.txt", ANN), "--zone", "UTC")
    for command in (("query", "jobs"), ("report", "usage"), ("store", "info")):
        ran = cli("--ledger", "demo", *command)
        assert ran.code == 3
        assert "--ledger demo/ledger" in ran.err
