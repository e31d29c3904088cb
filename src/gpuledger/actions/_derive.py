"""Attempts derived from all that every input tells of a job: a later or overlapping log replaces the job's attempts."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.actions._clocks import Clocks
from gpuledger.actions._intake import Intake
from gpuledger.model.batch import Batch, Parsed, Watermark
from gpuledger.model.clocks import LocalClock
from gpuledger.model.schema import conform, unbound
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, CLOCKS, JOB_ATTEMPTS, JOB_EVENTS, Table
from gpuledger.sources import Deriving, Source
from gpuledger.store import Store, Written

JOB = ("cluster", "job_id")
DERIVED = (JOB_ATTEMPTS, ATTEMPT_GPUS, ATTEMPT_EVENTS)
ABOUT_THE_READING = {
    "reported_by", "observed_at", "usage_observed_at", "row_hash", "usage_hash", "partition_month", "ingest_id",
}  # fmt: skip
IDS_A_DELETION = 1000
Key = tuple[str, str]


def derived(source: Source, items: Parsed, intake: Intake, input_name: str, *, is_replay: bool) -> Parsed:
    """What the source tells, and after each batch of job_events the attempts of its jobs.

    Stored attempts that are told otherwise now are deleted first: of jobs that several inputs tell about, in a replay
    of all, and where the input changes what is known of an access point's clock, of all its jobs with local stamps. That
    knowledge is told last: killed before, the input reads as interrupted, and reading it again derives the same.
    """
    if not isinstance(source, Deriving):
        yield from items
        return
    seen: set[Key] = set()
    clocks = Clocks(intake)
    for item in items:
        if isinstance(item, Batch) and item.table is CLOCKS:
            clocks.learn(item)
        elif isinstance(item, Watermark) and item.is_local:
            yield from clocks.mark(item, input_name)
        else:
            yield item
        if isinstance(item, Batch) and item.table is JOB_EVENTS:
            jobs, knowledge = _keys(item.rows), clocks.use(_keys(item.rows))
            if not is_replay and seen.isdisjoint(jobs) and _are_all_ours(intake):
                yield from source.derive(item.rows, knowledge)
            else:
                if not seen.isdisjoint(jobs):
                    intake.flush()
                yield from _attempts(source, item.rows, intake.store, knowledge, is_replay=is_replay)
            seen.update(jobs)
    for rows in clocks.read_otherwise():
        yield from _attempts(source, rows, intake.store, clocks.now, is_replay=True)
    yield from clocks.told()


def _are_all_ours(intake: Intake) -> bool:
    """Did nobody but this ingest ever write a telling? Then only it can have told of a job before.

    Its commits are counted after they are made: a wrong answer is a careful one.
    """
    ours = intake.written.get(JOB_EVENTS.name, Written()).commits
    return intake.store is None or intake.store.version(JOB_EVENTS) == (ours or -1)


def _attempts(
    source: Deriving, rows: pa.Table, store: Store | None, clocks: Mapping[str, LocalClock], *, is_replay: bool
) -> Iterator[Batch]:
    others = _other_tellings(store, rows) if store else None
    if store is None or (others is None and not is_replay):
        yield from source.derive(rows, clocks)
        return
    others = rows.slice(0, 0) if others is None else others
    shared = set(_keys(rows if is_replay else others))
    is_shared = pa.array([key in shared for key in _keys(rows)])
    yield from source.derive(rows.filter(pc.invert(is_shared)), clocks)
    told = [rows.filter(is_shared), others]
    batches = list(source.derive(pa.concat_tables([conform(one, JOB_EVENTS) for one in told]), clocks))
    _give_way(store, shared, batches)
    yield from batches


def _other_tellings(store: Store, rows: pa.Table) -> pa.Table | None:
    """What else is stored of these jobs; the texts are read only where there is more than the rows themselves."""
    if store.version(JOB_EVENTS) < 0:
        return None
    ours = set(zip(*(rows[name].to_pylist() for name in (*JOB, "events_hash")), strict=True))
    jobs = set(_keys(rows))
    known = _within(store, JOB_EVENTS, rows, "job_id", (*JOB, "events_hash"))
    told = zip(*(known[name].to_pylist() for name in (*JOB, "events_hash")), strict=True)
    wanted = {(*key, name) for *key, name in told if tuple(key) in jobs} - ours
    if not wanted:
        return None
    stored = _within(store, JOB_EVENTS, rows, "job_id", JOB_EVENTS.column_names)
    keys = zip(*(stored[name].to_pylist() for name in (*JOB, "events_hash")), strict=True)
    return stored.filter(pa.array([key in wanted for key in keys]))


def _within(store: Store, table: Table, rows: pa.Table, name: str, columns: Iterable[str]) -> pa.Table:
    """Stored rows of the clusters of `rows` whose `name` lies between the least and the greatest of `rows`."""
    stored, ends = unbound(table), pc.min_max(rows[name]).as_py()
    clusters = pc.unique(rows["cluster"]).to_pylist()
    near = stored.filter(stored.cluster.isin(clusters) & stored[name].between(ends["min"], ends["max"]))
    return store.ask(near.select(*columns))


def _give_way(store: Store, jobs: set[Key], batches: list[Batch]) -> None:
    """Deletes the stored attempts of `jobs`, with their GPUs and events, that are not told any more or told otherwise.

    An attempt that was open and has ended since needs no deletion: the store's rule prefers it.
    """
    new = {table: _by_attempt(table, [batch.rows for batch in batches if batch.table is table]) for table in DERIVED}
    span = pa.table({"cluster": [key[0] for key in jobs], "job_id": [key[1] for key in jobs]})
    stored = _within(store, JOB_ATTEMPTS, span, "job_id", JOB_ATTEMPTS.column_names)
    stored = stored.filter(pa.array([key in jobs for key in _keys(stored)], pa.bool_()))
    if not len(stored):
        return
    old = {JOB_ATTEMPTS: _by_attempt(JOB_ATTEMPTS, [stored])}
    for table in DERIVED[1:]:
        old[table] = _by_attempt(table, [_within(store, table, stored, "attempt_id", table.column_names)])
    gone = sorted(key for key in old[JOB_ATTEMPTS] if not _stays(key, old, new))
    for cluster in {key[0] for key in gone}:
        ids = [key[1] for key in gone if key[0] == cluster]
        for begin in range(0, len(ids), IDS_A_DELETION):
            for table in reversed(DERIVED):  # attempts last: killed before, they still tell that the others must go
                store.retract(table, cluster=cluster, attempt_id=ids[begin : begin + IDS_A_DELETION])


Told = dict[Table, dict[Key, list[dict[str, Any]]]]


def _stays(key: Key, old: Told, new: Told) -> bool:
    if key not in new[JOB_ATTEMPTS]:
        return False
    if old[JOB_ATTEMPTS][key][0]["ended_at"] is None and new[JOB_ATTEMPTS][key][0]["ended_at"] is not None:
        return True
    return all(old[table].get(key, []) == new[table].get(key, []) for table in DERIVED)


def _by_attempt(table: Table, parts: list[pa.Table]) -> dict[Key, list[dict[str, Any]]]:
    """The rows of each attempt in the order of their key, without what tells of the reading."""
    found: dict[Key, list[dict[str, Any]]] = {}
    for rows in parts:
        said = conform(rows, table).drop_columns(sorted(ABOUT_THE_READING & set(table.column_names)))
        for row in said.sort_by([(name, "ascending") for name in table.key]).to_pylist():
            found.setdefault((row["cluster"], row["attempt_id"]), []).append(row)
    return found


def _keys(rows: pa.Table) -> list[Key]:
    return list(zip(rows["cluster"].to_pylist(), rows["job_id"].to_pylist(), strict=True))
