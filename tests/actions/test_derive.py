"""Attempts are derived from every telling of a job: order, overlap and repetition of logs change nothing."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gpuledger.actions._readings import ReadOtherwise
from gpuledger.actions.ingest import Ingested, Manner, ingest
from gpuledger.model.batch import Batch
from gpuledger.model.schema import unbound
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, JOB_ATTEMPTS, SNAPSHOTS, Table
from gpuledger.raw import RawZone
from gpuledger.sources import Context
from gpuledger.sources.condor_log import CondorLog
from gpuledger.store import Written
from gpuledger.store.lake import Lake

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ONCE = Manner()
LOGS = CondorLog()
ABOUT_THE_READING = {"ingest_id", "reported_by", "observed_at", "usage_observed_at"}
AP = "<10.0.0.1:9618?addrs=10.0.0.1-9618&alias=ap1.example.org&noUDP>"
HOST = "<10.1.1.1:9618?addrs=10.1.1.1-9618&alias=exp-1-1.expanse.sdsc.edu&noUDP>"


@dataclass
class Site:
    """A ledger and its raw zone."""

    store: Lake
    raw: RawZone
    now: datetime = NOW

    def reads(
        self, *paths: Path, zone: str | None = "UTC", manner: Manner = ONCE, source: CondorLog = LOGS
    ) -> list[Ingested]:
        return [self._read(path, zone, manner, source) for path in paths]

    def _read(self, path: Path, zone: str | None, manner: Manner, source: CondorLog) -> Ingested:
        self.now += timedelta(minutes=1)
        context = Context("", zone=zone, input_name=path.name)
        return ingest(self, source, path, context=context, now=self.now, manner=manner)

    def holds(self) -> list[list[tuple[Any, ...]]]:
        """Every derived row without what tells of the reading."""
        return [
            sorted(
                tuple((name, str(value)) for name, value in row.items() if name not in ABOUT_THE_READING)
                for row in self.store.ask(unbound(table)).to_pylist()
            )
            for table in (JOB_ATTEMPTS, ATTEMPT_GPUS, ATTEMPT_EVENTS)
        ]

    def marks(self) -> list[datetime]:
        """Until when each input tells."""
        return list(self.store.ask(unbound(SNAPSHOTS))["until"].to_pylist())

    def versions(self) -> list[int]:
        return [self.store.version(table) for table in (JOB_ATTEMPTS, ATTEMPT_GPUS, ATTEMPT_EVENTS)]


def site(folder: Path) -> Site:
    return Site(Lake(folder / "lake"), RawZone(folder / "raw"))


def event(code: str, second: int, head: str, body: str = "", job: int = 100) -> str:
    return f"{code} ({job}.000.000) 2025-11-04 10:{second // 60:02}:{second % 60:02} {head}\n{body}...\n"


def life(job: int, begin: int) -> list[str]:
    """Eight events of a job: held once, evicted once, then completed."""
    gpu = f'\tGPUs = 1\n\tGPUs_GPU_{job:08x} = [ Id = "GPU-{job:08x}"; DeviceName = "NVIDIA L40S"; GlobalMemoryMb = 45458 ]\n'
    start = f"Job executing on host: {HOST}"
    told = (
        ("000", f"Job submitted from host: {AP}", f"    DAG Node: n{job}\n"),
        ("040", "Started transferring input files", f"\tTransferring to host: {HOST}\n"),
        ("040", "Finished transferring input files", ""),
        ("001", start, gpu),
        ("012", "Job was held.", "\tbad disk\n\tCode 13 Subcode 2\n"),
        ("013", "Job was released.", "\tvia condor_release\n"),
        ("001", start, gpu),
        ("005", "Job terminated.", "\t(1) Normal termination (return value 0)\n\t7  -  Run Bytes Sent By Job\n"),
    )
    return [event(code, begin + 20 * number, head, body, job) for number, (code, head, body) in enumerate(told)]


LIVES = [line for number in range(4) for line in life(100 + number, 150 * number)]
DAGMANS = [line for line in LIVES if line[:3] != "040"]
CUTS = {
    "in halves": (LIVES[:13], LIVES[13:]),
    "overlapping": (LIVES[:20], LIVES[10:]),
    "in three": (LIVES[:9], LIVES[6:23], LIVES[21:]),
    "with DAGMan's copy": (LIVES, DAGMANS),
    "with the beginning of DAGMan's copy": (DAGMANS[:5], LIVES),
    "grown": (LIVES[:6], LIVES[:15], LIVES),
    "the same again": (LIVES, [*LIVES, *LIVES]),
}


def written(folder: Path, parts: Sequence[Sequence[str]]) -> list[Path]:
    paths = [folder / f"part{number}.log" for number in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        path.write_text("".join(part))
    return paths


@pytest.fixture
def whole(tmp_path: Path) -> list[list[tuple[Any, ...]]]:
    """What the ledger holds after the whole log."""
    one = site(tmp_path / "whole")
    one.reads(*written(tmp_path, [LIVES]))
    return one.holds()


@pytest.mark.parametrize("name", CUTS)
@pytest.mark.parametrize("is_reversed", [False, True], ids=["in order", "backwards"])
def test_pieces_tell_what_the_whole_tells(
    name: str, is_reversed: bool, whole: list[list[tuple[Any, ...]]], tmp_path: Path
) -> None:
    paths = written(tmp_path, CUTS[name])
    pieces = site(tmp_path / "pieces")
    pieces.reads(*(reversed(paths) if is_reversed else paths))
    assert pieces.holds() == whole
    assert [len(rows) for rows in whole] == [8, 8, 12]


@pytest.mark.parametrize("part", [DAGMANS, LIVES[5:20], [*LIVES, *LIVES]], ids=["DAGMan's", "a part", "twice"])
def test_a_log_that_tells_nothing_new_writes_no_attempt(part: list[str], tmp_path: Path) -> None:
    here = site(tmp_path / "here")
    first, second = written(tmp_path, [LIVES, part])
    here.reads(first)
    before, versions = here.holds(), here.versions()
    here.reads(second)
    assert (here.holds(), here.versions()) == (before, versions)


def test_a_job_that_waited_becomes_the_attempt_that_ran(tmp_path: Path) -> None:
    here = site(tmp_path / "here")
    early, late = written(tmp_path, [LIVES[:1], LIVES[:8]])
    here.reads(early)
    assert [dict(row)["state"] for row in here.holds()[0]] == ["pending"]
    here.reads(late)
    assert sorted(dict(row)["state"] for row in here.holds()[0]) == ["completed", "held"]


def test_reading_anew_in_another_zone_takes_the_first_reading_back(tmp_path: Path) -> None:
    here, right = site(tmp_path / "here"), site(tmp_path / "right")
    metl, nodes = written(tmp_path, [LIVES, DAGMANS])
    for path in (nodes, metl):
        here.reads(path, zone="UTC")
    for path in (nodes, metl):
        here.reads(path, zone="America/Chicago", manner=Manner(is_replay=True))
    right.reads(metl, zone="America/Chicago")
    assert here.holds() == right.holds()


def test_a_dry_run_counts_events_and_tells_the_columns_of_attempts(tmp_path: Path) -> None:
    here = site(tmp_path / "here")
    done = here.reads(*written(tmp_path, [LIVES]), manner=Manner(is_dry_run=True))[0]
    assert (done.rows_read, done.accepted) == (32, 32)
    assert {"job_events", "job_attempts", "attempt_gpus", "attempt_events"} <= set(done.columns)
    assert here.versions() == [-1, -1, -1]


def test_an_open_attempt_counts_until_the_moment_of_the_newest_log_in_any_order(tmp_path: Path) -> None:
    paths = written(tmp_path, [LIVES[:4], [*LIVES[:4], event("006", 300, "Image size of job updated: 1")]])
    for order in (paths, paths[::-1]):
        here = site(tmp_path / f"from {order[0].name}")
        newest = max(here.reads(*order), key=lambda done: done.rows_read)
        row = here.store.ask(unbound(JOB_ATTEMPTS)).to_pylist()[0]
        assert row["observed_at"] == datetime(2025, 11, 4, 10, 5)
        assert row["reported_by"].startswith("file:")
        assert newest.rows_read == 5


def with_proof(job: int, begin: int) -> list[str]:
    """A life whose last event also tells UTC: the log's stamps are six hours west of it."""
    *before, last = life(job, begin)
    head, _, body = last.partition("\n")
    proof = f"\tJob terminated of its own accord at 2025-11-04T16:{head[32:37]}Z with exit-code 0.\n"
    return [*before, f"{head}\n{proof}{body}"]


UNPROVEN = [line for number in range(3) for line in life(100 + number, 150 * number)]
PROVEN = with_proof(103, 450)
LOCAL = [*UNPROVEN, *PROVEN]
LOCAL_CUTS = {
    "the proof comes last": (UNPROVEN, PROVEN),
    "grown": (LOCAL[:6], UNPROVEN, LOCAL),
    "with DAGMan's copy": (LOCAL, [line for line in LOCAL if line[:3] != "040"]),
    "with DAGMan's copy cut before the proof": (LOCAL, [line for line in UNPROVEN if line[:3] != "040"]),
    "overlapping": (LOCAL[:12], LOCAL[4:20], LOCAL[16:]),
}


@pytest.mark.parametrize("name", LOCAL_CUTS)
@pytest.mark.parametrize("is_reversed", [False, True], ids=["in order", "backwards"])
def test_a_zone_that_one_log_proves_holds_for_all_of_its_access_point(
    name: str, is_reversed: bool, tmp_path: Path
) -> None:
    """Without --zone: what one piece proves late is held against the pieces that were read before."""
    whole, pieces = site(tmp_path / "whole"), site(tmp_path / "pieces")
    whole.reads(*written(tmp_path, [LOCAL]), zone=None)
    assert min(dict(row)["submitted_at"] for row in whole.holds()[0]) == "2025-11-04 16:00:00"
    paths = written(tmp_path, LOCAL_CUTS[name])
    pieces.reads(*(reversed(paths) if is_reversed else paths), zone=None)
    assert pieces.holds() == whole.holds()
    assert max(pieces.marks()) == max(whole.marks())


@pytest.mark.parametrize("is_reversed", [False, True], ids=["in order", "backwards"])
def test_a_zone_that_people_gave_for_one_log_holds_for_its_copies(is_reversed: bool, tmp_path: Path) -> None:
    whole, both = site(tmp_path / "whole"), site(tmp_path / "both")
    metl, nodes = written(tmp_path, [UNPROVEN, [line for line in UNPROVEN if line[:3] != "040"]])
    whole.reads(metl, zone="America/Chicago")
    for path, zone in [(metl, "America/Chicago"), (nodes, None)][:: -1 if is_reversed else 1]:
        both.reads(path, zone=zone)
    assert both.holds() == whole.holds()


def test_a_file_whose_zone_was_proven_is_not_read_again_in_another_without_a_word(tmp_path: Path) -> None:
    here, right = site(tmp_path / "here"), site(tmp_path / "right")
    (path,) = written(tmp_path, [LOCAL])
    here.reads(path, zone=None)
    with pytest.raises(ReadOtherwise, match="zone"):
        here.reads(path, zone="UTC")
    here.reads(path, zone="UTC", manner=Manner(is_replay=True))
    right.reads(path, zone="UTC")
    assert here.holds() == right.holds()


def test_how_far_earlier_logs_tell_moves_with_what_is_learned_of_their_clock(tmp_path: Path) -> None:
    here = site(tmp_path / "here")
    here.reads(*written(tmp_path, [UNPROVEN, PROVEN]), zone=None)
    assert sorted(here.marks()) == [datetime(2025, 11, 4, 16, 7, 20), datetime(2025, 11, 4, 16, 9, 50)]
    assert here.reads(tmp_path / "part0.log", zone=None)[0].accepted == 0


def test_other_rules_of_sites_tell_the_sites_of_a_log_that_is_read_again(tmp_path: Path) -> None:
    here = site(tmp_path / "here")
    (path,) = written(tmp_path, [LIVES])
    here.reads(path)
    for named in ("frontera", "elsewhere", "frontera"):
        here.reads(path, source=CondorLog(sites={"expanse.sdsc.edu": named}))
        assert {dict(row)["site"] for row in here.holds()[0]} == {named}


class Killed(BaseException):
    """Nothing catches it."""


class Mortal(Lake):
    """A ledger whose writer is killed when it begins a write, after so many others."""

    lives = 1_000

    def _write(self, *told: Any) -> Written:
        self._live()
        return super()._write(*told)

    def retract(self, table: Table, **equal: str | Sequence[str]) -> int:
        self._live()
        return super().retract(table, **equal)

    def replace(self, batch: Batch, **equal: str | Sequence[str]) -> None:
        self._live()
        super().replace(batch, **equal)

    def _live(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise Killed


def reach(here: Site) -> dict[str, list[tuple[datetime, datetime]]]:
    """From when until when each input tells."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in here.store.ask(unbound(SNAPSHOTS)).to_pylist():
        found.setdefault(row["source"], []).append((row["since"], row["until"]))
    return found


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Site, Site]:
    """A folder, the log that proves a zone, a ledger that has read an older log, and one that has read both."""
    folder = tmp_path_factory.mktemp("learning")
    old, proof = written(folder, [UNPROVEN[:8], PROVEN])
    before, whole = site(folder / "before"), site(folder / "whole")
    before.reads(old, zone=None)
    whole.reads(old, proof, zone=None)
    return folder, proof, before, whole


@pytest.mark.parametrize(
    "writes",
    [
        pytest.param(5, id="before the GPUs of old attempts go"),
        pytest.param(7, id="before the attempts are told anew"),
        pytest.param(10, id="before the marks move"),
        pytest.param(11, id="before the clock is told"),
    ],
)
def test_a_kill_while_a_clock_is_learned_loses_and_doubles_nothing(
    writes: int, learning: tuple[Path, Path, Site, Site], tmp_path: Path
) -> None:
    folder, proof, before, whole = learning
    shutil.copytree(folder / "before", tmp_path / "here")
    here = Site(mortal := Mortal(tmp_path / "here" / "lake"), RawZone(tmp_path / "here" / "raw"))
    mortal.lives = writes
    with pytest.raises(Killed):
        here.reads(proof, zone=None)
    ((source, as_read),) = reach(before).items()
    assert reach(here)[source] in (as_read, reach(whole)[source])
    mortal.lives = 1_000
    here.reads(proof, zone=None)
    assert (reach(here), here.holds()) == (reach(whole), whole.holds())


def test_who_takes_a_moved_log_back_takes_its_reach_back(tmp_path: Path) -> None:
    here = site(tmp_path / "here")
    old, proof = written(tmp_path, [UNPROVEN, PROVEN])
    here.reads(old, proof, zone=None)
    here.reads(old, zone="America/New_York", manner=Manner(is_replay=True))
    assert sorted(here.marks()) == [datetime(2025, 11, 4, 15, 7, 20), datetime(2025, 11, 4, 16, 9, 50)]
