"""One poll of a live source: what is new since its watermark, kept raw, read, and noted as a snapshot."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from gpuledger.actions._gone import settle
from gpuledger.actions.ingest import Ingested, ingest
from gpuledger.actions.store import vacuum
from gpuledger.config import Ledger, ledger_folder
from gpuledger.config.sources import source_named
from gpuledger.model.batch import Batch
from gpuledger.model.errors import Busy, LedgerError, ReadOnly, SourceError
from gpuledger.model.schema import unbound
from gpuledger.model.tables import SNAPSHOTS
from gpuledger.sources import Context, Fetched, Source


@dataclass(frozen=True)
class Polled:
    """What one poll of a source brought. `error` stopped it; what was read before it is in the ledger."""

    source: str
    since: datetime | None
    answers: tuple[Ingested, ...] = ()
    error: LedgerError | None = None
    files_removed: int = 0


@dataclass
class _Window:
    """What was asked for [since, until) so far; a snapshot once its last answer is read."""

    since: datetime | None
    until: datetime
    answers: list[Ingested] = field(default_factory=list)


def collect(ledger: Ledger, name: str, now: datetime) -> Polled:
    """Polls the source configured as `name`. A poll that fails is recorded in `snapshots` and told in `error`.

    The first poll of a day also puts the files of the closed days together. Raises Busy while another poll of the same
    source runs, UsageError for a source there is not.
    """
    source = source_named(ledger.settings, name)
    with _alone(ledger_folder(ledger.settings.ledger), name):
        since, is_first_of_day = _watermark(ledger, name, now)
        answers: list[Ingested] = []
        try:
            for window in _windows(ledger, source, name, since, now):
                answers += window.answers
                if since and window.until >= now:
                    told = {key for answer in answers for key in answer.open_attempts}
                    settle(ledger.store, name, told, since, now)
                _note(ledger, name, _clusters(ledger, source, name, window.answers), window, now)
        except SourceError as error:
            _note_failure(ledger, name, _clusters(ledger, source, name, answers), since, now, str(error))
            return Polled(name, since, tuple(answers), error)
        return Polled(name, since, tuple(answers), files_removed=_upkeep(ledger, now) if is_first_of_day else 0)


def _upkeep(ledger: Ledger, now: datetime) -> int:
    """Once a day: the closed days' files become few, and what nothing needs goes away."""
    return ledger.store.compact(now) + vacuum(ledger, now)


def _windows(ledger: Ledger, source: Source, name: str, since: datetime | None, now: datetime) -> Iterator[_Window]:
    """Each span of time with all its answers read; a span may be asked in several ways."""
    window: _Window | None = None
    for fetched in source.fetch(since, now):
        if window is None or fetched.until != window.until:
            if window:
                yield window
            window = _Window(fetched.since, fetched.until)
        window.answers.append(_ingested(ledger, source, name, fetched, now))
    if window:
        yield window


def _ingested(ledger: Ledger, source: Source, name: str, fetched: Fetched, now: datetime) -> Ingested:
    with fetched.content:
        return ingest(ledger, source, fetched, context=Context(name, input_name=fetched.name), now=now)


def _watermark(ledger: Ledger, name: str, now: datetime) -> tuple[datetime | None, bool]:
    """How far the source has told everything, and whether this is its first poll of the day (UTC)."""
    snapshots = unbound(SNAPSHOTS)
    ours = snapshots.filter((snapshots.source == name) & (snapshots.status != "failed"))
    row = ledger.store.ask(ours.aggregate(until=ours.until.max())).to_pylist()[0]
    if row["until"] is None:
        return None, False
    until = row["until"].replace(tzinfo=UTC)
    return until, until.date() < now.astimezone(UTC).date()


def _clusters(ledger: Ledger, source: Source, name: str, answers: list[Ingested]) -> list[str]:
    """The clusters a poll is about: those of its rows and of earlier polls, else the configured one, else the source."""
    snapshots = unbound(SNAPSHOTS)
    known = ledger.store.ask(snapshots.filter(snapshots.source == name).select("cluster").distinct()).to_pylist()
    seen = {row["cluster"] for row in known} | {cluster for answer in answers for cluster in answer.clusters}
    return sorted(seen) or [getattr(source, "cluster", None) or name]


def _note(ledger: Ledger, name: str, clusters: list[str], window: _Window, now: datetime) -> None:
    rows = sum(answer.rows_read for answer in window.answers)
    told = {"since": window.since, "until": window.until, "time": window.until, "row_count": rows}
    _append(ledger, name, clusters, {**told, "status": "complete" if rows else "empty"}, now)


def _note_failure(
    ledger: Ledger, name: str, clusters: list[str], since: datetime | None, now: datetime, error: str
) -> None:
    _append(ledger, name, clusters, {"since": since, "time": now, "status": "failed", "error": error[:2000]}, now)


def _append(ledger: Ledger, name: str, clusters: list[str], told: dict[str, object], now: datetime) -> None:
    rows = pa.Table.from_pylist([{"cluster": cluster, "source": name, **told} for cluster in clusters])
    ledger.store.append(Batch(SNAPSHOTS, rows), f"collect-{name}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")


@contextmanager
def _alone(folder: Path, name: str) -> Iterator[None]:
    """One poll of a source at a time; the kernel lets go of the lock when a process dies."""
    try:
        (folder / "locks").mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "locks" / quote(name, safe=""), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ReadOnly(f"{folder} cannot be written to: {error.strerror}.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Busy(f"Another collect of {name} is running; this one did nothing.") from None
    finally:
        os.close(handle)
