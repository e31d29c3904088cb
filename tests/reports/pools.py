"""A made pool in a ledger, and what plain Python counts from its rows: each reading held to the next, at most two steps."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from gpuledger.actions.ingest import ingest
from gpuledger.actions.report import report
from gpuledger.config import Ledger
from gpuledger.model.document import Document
from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import GPU_STATES, PENDING
from gpuledger.plugins import load
from gpuledger.sources import Context

FROM, TO = datetime(2026, 8, 29, tzinfo=UTC), datetime(2026, 9, 3, tzinfo=UTC)
STEP = 300.0
Gpu = tuple[str, str]
Row = dict[str, Any]


def read_pool(ledger: Ledger, folder: Path) -> None:
    """The month files of both kinds."""
    for source, pattern in (("gpu-state", "gpu_state_*.parquet"), ("job-pressure", "job_pressure_*.db")):
        for file in sorted(folder.glob(pattern)):
            context = Context("", zone="UTC", cluster="pool", input_name=file.name)
            ingest(ledger, load("sources", source)(), file, context=context, now=TO)


def part(row: Row) -> str:
    """What a GPU counts as (`metrics.states.facts`), said again."""
    if row["occupancy"] == "claimed":
        return "primary"
    if row["backfill_occupancy"] == "claimed":
        return "secondary"
    if row["admin_state"] in ("drained", "draining", "down", "maintenance"):
        return "drained"
    if (row["prevented_reason"] or "").strip():
        return "prevented"
    if row["admin_state"] in ("owner", "reserved"):
        return "owner"
    return "idle" if (row["occupancy"], row["admin_state"]) == ("unclaimed", "none") else "unknown"


@dataclass(frozen=True)
class Recount:
    """The rows of a ledger over one period. Times are seconds since its start."""

    ledger: Ledger
    period: Period

    def document(self, name: str, where: tuple[str, ...] = (), **chosen: Any) -> Document:
        """The report of that name."""
        declared = load("reports", name)
        return report(self.ledger, declared, declared.parameters(**chosen), self.period, where, self.period.end)

    @cached_property
    def holds(self) -> dict[datetime, tuple[float, float]]:
        """Per reading that holds in the period: since and until."""
        moments = sorted({row["time"] for row in self._rows})
        held = {}
        for time, after in zip(moments, [*moments[1:], None], strict=True):
            last = self._at(time) + (STEP if after is None else 2 * STEP)
            since, until = max(self._at(time), 0.0), min(last, self._at(after) if after else last, self.period.seconds)
            if until > since:
                held[time] = (since, until)
        return held

    @cached_property
    def covered(self) -> float:
        return sum(until - since for since, until in self.holds.values())

    @cached_property
    def _rows(self) -> list[Row]:
        told = unbound(GPU_STATES).drop("partition_day", "ingest_id", "source")
        rows: list[Row] = self.ledger.store.ask(told).to_pylist()
        return rows

    def _at(self, moment: datetime) -> float:
        return (moment.replace(tzinfo=UTC) - self.period.start).total_seconds()

    @cached_property
    def gpus(self) -> dict[Gpu, list[tuple[float, float, Row]]]:
        """Each GPU's readings in order: since, until, row."""
        found: dict[Gpu, list[tuple[float, float, Row]]] = defaultdict(list)
        for row in sorted(self._rows, key=lambda row: row["time"]):
            if row["time"] in self.holds:
                found[row["host"], row["gpu"]].append((*self.holds[row["time"]], row | {"part": part(row)}))
        return found

    def held(self) -> Iterator[tuple[float, float, Row]]:
        for readings in self.gpus.values():
            yield from readings

    @cached_property
    def waiting(self) -> list[Row]:
        """Jobs that waited in the period: since, until, and the row."""
        found = []
        rows: list[Row] = self.ledger.store.ask(unbound(PENDING)).to_pylist()
        for row in rows:
            since, until = (
                max(self._at(row["first_seen_at"]), 0.0),
                min(self._at(row["last_seen_at"]), self.period.seconds),
            )
            if self._at(row["first_seen_at"]) < self.period.seconds and until >= 0:
                found.append(row | {"since": since, "until": until})
        return found


def days(count: float, end: datetime = TO) -> Period:
    return Period(end - timedelta(days=count), end)
