"""What the numbers rest on: coverage, refused rows, our own runs, stale data, open records past their limit."""

from collections.abc import Iterable
from datetime import timedelta

from gpuledger.metrics import Ask, LedgerCoverage, SourceCoverage
from gpuledger.model.devices import gpu_model
from gpuledger.model.document import (
    Block,
    Column,
    Coverage,
    Definitions,
    Lane,
    Note,
    Quality,
    Scalar,
    Section,
    Table,
)  # fmt: skip
from gpuledger.reports import _ingests as ingests
from gpuledger.reports import _words as words
from gpuledger.reports._ingests import OF_ATTEMPTS, Tables
from gpuledger.reports._scene import Scene, as_utc, named

ALLOWED_FILE_AGE = timedelta(hours=26)
"""Daily files may be this old; a polled source three of its periods, at least an hour (DESIGN §5)."""
_ATTEMPT = (
    "Attempt", "", "One try of a job to run. A job that is requeued, preempted or loses its node is tried again: one job,"
    " several attempts. Most jobs have one.",
)  # fmt: skip
_RUNAWAYS_SHOWN = 20
_CLUSTERS_SHOWN = 4
_UNITS = {"gpu_hour": "GPU-hours", "hour": "hours", "ratio": "%", "second": "time", "gib": "GiB"}


def quality(scene: Scene) -> Section:
    """The strip, what was refused, what we ran, what readers must know."""
    return quality_of(scene.ask, scene.coverage, OF_ATTEMPTS, _remarks(scene))


def quality_of(
    ask: Ask, covered: LedgerCoverage, tables: Tables, remarks: Iterable[Block] = (), inputs: Table | None = None
) -> Section:
    """The same of any reading of `tables`; `remarks` stand below the strip, `inputs` in the place of our latest runs."""
    told = ingests.newest(ask, tables)
    blocks: list[Block] = [_strip(covered), *remarks, *ingests.failed(ask, told), *ingests.notes(told)]
    if covered.problem_count:
        blocks += ingests.problems(ask, tables)
    blocks.append(inputs or ingests.table(told))
    return Section("quality", "Data quality", tuple(blocks))


def coverage(covered: LedgerCoverage) -> Coverage:
    """The document's coverage: snapshots expected and seen, share, longest gap, in words."""
    expected = [source.expected for source in covered.sources if source.expected is not None]
    seen = sum(source.seen for source in covered.sources)
    return Coverage(
        expected=sum(expected) if expected else None,
        seen=seen if covered.sources else None,
        ratio=covered.covered_ratio,
        longest_gap_seconds=covered.longest_gap_seconds,
        sentence=covered_words(covered),
        newest_at=covered.newest,
        allowed_age_seconds=_allowed_age(covered).total_seconds() if covered.sources else None,
    )


def covered_words(covered: LedgerCoverage) -> str:
    if covered.covered_ratio is None:
        return "No source has said how far it has told everything: coverage is not known."
    said = f"{words.percent(covered.covered_ratio)} of the period was observed{_together(covered)}"
    gap = covered.longest_gap_seconds
    return f"{said}; the longest gap is {words.duration(gap)}." if gap and gap >= 1 else f"{said}."


def _together(covered: LedgerCoverage) -> str:
    """Several clusters are observed while all of them are; said where one was for more than twice that long.

    Else nobody sees why each cluster has numbers and all of them together have none.
    """
    best = {name: _best(covered, name) for name in covered.clusters}
    if len(best) < 2 or max(best.values()) <= 2 * (covered.covered_ratio or 0.0):
        return ""
    each = [f"{name} {words.percent(ratio)}" for name, ratio in sorted(best.items())]
    more = [f"{len(each) - _CLUSTERS_SHOWN} more"] if len(each) > _CLUSTERS_SHOWN else []
    return f" in all {len(best)} clusters at once ({', '.join(each[:_CLUSTERS_SHOWN] + more)})"


def _best(covered: LedgerCoverage, cluster: str) -> float:
    """The share that the most diligent of a cluster's sources observed."""
    return max(source.covered_ratio for source in covered.sources if source.cluster == cluster)


def _strip(covered: LedgerCoverage) -> Quality:
    return Quality(
        id="coverage",
        title="Observed",
        lanes=tuple(_lanes(covered.sources)),
        finding=covered_words(covered),
        foot="Sums count what is known; nothing is extrapolated.",
    )


def _lanes(sources: Iterable[SourceCoverage]) -> Iterable[Lane]:
    """A lane a source; the files of a cluster count as one."""
    for source in sources:
        step = f"every {words.duration(source.period_seconds)}" if source.period_seconds else ""
        yield Lane(f"{source.cluster}, {source.source}", source.gaps, source.covered_ratio, step)


def _remarks(scene: Scene) -> Iterable[Note]:
    """What the records themselves make readers ask."""
    if turned := scene.totals.value("attempts_of_turned_clocks"):
        said = f"{words.plural(turned, 'attempt')} started before {'it was' if turned == 1 else 'they were'} submitted"
        yield Note(
            "turned-clocks", "warning", "waits", f"{said}, by the records: no wait is known of them.", "waits-by-queue"
        )
    slices = [row for row in scene.answers["gpu_model"].records() if gpu_model(row["gpu_model"] or "").slice_profile]
    if hours := sum(row["gpu_hours"] or 0.0 for row in slices):
        held = words.plural(sum(row["attempts"] for row in slices), "attempt")
        said = f"{held} held MIG slices, {words.amount(hours)} GPU-hours: each slice counts as one GPU."
        yield Note("slices", "info", "slices", said, "by-gpu-model")


def open_records(scene: Scene) -> Section | None:
    """Attempts without an end that cannot still be running, None when there are none."""
    rows = scene.ask.runaways().to_pylist()
    if not rows:
        return None
    shown = rows[:_RUNAWAYS_SHOWN]
    table = Table(
        id="runaways",
        title="Records without an end",
        columns=(
            Column("job_id", "Job"), Column("user_name", "User", dimension="user"), Column("queue", "Queue", dimension="queue"),
            Column("started_at", "Started", "instant"), Column("counted_seconds", "Counted", "second"),
            Column("gpu_count", "GPUs", "gpu"), Column("cpu_count", "CPUs", "count"), Column("reason", "Reason"),
        ),
        rows=tuple(_runaway(row) for row in shown),
        finding=f"{words.plural(len(rows), 'record')} never got an end; each counts at most to its time limit.",
        foot="Usually jobs the scheduler lost; in Slurm “sacctmgr show runawayjobs” lists and mends them.",
        left_out=f"{len(rows) - len(shown)} more." if len(rows) > len(shown) else "",
    )  # fmt: skip
    return Section("open-records", "Open records", (table,))


def _runaway(row: dict[str, Scalar]) -> tuple[Scalar, ...]:
    """Names in words, the rest as it is."""
    names = ("job_id", "user_name", "queue", "started_at", "counted_seconds", "gpu_count", "cpu_count", "reason")
    return tuple(named(row[n]) if n in ("user_name", "queue") else as_utc(row[n]) for n in names)  # type: ignore[arg-type]


def banners(ask: Ask, covered: LedgerCoverage, tables: Tables = OF_ATTEMPTS) -> tuple[Note, ...]:
    """What a reader must know before the numbers: that the data is old, and what could not be read since the period began."""
    recent = [run for run in ingests.newest(ask, tables) if as_utc(run["run_started_at"]) >= ask.period.start]  # type: ignore[operator]
    return *stale(ask, covered), *ingests.failed(ask, recent)


def stale(ask: Ask, covered: LedgerCoverage) -> tuple[Note, ...]:
    """The banner above the title when the newest data is older than the sources' allowed age."""
    newest, wanted = covered.newest, min(ask.now, ask.period.end)
    if newest is None or wanted - newest <= _allowed_age(covered):
        return ()
    age = words.duration((ask.now - newest).total_seconds())
    sentence = f"Data is {age} old: the newest is of {words.stamp(newest, ask.display_zone)} {ask.display_zone}."
    missing = words.duration((wanted - newest).total_seconds())
    return (Note("stale", "stale", "age", f"{sentence} The last {missing} of the period are missing.", "coverage"),)


def _allowed_age(covered: LedgerCoverage) -> timedelta:
    """What the slowest of the sources may be old."""
    return max((_allowed(source) for source in covered.sources), default=ALLOWED_FILE_AGE)


def _allowed(source: SourceCoverage) -> timedelta:
    if source.period_seconds is None:
        return ALLOWED_FILE_AGE
    return max(3 * timedelta(seconds=source.period_seconds), timedelta(hours=1))


def definitions(scene: Scene, shown: Iterable[str]) -> Section:
    """What each number means, word by word from its metric."""
    metrics = [scene.ask.metrics[name] for name in dict.fromkeys(shown)]
    items = [(metric.label, _UNITS.get(metric.format, ""), metric.meaning) for metric in metrics]
    return Section("definitions", "Definitions", (Definitions("terms", "Definitions in force", (_ATTEMPT, *items)),))
