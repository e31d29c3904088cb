"""A large log is parsed by another process, and tells the same as if it were parsed here."""

import gzip
import io
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gpuledger.actions.experiment import aside
from gpuledger.demo.experiment import ZONE, write_experiment
from gpuledger.model.batch import Batch, Parsed
from gpuledger.model.errors import SourceError
from gpuledger.model.tables import JOB_EVENTS
from gpuledger.sources import Context
from gpuledger.sources.condor_log import CondorLog

SOURCE = CondorLog()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_experiment(tmp_path_factory.mktemp("experiment"))[-1]


@pytest.fixture
def every_log_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "WORTH", 1)


def asked(path: Path) -> Parsed:
    """What is told of the file; the bytes given here are none of it."""
    return aside.parse(SOURCE, io.BytesIO(b"no log"), Context("test", ZONE, None, str(path)))


def here(path: Path) -> Iterator[object]:
    return SOURCE.parse(io.BytesIO(path.read_bytes()), Context("test", ZONE, None, str(path)))


@pytest.mark.usefixtures("every_log_aside")
def test_a_log_tells_the_same_aside_as_here(log: Path) -> None:
    told = list(asked(log))
    assert told == list(here(log))
    assert any(isinstance(item, Batch) and item.table is JOB_EVENTS for item in told)


@pytest.mark.usefixtures("every_log_aside")
def test_a_packed_log_is_unpacked_aside_and_one_that_is_cut_off_is_told_as_such(log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "metl.log.gz"
    packed.write_bytes(gzip.compress(log.read_bytes(), mtime=0))
    rows = [item.rows for item in asked(packed) if isinstance(item, Batch)]
    assert rows == [item.rows for item in here(log) if isinstance(item, Batch)]
    packed.write_bytes(packed.read_bytes()[:-200])
    with pytest.raises(EOFError):
        list(asked(packed))


@pytest.mark.usefixtures("every_log_aside")
def test_what_stops_the_parsing_aside_stops_it_here(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no event in it\n" * 10)
    with pytest.raises(SourceError, match="is no HTCondor event log"):
        list(asked(text))


def test_a_small_log_is_parsed_here(log: Path) -> None:
    with pytest.raises(SourceError):
        list(asked(log))


@pytest.mark.usefixtures("every_log_aside")
def test_the_folder_of_the_logs_is_no_place_to_import_from(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(tmp_path)
    assert list(asked(log)) == list(here(log))


@pytest.fixture
def large(log: Path, tmp_path: Path) -> Path:
    """The log again and again, each time of other jobs: what it tells is more than a pipe holds."""
    path, text = tmp_path / "metl.log", log.read_text()
    jobs = re.compile(r"^(\d{3}) \(", re.MULTILINE)
    path.write_text("".join(jobs.sub(rf"\1 ({again}", text) for again in range(1, 60)))
    return path


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that were begun."""
    begun: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **how: begun.append(popen(*words, **how)) or begun[-1])
    return begun


@pytest.mark.usefixtures("every_log_aside")
def test_a_reader_that_is_killed_is_an_error_and_not_the_end_of_the_log(
    large: Path, readers: list[subprocess.Popen[bytes]]
) -> None:
    items = asked(large)
    next(items)
    readers[0].kill()
    with pytest.raises(SourceError, match="was ended before it was done"):
        list(items)


@pytest.mark.usefixtures("every_log_aside")
def test_who_stops_listening_leaves_no_reader_behind(large: Path, readers: list[subprocess.Popen[bytes]]) -> None:
    with closing(asked(large)) as items:  # type: ignore[type-var]
        next(items)
    assert readers[0].returncode is not None


ASKER = """
import io, os, subprocess, sys
from gpuledger.actions.experiment import aside
from gpuledger.sources import Context
from gpuledger.sources.condor_log import CondorLog

popen, begun = subprocess.Popen, []
subprocess.Popen = lambda *words, **how: begun.append(popen(*words, **how)) or begun[-1]
aside.WORTH = 1
next(aside.parse(CondorLog(), io.BytesIO(), Context("test", None, None, sys.argv[1])))
print(begun[0].pid, flush=True)
os._exit(0)
"""


def test_a_reader_whose_asker_is_gone_ends_by_itself(large: Path) -> None:
    asker = subprocess.run([sys.executable, "-c", ASKER, str(large)], timeout=60, check=True, capture_output=True)
    deadline = time.monotonic() + 60
    while _runs(int(asker.stdout)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
