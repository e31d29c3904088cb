"""How much was observed, so that nothing and not known are two things."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class SourceCoverage:
    """What one source of one cluster was expected to tell about the period and what it told.

    `newest` is its watermark (or newest snapshot), `oldest` the first moment it tells of, whether or not they lie in
    the period.
    """

    cluster: str
    source: str
    expected: int | None
    seen: int
    covered_ratio: float
    gaps: tuple[tuple[datetime, datetime], ...]
    newest: datetime | None
    period_seconds: float | None = None
    oldest: datetime | None = None

    @property
    def longest_gap_seconds(self) -> float:
        """0 when everything was observed."""
        return max(((end - start).total_seconds() for start, end in self.gaps), default=0.0)


@dataclass(frozen=True)
class LedgerCoverage:
    """All sources, and what holds for them together.

    Of one cluster a moment is covered when any of its sources covers it; of the ledger when every cluster of
    `clusters` is: those that were observed at any moment of the period. `oldest` and `newest` are the first and the
    last moment any source tells of, whether or not they lie in the period.
    """

    sources: tuple[SourceCoverage, ...]
    covered_ratio: float | None
    gaps: tuple[tuple[datetime, datetime], ...]
    newest: datetime | None
    problem_count: int
    clusters: tuple[str, ...] = ()
    oldest: datetime | None = None

    @property
    def longest_gap_seconds(self) -> float | None:
        if self.covered_ratio is None:
            return None
        return max(((end - start).total_seconds() for start, end in self.gaps), default=0.0)
