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
REACH = ("submitted_at", "started_at", "ended_at", "observed_at")


@dataclass
class Tally:
    """Grows by one chunk at a time; its size does not depend on the input's."""

    reach: dict[str, tuple[datetime | None, datetime | None]] = field(default_factory=dict)
    has_local: bool = False
    disagreements: int = 0
    nameless: bool = False

    def add(self, rows: Any, known: Times, *, nameless: bool) -> None:
        self.nameless |= nameless
        self.has_local |= known.has_local
        self.disagreements += known.disagreements
        clusters = pc.unique(rows["cluster"]).to_pylist()
        for cluster in clusters:
            mine = rows if len(clusters) == 1 else rows.filter(pc.equal(rows["cluster"], cluster))
            bounds = [pc.min_max(mine[name]).as_py() for name in REACH]
            seen = self.reach.get(cluster, (None, None))
            low = [moment for moment in (seen[0], *(b["min"] for b in bounds)) if moment]
            high = [moment for moment in (seen[1], *(b["max"] for b in bounds)) if moment]
            self.reach[cluster] = (min(low, default=None), max(high, default=None))

    def watermarks(self) -> Iterator[Watermark]:
        """One for each cluster whose rows tell any time."""
        for cluster, (since, until) in sorted(self.reach.items()):
            if until is not None:
                yield Watermark(cluster, since, until)

    def remarks(self, zone: str | None, cluster: str | None) -> Iterator[Remark]:
        """What was assumed about the rows, given the zone and cluster somebody told."""
        if self.has_local and zone is None:
            yield Remark("No zone was given: times without an offset were read as UTC (--zone America/New_York).")
        if self.nameless and cluster is None:
            yield Remark(
                f"No cluster is named in the rows or given: they are kept under {NO_CLUSTER!r} (--cluster NAME)."
            )
        if self.disagreements:
            yield Remark(f"In {self.disagreements} records End minus Start is not ElapsedRaw; Start and End were used.")
