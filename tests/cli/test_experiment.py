"""`gpuledger experiment` as a researcher types it: from logs to a table, figures and a comparison."""

import csv
import hashlib
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpuledger.cli.experiment import repeated
from gpuledger.demo.experiment import write_experiment
from gpuledger.model.errors import UsageError
from gpuledger.model.job_summary import EARLIER, OWN
from gpuledger.model.sites import DEFAULT
from tests.cli.conftest import Run

ZONE = ("--zone", "America/Chicago")


@pytest.fixture
def here(work: Path) -> Path:
    """A folder as DAGMan leaves it: train.dag, its dagman.out, metl.log."""
    write_experiment(work)
    return work


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def sections(folder: Path) -> list[Any]:
    """A report without what tells of its reading."""
    document = json.loads((folder / "experiment.json").read_text())
    return [document["finding"], *(part for part in document["sections"] if part["id"] != "quality")]


def test_a_table_is_made_of_what_lies_in_the_folder(here: Path, cli: Run) -> None:
    made = cli("experiment", "csv", *ZONE)
    assert made.code == 0, made.err
    told = rows(here / "job_summary.csv")
    assert made.out == f"job_summary.csv: {len(told)} attempts.\n"
    assert list(told[0]) == [column.header for column in (*EARLIER, *OWN)]
    assert sum(int(row["Epochs Completed"]) for row in told) == 16
    assert {row["Run UUID"] for row in told if row["Job Name"].startswith("run0")} == {told[0]["Run UUID"]}


def test_days_and_months_are_those_of_the_zone_that_is_said(here: Path, cli: Run) -> None:
    cli("experiment", "csv", *ZONE)
    said = (("their", ZONE), ("shown", (*ZONE, "--month", "2026-03")), ("none", ()))
    for name, options in said:
        assert cli("experiment", "report", *options, "-o", name, "--format", "json,text").code == 0
    their, shown, none = (json.loads((here / name / "experiment.json").read_text()) for name, _ in said)
    assert [one["display_zone"] for one in (their, shown, none)] == ["America/Chicago", "America/Chicago", "UTC"]
    assert shown["period"]["start"] == "2026-03-01T06:00:00Z"
    assert "times in America/Chicago" in " ".join((here / "their" / "experiment.txt").read_text().split())


def test_a_zone_said_for_display_is_the_one_shown(here: Path, cli: Run) -> None:
    given = (
        "--display-zone",
        "Asia/Tokyo",
        "experiment",
        "report",
        "--metl-logs",
        "metl.log",
        *ZONE,
        "--format",
        "json",
    )
    assert cli(*given).code == 0
    assert json.loads((here / "reports" / "experiment.json").read_text())["display_zone"] == "Asia/Tokyo"


def test_only_executed_attempts_are_the_rows_of_the_earlier_tool(here: Path, cli: Run) -> None:
    cli("experiment", "csv", *ZONE, "-o", "all.csv")
    cli("experiment", "csv", *ZONE, "--executed-only", "-o", "ran.csv")
    every, ran = rows(here / "all.csv"), rows(here / "ran.csv")
    assert len(ran) < len(every)
    assert len(ran) == sum(row["Executed"] == "True" for row in every)
    of_job: dict[str, list[int]] = {}
    for row in ran:
        of_job.setdefault(row["HTCondor Cluster ID"], []).append(int(row["Attempt Sequence"]))
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in of_job.values())


def test_the_report_from_the_table_is_that_from_the_logs(here: Path, cli: Run) -> None:
    cli("experiment", "csv", *ZONE)
    logs = cli("experiment", "report", "--metl-logs", "metl.log", *ZONE, "-o", "from_logs", "--format", "json")
    table = cli("experiment", "report", *ZONE, "-o", "from_table", "--format", "json")
    assert (logs.code, table.code) == (0, 0), logs.err + table.err
    assert sections(here / "from_logs") == sections(here / "from_table")


def test_the_report_is_figures_page_workbook_and_text(here: Path, cli: Run) -> None:
    cli("experiment", "csv", *ZONE)
    assert cli("experiment", "report", "--site", "aws").code == 0
    made = {path.suffix for path in (here / "reports").iterdir()}
    assert made >= {".png", ".txt", ".html", ".xlsx", ".json", ".csv"}
    assert "where site=aws" in (here / "reports" / "experiment.txt").read_text()


def test_the_same_files_give_the_same_bytes_and_are_named_with_their_hashes(here: Path, cli: Run) -> None:
    given = (
        "experiment",
        "report",
        "--metl-logs",
        "metl.log",
        *ZONE,
        "--format",
        "text,html,xlsx,json,csv,parquet",
    )
    made = []
    for name in ("one", "two"):
        assert cli(*given, "-o", name).code == 0
        made.append({path.name: path.read_bytes() for path in (here / name).iterdir()})
    assert [name for name in made[0] if made[0][name] != made[1].get(name)] == []
    assert made[0].keys() == made[1].keys()
    inputs = {row["input_name"]: row["input_sha256"] for row in rows(here / "one" / "runs.csv")}
    assert inputs["metl.log"] == hashlib.sha256((here / "metl.log").read_bytes()).hexdigest()
    assert "train.dag" in inputs


def test_a_ledger_that_grows_says_when_its_report_was_made(here: Path, cli: Run) -> None:
    cli("ingest", "metl.log", *ZONE)
    assert cli("report", "experiment", "--out", "dated", "--format", "html,json").code == 0
    assert json.loads((here / "dated" / "experiment.json").read_text())["is_undated"] is False
    assert re.search(r"Made \d+ \w+ \d{4} \d\d:\d\d \S+ by gpuledger", (here / "dated" / "index.html").read_text())


def test_a_question_and_the_report_give_the_same_numbers(here: Path, cli: Run) -> None:
    for file in ("metl.log", "train.dag"):
        assert cli("ingest", file, *ZONE).code == 0
    asked = (
        "nodes_submitted",
        "node_success_ratio",
        "workflow_success_ratio",
        "epochs_completed",
        "workflow_wall_hours",
        "workflow_lost_hours",
    )
    told = cli("query", *asked, "--by", "site", "--last", "all", "--json")
    assert told.code == 0, told.err
    assert cli("report", "experiment", "--out", "report", "--format", "json").code == 0
    document = json.loads((here / "report" / "experiment.json").read_text())
    tables = {
        block["id"]: block
        for section in document["sections"]
        for block in section["blocks"]
        if block["kind"] == "table"
    }
    success, time = (
        {
            row[0]: dict(zip((column["key"] for column in tables[id_]["columns"]), row, strict=True))
            for row in tables[id_]["rows"]
        }
        for id_ in ("success-by-site", "time-by-site")
    )
    found = {DEFAULT.label(row["site"] or "not known"): row for row in json.loads(told.out)}
    assert found.keys() == success.keys()
    for site, row in found.items():
        counts = [success[site][key] for key in ("nodes", "node_success", "attempt_success", "epochs")]
        assert [row[name] for name in asked[:4]] == pytest.approx(counts)
        assert [row[name] for name in asked[4:]] == pytest.approx([time[site][key] for key in ("wall", "lost_wall")])


def test_filters_of_the_report_are_those_of_the_ledger(here: Path, cli: Run) -> None:
    cli("experiment", "csv", *ZONE)
    run = rows(here / "job_summary.csv")[0]["Run UUID"]
    given = ("--run", run, "--dag", "train.dag", "--status", "evicted", "--target", "expanse,delta,aws,ospool")
    assert cli("experiment", "report", *given, "-o", "some", "--format", "json").code == 0
    where = json.loads((here / "some" / "experiment.json").read_text())["parameters"]["where"]
    assert where == ["target_site=expanse,delta,aws,ospool", "workflow=train", f"workflow_run={run}", "state=preempted"]


def test_the_last_hours_end_now_or_where_they_are_said_to(here: Path, cli: Run) -> None:
    cli("experiment", "csv", *ZONE)
    assert cli("experiment", "report", "--hours", "24", "--to", "2026-03-04", "-o", "day", "--format", "json").code == 0
    period = json.loads((here / "day" / "experiment.json").read_text())["period"]
    assert (period["start"], period["end"]) == ("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z")
    assert cli("experiment", "report", "--hours", "24", "--month", "2026-03").code == 2


def test_two_runs_are_compared_number_by_number(here: Path, cli: Run) -> None:
    cli("experiment", "csv", *ZONE)
    runs = sorted({row["Run UUID"] for row in rows(here / "job_summary.csv")})
    told = cli("experiment", "compare", "--run", runs[0], "--run", runs[1])
    assert told.code == 0, told.err
    assert f"{runs[1]} compared with {runs[0]}" in told.out
    assert "epochs completed 8 → 8" in told.out
    assert "Difference" in told.out


def test_two_tables_are_compared_each_in_a_ledger_of_its_own(here: Path, cli: Run) -> None:
    cli("experiment", "csv", *ZONE, "-o", "one.csv")
    (here / "two.csv").write_bytes((here / "one.csv").read_bytes())
    assert cli("experiment", "compare", "one.csv", "two.csv", "-o", "both", "--format", "json").code == 0
    document = json.loads((here / "both" / "experiment-compare.json").read_text())
    changes = [item["comparison"]["delta"] for item in document["sections"][0]["blocks"][0]["items"]]
    assert changes == [0.0] * len(changes)
    assert cli("experiment", "compare", "one.csv").code == 2


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("csv", "--dag-files", "nope.dag"), 1, "nope.dag does not exist"),
        (("csv", "--metl-logs", "nope.log"), 1, "nope.log does not exist"),
        (("csv", "--dag-files", "--zone", "UTC"), 2, "--dag-files"),
        (("csv", "-o", "nowhere/table.csv"), 1, "There is no folder nowhere"),
        (("csv", "--include-standalone"), 1, "standalone holds no metl_*.log"),
        (("csv", "--metl-logs", "train.dag"), 1, "no HTCondor event log"),
        (("report", "nope.csv"), 1, "nope.csv does not exist"),
        (("report", "empty.csv"), 3, "empty.csv has no rows"),
        (("report", "empty.csv", "--metl-logs", "metl.log"), 2, "not both"),
        (("watch", "nope.log", "--once"), 1, "nope.log cannot be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_wrong_is_one_sentence_and_a_code(
    here: Path, cli: Run, args: tuple[str, ...], code: int, said: str
) -> None:
    header = ",".join(column.header for column in EARLIER)
    (here / "empty.csv").write_text(f"{header}\n")
    told = cli("experiment", *args)
    errors = [line for line in told.err.splitlines() if line.startswith("gpuledger: ")]
    assert (told.code, len(errors)) == (code, 1), told.err
    assert said in errors[0]
    assert not (here / "job_summary.csv").exists()
    assert not (here / "reports").exists()


def test_a_folder_without_any_log_is_told_what_is_looked_for(work: Path, cli: Run) -> None:
    told = cli("experiment", "csv")
    assert told.code == 1
    assert "neither metl.log" in told.err


def test_files_follow_their_option_as_the_earlier_tool_takes_them() -> None:
    assert repeated(["--dag-files", "a.dag", "b.dag", "-o", "x.csv"]) == [
        "--dag-files", "a.dag", "--dag-files", "b.dag", "-o", "x.csv",
    ]  # fmt: skip
    assert repeated(["out.csv", "--zone", "UTC"]) == ["out.csv", "--zone", "UTC"]
    with pytest.raises(UsageError, match="--metl-logs needs a file"):
        repeated(["out.csv", "--metl-logs"])


def test_a_ledger_that_is_named_is_kept_and_holds_all(here: Path, cli: Run) -> None:
    assert cli("--ledger", "kept", "experiment", "csv", *ZONE).code == 0
    first = (here / "job_summary.csv").read_bytes()
    assert cli("--ledger", "kept", "experiment", "csv", *ZONE).code == 0
    assert (here / "job_summary.csv").read_bytes() == first
    assert cli("--ledger", "kept", "report", "experiment", "--format", "json").code == 0


def temporary(folder: Path) -> list[Path]:
    return list(folder.glob("gpuledger-experiment-*"))


def test_no_temporary_ledger_is_left_when_a_command_fails(
    here: Path, cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cli("experiment", "csv", "--metl-logs", "metl.log", "train.dag").code == 1
    assert temporary(tmp_path) == []


def until(what: Any, seconds: float = 200) -> Any:
    """What is asked for again and again until it is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("it never came")


def test_no_temporary_ledger_is_left_when_a_command_is_terminated(here: Path, tmp_path: Path) -> None:
    os.mkfifo(here / "slow.log")
    command = [sys.executable, "-m", "gpuledger", "experiment", "csv", "--metl-logs", "slow.log"]
    held = here / "held"
    held.mkdir()
    process = subprocess.Popen(command, cwd=here, env={**os.environ, "TMPDIR": str(held)}, stderr=subprocess.DEVNULL)
    until(lambda: temporary(held))
    process.send_signal(signal.SIGTERM)
    assert process.wait(200) == 143
    assert temporary(held) == []
    assert not (here / "job_summary.csv").exists()


def test_jobs_of_an_old_log_stand_as_last_told(here: Path, cli: Run) -> None:
    whole = (here / "metl.log").read_text()
    begun = whole.index("...\n", whole.index("\n001 (")) + 4
    (here / "metl.log").write_text(whole[:begun])
    told = cli("experiment", "watch", *ZONE, "--once")
    assert told.code == 0, told.err
    assert "last told running 2026-03-02 " in told.out
    assert "run0-train_epoch0" in told.out or "run1-train_epoch0" in told.out


def test_a_finished_job_is_shown_where_all_are_asked_for(here: Path, cli: Run) -> None:
    assert "completed" not in cli("experiment", "watch", *ZONE, "--once").out.split("\n\n")[0].partition("\n16")[0]
    assert cli("experiment", "watch", *ZONE, "--once", "--all").out.count("completed") >= 16


@pytest.fixture
def watching(here: Path) -> Iterator[tuple[Any, Path]]:
    """`watch` on a terminal of its own, and the log it follows."""
    log = here / "live.log"
    log.write_text("")
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "gpuledger", "experiment", "watch", "live.log", "--interval", "0.05", "--all"]
    process = subprocess.Popen(
        command,
        cwd=here,
        stdout=slave,
        stderr=slave,
        stdin=slave,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "140"},
    )
    os.close(slave)
    os.set_blocking(master, False)
    yield (process, master), log
    process.kill()
    process.wait()
    os.close(master)


def test_a_live_table_follows_the_log_and_leaves_a_clean_terminal(watching: tuple[Any, Path], here: Path) -> None:
    (process, master), log = watching
    seen = bytearray()

    def shows(word: bytes) -> bool:
        try:
            seen.extend(os.read(master, 65536))
        except (BlockingIOError, OSError):
            return word in seen
        return word in seen

    until(lambda: shows(b"\x1b[?25l"))
    with log.open("ab") as grown:
        grown.write((here / "metl.log").read_bytes())
    until(lambda: shows(b"16 completed"))
    process.send_signal(signal.SIGINT)
    until(lambda: shows(b"\x1b[?25h"))
    assert process.wait(200) == 0
    assert b"Traceback" not in seen


def test_the_demo_s_advice_keeps_every_run_in_its_own_folder(cli: Run, work: Path) -> None:
    told = cli("experiment", "demo", "--out", "my autumn", "--seed", "2").out
    commands = [shlex.split(line) for line in told.splitlines() if line.startswith("  gpuledger ")]
    for _, *command in commands:
        assert cli(*command).code == 0
    assert (work / "my autumn" / "job_summary.csv").is_file()
    assert (work / "my autumn" / "reports" / "index.html").is_file()
    assert [path.name for path in work.iterdir()] == ["my autumn"]


def test_a_period_after_the_files_is_answered_with_an_end_of_this_command(cli: Run, work: Path) -> None:
    cli("experiment", "demo")
    logs = ("--dag-files", "experiment/train.dag", "--metl-logs", "experiment/metl.log", "--zone", "America/Chicago")
    cli("experiment", "csv", *logs, "--output", "table.csv")
    refused = cli("experiment", "report", "table.csv", "--last", "24h", "--format", "text")
    assert refused.code == 3
    [end] = re.findall(r"Add --last 24h --to (\S+Z), or name no period", refused.err)
    assert cli("experiment", "report", "table.csv", "--last", "24h", "--to", end, "--format", "text").code == 0
