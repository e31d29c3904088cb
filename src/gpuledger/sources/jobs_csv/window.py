"""The window a trace was cut from: what ran over its edges is clipped, not dropped."""

from dataclasses import dataclass
from datetime import UTC, datetime

from gpuledger.model.period import tzinfo


@dataclass(frozen=True)
class Window:
    """`since` and `until` bound what the file tells.

    An attempt without an end counts to `until`. `has_cut_starts` says that a row without a start ran before
    `since` (and is counted from there); without it such a row never started.
    """

    since: datetime | None = None
    until: datetime | None = None
    has_cut_starts: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "since", instant(self.since))
        object.__setattr__(self, "until", instant(self.until))
        since, until = self.bounds("UTC")
        if since and until and since >= until:
            raise ValueError("window.since is not before window.until")
        if self.has_cut_starts and self.since is None:
            raise ValueError("window.has_cut_starts needs window.since: rows without a start are counted from there")

    def bounds(self, zone: str) -> tuple[datetime | None, datetime | None]:
        """Both edges in UTC; an edge without an offset is of `zone`."""
        return utc(self.since, zone), utc(self.until, zone)


def instant(moment: datetime | str | None) -> datetime | None:
    """A moment as such or as ISO text."""
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def utc(moment: datetime | None, zone: str) -> datetime | None:
    """A moment of the configuration in UTC; without an offset it is of `zone`."""
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=tzinfo(zone))).astimezone(UTC)
