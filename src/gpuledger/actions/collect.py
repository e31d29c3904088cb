"""One poll of a live source: what is new since its watermark, kept raw, read, and noted as a snapshot."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

import pyarrow as pa

from gpuledger.actions._gone import settle
from gpuledger.actions._hashed import as_configured
from gpuledger.actions._last import Answer, last_answer
from gpuledger.actions._memory import alone
from gpuledger.actions.ingest import Ingested, ingest
from gpuledger.actions.store import vacuum
from gpuledger.config import Ledger, ledger_folder
from gpuledger.config.sources import source_named
from gpuledger.model.batch import Batch
from gpuledger.model.errors import LedgerError, SourceError
from gpuledger.model.schema import unbound
from gpuledger.model.tables import SNAPSHOTS
from gpuledger.sources import Context, Continuing, Fetched, Source


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
    with alone(ledger_folder(ledger.settings.ledger) / "locks" / quote(name, safe=""), f"collect of {name}"):
        poll = _Poll(ledger, source, name, now)
        since, last = poll.watermark(), last_answer(ledger.store, ledger.raw, name)
        try:
            for window in poll.windows(since, last):
                if since and window.until >= now:
                    settle(ledger.store, name, poll.open_attempts, since, now)
                poll.note(window)
        except SourceError as error:
            poll.note_failure(since, str(error))
            return Polled(name, since, tuple(poll.answers), error)
        is_first_of_day = last is not None and last.day < now.astimezone(UTC).date()
        return Polled(name, since, tuple(poll.answers), files_removed=_upkeep(ledger, now) if is_first_of_day else 0)


def _upkeep(ledger: Ledger, now: datetime) -> int:
    """Once a day: the closed days' files become few, and what nothing needs goes away."""
    return ledger.store.compact(now) + vacuum(ledger, now)


@dataclass
class _Poll:
    """One poll on its way: what was answered so far."""

    ledger: Ledger
    source: Source
    name: str
    now: datetime
    answers: list[Ingested] = field(default_factory=list)

    @property
    def open_attempts(self) -> set[tuple[str, str]]:
        return {key for answer in self.answers for key in answer.open_attempts}

    def watermark(self) -> datetime | None:
        """How far the source has told everything; None for one of states, whose polls tell a moment each."""
        snapshots = unbound(SNAPSHOTS)
        ours = snapshots.filter((snapshots.source == self.name) & (snapshots.status != "failed"))
        rows = self.ledger.store.ask(ours.aggregate(until=ours.until.max())).to_pylist()
        until: datetime | None = rows[0]["until"]
        return until and until.replace(tzinfo=UTC)

    def windows(self, since: datetime | None, last: Answer | None) -> Iterator[_Window]:
        """Each span of time with all its answers read; a span may be asked in several ways.

        An answer of states belongs to no span: its snapshot is among its own rows.
        """
        window: _Window | None = None
        for fetched in self._fetched(since, last):
            answer = self._ingested(fetched)
            if SNAPSHOTS.name in answer.tables:
                continue
            if window is None or fetched.until != window.until:
                if window:
                    yield window
                window = _Window(fetched.since, fetched.until)
            window.answers.append(answer)
        if window:
            yield window

    def _fetched(self, since: datetime | None, last: Answer | None) -> Iterator[Fetched]:
        if not isinstance(self.source, Continuing):
            yield from self.source.fetch(since, self.now)
            return
        if self.source.carrying:
            last = last_answer(self.ledger.store, self.ledger.raw, self.name, self.source.carrying)
        with last.opened() if last else nullcontext() as content:
            yield from self.source.fetch_after(content, since, self.now)

    def _ingested(self, fetched: Fetched) -> Ingested:
        context = Context(self.name, input_name=fetched.name)
        given = as_configured(self.ledger.settings, self.source, fetched, self.now)
        with given.content:
            self.answers.append(ingest(self.ledger, self.source, given, context=context, now=self.now))
        return self.answers[-1]

    def note(self, window: _Window) -> None:
        """The snapshot of a span that was told to its end."""
        rows = sum(answer.rows_read for answer in window.answers)
        told = {"since": window.since, "until": window.until, "time": window.until, "row_count": rows}
        self._append({**told, "status": "complete" if rows else "empty"}, window.answers)

    def note_failure(self, since: datetime | None, error: str) -> None:
        """The gap that a failed poll is, in all that the source tells."""
        told = {"since": since, "time": self.now, "status": "failed", "error": error[:2000]}
        tables = getattr(self.source, "told_tables", None)
        self._append({**told, **({"told_tables": list(tables)} if tables else {})}, self.answers)

    def _append(self, told: dict[str, object], answers: list[Ingested]) -> None:
        snapshots = [{"cluster": cluster, "source": self.name, **told} for cluster in self._clusters(answers)]
        ingest_id = f"collect-{self.name}-{self.now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        self.ledger.store.append(Batch(SNAPSHOTS, pa.Table.from_pylist(snapshots)), ingest_id)

    def _clusters(self, answers: list[Ingested]) -> list[str]:
        """Those of the poll's rows and of earlier polls, else the configured one, else the source."""
        snapshots = unbound(SNAPSHOTS)
        ours = snapshots.filter(snapshots.source == self.name).select("cluster").distinct()
        seen = {row["cluster"] for row in self.ledger.store.ask(ours).to_pylist()}
        seen |= {cluster for answer in answers for cluster in answer.clusters}
        return sorted(seen) or [getattr(self.source, "cluster", None) or self.name]
