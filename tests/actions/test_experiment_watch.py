"""A watched log is read on from where the last look ended; how jobs stand is what a whole reading would tell."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gpuledger.actions.experiment.watch import Standing, Watch
from gpuledger.demo.experiment import ZONE, write_experiment
from gpuledger.model.errors import SourceError

SOON = datetime(2026, 3, 6, 4, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, bytes]:
    """The log, not written yet, and what will be in it."""
    log = write_experiment(tmp_path)[-1]
    content = log.read_bytes()
    log.write_bytes(b"")
    return log, content


def watch(log: Path) -> Watch:
    return Watch([log], ZONE, dags=[log.with_name("train.dag")])


def standing(standings: list[Standing]) -> list[tuple[str, str, int]]:
    return [(one.job, one.state, one.retries) for one in standings]


def test_a_log_that_grows_piece_by_piece_tells_what_the_whole_tells(made: tuple[Path, bytes]) -> None:
    log, content = made
    watched = watch(log)
    assert watched.look(SOON) == []
    for begin in range(0, len(content), 997):
        with log.open("ab") as grown:
            grown.write(content[begin : begin + 997])
        last = watched.look(SOON)
    assert last == watch(log).look(SOON)
    assert len(last) == len({one.job for one in last})
    assert sum(one.state == "completed" for one in last) == 16
    assert {one.run for one in last} == {one.run for one in last if one.run}


def test_nothing_is_read_twice(made: tuple[Path, bytes]) -> None:
    log, content = made
    log.write_bytes(content)
    watched = watch(log)
    before = watched.look(SOON)
    blanked = b"x" * len(content)
    with log.open("r+b") as same:
        same.write(blanked)
    assert watched.look(SOON) == before


def test_a_log_that_was_rotated_is_read_from_its_beginning(made: tuple[Path, bytes]) -> None:
    log, content = made
    half = content.index(b"...\n", len(content) // 2) + 4
    log.write_bytes(content[:half])
    watched = watch(log)
    watched.look(SOON)
    log.rename(log.with_name("metl.log.old"))
    assert standing(watched.look(SOON)) != []
    log.write_bytes(content[half:])
    assert sum(one.state == "completed" for one in watched.look(SOON)) == 16


def test_a_job_that_is_over_stays_so_while_its_log_is_written_anew(made: tuple[Path, bytes]) -> None:
    log, content = made
    log.write_bytes(content)
    watched = watch(log)
    before = watched.look(SOON)
    log.write_bytes(content[: content.index(b"\n005 ") + 1])
    assert watched.look(SOON) == before


def test_a_packed_log_is_one_sentence(made: tuple[Path, bytes]) -> None:
    log, content = made
    log.write_bytes(gzip.compress(content))
    with pytest.raises(SourceError, match=r"metl.log is packed with gzip; unpack it first \(gunzip\)"):
        watch(log).look(SOON)


def test_an_open_job_of_an_old_log_is_of_no_known_length(made: tuple[Path, bytes]) -> None:
    log, content = made
    begun = content.index(b"...\n", content.index(b"\n001 (")) + 4
    log.write_bytes(content[:begun])
    fresh = [one for one in watch(log).look(datetime(2026, 3, 2, 20, 0, tzinfo=UTC)) if one.state == "running"]
    old = [one for one in watch(log).look(LATER) if one.state == "running"]
    assert [one.is_stale for one in (*fresh, *old)] == [False, True]
    assert fresh[0].seconds is not None
    assert (old[0].seconds, old[0].told_at) == (None, fresh[0].told_at)


def test_a_log_that_never_was_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        Watch([tmp_path / "nope.log"], ZONE).look(SOON)


def test_a_job_that_a_living_log_forgot_is_of_no_known_length(made: tuple[Path, bytes]) -> None:
    """Old lines that end while a job runs, and a log that goes on: nobody knows of the first that it ran for months."""
    log, content = made
    begun = content.index(b"...\n", content.index(b"\n001 (")) + 4
    new = b"000 (99.000.000) 2026-11-19 17:00:00 Job submitted from host: <1.2.3.4:9618?alias=ap.example>\n...\n"
    log.write_bytes(content[:begun] + new)
    told = {one.job: one for one in watch(log).look(LATER)}
    assert (told["99.0"].is_stale, told["99.0"].state) == (False, "idle")
    [old] = [one for one in told.values() if one.state == "running"]
    assert (old.is_stale, old.seconds) == (True, None)
