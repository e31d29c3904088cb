"""What every section is given: the attempts with what became of them, how names are ordered, and sums by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.metrics import Ask, LedgerCoverage
from gpuledger.metrics.workflows.names import Names
from gpuledger.metrics.workflows.read import NOT_MATCHED, Experiment
from gpuledger.metrics.workflows.totals import NOTHING, Counted, Totals
from gpuledger.metrics.workflows.tries import CHECKPOINT as USED
from gpuledger.metrics.workflows.tries import UNTOLD as NOT_TOLD
from gpuledger.metrics.workflows.tries import Tries
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.colours import CHECKPOINT, GOOD, LOST, UNTOLD, ranks
from gpuledger.reports._experiment.failing import Failures
from gpuledger.reports._experiment.observed import to_the_last_stamp

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats, Whole

GIB = 2.0**30


@dataclass(frozen=True)
class Scene:
    """One report being built. At most `rows` names get a row."""

    ask: Ask
    found: Experiment
    rows: int

    @property
    def tries(self) -> Tries:
        return self.found.tries

    @cached_property
    def coverage(self) -> LedgerCoverage:
        found = self.ask.coverage()
        return to_the_last_stamp(found, self.ask.period) if self.ask.period.kind == "all" else found

    @cached_property
    def failures(self) -> Failures:
        """Which attempts failed, by place."""
        return Failures(self)

    @cached_property
    def counted(self) -> Counted:
        """The attempts as the metrics count them."""
        return Counted(self.tries)

    @property
    def inside(self) -> "Floats":
        """Rows of the attempts of the period, 1 or 0."""
        return self.counted.inside

    @property
    def credited(self) -> "Whole":
        """Per node the attempt that did its work (`Counted.credited`)."""
        return self.counted.credited

    def totals(self, names: Names) -> dict[str, Totals]:
        """Totals by name (`Counted.totals`)."""
        return self.counted.totals(names)

    @cached_property
    def whole(self) -> Totals:
        """All attempts together."""
        found = self.totals(Names(np.zeros(len(self.tries), dtype=np.int64), ("all",)))
        return found.get("all", NOTHING)

    @cached_property
    def by_site(self) -> dict[str, Totals]:
        """Totals of each site, most wall time first; sites without a success are there with 0."""
        return dict(sorted(self.totals(self.tries.names["site"]).items(), key=lambda item: (-item[1].wall, item[0])))

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """Sites at which attempts were matched."""
        return tuple(name for name in self.by_site if name != NOT_MATCHED)

    @cached_property
    def ranks(self) -> dict[str, tuple[str, ...]]:
        """One colour per name in every figure (`colours`)."""
        site = self.tries.names["site"]
        counts = dict(zip(site.labels, site.sums(self.inside).astype(int).tolist(), strict=True))
        return ranks(counts, self.found.sites)

    @cached_property
    def fates(self) -> "dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]":
        """Which attempts were good, used as a checkpoint, lost, or do not tell, under the names that have these colours."""
        tries = self.tries
        told = {GOOD: tries.is_good, CHECKPOINT: tries.fate == USED, LOST: tries.is_lost}
        return told | ({UNTOLD: tries.fate == NOT_TOLD} if self.whole.untold else {})

    def by_model(
        self, amounts: "Floats", chosen: "np.ndarray[tuple[int], np.dtype[np.bool_]] | None" = None
    ) -> dict[str, float]:
        """Σ by GPU model; an attempt with several models is split by its GPUs."""
        parts = self.tries.parts
        held = amounts if chosen is None else np.where(chosen, amounts, 0.0)
        return dict(zip(parts.models.labels, parts.models.sums(held[parts.rows] * parts.weights).tolist(), strict=True))

    @property
    def foot(self) -> str:
        """Period, zone and number of attempts: the last line of every figure."""
        period, zone = self.ask.period, self.ask.display_zone
        said = f"{words.stamp(period.start, zone)} to {words.stamp(period.end, zone)} {zone}"
        return f"{words.plural(self.whole.attempts, 'attempt')} · {said}"

    @property
    def step_word(self) -> str:
        """What is counted: epochs where nodes have steps, else nodes."""
        return "epoch" if self.counted.has_steps else "node"


def top(amounts: Iterable[tuple[str, float]], most: int) -> Sequence[tuple[str, float]]:
    """The largest, then by name."""
    return sorted(amounts, key=lambda pair: (-pair[1], pair[0]))[:most]
