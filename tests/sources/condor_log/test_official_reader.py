"""HTCondor's own reader agrees on every undamaged event."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpuledger.sources.condor_log.facts import READERS
from gpuledger.sources.condor_log.frames import Damage, Event, pages

htcondor2 = pytest.importorskip("htcondor2", reason="needs HTCondor's Python bindings (pip install htcondor)")
FOLDERS = ("dagman_experiment", "dagman_misc", "htcondor_misc")
OTHER_FORMAT = "jobstate.log"
CELLS = {"Cpus": "Cpus", "Disk": "Disk", "Memory": "Memory", "GPUs": "GPUs"}
USES = {**{name: f"{name}Usage" for name in CELLS}, "GpusMemory": "GpusMemoryUsage", "TimeExecute": "TimeExecuteUsage"}


def logs(shared_data: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (
            path for path in sorted((shared_data / folder).glob("*log")) if not path.name.endswith(OTHER_FORMAT)
        )


def ours(path: Path) -> tuple[list[Event], list[Damage]]:
    with path.open("rb") as raw:
        frames = [frame for page in pages(raw) for frame in page]
    return [one for one in frames if isinstance(one, Event)], [one for one in frames if isinstance(one, Damage)]


def theirs(path: Path) -> list[Any]:
    return list(htcondor2.JobEventLog(str(path)).events(stop_after=0))


def told(event: Event) -> dict[str, str]:
    fact = READERS[event.code](event.code, event.text) or ""
    return dict(part.split("=", 1) for part in fact.split("\t")[1:])


def test_the_same_events_of_the_same_jobs(shared_data: Path) -> None:
    count = 0
    for path in logs(shared_data):
        events, damage = ours(path)
        if damage:
            continue
        known = [(int(event.type), event.cluster, event.proc, event["EventTime"][5:19]) for event in theirs(path)]
        mine = [(int(event.code), *event.job, _stamp(*event.header.group(3, 4))) for event in events]
        assert [one[:3] for one in mine] == [one[:3] for one in known], path.name
        assert [one[3] for one in mine if one[1] > 0] == [one[3] for one in known if one[1] > 0], path.name
        count += len(mine)
    assert count > 2000


def _stamp(hour: str, minute: str) -> str:
    """Without its year."""
    return f"{hour.replace('/', '-')[-8:].replace(' ', 'T')}:{minute}"


def test_what_a_termination_says(shared_data: Path) -> None:
    cells = 0
    for path in logs(shared_data):
        events, damage = ours(path)
        if damage:
            continue
        for mine, known in zip(events, theirs(path), strict=True):
            if mine.code == "005" and mine.job[0] > 0:
                cells += _agree(told(mine), known)
    assert cells > 150


def _agree(fact: dict[str, str], known: Any) -> int:
    """Compares result, bytes and every cell of the table; returns the number of cells."""
    result = fact.get("exit") or fact.get("signal")
    assert result == str(known.get("ReturnValue", known.get("TerminatedBySignal")))
    for key, name in (("sent", "SentBytes"), ("received", "ReceivedBytes")):
        assert float(fact[key]) == pytest.approx(known[name], rel=1e-6)  # theirs is a single-precision float
    table = {name: fact[name].split(",") for name in USES if name in fact}
    for name, (used, requested, allocated) in table.items():
        assert number(used) == known.get(USES[name])
        if name in CELLS:
            assert (number(requested), number(allocated)) == (known.get(f"Request{name}"), known.get(name))
    return 3 * len(table)


def number(text: str) -> float | None:
    return float(text) if text else None


def test_where_it_stops_at_damage_ours_goes_on(shared_data: Path) -> None:
    path = next((shared_data / "dagman_experiment").glob("80a69eba*"))
    events, damage = ours(path)
    known: list[Any] = []
    with pytest.raises(htcondor2.HTCondorException):
        known.extend(iter(htcondor2.JobEventLog(str(path)).events(stop_after=0)))
    assert len(events) == 80
    assert [one.line for one in damage] == [190]
