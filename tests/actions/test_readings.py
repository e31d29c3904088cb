"""The same bytes read another way: refused, or read anew so that only the last way is in the ledger."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest

import gpuledger
from gpuledger.actions.ingest import Manner, ingest, replay
from gpuledger.actions.read import Reading, read, replay_all
from gpuledger.actions.store import check
from gpuledger.config import Ledger, Settings
from gpuledger.model.errors import UsageError
from gpuledger.model.schema import unbound
from gpuledger.model.tables import ATTEMPT_GPUS, JOB_ATTEMPTS, PROBLEMS, RUNS, SNAPSHOTS, Table
from gpuledger.raw import RawZone
from gpuledger.sources import Context
from gpuledger.sources.jobs_csv import JobsCsv
from gpuledger.sources.slurm import Slurm
from gpuledger.store.lake import Lake
from tests.store.rows import at

HEADER = (
    "JobIDRaw|JobID|Cluster|User|Account|Partition|State|Submit|Start|End|ElapsedRaw|AllocTRES|ExitCode|NCPUS|JobName"
)
NEW_YORK = "America/New_York"
TABLES = (JOB_ATTEMPTS, ATTEMPT_GPUS, SNAPSHOTS, PROBLEMS)


def row(number: int, user: str = "ann") -> str:
    day = f"2026-05-{number % 28 + 1:02}"
    tres = "cpu=8,gres/gpu:a100=1,gres/gpu:h100=1" if number % 2 else "cpu=8,gres/gpu=2"
    return f"{number}|{number}||{user}|physics|gpu|COMPLETED|{day}T00:00:00|{day}T00:00:00|{day}T02:00:00|7200|{tres}|0:0|8|a"


BAD = "99|99||cyd|bio|gpu|COMPLETED|2026-05-12T02:00:00|2026-05-12T02:00:00|2026-05-12T00:00:00|0|cpu=4|0:0|4|c"


class Site:
    """A ledger, files beside it, and a clock that goes on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.ledger = Ledger(
            Lake(folder / "led"), RawZone(folder / "led" / "raw"), Settings(ledger=str(folder / "led"))
        )
        self.now = at(2000)

    def file(self, name: str, *rows: str) -> str:
        (self.folder / name).write_text("\n".join([HEADER, *rows]) + "\n")
        return str(self.folder / name)

    def read(self, name: str, *, replay: bool = False, source: str = "slurm", **how: Any) -> Any:
        self.now += timedelta(minutes=1)
        given = [str(self.folder / name)]
        (outcome,) = read(self.ledger, given, Reading(source, **how), self.now, Manner(is_replay=replay))
        return outcome

    def rows(self, table: Table) -> list[dict[str, Any]]:
        whole = unbound(table)
        found = self.ledger.store.ask(whole.order_by([whole[name] for name in table.key])).to_pylist()
        return [{name: value for name, value in one.items() if name != "ingest_id"} for one in found]

    def all(self) -> list[list[dict[str, Any]]]:
        """Everything there is but who brought it, and when a row was refused."""
        return [[{k: v for k, v in row.items() if k != "time"} for row in self.rows(table)] for table in TABLES]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path / "site")
    made.file("may.txt", *map(row, range(1, 9)), BAD)
    made.file("overlap.txt", *map(row, range(5, 13)))
    made.file("east.txt", *map(row, range(1, 4)))
    return made


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """What is there when may.txt was only ever read as of New York, and overlap.txt as it is."""
    return rightly(tmp_path_factory.mktemp("mended"), ("may.txt", NEW_YORK), ("overlap.txt", None)).all()


def rightly(tmp_path: Path, *steps: tuple[str, str | None]) -> Site:
    """A ledger that only ever read the files rightly."""
    other = Site(tmp_path / f"right{len(steps)}")
    other.file("may.txt", *map(row, range(1, 9)), BAD)
    other.file("overlap.txt", *map(row, range(5, 13)))
    other.file("east.txt", *map(row, range(1, 4)))
    for name, zone in steps:
        assert not other.read(name, zone=zone).error
    return other


def test_another_zone_is_refused_and_said(site: Site) -> None:
    site.read("may.txt")
    before = site.all()
    refused = site.read("may.txt", zone=NEW_YORK)
    assert refused.error.exit_code == 2
    assert "may.txt was read on 2026-07-23 08:01 UTC with zone UTC, and with zone America/New_York" in str(
        refused.error
    )
    assert "--replay" in str(refused.error)
    assert site.all() == before


def test_another_cluster_of_rows_that_name_none_is_refused(site: Site) -> None:
    site.read("may.txt")
    assert "with no cluster, and with cluster hpg" in str(site.read("may.txt", cluster="hpg").error)


@pytest.mark.parametrize("replay", [False, True])
@pytest.mark.parametrize("how", [{"zone": NEW_YORK}, {"cluster": "other"}, {"options": {"fields": "JobID,State"}}])
def test_another_way_that_tells_equal_rows_is_no_obstacle(site: Site, how: dict[str, Any], *, replay: bool) -> None:
    epochs = row(1).replace("2026-05-02T00:00:00", "1777680000").replace("2026-05-02T02:00:00", "1777687200")
    site.file("may.txt", epochs.replace("||ann", "|hpg|ann"))
    site.read("may.txt")
    before = site.all()
    assert len(before[0]) == 1
    done = site.read("may.txt", replay=replay, **how)
    assert not done.error
    assert not any("taken back" in remark for remark in done.done.remarks)
    assert site.all() == before


def test_what_says_the_same_is_the_same_way(site: Site) -> None:
    site.read("may.txt")
    assert not site.read("may.txt", zone="UTC").error
    path = Path(site.file("may.txt", *map(row, range(1, 9)), BAD))
    context = Context("", zone="UTC")
    again = ingest(site.ledger, Slurm(history_days=7, qos=("a",)), path, context=context, now=site.now)
    assert again.accepted == 0


def test_a_replay_leaves_what_reading_it_rightly_once_leaves(site: Site, tmp_path: Path) -> None:
    site.read("may.txt")
    done = site.read("may.txt", zone=NEW_YORK, replay=True)
    assert not done.error
    assert "rows were taken back" in done.done.remarks[0]
    assert site.all() == rightly(tmp_path, ("may.txt", NEW_YORK)).all()
    assert not site.read("may.txt", zone=NEW_YORK).error
    assert site.read("may.txt").error.exit_code == 2


def test_rows_another_file_also_told_stay(site: Site, tmp_path: Path) -> None:
    site.read("may.txt")
    site.read("overlap.txt")
    site.read("may.txt", zone=NEW_YORK, replay=True)
    assert site.all() == rightly(tmp_path, ("may.txt", NEW_YORK), ("overlap.txt", None)).all()
    assert len(site.rows(JOB_ATTEMPTS)) == 16


def test_there_and_back_is_where_it_began(site: Site, tmp_path: Path) -> None:
    for zone in (None, NEW_YORK, None, "Europe/Berlin", NEW_YORK):
        site.read("may.txt", zone=zone, replay=True)
    assert site.all() == rightly(tmp_path, ("may.txt", NEW_YORK)).all()


def test_all_that_is_kept_read_again_is_read_the_way_in_force(site: Site) -> None:
    site.read("may.txt")
    site.read("overlap.txt")
    site.read("may.txt", zone=NEW_YORK, replay=True)
    before = site.all()
    site.now += timedelta(minutes=1)
    outcomes = list(replay_all(site.ledger, None, site.now))
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert site.all() == before


def test_a_check_does_not_bring_back_what_was_taken_back(site: Site) -> None:
    site.read("may.txt")
    site.read("may.txt", zone=NEW_YORK, replay=True)
    before = site.all()
    next((site.folder / "led" / "job_attempts").rglob("*.parquet")).unlink()
    site.ledger = Ledger(Lake(site.folder / "led"), site.ledger.raw, site.ledger.settings)
    assert all(finding.is_mended for finding in check(site.ledger, at(3000), is_repair=True).findings)
    assert site.all() == before
    assert check(site.ledger, at(3001)).findings == ()


class Killed(BaseException):
    """A process that ends here."""


class Dying:
    """The lake, until the given number of writes has been made."""

    def __init__(self, lake: Lake, writes: int) -> None:
        self._lake, self._left = lake, writes

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._lake, name)
        return self._counted(method) if name in ("upsert", "append", "retract") else method

    def _counted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            if self._left == 0:
                raise Killed
            self._left -= 1
            return method(*args, **named)

        return call


@pytest.mark.parametrize("writes", [0, 1, 8, 14, 15, 16, 17, 18, 19, 20, 21])
@pytest.mark.parametrize("mend", ["again", "repair"])
def test_killed_at_any_moment_it_can_be_done_again(
    site: Site, mended: list[list[dict[str, Any]]], writes: int, mend: str
) -> None:
    site.read("may.txt")
    site.read("overlap.txt")
    whole, site.ledger = (
        site.ledger,
        Ledger(Dying(site.ledger.store, writes), site.ledger.raw, site.ledger.settings),  # type: ignore[arg-type]
    )
    try:
        site.read("may.txt", zone=NEW_YORK, replay=True)
    except Killed:
        site.ledger = whole
        assert site.read("may.txt").error.exit_code == 2, "it is not taken for known"
        if mend == "again":
            assert not site.read("may.txt", zone=NEW_YORK, replay=True).error
        else:
            assert all(finding.is_mended for finding in check(whole, at(3000), is_repair=True).findings)
    site.ledger = whole
    assert site.all() == mended
    assert check(whole, at(3001)).findings == ()


def test_a_slip_of_the_source_is_named_and_no_replay_offered(site: Site) -> None:
    site.read("may.txt", cluster="heron")
    refused = str(site.read("may.txt", source="thermal-csv").error)
    assert "as slurm, and as thermal-csv its rows would be counted twice; read it as slurm" in refused
    assert "--replay" not in refused
    assert "overlap_hours" not in refused


def test_a_file_that_was_read_as_another_s_by_mistake_can_be_read_anew(site: Site) -> None:
    mapped = JobsCsv(
        columns={"job_id": "JobIDRaw", "started_at": "Start", "ended_at": "End"}, id="JobIDRaw", cluster="x"
    )
    path = site.folder / "may.txt"
    ingest(site.ledger, mapped, path, context=Context("", zone="UTC"), now=site.now)
    assert "as jobs-csv, and as slurm" in str(refused := site.read("may.txt").error)
    assert "--replay" in str(refused)
    assert not site.read("may.txt", replay=True).error
    assert {row["cluster"] for row in site.rows(JOB_ATTEMPTS)} == {"slurm"}


@pytest.mark.parametrize("how", [{"source": "thermal-csv"}, {"options": {"fields": "JobID,State"}}])
def test_a_replay_that_tells_nothing_takes_nothing_back(site: Site, how: dict[str, Any]) -> None:
    (site.folder / "bare.txt").write_text("\n".join([row(1), row(2), BAD]) + "\n")
    assert not site.read("bare.txt", options={"fields": HEADER.replace("|", ",")}).error
    before, runs = site.all(), site.rows(RUNS)
    assert site.read("bare.txt", replay=True, **how).error
    assert site.all() == before
    assert site.rows(RUNS) == runs
    assert site.read("bare.txt", zone=NEW_YORK, options={"fields": HEADER.replace("|", ",")}).error.exit_code == 2
    assert check(site.ledger, at(3001)).findings == ()


class Mortal(Slurm):
    """Ends the process at the first row of one of its readings of a file, counted over all."""

    left = 0

    def parse(self, raw: BinaryIO, context: Context) -> Iterator[Any]:
        if type(self).left == 0:
            raise Killed
        type(self).left -= 1
        return super().parse(raw, context)


@pytest.mark.parametrize("readings", range(5))
def test_killed_while_it_reads_nothing_is_lost(site: Site, tmp_path: Path, readings: int) -> None:
    site.read("may.txt")
    site.read("overlap.txt")
    before, Mortal.left = site.all(), readings
    context, path = Context("", zone=NEW_YORK), site.folder / "may.txt"
    try:
        ingest(site.ledger, Mortal(), path, context=context, now=at(2500), manner=Manner(is_replay=True))
    except Killed:
        if readings < 3:
            assert site.all() == before, "it only looked"
        assert not site.read("may.txt", zone=NEW_YORK, replay=True).error
    assert site.all() == rightly(tmp_path, ("may.txt", NEW_YORK), ("overlap.txt", None)).all()


def test_a_way_that_left_nothing_is_no_obstacle(site: Site) -> None:
    (site.folder / "bare.txt").write_text("\n".join([row(1), row(2), BAD]) + "\n")
    assert site.read("bare.txt", options={"fields": "JobID,State"}).error
    assert not site.read("bare.txt", options={"fields": HEADER.replace("|", ",")}).error
    assert [row["problem_row"].split("|")[0] for row in site.rows(PROBLEMS)] == ["99"]


def test_an_input_that_cannot_be_read_again_is_told(site: Site) -> None:
    site.read("may.txt")
    site.read("overlap.txt")
    (site.folder / "overlap.txt").unlink()
    done = site.read("may.txt", zone=NEW_YORK, replay=True)
    assert "overlap.txt could not be read again" in done.done.remarks[1]


def test_a_replay_of_an_entry_takes_other_ways_back_too(site: Site, tmp_path: Path) -> None:
    site.read("may.txt")
    (first,) = site.ledger.raw.entries()
    site.read("may.txt", zone=NEW_YORK, replay=True)
    replay(site.ledger, Slurm(), first, now=at(3000))
    assert site.all() == rightly(tmp_path, ("may.txt", None)).all()
    assert len(site.rows(RUNS)) == 3


def test_two_tables_of_one_file_are_two_inputs(site: Site) -> None:
    database = site.folder / "jobs.db"
    with sqlite3.connect(database) as connection:
        for table, gpus in (("old", 1), ("new", 2)):
            connection.execute(f"CREATE TABLE {table} (id, start, end, gpus)")
            connection.execute(
                f"INSERT INTO {table} VALUES (?, ?, ?, ?)", (table, "2026-05-01 00:00:00", "2026-05-01 01:00:00", gpus)
            )
    columns = {"job_id": "id", "started_at": "start", "ended_at": "end", "gpu_count": "gpus"}
    for table in ("old", "new", "old"):
        source = JobsCsv(columns=columns, table=table, id="id", zone="UTC", cluster="lab")
        ingest(site.ledger, source, database, context=Context(""), now=site.now)
    assert [row["job_id"] for row in site.rows(JOB_ATTEMPTS)] == ["new", "old"]


def test_the_python_interface_refuses_and_reads_anew(site: Site) -> None:
    with gpuledger.open(site.folder / "api") as ledger:
        file = site.folder / "may.txt"
        ledger.ingest(file, source="slurm")
        with pytest.raises(UsageError, match="counted twice"):
            ledger.ingest(file, source="slurm", zone=NEW_YORK)
        ledger.ingest(file, source="slurm", zone=NEW_YORK, replay=True)
        assert ledger.ask("jobs", month="2026-05").totals["jobs"] == 8
