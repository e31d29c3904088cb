"""The CSV of an experiment's attempts: whole and under its name, or not there at all."""

import csv
import os
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from gpuledger.actions.experiment.asked import Attempts, Part
from gpuledger.actions.experiment.earlier import earlier_rows
from gpuledger.model import job_summary
from gpuledger.model.errors import LedgerError, NoData
from gpuledger.model.job_summary import EARLIER, OWN, WRITERS, CellKind, SummaryColumn
from gpuledger.store import Store

HEADERS = tuple(column.header for column in (*EARLIER, *OWN))


def write_csv(store: Store, out: Path, zone: ZoneInfo, *, is_executed_only: bool = False) -> int:
    """Writes every attempt of the ledger as a row and returns their number. `zone` is that of the earlier local stamps.

    Raises NoData where there is no attempt (no file is made), LedgerError where the file cannot be written.
    """
    attempts = Attempts(store, is_executed_only=is_executed_only)
    if not len(attempts):
        raise NoData("The files tell of no attempt" + (" that executed." if is_executed_only else "."))
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", errors="backslashreplace", newline="") as text:
            _write(text, attempts, zone)
        draft.replace(out)
    except OSError as error:
        raise LedgerError(f"{out} cannot be written: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return len(attempts)


def _write(text: IO[str], attempts: Attempts, zone: ZoneInfo) -> None:
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADERS)
    for part in attempts.parts():
        own = zip(*(_own(part, column) for column in OWN), strict=True)
        writer.writerows([*before, *after] for before, after in zip(earlier_rows(part, zone), own, strict=True))


def _own(part: Part, column: SummaryColumn) -> list[str]:
    if column.column:
        return list(_cells(part.values(column.column), column.kind))
    return list(_cells(_computed(part, column.header), column.kind))


def _computed(part: Part, header: str) -> list[Any]:
    """Values of the columns that no column of an attempt holds."""
    match header:
        case job_summary.EXECUTED:
            return [started is not None for started in part.values("started_at")]
        case job_summary.ATTEMPT_OF_NODE:
            return [place.of_node for place in part.places]
        case job_summary.ATTEMPT_GPUS:
            return [_listed(gpus) for gpus in part.gpus]
        case job_summary.ATTEMPT_EVENTS:
            return [_listed(events) for events in part.events]
        case job_summary.OTHER_NODES:
            return [_listed(said.others) for said in part.said]
        case job_summary.TOLD_SINCE | job_summary.TOLD_UNTIL:
            at = int(header == job_summary.TOLD_UNTIL)
            return [part.reach.get(cluster, (None, None))[at] for cluster in part.values("cluster")]
        case _:
            at = (job_summary.RETRY_LIMIT, job_summary.IS_DONE_IN_RESCUE, job_summary.IS_DECLARED).index(header)
            return [said[at] for said in part.said]


def _listed(rows: Any) -> list[Any] | None:
    """Objects without what is not known; None for no rows."""
    return [{name: _aware(value) for name, value in row.items() if value is not None} for row in rows] or None


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if hasattr(value, "tzinfo") else value


def _cells(values: list[Any], kind: CellKind) -> Iterator[str]:
    write = WRITERS[kind]
    if kind == "instant":
        return ("" if value is None else write(value.replace(tzinfo=UTC)) for value in values)
    return ("" if value is None else write(value) for value in values)
