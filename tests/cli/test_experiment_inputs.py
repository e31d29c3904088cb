"""What an experiment's files may lack or hold, and what is said and made of it: at the command line."""

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gpuledger.demo.experiment import write_experiment
from gpuledger.raw import RawZone
from tests.cli.conftest import Run

AP = "<10.0.0.1:9618?addrs=10.0.0.1-9618&alias=ap1.example.org&noUDP>"
HOST = "<10.1.1.1:9618?alias=exp-1-1.expanse.sdsc.edu>"
ZONE = ("--zone", "America/Chicago")


def life(job: int, node: str, code: int, hour: int) -> str:
    """A job that ran for half an hour."""
    events = (
        ("000", 0, f"Job submitted from host: {AP}\n    DAG Node: {node}"),
        ("001", 10, f"Job executing on host: {HOST}\n\tSlotName: slot1_1@exp-1-1.expanse.sdsc.edu\n\tGPUs = 1"),
        ("005", 40, f"Job terminated.\n\t(1) Normal termination (return value {code})"),
    )
    return "".join(
        f"{what} ({job}.000.000) 2026-03-04 {hour:02}:{minute:02}:00 {told}\n...\n" for what, minute, told in events
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


@pytest.fixture
def two_dags(work: Path) -> Path:
    """Two DAGs that both have a node A: the first one's failed, the second one's succeeded."""
    lives = {"one": life(101, "A", 1, 10), "two": life(102, "A", 0, 11)}
    for name, told in lives.items():
        (work / f"{name}.dag").write_text("JOB A a.sub\n")
        (work / f"{name}.dag.nodes.log").write_text(told)
    (work / "metl.log").write_text("".join(lives.values()))
    return work


def test_nodes_of_one_name_are_those_of_the_dag_whose_nodes_log_tells_them(two_dags: Path, cli: Run) -> None:
    assert cli("experiment", "csv", *ZONE).code == 0
    found = {
        row["HTCondor Cluster ID"]: (row["DAG Source"], row["Epochs Completed"])
        for row in rows(two_dags / "job_summary.csv")
    }
    assert found == {"101": ("one", "0"), "102": ("two", "1")}
    cli("experiment", "report", "--format", "text")
    assert "1 node of 2 succeeded" in (two_dags / "reports" / "experiment.txt").read_text()


def test_where_nothing_says_whose_a_name_is_no_job_counts_for_another(two_dags: Path, cli: Run) -> None:
    for path in two_dags.glob("*.nodes.log"):
        path.unlink()
    assert cli("experiment", "csv", *ZONE).code == 0
    assert {row["DAG Source"] for row in rows(two_dags / "job_summary.csv")} == {""}
    cli("experiment", "report", "--format", "text")
    report = (two_dags / "reports" / "experiment.txt").read_text()
    assert "1 node of 2 succeeded" in report
    assert "the name of a node that DAGs declare" in report


def test_a_job_that_dagman_did_not_tell_is_not_of_the_only_dag_that_was_named(two_dags: Path, cli: Run) -> None:
    told = life(101, "B", 0, 9) + life(103, "B", 0, 12)
    (two_dags / "one.dag").write_text("JOB A a.sub\nJOB B a.sub\n")
    (two_dags / "one.dag.nodes.log").write_text(told)
    (two_dags / "metl.log").write_text(life(100, "A", 0, 8) + told + life(102, "A", 0, 11) + life(104, "A", 0, 13))
    said = cli("experiment", "csv", "--dag-files", "one.dag", *ZONE)
    assert said.code == 0
    assert "3 of 5 attempts have the name of a node that DAGs declare" in " ".join(said.err.split())
    found = {row["HTCondor Cluster ID"]: row["DAG Source"] for row in rows(two_dags / "job_summary.csv")}
    assert found == {"100": "", "101": "one", "102": "", "103": "one", "104": ""}
    cli("experiment", "report", "--format", "text")
    assert (
        "3 attempts have the name of a node that DAGs declare" in (two_dags / "reports" / "experiment.txt").read_text()
    )


def test_a_dag_that_names_a_file_that_is_gone_is_read_and_is_no_success(two_dags: Path, cli: Run) -> None:
    (two_dags / "one.dag").write_text("JOB A a.sub\nINCLUDE more/gone.inc\n")
    made = cli("experiment", "csv", *ZONE)
    assert (made.code, len(rows(two_dags / "job_summary.csv"))) == (3, 2)
    assert "more/gone.inc" in made.err
    read = cli("ingest", "one.dag", *ZONE)
    assert read.code == 3
    assert "more/gone.inc" in read.err


def test_a_report_of_a_table_with_text_in_a_number_keeps_the_attempt_and_is_no_success(
    two_dags: Path, cli: Run
) -> None:
    cli("experiment", "csv", *ZONE)
    told = rows(two_dags / "job_summary.csv")
    header = list(told[0])[:40]
    told[0]["Number of GPUs"] = "several"
    with (two_dags / "edited.csv").open("w", newline="") as text:
        writer = csv.DictWriter(text, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(told)
    made = cli("experiment", "report", "edited.csv", *ZONE, "--format", "text")
    assert made.code == 3
    assert "Number of GPUs is not a number; the cell was left out" in made.err
    assert "in 2 attempts" in (two_dags / "reports" / "experiment.txt").read_text()


def test_what_ends_after_now_is_in_the_report_of_its_files_and_its_zone_asked_about(two_dags: Path, cli: Run) -> None:
    """A log written east of Greenwich and read as UTC ends in the future."""
    cli("experiment", "csv", *ZONE)
    told = rows(two_dags / "job_summary.csv")
    header, later = list(told[0])[:40], f"{datetime.now(UTC) + timedelta(hours=9):%Y-%m-%dT%H:%M:%S}"
    told[0] |= {"End Time": later, "Evicted Time": "", "Aborted Time": ""}
    with (two_dags / "east.csv").open("w", newline="") as text:
        writer = csv.DictWriter(text, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(told)
    made = cli("experiment", "report", "east.csv", "--format", "text")
    assert made.code == 0
    assert "in 2 attempts" in (two_dags / "reports" / "experiment.txt").read_text()
    assert f"ends at {later.replace('T', ' ')} UTC, after now. Is its zone right (--zone)?" in made.err


def test_stamps_without_a_year_are_asked_for_it_and_read_with_it(work: Path, cli: Run) -> None:
    (work / "metl.log").write_text(life(101, "A", 0, 10).replace("2026-03-04", "03/04"))
    asked = cli("experiment", "csv", *ZONE)
    assert asked.code == 1
    assert "--log-year" in asked.err
    assert cli("experiment", "csv", *ZONE, "--log-year", "2026").code == 0
    assert rows(work / "job_summary.csv")[0]["Start Time"] == "2026-03-04T10:10:00"
    assert cli("ingest", "metl.log", *ZONE, "--log-year", "2026").code == 0
    watched = cli("experiment", "watch", *ZONE, "--log-year", "2026", "--once", "--all")
    assert (watched.code, "completed" in watched.out) == (0, True)


def test_sites_of_ones_own_and_their_names_are_those_of_table_report_and_live_view(two_dags: Path, cli: Run) -> None:
    (two_dags / "gpuledger.toml").write_text(
        'ledger = "l"\n[sites.rules]\n"expanse.sdsc.edu" = "west"\n[sites.names]\nwest = "The West"\n'
    )
    assert cli("experiment", "csv", *ZONE).code == 0
    assert {row["Site"] for row in rows(two_dags / "job_summary.csv")} == {"west"}
    cli("experiment", "report", "--format", "text")
    assert "The West" in (two_dags / "reports" / "experiment.txt").read_text()
    assert "The West" in cli("experiment", "watch", *ZONE, "--once", "--all").out


def test_an_attempt_without_an_end_whose_node_is_done_in_a_rescue_file_was_rescued(two_dags: Path, cli: Run) -> None:
    (two_dags / "metl.log").write_text(life(101, "A", 0, 10).partition("005 ")[0])
    for path in two_dags.glob("*.nodes.log"):
        path.unlink()
    (two_dags / "two.dag").unlink()
    (two_dags / "one.dag.rescue001").write_text("# Rescue DAG file\n# Total number of Nodes: 1\nDONE A\n")
    assert cli("experiment", "csv", *ZONE).code == 0
    assert [row["Final Status"] for row in rows(two_dags / "job_summary.csv")] == ["RESCUED"]


def test_hashed_names_are_all_that_is_kept_and_are_the_same_every_time(work: Path, cli: Run) -> None:
    write_experiment(work)
    plain = cli("experiment", "csv", *ZONE, "-o", "plain.csv")
    hashed = [cli("--ledger", "kept", "experiment", "csv", *ZONE, "--hash-names", "-o", f"{n}.csv") for n in (1, 2)]
    assert [made.code for made in (plain, *hashed)] == [0, 0, 0]
    assert (work / "1.csv").read_bytes() == (work / "2.csv").read_bytes()
    before, after = rows(work / "plain.csv"), rows(work / "1.csv")
    assert [row["Site"] for row in before] == [row["Site"] for row in after]
    hosts = {name.strip('[]"') for row in before for name in row["Hosts"].split(",") if name} | {
        row["Access Point"] for row in before
    }
    kept = [(work / "1.csv").read_text(), *raw_texts(work / "kept")]
    assert len(kept) > 2
    assert hosts
    assert [host for host in hosts for text in kept if re.search(rf"(?<![\w.-]){re.escape(host)}", text)] == []


def raw_texts(ledger: Path) -> list[str]:
    """Everything that the raw zone keeps."""
    zone = RawZone(ledger / "raw")
    texts = []
    for entry in zone.entries():
        with zone.open(entry) as content:
            texts.append(content.read().decode("utf-8", "replace"))
    return texts


def test_names_of_other_inputs_cannot_be_hashed(work: Path, cli: Run) -> None:
    (work / "job_summary.csv").write_text("Job Name,HTCondor Cluster ID,Attempt Sequence,Final Status,Start Time\n")
    told = cli("ingest", "job_summary.csv", "--hash-names")
    assert told.code == 2
    assert "cannot be hashed" in told.err


def test_a_table_of_damaged_logs_says_so_whenever_it_is_read(work: Path, cli: Run) -> None:
    (work / "metl.log").write_text(life(101, "A", 0, 10) + "torn\n" + life(102, "A", 0, 12))
    assert cli("experiment", "csv", *ZONE).code == 3
    ran = cli("experiment", "report", "--format", "text")
    assert ran.code == 3
    assert "the table was made without all of metl.log, line 11: text that belongs to no event" in ran.err
    assert "1 input, 1 problem in them" in (work / "reports" / "experiment.txt").read_text()


def test_a_gap_between_two_logs_is_a_gap_in_the_report_of_their_table(work: Path, cli: Run) -> None:
    (work / "metl.log").write_text(life(101, "A", 0, 10))
    (work / "metl_2.log").write_text(life(102, "A", 0, 20))
    assert cli("experiment", "csv", "--metl-logs", "metl.log", "metl_2.log", *ZONE).code == 0
    assert cli("experiment", "report", "--format", "text").code == 0
    assert "the longest gap is 9" in (work / "reports" / "experiment.txt").read_text()


def test_a_list_of_logs_that_somebody_broke_is_left_out(work: Path, cli: Run) -> None:
    (work / "metl.log").write_text(life(101, "A", 0, 10))
    assert cli("experiment", "csv", *ZONE).code == 0
    table = work / "job_summary.csv"
    head, row = table.read_text().splitlines()
    assert row.endswith(","), "nothing is missing of a whole log"
    table.write_text(head + "\n" + re.sub(r'"\[\{""cluster"".*?\]",$', "x,", row) + "\n")
    ran = cli("experiment", "report", "--format", "text")
    assert ran.code == 3
    assert "Logs is not a list; the cell was left out" in ran.err


def test_cpu_usage_is_what_the_log_told_and_what_cpu_time_gives_stands_apart(work: Path, cli: Run) -> None:
    used = (
        "\t\tUsr 0 01:00:00, Sys 0 00:00:00  -  Run Remote Usage\n"
        "\tPartitionable Resources :       Usage   Request Allocated Assigned\n"
        "\t   Cpus                 :        4.35         4         4 \n"
    )
    (work / "metl.log").write_text(life(101, "A", 0, 10).replace("(return value 0)\n", f"(return value 0)\n{used}"))
    assert cli("experiment", "csv", *ZONE).code == 0
    (row,) = rows(work / "job_summary.csv")
    assert (row["CPU Usage"], row["CPU Time Used / Run Time"], row["CPU Time Used (seconds)"]) == ("4.35", "2", "3600")


def test_watching_damaged_logs_shows_what_is_whole_and_is_no_success(work: Path, cli: Run) -> None:
    (work / "metl.log").write_text(life(101, "A", 0, 10) + "torn\n...\n" + life(102, "A", 0, 12))
    ran = cli("experiment", "watch", "--once", "--all", *ZONE)
    assert ran.code == 3
    assert "2 completed" in ran.out
    assert "Of metl.log 1 piece could not be read (text that belongs to no event)." in ran.err


def test_what_is_no_log_is_not_watched(work: Path, cli: Run) -> None:
    (work / "metl.log").write_bytes(bytes(range(256)) * 9)
    ran = cli("experiment", "watch", "--once")
    assert (ran.code, ran.out) == (1, "")
    assert "metl.log is no HTCondor event log" in ran.err


def test_a_log_that_names_no_access_point_is_in_table_and_report(work: Path, cli: Run) -> None:
    (work / "metl.log").write_text(life(101, "A", 0, 10))
    (work / "metl_2.log").write_text(
        "009 (99.000.000) 2026-03-04 10:10:00 Job was aborted.\n\tvia condor_rm (by user ann)\n...\n"
    )
    assert cli("experiment", "csv", "--metl-logs", "metl.log", "metl_2.log", *ZONE).code == 0
    assert [row["Job ID"] for row in rows(work / "job_summary.csv")] == ["99.0", "101.0"]
    assert "in 2 attempts" in cli("experiment", "report", "--format", "text").err


def test_a_service_of_a_dag_names_its_dag(shared_data: Path, work: Path, cli: Run) -> None:
    begin = "lsst_tiny_problems_tiny_problems.dag"
    for path in (shared_data / "dagman_misc").glob(f"{begin}*"):
        (work / path.name.replace(begin, "tiny.dag")).write_bytes(path.read_bytes())
    cli("experiment", "csv", "--zone", "UTC")
    found = {row["Job ID"]: (row["DAG Source"], row["Workflow"]) for row in rows(work / "job_summary.csv")}
    assert found["9229.0"] == ("tiny", "")
    assert {dag for dag, _ in found.values()} == {"tiny"}


def test_attempts_are_numbered_in_their_order_where_only_their_end_is_told(work: Path, cli: Run) -> None:
    stalled = (
        "004 (101.000.000) 2026-03-04 {hour}:00:00 Job was evicted. Code 1007 Subcode 0\n\t(0) CPU times\n"
        "\tReason: Error from slot1_1@{host}: Input File transfer stalled for 3620 seconds\n...\n"
    )
    told = life(101, "A", 1, 10).replace("005 (101", "004 (101").replace("Job terminated.", "Job was evicted.")
    told += stalled.format(hour=12, host="gpua001.delta.ncsa.illinois.edu")
    (work / "metl.log").write_text(told + stalled.format(hour=14, host="g001.anvil.rcac.purdue.edu"))
    assert cli("experiment", "csv", *ZONE).code == 0
    found = {row["Attempt Sequence"]: row["Targeted Resource"] for row in rows(work / "job_summary.csv")}
    assert found == {"1": "expanse", "2": "delta", "3": "anvil"}
