"""A growing log is followed from where the last look ended."""

from pathlib import Path

import pyarrow as pa

from gpuledger.model.batch import Batch
from gpuledger.model.tables import JOB_EVENTS
from gpuledger.sources import Context
from gpuledger.sources.condor_log import CondorLog
from gpuledger.sources.condor_log.follow import Place, tellings, unread
from tests.sources.condor_log.reading import Reading, derive, execute, submit, terminate

D = "2025-11-04"
EVENTS = [submit(f"{D} 10:00:00"), execute(f"{D} 10:01:00"), terminate(f"{D} 11:00:00")]


def test_only_whole_events_are_taken_and_none_twice(tmp_path: Path) -> None:
    log, place, seen = tmp_path / "metl.log", Place(tmp_path / "metl.log"), []
    text = "".join(EVENTS)
    for length in range(0, len(text) + 40, 40):
        log.write_text(text[:length])
        news, place = unread(place)
        seen.append(news.decode())
    assert "".join(seen) == text
    assert all(news.endswith("\n...\n") for news in seen if news)
    assert unread(place)[0] == b""


def test_a_rotated_log_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "metl.log"
    log.write_text("".join(EVENTS))
    _, place = unread(Place(log))
    log.rename(tmp_path / "metl.log.old")
    log.write_text(EVENTS[0])
    assert unread(place)[0].decode() == EVENTS[0]


def test_a_log_emptied_and_written_anew_is_read_from_its_beginning_also_when_it_is_longer(tmp_path: Path) -> None:
    log = tmp_path / "metl.log"
    log.write_text(EVENTS[0])
    _, place = unread(Place(log))
    anew = [event.replace(D, "2025-11-05") for event in EVENTS]
    with log.open("r+") as same_file:
        same_file.truncate()
        same_file.write("".join(anew))
    assert unread(place)[0].decode() == "".join(anew)


def test_looks_together_tell_what_the_whole_log_tells(tmp_path: Path) -> None:
    log, source, parts = tmp_path / "metl.log", CondorLog(), list[pa.Table]()
    place = Place(log)
    for event in EVENTS:
        with log.open("a") as file:
            file.write(event)
        for items, reached in tellings(source, place, Context("watch", zone="UTC")):
            parts += [item.rows for item in items if isinstance(item, Batch) and item.table is JOB_EVENTS]
            place = reached
    reading = Reading()
    derive(reading, source, parts, {})
    assert [row["state"] for row in reading.attempts] == ["completed"]
