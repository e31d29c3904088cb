"""A period as people choose it, on the command line, in Python or in a URL: one calendar part, a last span, or two ends."""

import re
from dataclasses import dataclass, field, fields
from datetime import datetime

from gpuledger.model.errors import UsageError
from gpuledger.model.period import Period, between, last, named, parse_instant


def _way(flag: str, example: str, meaning: str) -> str | None:
    choice: str | None = field(default=None, metadata={"flag": flag, "example": example, "meaning": meaning})
    return choice


@dataclass(frozen=True)
class PeriodChoice:
    """At most one way to say a period; `end` may also end `last` or the default one."""

    start: str | None = _way("--from", "TIME", "Start: 2026-05-01, 2026-05-01T08:00, or with Z or an offset.")
    end: str | None = _way("--to", "TIME", "End, not included; --last (or the default) may end there too.")
    last: str | None = _way("--last", "SPAN", "The last 24h, 7d, 2w or 90min, up to now (or --to); or all.")
    month: str | None = _way("--month", "2026-05", "A month.")
    week: str | None = _way("--week", "2026-W20", "An ISO week.")
    day: str | None = _way("--day", "2026-05-01", "A day.")
    quarter: str | None = _way("--quarter", "2026-Q2", "A quarter.")
    year: str | None = _way("--year", "2026", "A year.")
    fiscal_year: str | None = _way("--fiscal-year", "FY2026", "A fiscal year, by the year it ends in.")

    @property
    def spoken(self) -> dict[str, str]:
        """The flags of what was given, with their values."""
        given = {f.metadata["flag"]: getattr(self, f.name) for f in fields(self)}
        return {flag: value for flag, value in given.items() if value is not None}

    def period(self, now: datetime, zone: str, fiscal_start_month: int = 10, default_last: str = "30d") -> Period:
        """The period meant; without a beginning the `default_last` before its end.

        Raises UsageError for two ways at once or a spelling that is not understood.
        """
        flags = set(self.spoken)
        if not flags:
            return last(default_last, now, zone)
        end = parse_instant(self.end, zone) if self.end else now
        if flags == {"--to"}:
            return last(default_last, end, zone)
        if self.start and flags <= {"--from", "--to"}:
            return between(self.start, end.isoformat(), zone)
        if self.last and flags <= {"--last", "--to"}:
            return last(self.last, end, zone)
        if len(flags) > 1:
            raise UsageError(f"One period at a time: {' and '.join(self.spoken)} do not go together.")
        return named(self._calendar_name(), zone, fiscal_start_month)

    def _calendar_name(self) -> str:
        """The one calendar part that was given, when it has the shape of its example, digit by digit."""
        [way] = [f for f in fields(self) if getattr(self, f.name) is not None]
        value, flag, example = getattr(self, way.name).strip().upper(), way.metadata["flag"], way.metadata["example"]
        name = f"FY{value}" if way.name == "fiscal_year" and value.isdigit() else value
        if re.sub(r"\d", "0", name) != re.sub(r"\d", "0", example):
            raise UsageError(f"{flag} {getattr(self, way.name)!r} is not understood; write {flag} {example}.")
        return str(name)
