"""Reads the worked examples (`examples/*.toml`): small text tables with the expected answer.

The reference pages read them through `examples()` too.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gpuledger.metrics import Filter
from gpuledger.metrics.filters import parse
from gpuledger.metrics.registry import BUILT_IN, BY_DIMENSION
from gpuledger.model.period import Period, between
from gpuledger.model.tables import BY_TABLE
from gpuledger.model.vocabulary import BY_NAME

FOLDER = Path(__file__).parent / "examples"
GIB = 2**30


@dataclass(frozen=True)
class Example:
    """`rows` by canonical table; `answer` maps metric and dimension names to values, in order; `totals` may be empty."""

    name: str
    sentence: str
    period: Period
    where: tuple[Filter, ...]
    rows: dict[str, list[dict[str, Any]]]
    answer: list[dict[str, Any]]
    totals: dict[str, float | None]
    text: dict[str, str]

    @property
    def metrics(self) -> list[str]:
        return [name for name in self.answer[0] if name in BUILT_IN]

    @property
    def by(self) -> list[str]:
        return [name for name in self.answer[0] if name in BY_DIMENSION]


def examples() -> Iterator[Example]:
    """Every worked example, file by file."""
    for file in sorted(FOLDER.glob("*.toml")):
        for given in tomllib.loads(file.read_text(encoding="utf-8"))["example"]:
            yield _example(given)


def _example(given: dict[str, Any]) -> Example:
    texts = {name: value for name, value in given.items() if name in BY_TABLE or name in ("ask", "totals")}
    tables = {name: list(_rows(name, text)) for name, text in texts.items() if name in BY_TABLE}
    answer = [_answer(row) for row in cells(texts["ask"])]
    totals = [_answer(row) for row in cells(texts.get("totals", ""))]
    period = between(*given["period"], given.get("zone", "UTC"))
    where = tuple(parse(text) for text in given.get("where", []))
    return Example(
        given["name"], given["sentence"], period, where, tables, answer, totals[0] if totals else {}, texts
    )  # fmt: skip


def cells(text: str) -> list[dict[str, str | None]]:
    """A text table: names in the first line, `|` between cells, `-` for null."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [
        {name: None if cell == "-" else cell for name, cell in zip(lines[0], line, strict=True)} for line in lines[1:]
    ]


def _answer(row: dict[str, str | None]) -> dict[str, Any]:
    return {name: _number(name, cell) if name in BUILT_IN and cell is not None else cell for name, cell in row.items()}


def _number(name: str, cell: str) -> float:
    """A moment is in seconds since 1970."""
    is_moment = BUILT_IN[name].format == "instant"
    return datetime.fromisoformat(cell).replace(tzinfo=UTC).timestamp() if is_moment else float(cell)


def _rows(table: str, text: str) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(cells(text), 1):
        held = {name: _value(name, cell) for name, cell in row.items()}
        yield _defaults(table, number, held) | held


def _defaults(table: str, number: int, held: dict[str, Any]) -> dict[str, Any]:
    if table == "gpu_states":
        return {"cluster": "hpc", "source": "poll", "partition_day": "2026-05-01", "occupancy": "unclaimed", "admin_state": "none",
                "owner_projects": ""}  # fmt: skip
    if table == "device_events":
        return {"cluster": "hpc", "source": "thermal-csv", "event_id": str(number)}
    if table == "workflow_nodes":
        return {"cluster": "hpc", "try_number": 0, "state": "other"}
    if table != "job_attempts":
        is_poll = table == "snapshots" and "until" not in held
        return {"cluster": "hpc"} | (
            {"source": "poll", "status": "complete", "told_tables": ["gpu_states"]} if is_poll else {}
        )
    identity = held.get("attempt_id") or str(number)
    state = "completed" if held.get("ended_at") else "running"
    return {"cluster": "hpc", "attempt_id": identity, "job_id": identity, "state": state, "submitted_at": held.get("started_at"),
            "partition_month": "2026-05"}  # fmt: skip


def _value(name: str, cell: str | None) -> Any:
    if cell is None:
        return None
    match BY_NAME[name].kind:
        case "instant":
            return datetime.fromisoformat(cell).replace(tzinfo=UTC)
        case "number":
            return float(cell.removesuffix(" GiB")) * (GIB if cell.endswith(" GiB") else 1)
        case "whole":
            return int(cell)
        case "texts":
            return cell.split()
        case "flag":
            return cell == "true"
        case _:
            return cell
