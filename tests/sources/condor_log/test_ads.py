"""Logs written as ads in JSON or XML tell what the classic ones tell."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from gpuledger.model.batch import Batch
from gpuledger.model.problems import Problem
from gpuledger.model.tables import JOB_EVENTS
from gpuledger.sources import Context
from gpuledger.sources.condor_log import CondorLog
from gpuledger.sources.condor_log.follow import Place, tellings
from tests.sources.condor_log.reading import Reading, derive, read

htcondor2 = pytest.importorskip("htcondor2", reason="needs HTCondor's Python bindings (pip install htcondor)")
NAMES = ("job_id", "matched_at", "started_at", "ended_at", "state", "exit_code", "site", "gpu_model", "gpu_count", "end_code", "used_memory_bytes", "requested_memory_bytes")  # fmt: skip


def plain(value: Any) -> Any:
    """A value of the bindings as JSON has it."""
    if hasattr(value, "items"):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value if isinstance(value, bool | int | float | str) else str(value)


def as_json(ad: dict[str, Any]) -> str:
    return json.dumps(ad, indent=2) + "\n"


def as_xml(ad: dict[str, Any]) -> str:
    lines = "".join(f'    <a n="{name}">{xml(value)}</a>\n' for name, value in ad.items())
    return f"<c>\n{lines}</c>\n"


def xml(value: Any) -> str:
    match value:
        case bool():
            return f'<b v="{"t" if value else "f"}"/>'
        case dict():
            return f"<c>{''.join(f'<a n={chr(34)}{name}{chr(34)}>{xml(each)}</a>' for name, each in value.items())}</c>"
        case list():
            return f"<l>{''.join(map(xml, value))}</l>"
        case int():
            return f"<i>{value}</i>"
        case float():
            return f"<r>{value!r}</r>"
    return f"<s>{escape(value)}</s>"


def known(reading: Reading) -> list[tuple[Any, ...]]:
    """The bindings leave out the table of resources of an eviction, so an evicted attempt is compared without it."""
    rows = [
        tuple(row[name] for name in NAMES if row["state"] == "completed" or not name.endswith("memory_bytes"))
        for row in reading.attempts
    ]
    return sorted(rows, key=str)


@pytest.mark.parametrize("write", [as_json, as_xml])
def test_the_same_attempts_in_every_format(
    write: Callable[[dict[str, Any]], str], shared_data: Path, tmp_path: Path
) -> None:
    """The bindings read the classic log, we write it as ads; they must read that too."""
    for start in ("9958c53b", "ae9ffdb2", "e288c60a"):
        classic = next((shared_data / "dagman_experiment").glob(f"{start}*"))
        events = list(htcondor2.JobEventLog(str(classic)).events(stop_after=0))
        log = tmp_path / f"{start}.log"
        log.write_text("".join(write({name: plain(event[name]) for name in event.keys()}) for event in events))  # noqa: SIM118 - not a dict
        assert len(list(htcondor2.JobEventLog(str(log)).events(stop_after=0))) == len(events)
        reading = read(log, "America/Chicago")
        assert CondorLog().claims(log.read_bytes(), log.name)
        assert reading.event_count == len(events)
        assert not reading.problems
        assert known(reading) == known(read(classic, "America/Chicago"))


def as_json_line(ad: dict[str, Any]) -> str:
    return json.dumps(ad) + "\n"


def as_json_with_dots(ad: dict[str, Any]) -> str:
    return json.dumps(ad, indent=1) + "\n...\n"


def as_xml_line(ad: dict[str, Any]) -> str:
    return as_xml(ad).replace("\n", "") + "\n"


AD = {"Cluster": 7, "Proc": 0, "Subproc": 0}
LIFE = (
    {**AD, "EventTypeNumber": 0, "EventTime": "2025-11-04T10:00:00", "SubmitHost": "<1.2.3.4:1?alias=ap1>"},
    {**AD, "EventTypeNumber": 1, "EventTime": "2025-11-04T10:10:00", "ExecuteHost": "<1.2.3.5:1>", "ExecuteProps": {"GPUs": 2}},
    {**AD, "EventTypeNumber": 5, "EventTime": "2025-11-04T12:10:00", "TerminatedNormally": True, "ReturnValue": 0},
)  # fmt: skip
FORMS = (as_json, as_json_line, as_json_with_dots, as_xml, as_xml_line)


@pytest.mark.parametrize("write", FORMS)
@pytest.mark.parametrize("end", [None, -1], ids=["whole", "without its last line's end"])
def test_ads_of_many_lines_or_of_one(write: Callable[[dict[str, Any]], str], end: int | None) -> None:
    reading = read("".join(map(write, LIFE))[:end])
    assert reading.problems == []
    assert (reading.only["state"], reading.only["gpu_count"], reading.event_count) == ("completed", 2, 3)


@pytest.mark.parametrize("write", FORMS)
def test_a_log_of_ads_is_followed_as_it_grows(write: Callable[[dict[str, Any]], str], tmp_path: Path) -> None:
    log, text = tmp_path / "metl.log", "".join(map(write, LIFE))
    place, parts = Place(log), []
    for end in range(0, len(text) + 7, 7):
        log.write_text(text[:end])
        for items, reached in tellings(CondorLog(), place, Context("watch", zone="UTC")):
            assert not any(isinstance(item, Problem) for item in items)
            parts += [item.rows for item in items if isinstance(item, Batch) and item.table is JOB_EVENTS]
            place = reached
    reading = Reading()
    derive(reading, CondorLog(), parts, {})
    assert reading.only["state"] == "completed"


def test_an_ad_of_one_line_that_cannot_be_read_costs_itself() -> None:
    first, second, third = map(as_json_line, LIFE)
    reading = read(first + second.replace(": 1,", ": ,", 1) + third + third[:30])
    assert [(problem.line, problem.input_rows) for problem in reading.problems] == [(2, 1), (4, 1)]
    assert reading.only["state"] == "completed"


def test_an_ad_that_cannot_be_read_costs_itself() -> None:
    good = {
        "EventTypeNumber": 0,
        "Cluster": 7,
        "Proc": 0,
        "EventTime": "2025-11-04T10:00:00",
        "SubmitHost": "<1.2.3.4:1?alias=ap1>",
    }
    bad = as_json({**good, "Cluster": 8}).replace('"Cluster": 8', '"Cluster": ')
    reading = read(as_json(good) + bad + as_json({**good, "Cluster": 9}) + '{\n  "EventTypeNumber": 1')
    assert [row["job_id"] for row in reading.attempts] == ["7.0", "9.0"]
    assert [(problem.line, problem.input_rows) for problem in reading.problems] == [(8, 1), (22, 1)]


def test_entities_are_refused() -> None:
    ad = as_xml({"EventTypeNumber": 0, "Cluster": 7, "Proc": 0, "EventTime": "2025-11-04T10:00:00"})
    bomb = ad.replace("<c>", '<c><!DOCTYPE x [<!ENTITY a "aaaa">]>')
    reading = read(ad + bomb)
    assert (len(reading.attempts), len(reading.problems)) == (1, 1)
