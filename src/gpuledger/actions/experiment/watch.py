"""The jobs of event logs as they stand now. A log is read on from where the last look ended, never from its beginning."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from gpuledger.config.sites import SiteSettings, rules_of, with_sites
from gpuledger.metrics.workflows.nodes import Node, Placing
from gpuledger.model.batch import Batch
from gpuledger.model.errors import BrokenOff, NoData, SourceError
from gpuledger.model.problems import Problem
from gpuledger.model.schema import conform
from gpuledger.model.sites import SiteRules
from gpuledger.model.strange import strange
from gpuledger.model.tables import JOB_ATTEMPTS, JOB_EVENTS
from gpuledger.model.workflow import step_of
from gpuledger.plugins import load
from gpuledger.sources import Context

LONG_AGO = timedelta(hours=24)
"""A log that has told nothing for so long is an old one: its open jobs stand as they were last told."""
SILENT = timedelta(days=3)
"""So does a job of which a log that goes on tells nothing for so long: its end may stand in a log that was rotated away."""
WORDS = {"pending": "idle", "preempted": "evicted", "requeued": "checkpointed"}
HEAD = 1 << 16
GZIP = b"\x1f\x8b"
"""A log that is packed does not grow: it is read whole, not followed."""
JOB_ENDS = ("\t005", "\t009")
NOWHERE = Node(None, None, None, None, None)
Key = tuple[str, str]
Row = dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """How one job stands: `seconds` since its attempt began, None where it never did.

    `told_at` is the moment of the last event that says how it stands. `is_stale`: the log has told nothing for long, or
    nothing of this job, so `state` is only the last one known and how long it lasted is not. `is_over`: the job has left the queue.
    `retries` are the attempts of its node (without one, of the job) before this one.
    """

    job: str
    dag: str | None
    run: str | None
    step: str | None
    node: str | None
    site: str | None
    state: str
    seconds: float | None
    retries: int
    told_at: datetime
    is_stale: bool
    is_over: bool


@dataclass
class Watch:
    """What is known of the jobs of some logs. `zone` is that of stamps without one."""

    logs: Sequence[Path]
    zone: str
    cluster: str | None = None
    dags: Sequence[Path] = ()
    sites: SiteSettings = SiteSettings()
    year: int | None = None
    _places: dict[Path, Any] = field(default_factory=dict)
    """How far each log was read, as its source says it."""
    _told: dict[Key, list[Row]] = field(default_factory=dict)
    _attempts: dict[Key, list[Row]] = field(default_factory=dict)
    _newest: dict[Key, datetime] = field(default_factory=dict)
    _over: set[Key] = field(default_factory=set)
    _refused: dict[Path, Counter[str]] = field(default_factory=dict)
    """Reasons why pieces of each log could not be read."""
    _last: datetime | None = None
    _placing: Placing | None = None
    _seen_dags: tuple[Any, ...] = ()

    @cached_property
    def source(self) -> Any:
        """What reads the logs."""
        return with_sites(load("sources", "condor-log")(zone=self.zone, year=self.year), self.sites)

    @cached_property
    def names(self) -> SiteRules:
        """What sites are called."""
        return rules_of(self.sites)

    @property
    def damage(self) -> list[str]:
        """A sentence on each log of which pieces could not be read."""
        return [
            f"Of {path} {reasons.total():,} {'piece' if reasons.total() == 1 else 'pieces'} could not be read"
            f" ({reasons.most_common(1)[0][0]})."
            for path, reasons in self._refused.items()
        ]

    def look(self, now: datetime) -> list[Standing]:
        """Every job, as the logs tell until now. Raises SourceError for a log that never was there or is none."""
        news = {key for path in self.logs for key in self._read(path)}
        for key, rows in self._derived(news):
            if key not in self._over or rows[-1]["ended_at"]:  # told again from the beginning, it is over all the same
                self._attempts[key] = rows
        self._forget(news)
        self._place(now)
        return list(self._standings(now))

    def _read(self, path: Path) -> Iterator[Key]:
        """The jobs that the log tells something new of. One that is away for a moment (being rotated) tells nothing."""
        try:
            yield from self._news(path)
            if path not in self._places:
                self._check(path)
        except NoData:
            return
        except SourceError as error:
            if path not in self._places:
                raise
            self._refused.setdefault(path, Counter())[str(error)] = 1
        except OSError as error:
            if path not in self._places:
                raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from error

    def _news(self, path: Path) -> Iterator[Key]:
        context = Context("watch", self.zone, self.cluster, str(path))
        for items, reached in self.source.follow(self._places.get(path, path), context):
            self._places[path] = reached
            for item in items:
                if isinstance(item, Batch) and item.table is JOB_EVENTS:
                    yield from self._take(item)
                elif isinstance(item, Problem):
                    self._refused.setdefault(path, Counter())[item.reason] += 1

    def _check(self, path: Path) -> None:
        """Raises SourceError for a file in which no event begins; one that holds nothing yet may become a log."""
        with path.open("rb") as log:
            head = log.read(HEAD)
        if head.strip() and not self.source.claims(head, path.name):
            packed = "is packed with gzip; unpack it first (gunzip)" if head.startswith(GZIP) else None
            why = packed or strange(head) or "is no HTCondor event log: no event begins in it"
            raise SourceError(f"{path} {why}.")

    def _take(self, batch: Batch) -> Iterator[Key]:
        for row in batch.rows.to_pylist():
            key = (row["cluster"], row["job_id"])
            self._told.setdefault(key, []).append(row)
            said = _last_moment(row)
            self._newest[key] = max(said, self._newest.get(key, said))
            self._last = max(row["observed_at"], self._last or row["observed_at"])
            yield key

    def _derived(self, keys: Iterable[Key]) -> Iterator[tuple[Key, list[Row]]]:
        rows = [row for key in keys for row in self._told[key]]
        if not rows:
            return
        found: dict[Key, list[Row]] = {}
        for batch in self.source.derive(conform(pa.Table.from_pylist(rows), JOB_EVENTS)):
            if batch.table is JOB_ATTEMPTS:
                for row in batch.rows.to_pylist():
                    found.setdefault((row["cluster"], row["job_id"]), []).append(row)
        yield from found.items()

    def _forget(self, keys: Iterable[Key]) -> None:
        """What was told of jobs that are over; how they stand is kept."""
        for key in keys:
            if any(sign in row["events"] for row in self._told[key] for sign in JOB_ENDS):
                self._over.add(key)
                del self._told[key]

    def _place(self, now: datetime) -> None:
        """Reads the DAGs again where what stands beside them has changed and some job's run is not known."""
        seen = tuple(_stamp(dag.with_name(dag.name + ".dagman.out")) for dag in self.dags)
        if self._placing is not None and (seen == self._seen_dags or not self._is_any_lost()):
            return
        self._seen_dags = seen
        self._placing = Placing.of(row for dag in self.dags for row in _nodes(dag, now))

    def _is_any_lost(self) -> bool:
        return any(self._node(key, rows[-1]) is NOWHERE for key, rows in self._attempts.items())

    def _node(self, key: Key, row: Mapping[str, Any]) -> Node:
        found = self._placing.find(*key, row["workflow"], row["node_name"]) if self._placing else None
        return found or NOWHERE

    def _standings(self, now: datetime) -> Iterator[Standing]:
        of_node: Counter[tuple[str | None, ...]] = Counter()
        is_old = self._last is not None and now - self._last > LONG_AGO
        for key, rows in sorted(self._attempts.items(), key=lambda item: _order(item[0])):
            last, node = rows[-1], self._node(key, rows[-1])
            name = node.name or last["node_name"]
            whose = (key[0], node.workflow or last["workflow"], name) if name else key
            of_node[whose] += len(rows)
            is_stale = key not in self._over and (is_old or now - self._newest[key] > SILENT)
            yield Standing(
                key[1], node.workflow or last["workflow"], node.run or last.get("workflow_run"),
                node.step or (name and step_of(name)), name, last["site"] and self.names.label(last["site"]), _state(last),
                None if is_stale else _seconds(last, now), of_node[whose] - 1, self._newest[key], is_stale,
                key in self._over,
            )  # fmt: skip


def _seconds(row: Mapping[str, Any], now: datetime) -> float | None:
    began = row["started_at"] or row["matched_at"]
    return None if began is None else max(((row["ended_at"] or now) - began).total_seconds(), 0.0)


def _last_moment(row: Mapping[str, Any]) -> datetime:
    """When the last event of a telling was; of one without events how far it reaches."""
    moments = [float(line.partition("\t")[0]) for line in row["events"].split("\n") if line]
    told: datetime = row["observed_at"]
    return datetime.fromtimestamp(max(moments), UTC) if moments else told


def _state(row: Mapping[str, Any]) -> str:
    """The state of a job's last attempt, in the words of HTCondor."""
    if row["state"] == "pending" and row["matched_at"] is not None:
        return "transferring"
    return WORDS.get(row["state"]) or str(row["state"])


def _order(key: Key) -> tuple[str, int, str]:
    number = key[1].partition(".")[0]
    return key[0], int(number) if number.isdecimal() else 0, key[1]


def _stamp(path: Path) -> tuple[int, float] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime


def _nodes(dag: Path, now: datetime) -> Iterator[Row]:
    """Nodes and tries as the DAG and what stands beside it tell."""
    source = load("sources", "dagman")()
    given = source.gather(dag, now)
    if isinstance(given, Path):
        raise SourceError(f"{dag} is no DAG.")
    with (
        given.content as content,
        suppress(BrokenOff),
    ):  # what it tells is shown; the table and report say what is missing
        for item in source.parse(content, Context("watch", None, None, dag.name)):
            if isinstance(item, Batch):
                yield from item.rows.to_pylist()
