"""What a whole input told: how far it reaches for each cluster, and what its reader must know."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow.compute as pc

from gpuledger.model.batch import Watermark
from gpuledger.model.problems import Remark
from gpuledger.sources.slurm.times import Times

NO_CLUSTER = "slurm"
"""The cluster's name when neither the input nor anybody said one."""


@dataclass
class Reach:
    """What the rows of one cluster told about time: firsts and lasts, None while no row told any."""

    first_end: datetime | None = None
    first_reading: datetime | None = None
    last_call: datetime | None = None
    """How far running rows say they came: the moment Slurm was asked."""
    last_told: datetime | None = None

    def add(self, rows: Any) -> None:
        ended, read = (pc.min_max(rows[name]).as_py() for name in ("ended_at", "observed_at"))
        lasts = [pc.max(rows[name]).as_py() for name in ("submitted_at", "started_at", "ended_at")]
        self.first_end = _first(self.first_end, ended["min"])
        self.first_reading = _first(self.first_reading, read["min"])
        self.last_call = _last(self.last_call, pc.max(rows["running_until"]).as_py())
        self.last_told = _last(self.last_told, *lasts)

    def span(self, asked_at: datetime | None) -> tuple[datetime | None, datetime] | None:
        """[since, until) that was told completely; None when no row tells any time.

        An estimate of the future (eligible, the begin of a waiting job) is no moment somebody was told anything.
        """
        until = _last(self.last_call, asked_at) or self.last_told
        since = self.first_end or self.first_reading
        return None if until is None else (_first(since, until), until)


@dataclass
class Tally:
    """Grows by one chunk at a time; its size does not depend on the input's."""

    reaches: dict[str, Reach] = field(default_factory=dict)
    asked_at: datetime | None = None
    """When the input itself says that Slurm was asked."""
    has_local: bool = False
    disagreements: int = 0
    started_early: int = 0
    unsure: int = 0
    nameless: bool = False
    array_without_raw: bool = False

    def add(self, rows: Any, known: Times, *, unsure: int, nameless: bool, array_without_raw: bool) -> None:
        """`rows`: the accepted attempts, with `running_until`."""
        self.nameless |= nameless
        self.array_without_raw |= array_without_raw
        self.has_local |= known.has_local
        self.disagreements += known.disagreements
        self.unsure += unsure
        self.started_early += pc.sum(pc.less(rows["started_at"], rows["submitted_at"])).as_py() or 0
        clusters = pc.unique(rows["cluster"]).to_pylist()
        for cluster in clusters:
            mine = rows if len(clusters) == 1 else rows.filter(pc.equal(rows["cluster"], cluster))
            self.reaches.setdefault(cluster, Reach()).add(mine)

    def watermarks(self, status: str = "complete") -> Iterator[Watermark]:
        """One for each cluster whose rows tell any time."""
        for cluster, reach in sorted(self.reaches.items()):
            if span := reach.span(self.asked_at):
                yield Watermark(cluster, *span, status)

    def remarks(self, zone: str | None, cluster: str | None) -> Iterator[Remark]:
        """What was assumed about the rows, given the zone and cluster somebody told."""
        if self.has_local and zone is None:
            yield Remark(
                "No zone was given: times without an offset were read as UTC (--zone NAME, e.g. Europe/Berlin)."
            )
        if self.nameless and cluster is None:
            yield Remark(
                f"No cluster is named in the rows or given: they are kept under {NO_CLUSTER!r} (--cluster NAME)."
            )
        if cluster and (own := sorted(self.reaches.keys() - {cluster})):
            yield Remark(
                f"The rows name their own cluster ({', '.join(own[:3])}), which was kept: {cluster!r} names only rows"
                " that name none."
            )
        if self.disagreements:
            yield Remark(f"In {self.disagreements} records End minus Start is not ElapsedRaw; Start and End were used.")
        if self.unsure:
            yield Remark(
                f"{self.unsure} rows were submitted or became eligible in the hour that occurs twice in {zone}, or ended in it"
                " without ever starting: the later reading was taken, so they may have waited an hour longer (or, never started,"
                " an hour less); what they held is certain. A job among them that is also collected live, in epoch seconds,"
                " may count twice. Times of SLURM_TIME_FORMAT=%s are never in doubt."
            )
        if self.started_early:
            yield Remark(
                f"{self.started_early} rows started before they were submitted: the clock went backwards; their waits are not known."
            )
        if self.array_without_raw:
            yield Remark(
                "JobIDRaw is not among the columns: array tasks are known by JobID; ask for JobIDRaw too, else the same "
                "tasks from an export that has it count twice."
            )


def _first(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)


def _last(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)
