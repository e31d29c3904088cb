"""What was observed of everything that a ledger tells: to its last stamp, which stands for a second."""

from dataclasses import replace
from datetime import datetime, timedelta

from gpuledger.metrics import LedgerCoverage
from gpuledger.model.period import Period

LAST = timedelta(seconds=1)
"""The period of everything ends with the second of the last stamp; what of it is after the stamp is no gap."""
Gaps = tuple[tuple[datetime, datetime], ...]


def to_the_last_stamp(found: LedgerCoverage, period: Period) -> LedgerCoverage:
    """The coverage of the period of everything without the rest of its last second."""

    def kept(gaps: Gaps) -> Gaps:
        return tuple((start, end) for start, end in gaps if end < period.end or end - start > LAST)

    def ratio(gaps: Gaps) -> float:
        return 1.0 - sum((end - start).total_seconds() for start, end in gaps) / period.seconds

    sources = tuple(
        replace(
            one, gaps=kept(one.gaps), covered_ratio=ratio(kept(one.gaps)) if one.covered_ratio else one.covered_ratio
        )
        for one in found.sources
    )
    covered = ratio(kept(found.gaps)) if found.covered_ratio else found.covered_ratio
    return replace(found, sources=sources, gaps=kept(found.gaps), covered_ratio=covered)
