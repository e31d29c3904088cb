"""What is known of the clocks of access points while an input is read, and what must be derived again when that changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.actions._intake import Intake
from gpuledger.model.batch import Batch, Watermark
from gpuledger.model.clocks import UNKNOWN, LocalClock, how, local_clocks
from gpuledger.model.period import as_utc
from gpuledger.model.problems import Remark
from gpuledger.model.schema import conform, unbound
from gpuledger.model.tables import CLOCKS, JOB_EVENTS, SNAPSHOTS

JOBS_AT_ONCE = 1000
LOCAL = "L\t"
"""What follows the seconds of a local stamp in job_events."""
FILE = "file:"
"""Sources of files say how far they tell by their own stamps; those that are collected by the moment of asking."""


@dataclass
class Clocks:
    """The clocks by what the ledger holds and the input has told so far."""

    intake: Intake
    _news: pa.Table | None = None
    _used: dict[str, set[LocalClock]] = field(default_factory=dict)
    _had_events: bool = False

    def __post_init__(self) -> None:
        self._had_events = self.intake.store is not None and self.intake.store.version(JOB_EVENTS) >= 0

    @cached_property
    def _stored(self) -> pa.Table:
        store = self.intake.store
        if store is None or store.version(CLOCKS) < 0:
            return conform(pa.table({}), CLOCKS)
        return store.ask(unbound(CLOCKS))

    @cached_property
    def before(self) -> Mapping[str, LocalClock]:
        """As the ledger knew them."""
        return local_clocks(self._stored)

    @cached_property
    def now(self) -> Mapping[str, LocalClock]:
        """As they are known now."""
        if self._news is None:
            return self.before
        return local_clocks(pa.concat_tables([conform(self._stored, CLOCKS), self._news]))

    def learn(self, batch: Batch) -> None:
        """What the input tells replaces what it told before: it only learns."""
        self._news = conform(batch.rows, CLOCKS)
        self.__dict__.pop("now", None)

    def use(self, jobs: Iterable[tuple[str, str]]) -> Mapping[str, LocalClock]:
        """The clocks to derive these jobs by; what was derived is known again when they change."""
        for cluster in {cluster for cluster, _ in jobs}:
            self._used.setdefault(cluster, set()).add(self.now.get(cluster, UNKNOWN))
        return self.now

    def mark(self, mark: Watermark, name: str) -> Iterator[Watermark | Remark]:
        """How far an input with local stamps tells, and how they were read. It comes last, when all is learned."""
        clock = self.now.get(mark.cluster, UNKNOWN)
        since = (mark.since or mark.until).timestamp()
        yield Remark(how(clock, name, since, mark.until.timestamp()))
        begin = mark.since and _read(clock, mark.since)
        yield replace(mark, since=begin, until=_read(clock, mark.until), is_local=False, local=(mark.since, mark.until))

    def read_otherwise(self) -> Iterator[pa.Table]:
        """Tellings with local stamps that were read by another clock than is known now, some thousands at once."""
        if self.intake.store is None:
            return
        for cluster, clock in self.now.items():
            before = self.before.get(cluster, UNKNOWN)
            if self._used.get(cluster, set()) | ({before} if self._had_events else set()) <= {clock}:
                continue
            self.intake.flush()
            yield from self._local_tellings(cluster)
            if before != clock:
                self._move_marks(cluster, before, clock)

    def told(self) -> Iterator[Batch]:
        """What the input knows of the clocks, to be written when all is derived by it."""
        if self._news is not None:
            yield Batch(CLOCKS, self._news, pa.array([0] * len(self._news), pa.int64()))

    def _local_tellings(self, cluster: str) -> Iterator[pa.Table]:
        store = self.intake.store
        assert store
        told = unbound(JOB_EVENTS)
        local = told.filter((told.cluster == cluster) & told.events.contains(LOCAL))
        jobs = sorted(set(store.ask(local.select("job_id"))["job_id"].to_pylist()))
        for begin in range(0, len(jobs), JOBS_AT_ONCE):
            some = jobs[begin : begin + JOBS_AT_ONCE]
            near = store.ask(local.filter(told.job_id.between(some[0], some[-1])))
            yield near.filter(pc.is_in(near["job_id"], pa.array(some)))
            self.intake.flush()

    def _move_marks(self, cluster: str, before: LocalClock, clock: LocalClock) -> None:
        """How far the files with local stamps tell, read by the clock known now.

        Always from the stamps themselves: done twice, after a kill or a refusal, it gives the same.
        """
        store = self.intake.store
        assert store
        told, marks = unbound(JOB_EVENTS), unbound(SNAPSHOTS)
        local = told.filter((told.cluster == cluster) & told.events.contains(LOCAL) & told.reported_by.startswith(FILE))
        files = set(store.ask(local.select("reported_by").distinct())["reported_by"].to_pylist())
        rows = store.ask(marks.filter(marks.cluster == cluster)).to_pylist()
        moved = [_moved(row, before, clock, self.intake.now) for row in rows if row["source"] in files]
        if moved:
            each = list({(row["source"], row["time"]): row for row in moved}.values())
            sources = sorted({row["source"] for row in each})
            store.replace(Batch(SNAPSHOTS, pa.Table.from_pylist(each)), cluster=cluster, source=sources)


def _moved(row: dict[str, Any], before: LocalClock, clock: LocalClock, now: datetime) -> dict[str, Any]:
    """A mark read by `clock`. A ledger of an older version kept no local stamps: they are what `before` makes of it."""
    until = row["local_until"] or _shown(before, row["until"])
    since = row["local_since"] or (row["since"] and _shown(before, row["since"]))
    end = min(_read(clock, until), now)
    begin = since and min(_read(clock, since), end)
    return {**row, "since": begin, "until": end, "time": end, "local_since": since, "local_until": until}


def _shown(clock: LocalClock, moment: datetime) -> datetime:
    """What the clock showed at a stored moment."""
    return _moment(clock.local(_seconds(moment)))


def _read(clock: LocalClock, stamp: datetime) -> datetime:
    """The moment of a local stamp."""
    return _moment(clock.utc(_seconds(stamp)))


def _seconds(moment: datetime) -> float:
    return float(as_utc(moment).timestamp())


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
