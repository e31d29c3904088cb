"""Our own table is read by columns: it tells what its rows tell one by one, also where something in it is in doubt."""

import csv
import io
from typing import Any

import pytest

from gpuledger.model import job_summary as summary
from gpuledger.model.job_summary import OWN, cell
from gpuledger.sources.job_summary import columns, pieces
from tests.sources.job_summary.summaries import HEADERS, Told, text, told
from tests.sources.job_summary.test_own_columns import ATTEMPT, EVENTS, GPUS

NAMES = [*HEADERS, *(column.header for column in OWN)]
LOG = {
    "cluster": "ap40.uw.osg-htc.org", "source": "file:1", "time": "2025-11-03T00:00:00Z", "since": "2025-11-01T00:00:00Z",
    "until": "2025-11-03T00:00:00Z", "status": "complete", "row_count": 7,
}  # fmt: skip
NODE = {"cluster": "ap40.uw.osg-htc.org", "workflow": "w", "workflow_run": "r", "node_name": "run9-train_epoch9"}


def rows(count: int, **cells: str) -> list[dict[str, str]]:
    """Attempts of two tries a node, the last one still open; `cells` are put into the row in the middle."""
    found = [_row(number, is_open=number == count - 1) for number in range(count)]
    found[0] |= {summary.OTHER_NODES: cell([NODE], "json"), summary.LOGS: cell([LOG], "json")}
    found[count // 2] |= {name.replace("_", " "): value for name, value in cells.items()}
    return found


def _row(number: int, *, is_open: bool) -> dict[str, str]:
    job = 12713212 + number // 3
    attempt: dict[str, Any] = ATTEMPT | {
        "job_id": f"{job}.0", "attempt_id": f"ap40#{job}.0#{number}", "node_name": f"run0-train_epoch{number // 6}",
        "ended_at": None if is_open else ATTEMPT["ended_at"], "state": "running" if is_open else "preempted",
    }  # fmt: skip
    row = {column.header: cell(attempt.get(column.column), column.kind) for column in OWN}
    row |= {summary.ATTEMPT_GPUS: cell(GPUS, "json"), summary.ATTEMPT_EVENTS: cell(EVENTS, "json")}
    row |= {summary.RETRY_LIMIT: "3", summary.IS_DECLARED: "True", summary.IS_DONE_IN_RESCUE: "False"}
    earlier = {
        "Job Name": attempt["node_name"],
        "HTCondor Cluster ID": str(job),
        "Attempt Sequence": str(number % 3 + 1),
    }
    return row | earlier | {"Final Status": "evicted", "Start Time": "2025-11-02T01:30:00"}


def by_rows(content: bytes) -> Told:
    """The same table under a header that nobody but the reader of rows takes for ours."""
    return told(content.replace(b"Job Name,", b"Job Name ,", 1), cluster=None)


def same(first: Told, second: Told) -> bool:
    def sorted_rows(one: Told) -> dict[str, list[Any]]:
        return {name: sorted((_told(row) for row in held), key=str) for name, held in one.tables.items()}

    whole = [(sorted_rows(one), one.problems, one.remarks, one.watermarks, one.input_rows) for one in (first, second)]
    return whole[0] == whole[1]


def _told(row: dict[str, Any]) -> list[tuple[str, Any]]:
    """What a row tells: a column that it lacks is null."""
    return sorted((name, value) for name, value in row.items() if value is not None)


@pytest.fixture
def is_read_by_columns(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each piece had that was read by columns."""
    counts: list[int] = []
    read = columns.read

    def counted(*given: Any) -> Any:
        part = read(*given)
        counts.append(len(part.attempts))
        return part

    monkeypatch.setattr(columns, "read", counted)
    return counts


def test_a_table_of_ours_tells_by_columns_what_it_tells_by_rows(is_read_by_columns: list[int]) -> None:
    content = text(rows(40), NAMES)
    assert same(told(content, cluster=None), by_rows(content))
    assert is_read_by_columns == [40]


def test_pieces_are_cut_between_rows_whatever_stands_in_a_cell(
    monkeypatch: pytest.MonkeyPatch, is_read_by_columns: list[int]
) -> None:
    monkeypatch.setattr(pieces, "PIECE", 3_000)
    content = text(rows(40, End_Reason='two\n"lines"\n\n, and a third'), NAMES)
    assert same(told(content, cluster=None), by_rows(content))
    assert len(is_read_by_columns) > 10
    assert sum(is_read_by_columns) == 40


GOOD_CELLS = {
    "a text that a spreadsheet would run": {"End_Reason": "'=1+1"},
    "what pandas writes for nothing": {"End_Reason": "nan"},
    "spaces around a name": {"Node": " run0-train_epoch3 "},
    "no list of hosts": {"Hosts": ""},
    "no GPUs": {"GPUs": ""},
    "an exact fraction": {"Bytes_From_Job": "0.30000000000000004"},
    "an instant with parts of a second": {"Observed_(UTC)": "2025-11-02T09:00:00.000001Z"},
    "an offset": {"Observed_(UTC)": "2025-11-02T11:00:00+02:00"},
}


@pytest.mark.parametrize("name", GOOD_CELLS)
def test_a_cell_reads_by_columns_as_it_does_by_rows(name: str, is_read_by_columns: list[int]) -> None:
    content = text(rows(9, **GOOD_CELLS[name]), NAMES)
    found = told(content, cluster=None)
    assert found.problems == []
    assert same(found, by_rows(content))
    assert is_read_by_columns == [9]


DOUBTS = {
    "a number that is none": {"Exit_Code": "many"},
    "a number in base 16": {"Exit_Code": "0x10"},
    "a number that is not finite": {"Held_(seconds)": "inf"},
    "a number as pandas writes it": {"Exit_Code": "1.0"},
    "a flag that is none": {"Declared": "perhaps"},
    "a time that is none": {"Started_(UTC)": "yesterday"},
    "a time without an offset": {"Started_(UTC)": "2025-11-02T06:30:00"},
    "an end before the start": {"Ended_(UTC)": "2025-11-01T06:30:00Z"},
    "no state": {"State": ""},
    "no access point": {"Access_Point": ""},
    "a list that is none": {"Hosts": "[1]"},
    "an object for a list": {"GPUs": '{"host":"h","gpu":"g"}'},
    "null for a list": {"GPUs": "null"},
    "two lists in a cell": {"GPUs": '[]}\n{"of":[]'},
    "a GPU without a host": {"GPUs": '[{"gpu":"g"}]'},
    "an event without a time": {"Events": '[{"event_kind":"hold"}]'},
    "an event at no time": {"Events": '[{"event_kind":"hold","time":"noon"}]'},
    "an event with more than ours": {"Events": '[{"event_kind":"hold","time":"2025-11-02T06:30:00Z","extra":1}]'},
    "a name that is taken": {"Attempt_ID": "ap40#12713212.0#0", "Attempt_Sequence": "7"},
    "what was not read, late": {"Not_Read": '[{"input":"metl.log","line":7,"reason":"cut"}]'},
    "a list of logs that is none": {"Logs": "[5]"},
}


@pytest.mark.parametrize("name", DOUBTS)
def test_a_piece_in_doubt_is_read_by_rows(name: str) -> None:
    content = text(rows(9, **DOUBTS[name]), NAMES)
    assert same(told(content, cluster=None), by_rows(content))


@pytest.mark.parametrize("bad", ["short,line\r\n", '"open\r\n', "\r\n", "   \r\n", "\x00\r\n", "a\rb\r\n"], ids=repr)
def test_a_line_in_doubt_is_told_with_its_number(bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE", 3_000)
    lines = text(rows(30), NAMES).splitlines(keepends=True)
    content = b"".join([*lines[:20], bad.encode(), *lines[20:]])
    assert same(told(content, cluster=None), by_rows(content))


def test_bytes_that_are_no_text_are_told_as_they_are_by_rows() -> None:
    content = text(rows(9, End_Reason="caf\u00e9"), NAMES).replace("\u00e9".encode(), b"\xe9")
    assert same(told(content, cluster=None), by_rows(content))


def test_the_first_row_may_say_what_was_not_read() -> None:
    held = rows(9)
    held[0][summary.NOT_READ] = cell([{"input": "metl.log", "line": 7, "reason": "cut", "count": 2}], "json")
    content = text(held, NAMES)
    found = told(content, cluster=None)
    assert [problem.line for problem in found.problems] == [2]
    assert same(found, by_rows(content))


def test_a_table_cut_off_in_a_quote_is_read_as_far_as_it_goes() -> None:
    content = text(rows(9), NAMES)
    assert next(csv.reader(io.StringIO(content.decode())))[0] == "Job Name"
    for end in (len(content) - 5, len(content) // 2, content.rindex(b'[{""') + 6):
        assert same(told(content[:end], cluster=None), by_rows(content[:end]))
