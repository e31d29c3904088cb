"""ingest: the grammar, what is printed, and every kind of bad input with its exit code."""

import gzip
import json
import re
from pathlib import Path

import pytest

from tests.cli.accounting import ANN, BAD, BOB, EVIL, HEADER, accounting
from tests.cli.conftest import Ran, Run

IDENTITY = re.compile(r"([\d,]+) rows? read = ([\d,]+) accepted \+ ([\d,]+) unchanged \+ ([\d,]+) problems?")


def counts(ran: Ran) -> list[tuple[int, ...]]:
    return [tuple(int(n.replace(",", "")) for n in match.groups()) for match in IDENTITY.finditer(ran.out)]


def test_a_file_is_read_by_the_named_source(work: Path, cli: Run) -> None:
    file = accounting(work / "sacct.txt", ANN, BOB)
    ran = cli("--ledger", "led", "ingest", "slurm", file, "--zone", "America/Chicago", "--cluster", "hpg")
    assert (ran.code, counts(ran)) == (0, [(2, 2, 0, 0)])
    assert ran.err == ""


def test_a_source_that_is_not_named_is_recognised(work: Path, cli: Run) -> None:
    assert counts(cli("--ledger", "led", "ingest", accounting(work / "sacct.txt", ANN), "--zone", "UTC")) == [
        (1, 1, 0, 0)
    ]


def test_a_second_reading_changes_nothing(work: Path, cli: Run) -> None:
    file = accounting(work / "sacct.txt", ANN, BOB)
    cli("--ledger", "led", "ingest", file, "--zone", "UTC")
    assert counts(cli("--ledger", "led", "ingest", file, "--zone", "UTC")) == [(2, 0, 2, 0)]
    assert counts(cli("--ledger", "led", "ingest", file, "--zone", "UTC", "--replay")) == [(2, 0, 2, 0)]
    assert counts(cli("--ledger", "led", "ingest", "--replay")) == [(2, 0, 2, 0)]


def test_a_bad_row_is_told_with_its_line_and_stops_nothing(work: Path, cli: Run) -> None:
    ran = cli("--ledger", "led", "ingest", accounting(work / "sacct.txt", ANN, BAD, BOB), "--zone", "UTC")
    assert (ran.code, counts(ran)) == (0, [(3, 2, 0, 1)])
    assert "line 3: " in ran.err


def test_a_missing_zone_is_told(work: Path, cli: Run) -> None:
    assert "No zone was given" in cli("--ledger", "led", "ingest", accounting(work / "sacct.txt", ANN)).err


def test_a_dry_run_prints_mapping_and_counts_and_writes_nothing(work: Path, cli: Run) -> None:
    ran = cli("--ledger", "led", "ingest", accounting(work / "sacct.txt", ANN, BAD), "--zone", "UTC", "--dry-run")
    assert (ran.code, counts(ran)) == (0, [(2, 1, 0, 1)])
    assert "slurm → job_attempts: " in ran.err
    assert "line 3: " in ran.err
    assert not (work / "led").exists()


def test_a_bad_file_does_not_stop_the_others(work: Path, cli: Run) -> None:
    accounting(work / "a.txt", ANN)
    (work / "b.txt").write_text("this is a letter, not accounting\n" * 3)
    accounting(work / "c.txt", BOB)
    ran = cli("--ledger", "led", "ingest", "*.txt", "missing.txt", "--zone", "UTC")
    assert ran.code == 3
    assert counts(ran) == [(1, 1, 0, 0), (1, 1, 0, 0), (2, 2, 0, 0)]
    assert "4 inputs" in ran.out
    assert "b.txt" in ran.err
    assert "missing.txt does not exist" in ran.err


def test_a_pipe_is_read(work: Path, shell: Run) -> None:
    text = f"{HEADER}\n{ANN}\n{BOB}\n".encode()
    ran = shell("--ledger", "led", "ingest", "slurm", "-", "--zone", "UTC", stdin=text)
    assert (ran.code, counts(ran)) == (0, [(2, 2, 0, 0)])
    assert counts(shell("--ledger", "led2", "ingest", "-", "--zone", "UTC", stdin=gzip.compress(text))) == [
        (2, 2, 0, 0)
    ]


def test_a_file_without_header_is_read_with_its_columns_given(work: Path, cli: Run) -> None:
    (work / "rows.txt").write_text(f"{ANN}\n{BOB}\n")
    fields = HEADER.replace("|", ",")
    assert counts(cli("--ledger", "led", "ingest", "slurm", "rows.txt", "--fields", fields, "--zone", "UTC")) == [
        (2, 2, 0, 0)
    ]
    assert counts(cli("--ledger", "led2", "ingest", "rows.txt", "--fields", fields, "--zone", "UTC")) == [(2, 2, 0, 0)]


def test_json_holds_every_count_and_problem(work: Path, cli: Run) -> None:
    told = json.loads(
        cli("--ledger", "led", "ingest", accounting(work / "a.txt", ANN, BAD), "--zone", "UTC", "--json").out
    )
    [one] = told["inputs"]
    assert [one[name] for name in ("rows_read", "accepted", "unchanged", "problems")] == [2, 1, 0, 1]
    assert one["first_problems"][0]["line"] == 3
    assert one["error"] is None


@pytest.mark.parametrize(
    ("name", "content", "code", "sentence"),
    [
        ("empty.txt", b"", 3, "empty.txt is empty"),
        ("binary.bin", bytes(range(256)) * 64, 1, "binary.bin is in no format that is known here"),
        (
            "cut.gz",
            gzip.compress((HEADER + "\n" + ANN + "\n").encode() * 500, mtime=0)[:-200],
            1,
            "cut.gz: The gzip file is damaged or cut off",
        ),
        ("bad.txt", f"{HEADER}\n{BAD}\n".encode(), 3, "None of the 1 rows of bad.txt could be used; line 2"),
        ("letter.txt", b"Dear Sir or Madam\n", 1, "letter.txt is in no format that is known here"),
    ],
)
def test_every_kind_of_bad_file_is_one_sentence_and_an_exit_code(
    name: str, content: bytes, code: int, sentence: str, work: Path, cli: Run
) -> None:
    (work / name).write_bytes(content)
    ran = cli("--ledger", "led", "ingest", name, "--zone", "UTC")
    assert ran.code == code
    assert sentence in ran.err
    assert "Traceback" not in ran.err


def test_a_file_with_no_usable_row_still_prints_its_counts(work: Path, cli: Run) -> None:
    assert counts(cli("--ledger", "led", "ingest", accounting(work / "bad.txt", BAD), "--zone", "UTC")) == [
        (1, 0, 0, 1)
    ]


def test_a_missing_file_is_named(cli: Run) -> None:
    ran = cli("--ledger", "led", "ingest", "slurm", "nothing.txt")
    assert (ran.code, ran.err) == (1, "gpuledger: nothing.txt does not exist; check the name.\n")


def test_a_wrong_field_list_is_told(work: Path, cli: Run) -> None:
    (work / "rows.txt").write_text(f"{ANN}\n")
    ran = cli("--ledger", "led", "ingest", "slurm", "rows.txt", "--fields", "JobID,State")
    assert ran.code != 0
    assert "Traceback" not in ran.err
    assert not ran.out or counts(ran) == [(1, 0, 0, 1)]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("ingest",), "Name the files to read"),
        (("ingest", "slurm"), "Name the files to read as slurm"),
        (("ingest", "slrum", "a.txt"), "did you mean 'slurm'?"),
        (("ingest", "--zone", "Mars/Olympus", "a.txt"), "There is no time zone 'Mars/Olympus'"),
    ],
)
def test_what_is_typed_wrong_is_a_usage_error(args: tuple[str, ...], sentence: str, work: Path, cli: Run) -> None:
    accounting(work / "a.txt", ANN)
    ran = cli("--ledger", "led", *args)
    assert ran.code == 2
    assert sentence in ran.err


def test_a_ledger_with_brackets_in_its_name_is_refused(work: Path, cli: Run) -> None:
    ran = cli("--ledger", "led[1]", "ingest", accounting(work / "a.txt", ANN))
    assert ran.code == 2
    assert "choose a folder whose name has none of [ ] *" in ran.err


@pytest.mark.parametrize("name", ["my ledger ü 100%", "a#b", "q?"])
def test_a_ledger_with_a_difficult_name_works(name: str, work: Path, cli: Run) -> None:
    assert cli("--ledger", name, "ingest", accounting(work / "a.txt", ANN), "--zone", "UTC").code == 0
    assert "4.0" in cli("--ledger", name, "query", "gpu_hours", "--month", "2026-05", "--csv").out


def test_a_ledger_that_cannot_be_written_is_one_sentence(work: Path, cli: Run) -> None:
    ran = cli("--ledger", "/proc/gpuledger", "ingest", accounting(work / "a.txt", ANN))
    assert ran.code == 1
    assert "/proc/gpuledger" in ran.err
    assert "Traceback" not in ran.err


def test_a_configured_source_lends_its_zone_and_cluster(work: Path, cli: Run) -> None:
    (work / "gpuledger.toml").write_text('ledger = "led"\n[sources.hpg]\ntype = "slurm"\nzone = "America/Chicago"\n')
    ran = cli("ingest", "hpg", accounting(work / "a.txt", ANN))
    assert (ran.code, counts(ran), ran.err) == (0, [(1, 1, 0, 0)], "")
    hours = cli("query", "gpu_hours", "--from", "2026-05-10T05:00Z", "--to", "2026-05-10T07:00Z", "--csv").out
    assert hours == "gpu_hours\n4.0\n"


def test_names_from_data_cannot_command_a_terminal_or_a_spreadsheet(work: Path, cli: Run) -> None:
    cli("--ledger", "led", "ingest", accounting(work / "a.txt", EVIL), "--zone", "UTC")
    shown = cli("--ledger", "led", "query", "gpu_hours", "--by", "user", "--month", "2026-05").out
    assert "\x1b" not in shown
    assert "\\x1b[31m" in shown
    assert (
        cli("--ledger", "led", "query", "gpu_hours", "--by", "user", "--month", "2026-05", "--csv").out.splitlines()[1][
            0
        ]
        == "'"
    )


def test_another_zone_is_refused_and_replay_reads_anew(work: Path, cli: Run) -> None:
    file = accounting(work / "a.txt", ANN, BOB)
    cli("--ledger", "led", "ingest", file)
    refused = cli("--ledger", "led", "ingest", file, "--zone", "America/New_York")
    assert (refused.code, refused.out) == (2, "")
    assert "with zone UTC, and with zone America/New_York its rows would be counted twice" in refused.err
    assert counts(cli("--ledger", "led", "ingest", file, "--zone", "America/New_York", "--replay")) == [(2, 2, 0, 0)]
    asked = ("--ledger", "led", "query", "jobs", "gpu_hours", "--month", "2026-05", "--csv")
    assert cli(*asked).out == "jobs,gpu_hours\n2,5.0\n"
    assert cli("--ledger", "led", "store", "check").code == 0


def test_another_way_of_one_file_does_not_stop_the_others(work: Path, cli: Run) -> None:
    cli("--ledger", "led", "ingest", accounting(work / "a.txt", ANN))
    accounting(work / "b.txt", BOB)
    ran = cli("--ledger", "led", "ingest", "a.txt", "b.txt", "--zone", "Europe/Berlin")
    assert ran.code == 3
    assert counts(ran) == [(1, 1, 0, 0), (1, 1, 0, 0)]


def test_when_every_input_fails_the_code_is_that_of_the_first(cli: Run) -> None:
    assert cli("--ledger", "led", "ingest", "slurm", "nothing.txt", "none.txt").code == 1


def test_a_cluster_the_rows_name_is_kept_and_told(work: Path, cli: Run) -> None:
    file = accounting(work / "a.txt", ANN)
    ran = cli("--ledger", "led", "ingest", file, "--zone", "UTC", "--cluster", "other")
    assert "The rows name their own cluster (hpg), which was kept" in ran.err
    assert cli("--ledger", "two", "ingest", file, "--zone", "UTC", "--cluster", "hpg").err == ""


def test_a_missing_zone_suggests_no_zone_as_if_it_were_known(work: Path, cli: Run) -> None:
    assert "(--zone NAME, e.g. Europe/Berlin)" in cli("--ledger", "led", "ingest", accounting(work / "a.txt", ANN)).err


def test_a_table_nobody_knows_is_answered_with_how_to_map_it(work: Path, cli: Run) -> None:
    (work / "my jobs.csv").write_text("a,b\n1,2\n")
    assert "`gpuledger ingest jobs-csv --suggest 'my jobs.csv'`" in cli("--ledger", "led", "ingest", "my jobs.csv").err


def test_many_problems_point_to_where_they_are_listed(work: Path, cli: Run) -> None:
    ran = cli("--ledger", "led", "ingest", accounting(work / "a.txt", ANN, *[BAD] * 7), "--zone", "UTC")
    assert "2 more problems; `gpuledger store problems` lists them" in ran.err


def test_a_ledger_that_nobody_named_is_named_when_it_is_made(work: Path, cli: Run) -> None:
    file = accounting(work / "sacct.txt", ANN)
    made = cli("ingest", file, "--zone", "UTC")
    assert re.search(r"A new ledger was made at \S+/gpuledger/ledger\.", made.err)
    assert "new ledger" not in cli("ingest", file, "--zone", "UTC").err


def test_one_is_no_plural(work: Path, cli: Run) -> None:
    ran = cli("--ledger", "led", "ingest", accounting(work / "sacct.txt", BAD), "--zone", "UTC")
    assert "1 row read = 0 accepted + 0 unchanged + 1 problem\n" in ran.out


def test_the_way_out_of_a_slip_keeps_what_was_read(work: Path, cli: Run) -> None:
    file = accounting(work / "sacct.txt", ANN, BOB)
    cli("--ledger", "led", "ingest", "slurm", file, "--zone", "UTC")
    slip = cli("--ledger", "led", "ingest", "thermal-csv", file, "--zone", "UTC")
    assert (slip.code, "--replay" in slip.err, "read it as slurm" in slip.err) == (2, False, True)
    assert cli("--ledger", "led", "ingest", "thermal-csv", file, "--zone", "UTC", "--replay").code == 1
    assert counts(cli("--ledger", "led", "ingest", file, "--zone", "UTC")) == [(2, 0, 2, 0)]
