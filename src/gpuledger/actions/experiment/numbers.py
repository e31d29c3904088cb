"""Where each attempt stands in the CSV and how it is numbered, by whole columns."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.actions.experiment.jobs import Jobs
from gpuledger.metrics.workflows.names import coded

if TYPE_CHECKING:
    from gpuledger.metrics.events import Whole

MOMENTS = ("matched_at", "started_at", "eligible_at", "submitted_at", "ended_at")
"""The first of these that is told is when an attempt began."""


class Numbers(NamedTuple):
    """Of each attempt, in the order of the table: its row, HTCondor's cluster of its job (0 for none), its number within
    its job and within its node, and 1 where its result was kept.
    """

    rows: "Whole"
    clusters: "Whole"
    of_job: "Whole"
    of_node: "Whole"
    kept: "Whole"

    def part(self, begin: int, end: int) -> "Numbers":
        """Those of some attempts, one after the other."""
        return Numbers(*(each[begin:end] for each in self))


def numbered(rows: pa.Table, jobs: Jobs) -> Numbers:
    """Attempts in the order of their beginning are numbered, then sorted for people: node's name, cluster, number."""
    in_time, whose = _in_time(rows), jobs.nodes[jobs.of_rows]
    of_job, of_node = np.empty_like(in_time), np.empty_like(in_time)
    of_job[in_time] = _counted(jobs.jobs[jobs.of_rows][in_time])
    of_node[in_time] = _counted(whose[in_time])
    position = np.empty_like(in_time)
    position[in_time] = np.arange(len(in_time))
    clusters = np.array([cluster_id(job) for _, job in jobs.keys], dtype=np.int64)[jobs.of_rows]
    order = np.lexsort((position, of_job, clusters, _ranks(rows["node_name"])))
    told = (clusters, of_job, of_node, _kept(rows, whose))
    return Numbers(order, *(each[order] for each in told))


def cluster_id(job: str) -> int:
    """HTCondor's cluster of a job, 0 for what is none."""
    number = job.partition(".")[0]
    return int(number) if number.isdecimal() and len(number) < 19 else 0


def _in_time(rows: pa.Table) -> "Whole":
    began = pc.coalesce(*(rows[name] for name in MOMENTS))
    keys = pa.table({"began": began, "id": rows["attempt_id"]})
    order: Whole = pc.sort_indices(keys, [("began", "ascending"), ("id", "ascending")]).to_numpy().astype(np.int64)
    return order


def _counted(codes: "Whole") -> "Whole":
    """Of each the how-manieth of its code it is, from 1."""
    order = np.argsort(codes, kind="stable")
    is_first = _first_of(codes[order])
    count = np.empty_like(codes)
    count[order] = np.arange(len(codes)) - np.flatnonzero(is_first)[np.cumsum(is_first) - 1] + 1
    return count


def _ranks(names: pa.ChunkedArray) -> "Whole":
    """Names as numbers in the order of their letters; none is the empty one."""
    codes, labels = coded(names)
    told = [label or "" for label in labels]
    rank = {label: at for at, label in enumerate(sorted(set(told)))}
    return np.array([rank[label] for label in told], dtype=np.int64)[codes]


def _kept(rows: pa.Table, whose: "Whole") -> "Whole":
    """Of each node the longest that ended with success, of equal ones the first to end (`metrics.workflows.tries`)."""
    is_told = pc.and_(pc.is_valid(rows["started_at"]), pc.is_valid(rows["ended_at"]))
    is_good = pc.and_(is_told, pc.equal(rows["state"], "completed"))
    good = np.flatnonzero(pc.fill_null(is_good, False).to_numpy())
    started, ended = (_micros(rows[name].take(pa.array(good))) for name in ("started_at", "ended_at"))
    order = np.lexsort((good, ended, started - ended, whose[good]))
    kept = np.zeros(len(rows), dtype=np.int64)
    kept[good[order][_first_of(whose[good][order])]] = 1
    return kept


def _first_of(codes: "Whole") -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Is each the first of its code? Equal ones stand together."""
    is_first: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.ones(len(codes), dtype=np.bool_)
    is_first[1:] = codes[1:] != codes[:-1]
    return is_first


def _micros(moments: pa.ChunkedArray) -> "Whole":
    found: Whole = pc.cast(pc.cast(moments, pa.timestamp("us")), pa.int64()).to_numpy()
    return found
