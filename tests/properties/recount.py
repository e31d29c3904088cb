"""The metrics again, by brute force in plain Python: what the engines are compared with."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from gpuledger.model.period import Period

BEGIN = datetime(2026, 3, 7, 12, tzinfo=UTC)
"""Half a day before the night the clock jumps in Chicago."""
HOURS = 48
ZONE = "America/Chicago"

Row = dict[str, Any]


def instants() -> st.SearchStrategy[datetime]:
    """Moments around the period, often on whole hours, sometimes with microseconds."""
    whole = st.integers(-6, HOURS + 6).map(lambda hours: BEGIN + timedelta(hours=hours))
    any_moment = st.integers(-6 * 3600, (HOURS + 6) * 3600).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
    fine = st.tuples(any_moment, st.integers(0, 999_999)).map(lambda pair: pair[0] + timedelta(microseconds=pair[1]))
    return whole | any_moment | fine


@st.composite
def attempts(draw: st.DrawFn, most: int = 12) -> list[Row]:
    """Attempts of few users: finished, running, never started; shares, unknown counts, empty and missing names."""
    return [_attempt(draw, number) for number in range(draw(st.integers(1, most)))]


def _attempt(draw: st.DrawFn, number: int) -> Row:
    moments = sorted([draw(instants()), draw(instants()), draw(instants())])
    is_open = draw(st.booleans()) and draw(st.booleans())
    return {
        "cluster": "hpc", "attempt_id": f"a{number}", "job_id": draw(st.sampled_from(["1", "2", f"j{number}"])),
        "partition_month": "2026-03", "user_name": draw(st.sampled_from(["ada", "bob", "", None])),
        "submitted_at": moments[0], "started_at": moments[1], "ended_at": None if is_open else moments[2],
        "observed_at": moments[2], "reported_by": draw(st.sampled_from(["live", "old"])) if is_open else None,
        "time_limit_seconds": draw(st.sampled_from([None, None, 3600.0, 100.5])),
        "state": "running" if is_open else draw(st.sampled_from(["completed", "failed", "requeued", "timeout", "resizing", "other", None])),
        "gpu_count": draw(st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0, None])), "cpu_count": draw(st.sampled_from([1.0, 8.0])),
        "gpu_busy_ratio": draw(st.sampled_from([None, 0.0, 0.25, 1.0])),
    }  # fmt: skip


def counted_end(row: Row, marks: Mapping[str, datetime]) -> datetime:
    """Where the attempt stops counting."""
    if row["ended_at"] is not None:
        return max(row["ended_at"], row["started_at"])
    told = marks.get(row["reported_by"], row["observed_at"])
    if row["time_limit_seconds"] is not None:
        told = min(told, row["started_at"] + timedelta(seconds=row["time_limit_seconds"]))
    return max(told, row["started_at"])


def overlap_hours(row: Row, period: Period, marks: Mapping[str, datetime]) -> float:
    return period.overlap_seconds(row["started_at"], counted_end(row, marks)) / 3600


def is_active(row: Row, period: Period, marks: Mapping[str, datetime]) -> bool:
    start, end = row["started_at"], counted_end(row, marks)
    return start < period.end and (end > max(start, period.start) or period.start <= start)


def gpu_hours(rows: Iterable[Row], period: Period, marks: Mapping[str, datetime], by: str) -> dict[Any, float | None]:
    """Per name; None where no attempt's count is known."""
    sums: dict[Any, float | None] = {}
    for row in rows:
        if is_active(row, period, marks):
            before = sums.setdefault(row[by], None)
            if row["gpu_count"] is not None:
                sums[row[by]] = (before or 0.0) + row["gpu_count"] * overlap_hours(row, period, marks)
    return sums


def jobs_of(rows: Iterable[Row]) -> dict[str, tuple[str, int]]:
    """Attempt to job: the tries of one id told apart as the definition says."""
    jobs: dict[str, tuple[str, int]] = {}
    by_id: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_id[row["job_id"]].append(row)
    for job_id, tries in by_id.items():
        number, before = 0, None
        for row in sorted(tries, key=lambda row: (row["submitted_at"], row["attempt_id"])):
            if not (before and _goes_on(before, row)):
                number += 1
            jobs[row["attempt_id"]], before = (job_id, number), row
    return jobs


def _goes_on(before: Row, row: Row) -> bool:
    ended = before["ended_at"]
    tried_again = before["state"] in ("requeued", "preempted", "node_fail", "resizing")
    return tried_again and ended is not None and row["submitted_at"] - ended <= timedelta(hours=1)


def peak(rows: Iterable[Row], period: Period, marks: Mapping[str, datetime]) -> float | None:
    """The highest sum of GPUs at any start inside the period (levels rise nowhere else)."""
    spans = [(max(r["started_at"], period.start), min(counted_end(r, marks), period.end), r["gpu_count"]) for r in rows]
    spans = [(start, end, count) for start, end, count in spans if start < end and count is not None]
    levels = [sum(count for a, b, count in spans if a <= start < b) for start, _, _ in spans]
    return max(levels, default=None)


def covered(told: Iterable[Row], period: Period) -> list[Period]:
    """The parts of the period that every observed cluster was told of, cut at every edge of a window."""
    inside = [row for row in told if row["since"] < period.end and row["until"] > period.start]
    clusters = {row["cluster"] for row in inside}
    edges = sorted({period.start, period.end, *(edge for row in inside for edge in (row["since"], row["until"]))})
    edges = [edge for edge in edges if period.start <= edge <= period.end]
    parts = [Period(a, b, period.zone) for a, b in pairwise(edges)]
    is_told = [{row["cluster"] for row in inside if row["since"] <= p.start and row["until"] >= p.end} for p in parts]
    return [part for part, those in zip(parts, is_told, strict=True) if clusters and those == clusters]
