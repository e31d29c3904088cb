"""query: columns named by dimension and metric, every period, every form; a question without data says what to type."""

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Run

MAY = ("--from", "2026-05-01", "--to", "2026-06-01")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_a_column_per_dimension_and_metric(led: Path, cli: Run) -> None:
    ran = cli("query", "gpu_hours", "jobs", "--by", "user", *MAY, "--csv")
    assert ran.out == "user,gpu_hours,jobs\nann,4.0,1\nbob,1.0,1\n"
    assert ran.code == 0


def test_dimensions_may_be_joined_or_repeated(led: Path, cli: Run) -> None:
    joined = cli("query", "gpu_hours", "--by", "user,day", *MAY, "--csv").out
    assert joined == cli("query", "gpu_hours", "--by", "user", "--by", "day", *MAY, "--csv").out
    assert [set(row) for row in rows(joined)] == [{"user", "day", "gpu_hours"}] * 2


def test_filters_keep_and_leave_out(led: Path, cli: Run) -> None:
    assert rows(cli("query", "gpu_hours", "--where", "queue=a100", *MAY, "--csv").out) == [{"gpu_hours": "4.0"}]
    assert rows(cli("query", "gpu_hours", "--where", "user!=ann", *MAY, "--csv").out) == [{"gpu_hours": "1.0"}]
    assert rows(cli("query", "gpu_hours", "--where", "user=ann,bob", *MAY, "--csv").out) == [{"gpu_hours": "5.0"}]


@pytest.mark.parametrize(
    ("period", "hours"),
    [
        (("--month", "2026-05"), 5.0),
        (("--day", "2026-05-10"), 4.0),
        (("--week", "2026-W20"), 1.0),
        (("--quarter", "2026-Q2"), 5.0),
        (("--year", "2026"), 5.0),
        (("--fiscal-year", "2026"), 5.0),
        (("--last", "1d", "--to", "2026-05-11"), 4.0),
        (("--from", "2026-05-10T01:00"), 3.0),
        (("--month", "2026-05", "--display-zone", "America/Chicago"), 5.0),
        (("--day", "2026-05-10", "--display-zone", "America/Chicago"), 1.0),
    ],
)
def test_every_period_can_be_said(period: tuple[str, ...], hours: float, led: Path, cli: Run) -> None:
    assert float(rows(cli("query", "gpu_hours", *period, "--csv").out)[0]["gpu_hours"]) == hours


def test_json_and_parquet_hold_the_same(led: Path, cli: Run, work: Path) -> None:
    told = json.loads(cli("query", "gpu_hours", "--by", "user", *MAY, "--json").out)
    assert told == [{"user": "ann", "gpu_hours": 4.0}, {"user": "bob", "gpu_hours": 1.0}]
    assert cli("query", "gpu_hours", "--by", "user", *MAY, "--parquet", "use.parquet").out == ""
    assert pq.read_table(work / "use.parquet").to_pylist() == told


def test_data_goes_to_stdout_and_the_period_to_stderr(led: Path, cli: Run) -> None:
    ran = cli("query", "gpu_hours", "--by", "user", *MAY)
    assert ran.out.splitlines() == ["user  gpu_hours", "ann        4.00", "bob        1.00"]
    period, observed, stale = ran.err.splitlines()
    assert period == "Period: 2026-05-01 00:00 to 2026-06-01 00:00 UTC"
    assert "of the period was observed" in observed
    assert stale.startswith("Data is ")
    assert cli("query", "gpu_hours", *MAY, "-q").err == ""


def test_global_options_may_stand_before_or_after_the_verb(led: Path, cli: Run) -> None:
    before = cli("--ledger", str(led), "--display-zone", "Europe/Berlin", "query", "gpu_hours", "--by", "day", *MAY)
    after = cli("query", "gpu_hours", "--by", "day", *MAY, f"--ledger={led}", "--display-zone=Europe/Berlin")
    assert before == after
    assert "Europe/Berlin" in before.err


def test_the_list_holds_every_metric_and_dimension(cli: Run) -> None:
    listed = {(row["kind"], row["name"]) for row in rows(cli("query", "--list", "--csv").out)}
    assert {
        ("metric", "gpu_hours"),
        ("metric", "wait_seconds_p90"),
        ("dimension", "user"),
        ("dimension", "week"),
    } <= listed


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ((), "Say which metric"),
        (("gpu_hour",), "no metric 'gpu_hour'; did you mean 'gpu_hours'"),
        (("gpu_hours", "--by", "usr"), "no dimension 'usr'; did you mean 'user'"),
        (("gpu_hours", "--where", "usr=ann"), "did you mean 'user'"),
        (("gpu_hours", "--where", "ann"), "ann"),
        (("gpu_hours", "--month", "2026-05", "--last", "7d"), "do not go together"),
        (("gpu_hours", "--last", "soon"), "write 24h, 7d, 2w, 90min or all"),
        (("gpu_hours", "--display-zone", "Mars"), "no time zone 'Mars'"),
        (("gpu_hours", "--csv", "--json"), "--json and --csv do not go together"),
        (("gpu_hours", "--xlsx"), "`gpuledger report usage --format xlsx --out DIR`"),
        (("gpu_hours", "by", "user"), "write --by"),
        (("zzz",), "no metric 'zzz'; `gpuledger query --list` lists them"),
        (("gpu_hours", "--by", "gpu"), "cannot be told apart by gpu"),
    ],
)
def test_what_is_typed_wrong_names_the_right_thing(args: tuple[str, ...], sentence: str, led: Path, cli: Run) -> None:
    ran = cli("query", *args)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


def test_a_period_without_data_exits_with_3_and_a_command_that_has_data(led: Path, cli: Run) -> None:
    ran = cli("query", "gpu_hours", "--month", "2020-01")
    assert (ran.code, ran.out) == (3, "")
    command = ran.err.split("`")[1]
    assert cli(*command.split()[1:]).code == 0


@pytest.mark.parametrize("verb", [("query", "gpu_hours"), ("report", "usage"), ("report", "pool"), ("send", "usage")])
def test_an_empty_ledger_is_named_and_how_to_choose_another(cli: Run, work: Path, verb: tuple[str, ...]) -> None:
    """Such as the default one, in which only a salt was made so far."""
    home = work.parent / "home" / ".local" / "share" / "gpuledger" / "ledger"
    home.mkdir(parents=True)
    (home / "pseudonyms.salt").write_bytes(b"salt")
    ran = cli(*verb)
    assert (ran.code, ran.out) == (3, "")
    assert f"The ledger {home} is empty" in ran.err
    assert "--ledger, GPULEDGER_LEDGER or `ledger` in gpuledger.toml" in ran.err


def test_a_ledger_that_is_not_there_is_not_an_empty_one(cli: Run) -> None:
    ran = cli("--ledger", "tpyo", "query", "gpu_hours")
    assert ran.code == 3
    assert "There is no ledger at" in ran.err
    assert "--ledger, GPULEDGER_LEDGER or `ledger` in gpuledger.toml" in ran.err
    assert not Path("tpyo").exists()
