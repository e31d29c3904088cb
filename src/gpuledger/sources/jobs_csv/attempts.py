"""Typed values of a batch become attempts of the ledger; rows that contradict themselves become problems."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.devices import gpu_model
from gpuledger.model.period import BEGINNING, ENDING
from gpuledger.model.tables import JOB_ATTEMPTS, USAGE_COLUMNS
from gpuledger.sources.jobs_csv import stamps, states
from gpuledger.sources.jobs_csv.stamps import INSTANT
from gpuledger.sources.jobs_csv.values import FAILED, IS_UTC, Query

MAY_BE_NEGATIVE = ("priority",)
MODELS = ("gpu_model", "requested_gpu_model")

Reason = tuple[pa.Array, str]
"""Rows it holds for, and the sentence."""


@dataclass(frozen=True)
class Reading:
    """What holds for a whole input: zone, edges of its window in UTC, cluster, name, and words nobody mapped."""

    zone: str
    is_zone_told: bool
    since: datetime | None
    until: datetime | None
    has_cut_starts: bool
    cluster: str | None
    reported_by: str
    words: Mapping[str, str]
    unknown_words: "Counter[str]" = field(default_factory=Counter)


@dataclass(frozen=True)
class Told:
    """Attempts of the rows without a reason, and a reason for each of the others."""

    rows: pa.Table
    reasons: tuple[tuple[int, str], ...]
    has_local_stamps: bool


def attempts(rows: pa.Table, ids: pa.Array, query: Query, reading: Reading) -> Told:
    """`rows` as `Query.rows` gives them, `ids` their attempt ids."""
    kinds = {wanted.name: wanted.kind for wanted in query.wanted}
    columns = {name: rows[name].combine_chunks() for name in kinds}
    duration = columns.pop("duration", None)
    read = {
        name: stamps.Stamped(columns.pop(name), rows[IS_UTC + name].combine_chunks())
        for name, kind in kinds.items() if kind == "instant"
    }  # fmt: skip
    moments = stamps.in_utc(read, reading.zone, duration)
    columns |= moments.columns
    columns["attempt_id"] = ids
    _place(columns, reading)
    _run(columns, duration, reading)
    reasons = [*_unread(rows, query), *_contradictions(columns, kinds, duration)]
    refused = _first_reasons(reasons, moments.reasons, len(rows))
    _finish(columns, reading)
    kept = np.flatnonzero(refused == None)  # noqa: E711 - elementwise
    told = tuple((int(row), refused[row]) for row in np.flatnonzero(refused != None))  # noqa: E711 - elementwise
    table = pa.table({name: column for name, column in columns.items() if name in JOB_ATTEMPTS.column_names})
    return Told(table.take(kept) if told else table, told, moments.has_local)


def _nulls(like: pa.Array, kind: pa.DataType) -> pa.Array:
    return pa.nulls(len(like), kind)


def _place(columns: dict[str, pa.Array], reading: Reading) -> None:
    ids = columns["attempt_id"]
    cluster = columns.get("cluster", _nulls(ids, pa.string()))
    columns["cluster"] = pc.coalesce(cluster, pa.scalar(reading.cluster, pa.string()))
    columns["job_id"] = pc.coalesce(columns.get("job_id", _nulls(ids, pa.string())), ids)
    raw = columns.get("state", _nulls(ids, pa.string()))
    columns.setdefault("state_raw", raw)
    columns["state"] = states.canonical(raw, reading.words, reading.unknown_words)


def _run(columns: dict[str, pa.Array], duration: pa.Array | None, reading: Reading) -> None:
    """Start, end and state from what is told: a duration stands for an end, a window's edge for a start cut off."""
    started = columns.get("started_at", _nulls(columns["attempt_id"], INSTANT))
    ended = columns.get("ended_at", _nulls(started, INSTANT))
    if duration is not None:
        length = pc.round(pc.multiply(duration, stamps.MICRO)).cast(pa.int64(), safe=False).cast(pa.duration("us"))
        waits = pc.fill_null(pc.is_in(columns["state"], pa.array([*states.WAITING, *states.RUNNING])), False)
        elapsed = pc.add(started, length)
        columns["running_until"] = elapsed
        ended = pc.coalesce(ended, pc.if_else(waits, pa.scalar(None, INSTANT), elapsed))
    if reading.has_cut_starts:
        ran = pc.invert(pc.fill_null(pc.is_in(columns["state"], pa.array(states.WAITING)), False))
        is_cut = pc.and_(pc.is_null(started), ran)
        started = pc.if_else(is_cut, pa.scalar(reading.since, INSTANT), started)
        columns["is_start_known"] = pc.if_else(pc.is_valid(started), pc.invert(is_cut), pa.scalar(None, pa.bool_()))
    columns["started_at"], columns["ended_at"] = started, ended
    columns["state"] = states.derived(columns["state"], pc.is_valid(started), pc.is_valid(ended))


def _unread(rows: pa.Table, query: Query) -> list[Reason]:
    """Cells that are not of their kind."""
    failed = rows[FAILED].combine_chunks()
    found = pc.unique(failed.drop_null()).to_pylist()
    return [(pc.equal(failed, number), query.failures[number]) for number in sorted(found)]


def _contradictions(
    columns: Mapping[str, pa.Array], kinds: Mapping[str, str], duration: pa.Array | None
) -> list[Reason]:
    started, ended, state = columns["started_at"], columns["ended_at"], columns["state"]
    moments = [name for name in stamps.ORDER if name in columns]
    reasons = [
        (_outside(columns[name]), f"{name} is not between 1970 and 2100; is `stamps` right?") for name in moments
    ]
    if duration is not None:
        reasons.append((pc.less(duration, 0.0), "the duration is negative"))
    reasons.append((pc.less(ended, started), "it ends before it starts"))
    has_no_end = pc.and_(pc.is_in(state, pa.array(states.ENDED)), pc.is_null(ended))
    reasons.append((has_no_end, "its state says that it ended, and no end is known"))
    for name in (n for n, kind in kinds.items() if kind == "number" and n != "duration"):
        reasons.extend(_amount(name, columns[name]))
    is_timeless = pc.is_null(pc.coalesce(*(columns[name] for name in moments)))
    reasons.append((is_timeless, "no moment of it is known"))
    return [
        *reasons,
        (pc.is_null(columns["attempt_id"]), "a part of its id is not known"),
        (pc.is_null(columns["cluster"]), "its cluster is not known"),
    ]


def _outside(moment: pa.Array) -> pa.Array:
    return pc.or_(pc.less(moment, pa.scalar(BEGINNING, INSTANT)), pc.greater(moment, pa.scalar(ENDING, INSTANT)))


def _amount(name: str, column: pa.Array) -> list[Reason]:
    reasons = [(pc.invert(pc.is_finite(column)), f"{name} is not finite")]
    if name not in MAY_BE_NEGATIVE:
        reasons.append((pc.less(column, 0.0), f"{name} is negative"))
    if name.endswith("_ratio"):
        reasons.append((pc.greater(column, 1.0), f"{name} is above 1; divide a percentage by 100"))
    return reasons


def _first_reasons(
    reasons: list[Reason], told: tuple[tuple[int, str], ...], count: int
) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    """The first reason of each row, None for a good one."""
    refused = np.full(count, None, object)
    for mask, sentence in reversed(reasons):
        if pc.any(mask).as_py():
            refused[pc.fill_null(mask, False).to_numpy(zero_copy_only=False)] = sentence
    for row, sentence in told:
        refused[row] = refused[row] or sentence
    return refused


def _finish(columns: dict[str, pa.Array], reading: Reading) -> None:
    """What follows from the rest: models in one spelling, use only once ended, the moment the reading describes."""
    for name in MODELS:
        if name in columns:
            columns[name] = _models(columns[name])
    if "gpu_model" in columns and "gpu_count" in columns:
        has_none = pc.fill_null(pc.equal(columns["gpu_count"], 0.0), False)
        columns["gpu_model"] = pc.if_else(has_none, pa.scalar(None, pa.string()), columns["gpu_model"])
    started, ended = columns["started_at"], columns["ended_at"]
    is_open = pc.is_null(ended)
    submitted = columns.get("submitted_at", _nulls(ended, INSTANT))
    begun = pc.coalesce(columns.pop("running_until", started), started)
    columns["observed_at"] = pc.coalesce(ended, begun, columns.get("eligible_at", submitted), submitted)
    columns["reported_by"] = pc.if_else(is_open, reading.reported_by, pa.scalar(None, pa.string()))
    _use(columns, is_open)


def _use(columns: dict[str, pa.Array], is_open: pa.Array) -> None:
    """Measured use is told of an attempt that ended; what measured how busy it was, only where that is known."""
    used = [name for name in USAGE_COLUMNS if name in columns]
    for name in used:
        columns[name] = pc.if_else(is_open, pa.scalar(None, columns[name].type), columns[name])
    if "gpu_busy_source" in columns:
        ratio = columns.get("gpu_busy_ratio", _nulls(is_open, pa.float64()))
        columns["gpu_busy_source"] = pc.if_else(
            pc.is_valid(ratio), columns["gpu_busy_source"], pa.scalar(None, pa.string())
        )
    if used:
        is_measured = np.logical_or.reduce([columns[name].is_valid().to_numpy(zero_copy_only=False) for name in used])
        columns["usage_observed_at"] = pc.if_else(pa.array(is_measured), columns["ended_at"], pa.scalar(None, INSTANT))


def _models(names: pa.Array) -> pa.Array:
    encoded = names.dictionary_encode()
    spelled = [(gpu_model(name).name or None) for name in encoded.dictionary.to_pylist()]
    return pa.array(spelled, pa.string()).take(encoded.indices)
