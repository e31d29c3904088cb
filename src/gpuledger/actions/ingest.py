"""Bytes into the ledger, in an order that a kill at any moment cannot harm: raw, rows, snapshots, problems, run."""

import gzip
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from gpuledger import __version__
from gpuledger.actions._anew import merged_with, source_of
from gpuledger.actions._derive import derived
from gpuledger.actions._garbage import seldom_collected
from gpuledger.actions._intake import Intake
from gpuledger.actions._readings import Readings, readings, take_back
from gpuledger.actions._receive import Progress, new_id, opened, received
from gpuledger.actions.recognise import HEAD
from gpuledger.model.batch import Batch, Parsed, Watermark
from gpuledger.model.errors import BrokenOff, LedgerError, NoData, SourceError
from gpuledger.model.problems import Problem
from gpuledger.model.tables import PROBLEMS, RUNS
from gpuledger.raw import Entry, RawZone
from gpuledger.sources import Context, Fetched, Source
from gpuledger.store import Store, Written


class Ledger(Protocol):
    """What an ingest needs of an open ledger."""

    @property
    def store(self) -> Store: ...
    @property
    def raw(self) -> RawZone: ...


def parsed(source: Source, raw: BinaryIO, context: Context) -> Parsed:
    """What the source tells of the bytes, as it goes through them."""
    return source.parse(raw, context)


@dataclass(frozen=True)
class Manner:
    """How to ingest. `is_dry_run` counts and writes nothing; `is_copied` keeps a file's bytes in the raw zone too;
    `is_upload`: somebody sent it, who is told what is wrong with it, so that readers of reports need not be.

    `is_replay` reads again what is in the ledger already, and first takes back what the same bytes brought when they
    were read another way. `progress(read, all)` is called with bytes now and then. `is_derived_anew` is set where the
    same facts were read in another way before (`ingest` finds out). `parse` goes through the bytes, here or elsewhere.
    """

    is_dry_run: bool = False
    is_copied: bool = False
    is_replay: bool = False
    progress: Progress = lambda read, whole: None
    is_derived_anew: bool = False
    is_upload: bool = False
    parse: Callable[[Source, BinaryIO, Context], Parsed] = parsed

    @property
    def gives_way(self) -> bool:
        """Do attempts that are in the ledger give way to what is derived now?"""
        return self.is_replay or self.is_derived_anew


@dataclass(frozen=True)
class Ingested:
    """What one input did to the ledger: accepted + unchanged + problems = rows_read, always.

    `clusters` are those the rows are about. In a dry run `accepted` counts the acceptable rows and `columns` tells which columns of which table they fill.
    """

    ingest_id: str
    input_name: str
    source_type: str
    rows_read: int
    accepted: int
    unchanged: int
    problems: int
    remarks: tuple[str, ...] = ()
    first_problems: tuple[Problem, ...] = ()
    tables: Mapping[str, Written] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seconds: float = 0.0
    clusters: tuple[str, ...] = ()
    open_attempts: tuple[tuple[str, str], ...] = ()
    """(cluster, attempt_id) of what a poll told without an end."""
    is_known: bool = False
    """True when the very same bytes had been read the same way before, so that they were not parsed again."""


class Counted(NoData):
    """An input with no usable row, or that breaks off; `ingested` counts what was read."""

    def __init__(self, sentence: str, ingested: Ingested) -> None:
        super().__init__(sentence)
        self.ingested = ingested


def ingest(
    ledger: Ledger, source: Source, given: Path | Fetched, *, context: Context, now: datetime, manner: Manner = Manner()
) -> Ingested:
    """Reads one input into the ledger.

    A file's `context.reported_by` is '' and becomes `file:` and the start of its sha256; a configured source puts its
    name there. Raises SourceError when the input is not what it claims (rows before the fault stay, the run says
    failed), NoData when a file has no acceptable row (its problems are kept), ReadOtherwise when the same bytes are in
    the ledger read another way: they would be counted twice.
    """
    entry = received(ledger.raw, source, given, context, now, _kept(given, manner))
    before = readings(ledger.store, ledger.raw, entry, source)
    is_otherwise = _is_otherwise(ledger, before, given)
    if is_otherwise and not manner.is_replay:
        raise before.refusal(is_slip=_is_slip(ledger, before, given))
    if manner.is_dry_run:
        return _dry(source, ledger.raw, entry, given, manner)
    if not manner.is_replay and (known := _known(before)):
        return _again(ledger, entry, known, now, manner)
    _require_readable(ledger, before, given, is_otherwise=is_otherwise)
    with ledger.raw.working(entry):
        remarks = _anew(ledger, before, now, is_otherwise=is_otherwise)
        # the same facts may be derived otherwise: other rules of sites, other codes of checkpoints
        manner = replace(manner, is_derived_anew=bool(before.in_force))
        return _read(ledger, source, entry, manner, None if manner.is_copied else given, remarks)


def _kept(given: Path | Fetched, manner: Manner) -> bool:
    """Are the bytes to be in the raw zone? Those of a file only when asked for; nothing in a dry run."""
    return not manner.is_dry_run and (manner.is_copied or isinstance(given, Fetched))


def replay(ledger: Ledger, source: Source, entry: Entry, *, now: datetime) -> Ingested:
    """Parses the bytes of an earlier ingest again, in its context.

    Problems that are no longer found go away, and so does what the same bytes brought when they were read another way.
    """
    again = _next(entry, now)
    before = readings(ledger.store, ledger.raw, again, source)
    is_otherwise = _is_otherwise(ledger, before, None)
    _require_readable(ledger, before, None, is_otherwise=is_otherwise)
    with ledger.raw.working(again):
        remarks = _anew(ledger, before, now, is_otherwise=is_otherwise)
        return _read(ledger, source, again, Manner(is_replay=True), None, remarks)


def _next(entry: Entry, now: datetime) -> Entry:
    return replace(entry, ingest_id=new_id(now, entry.sha256), received_at=now, parser=__version__)


def _is_otherwise(ledger: Ledger, before: Readings, given: Path | Fetched | None) -> bool:
    """Are other rows in the ledger than the bytes tell now? Both are parsed where the ways differ, and compared."""
    return any(not _tell_the_same(ledger, before, other, given) for other in before.in_force)


def _tell_the_same(ledger: Ledger, before: Readings, other: Entry, given: Path | Fetched | None) -> bool:
    path = given if isinstance(given, Path) else None
    try:
        with (
            opened(before.entry, ledger.raw, path, Manner().progress) as ours,
            opened(before.entry, ledger.raw, path, Manner().progress) as theirs,
        ):
            mine = _facts(before.source, ours, before.entry)
            return all(a == b for a, b in zip_longest(mine, _facts(source_of(other, before.source), theirs, other)))
    except LedgerError:
        return False


def _facts(source: Source, raw: BinaryIO, entry: Entry) -> Iterator[tuple[Any, ...]]:
    """What a parse tells, but for remarks, as values that can be compared."""
    for item in source.parse(raw, replace(_context(entry), reported_by="")):
        match item:
            case Batch():
                yield item.table.name, item.rows, item.input_rows
            case Problem() | Watermark():
                yield (item,)


def _is_slip(ledger: Ledger, before: Readings, given: Path | Fetched) -> bool:
    """Is it by its first bytes a file of the source that read it before, and none of the one that was named now?"""
    then = source_of(before.in_force[-1], before.source)
    path = given if isinstance(given, Path) else None
    with opened(before.entry, ledger.raw, path, Manner().progress) as raw:
        head, name = raw.read(HEAD), before.entry.input_name
    return bool(then.claims(head, name)) and not before.source.claims(head, name)


def _require_readable(ledger: Ledger, before: Readings, given: Path | Fetched | None, *, is_otherwise: bool) -> None:
    """Reads once without writing where another reading would be taken back: it stays when this one tells nothing.

    Raises what reading it raises. Nothing is recorded: a replay that failed would count as one that took back.
    """
    if not before.others or (before.in_force and not is_otherwise):
        return
    intake = _intake(None, before.entry)
    path = given if isinstance(given, Path) else None
    with opened(before.entry, ledger.raw, path, Manner().progress) as raw:
        _parse(before.source, raw, before.entry, intake)
    if is_otherwise and not intake.good_rows:
        raise NoData(f"{_nothing(_ingested(before.entry, intake, 0.0))} What was read before stays.")


def _anew(ledger: Ledger, before: Readings, now: datetime, *, is_otherwise: bool) -> list[str]:
    """Takes back what was read another way; remarks about what that did.

    Equal rows of several inputs carry the id of one ingest, so the other inputs are read again before the run of this
    one is told: killed at any moment before that, the ingest is an interrupted one, and reading it again does it all
    again.
    """
    if not is_otherwise:
        take_back(ledger.store, before.others, (PROBLEMS,))
        return []
    rows = take_back(ledger.store, before.others)
    others = merged_with(ledger.store, ledger.raw, before.in_force)
    failed = [sentence for other in others if (sentence := _read_again(ledger, before.source, other, now))]
    remark = f"{rows:,} rows were taken back that the same bytes had brought when they were read another way"
    return [f"{remark}; {len(others)} other inputs were read again.", *failed]


def _read_again(ledger: Ledger, like: Source, entry: Entry, now: datetime) -> str:
    """'' when another input was read again, else why what it told may be missing."""
    again = _next(entry, now)
    try:
        with ledger.raw.working(again):
            _read(ledger, source_of(entry, like), again, Manner(is_replay=True))
    except NoData:
        return ""
    except LedgerError as error:
        return f"{entry.input_name} could not be read again, rows it shared may be missing: {error}"
    return ""


def _context(entry: Entry) -> Context:
    return Context(entry.reported_by, entry.zone, entry.cluster, entry.input_name, entry.options)


def _parse(source: Source, raw: BinaryIO, entry: Entry, intake: Intake, manner: Manner = Manner()) -> BrokenOff | None:
    """Takes all that the source tells; the end in the middle, where there is one."""
    try:
        with seldom_collected():
            items = manner.parse(source, raw, _context(entry))
            for item in derived(source, items, intake, entry.input_name, is_replay=manner.gives_way):
                intake.take(item)
    except BrokenOff as error:
        return error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"{entry.input_name} is cut off or damaged ({error}); get it again.") from error
    return None


def _dry(source: Source, zone: RawZone, entry: Entry, given: Path | Fetched, manner: Manner) -> Ingested:
    intake = _intake(None, entry)
    with opened(entry, zone, given, manner.progress) as raw:
        broken = _parse(source, raw, entry, intake)
    done = _ingested(entry, intake, 0.0)
    if broken:
        raise Counted(str(broken), done)
    return done


def _intake(store: Store | None, entry: Entry) -> Intake:
    told = (entry.ingest_id, entry.reported_by, entry.source_type, entry.sha256, entry.received_at, entry.is_collected)
    return Intake(store, *told)


def _read(
    ledger: Ledger,
    source: Source,
    entry: Entry,
    manner: Manner,
    given: Path | Fetched | None = None,
    remarks: Sequence[str] = (),
) -> Ingested:
    began = time.monotonic()
    intake = _intake(ledger.store, entry)
    intake.remarks += remarks
    if manner.is_replay:
        ledger.store.retract(PROBLEMS, input_sha256=entry.sha256)
    path = given if isinstance(given, Path) else None
    try:
        with intake, opened(entry, ledger.raw, path, manner.progress) as raw:
            broken = _parse(source, raw, entry, intake, manner)
        intake.close()
    except SourceError as error:
        intake.flush()
        _write_run(
            ledger.store, entry, intake, began, {"result": "failed", "error": str(error), **_kind(entry, manner)}
        )
        raise
    done = _ingested(entry, intake, time.monotonic() - began)
    is_empty = not intake.good_rows and not entry.is_collected
    fault = _nothing(done) if is_empty else str(broken) if broken else None
    result = "empty" if is_empty else "partial" if broken else "done"
    _write_run(ledger.store, entry, intake, began, {"result": result, "error": fault, **_kind(entry, manner)})
    if fault:
        raise Counted(fault, done)
    return done


def _kind(entry: Entry, manner: Manner) -> dict[str, str]:
    """Who began it."""
    if manner.is_replay:
        return {"run_kind": "replay"}
    return {"run_kind": "upload" if manner.is_upload else "collect" if entry.is_collected else "ingest"}


def _nothing(done: Ingested) -> str:
    if not done.problems:
        return f"{done.input_name} has no rows."
    first = done.first_problems[0]
    return f"None of the {done.problems:,} rows of {done.input_name} could be used; line {first.line}: {first.reason}"


def _ingested(entry: Entry, intake: Intake, seconds: float) -> Ingested:
    total = intake.total
    accepted, unchanged = (total.input_changed, total.input_unchanged) if intake.store else (intake.good_rows, 0)
    return Ingested(
        entry.ingest_id, entry.input_name, entry.source_type, accepted + unchanged + intake.problem_rows, accepted, unchanged,
        intake.problem_rows, tuple(intake.remarks), tuple(intake.first_problems), dict(intake.written),
        {name: tuple(columns) for name, columns in intake.columns.items()}, seconds,
        tuple(sorted(intake.clusters)), tuple(sorted(intake.open_attempts)),
    )  # fmt: skip


def _write_run(store: Store, entry: Entry, intake: Intake, began: float, told: dict[str, str | None]) -> None:
    """The run's row, last: the mark that the ingest is complete."""
    total = intake.total
    row = {
        "rows_read_count": total.input_changed + total.input_unchanged + intake.problem_rows,
        "accepted_count": total.input_changed,
        "unchanged_count": total.input_unchanged,
        "problem_count": intake.problem_rows,
        "commit_count": total.commits,
        "remarks": intake.remarks,
        "told_tables": sorted(intake.columns) or None,
        "told_clusters": sorted({*intake.told_clusters, *filter(None, [entry.cluster])}) or None,
        "run_ended_at": entry.received_at + timedelta(seconds=time.monotonic() - began),
    }
    _append_run(store, entry, {**row, **told})


def _append_run(store: Store, entry: Entry, told: dict[str, Any]) -> None:
    row = {
        "ingest_id": entry.ingest_id,
        "run_started_at": entry.received_at,
        "source": entry.reported_by,
        "source_type": entry.source_type,
        "cluster": entry.cluster,
        "input_name": entry.input_name,
        "input_sha256": entry.sha256,
        "input_bytes": entry.bytes,
        **told,
    }
    store.append(Batch(RUNS, pa.Table.from_pylist([row])), entry.ingest_id)


def _known(before: Readings) -> Mapping[str, Any] | None:
    """The run that read these very bytes the very same way to their end, without a problem that a fix could solve."""
    since = max((one.received_at for one in before.in_force), default=None)
    same = [
        one
        for one in before.earlier
        if one.reading == before.entry.reading
        and not before.is_taken_back(one)
        and (not since or one.received_at > since)
    ]
    runs = [before.runs[one.ingest_id] for one in same if one.ingest_id in before.runs]
    found = [run for run in runs if run["result"] == "done" and not run["problem_count"]]
    return found[-1] if found else None


def _again(ledger: Ledger, entry: Entry, known: Mapping[str, Any], now: datetime, manner: Manner) -> Ingested:
    """Nothing new by definition: every row is unchanged. The run is told all the same."""
    rows, remarks = known["rows_read_count"], list(known["remarks"] or [])
    told = {"run_ended_at": now, "result": "done", "remarks": remarks, "rows_read_count": rows, **_kind(entry, manner)}
    told |= {name: known[name] for name in ("told_tables", "told_clusters")}
    counts = {"accepted_count": 0, "unchanged_count": rows, "problem_count": 0, "commit_count": 0}
    with ledger.raw.working(entry):
        _append_run(ledger.store, entry, {**told, **counts})
    return Ingested(
        entry.ingest_id, entry.input_name, entry.source_type, rows, 0, rows, 0, tuple(remarks), is_known=True
    )
