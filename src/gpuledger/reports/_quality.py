"""What the numbers rest on: coverage, refused rows, our own runs, stale data, open records past their limit."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

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
from gpuledger.model.schema import unbound
from gpuledger.model.tables import RUNS
from gpuledger.reports import _words as words
from gpuledger.reports._scene import Scene, as_utc, named

ALLOWED_FILE_AGE = timedelta(hours=26)
"""Daily files may be this old; a polled source three of its periods, at least an hour (DESIGN §5)."""
_ATTEMPT = (
    "Attempt", "", "One try of a job to run. A job that is requeued, preempted or loses its node is tried again: one job,"
    " several attempts. Most jobs have one.",
)  # fmt: skip
_RUNS_SHOWN = 10
_REASONS_SHOWN = 20
_RUNAWAYS_SHOWN = 20
_UNITS = {"gpu_hour": "GPU-hours", "hour": "hours", "ratio": "%", "second": "time", "gib": "GiB"}


def quality(scene: Scene) -> Section:
    """The strip, what was refused, what we ran, what readers must know."""
    return quality_of(scene.ask, scene.coverage, _remarks(scene))


def quality_of(
    ask: Ask, covered: LedgerCoverage, remarks: Iterable[Block] = (), inputs: Table | None = None
) -> Section:
    """The same of any reading; `remarks` stand below the strip, `inputs` in the place of our latest runs."""
    runs = _runs(ask)
    blocks: list[Block] = [_strip(covered), *remarks, *_failed(runs), *_notes(runs)]
    if covered.problem_count:
        blocks.append(_problems(ask))
    blocks.append(inputs or _run_table(runs))
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
    said = f"{words.percent(covered.covered_ratio)} of the period was observed"
    gap = covered.longest_gap_seconds
    return f"{said}; the longest gap is {words.duration(gap)}." if gap and gap >= 1 else f"{said}."


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


def _problems(ask: Ask) -> Table:
    rows = ask.problems().to_pylist()
    shown, rest = rows[:_REASONS_SHOWN], rows[_REASONS_SHOWN:]
    total = sum(row["rows"] for row in rows)
    return Table(
        id="problems",
        title="Refused input rows",
        columns=(Column("reason", "Reason"), Column("source_type", "Source"), Column("rows", "Rows", "count")),
        rows=tuple((row["problem_reason"], row["source_type"], row["rows"]) for row in shown),
        totals=("All reasons", None, total),
        others=(words.plural(len(rest), "other reason"), None, sum(row["rows"] for row in rest)) if rest else None,
        finding=f"{words.plural(total, 'input row')} could not be read; no number counts {'it' if total == 1 else 'them'}.",
        foot="Every ingest of this ledger, whatever the period. Each row is kept with its line in the table problems.",
    )


def _runs(ask: Ask) -> list[dict[str, Any]]:
    """Our own ingests, newest first."""
    runs = unbound(RUNS)
    asked = runs.filter(
        runs.run_kind.isin(["ingest", "upload", "collect", "replay"]),
        runs.run_started_at <= ask.now.replace(tzinfo=None),
    )
    rows: list[dict[str, Any]] = ask.rows(
        asked.order_by([runs.run_started_at.desc(), "input_name", "ingest_id"]).limit(200)
    ).to_pylist()
    return rows


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


def _notes(runs: Sequence[dict[str, Any]]) -> Iterable[Note]:
    """Each thing an ingest had to remark, once."""
    said = dict.fromkeys(remark for run in runs for remark in (run["remarks"] or ()))
    for number, sentence in enumerate(said, 1):
        yield Note(f"remark-{number}", "info", "ingest", sentence, "runs")


def _failed(runs: Sequence[dict[str, Any]]) -> Iterable[Note]:
    """Inputs that could not be read, or not to their end, and were not since. Of an upload who sent it was told."""
    newest: dict[str, dict[str, Any]] = {}
    for run in reversed(runs):
        if run["run_kind"] != "upload" or run["result"] == "done":
            newest[run["input_name"]] = run
    bad = [run for run in newest.values() if run["result"] in ("failed", "partial")]
    if not bad:
        return
    told = "; ".join(f"{run['input_name']}: {run['error'] or run['result']}" for run in bad[:_FAILED_SHOWN])
    more = f"; and {len(bad) - _FAILED_SHOWN} more" if len(bad) > _FAILED_SHOWN else ""
    what = words.plural(len(bad), "input")
    yield Note(
        "failed-ingests", "warning", "ingest", f"{what} could not be read, or not to the end: {told}{more}", "runs"
    )


_FAILED_SHOWN = 3
_RUN_COLUMNS = (
    Column("run_started_at", "Started", "instant"),
    Column("input_name", "Input"),
    Column("source_type", "Source"),
    Column("rows_read_count", "Rows read", "count"),
    Column("accepted_count", "Accepted", "count"),
    Column("unchanged_count", "Unchanged", "count"),
    Column("problem_count", "Refused", "count"),
    Column("result", "Result"),
)


def _run_table(runs: Sequence[dict[str, Any]]) -> Table:
    shown = runs[:_RUNS_SHOWN]
    return Table(
        id="runs",
        title="Latest ingests",
        columns=_RUN_COLUMNS,
        rows=tuple(tuple(as_utc(run[column.key]) for column in _RUN_COLUMNS) for run in shown),
        foot="Accepted, unchanged and refused add up to the rows read.",
        left_out=f"{len(runs) - len(shown)} earlier." if len(runs) > len(shown) else "",
        empty="Nothing was ingested.",
    )


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


def banners(ask: Ask, covered: LedgerCoverage) -> tuple[Note, ...]:
    """What a reader must know before the numbers: that the data is old, and what could not be read since the period began."""
    recent = [run for run in _runs(ask) if as_utc(run["run_started_at"]) >= ask.period.start]  # type: ignore[operator]
    return *stale(ask, covered), *_failed(recent)


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
