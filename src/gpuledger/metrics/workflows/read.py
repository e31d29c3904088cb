"""From the ledger to `Tries`: three queries, whatever is asked afterwards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.metrics import NO_GPU, NOT_KNOWN, Ask, Dimension, Filter
from gpuledger.metrics.events import numbers, whole
from gpuledger.metrics.relation import NOTHING
from gpuledger.metrics.workflows import facts
from gpuledger.metrics.workflows.names import Names, coded, distinct
from gpuledger.metrics.workflows.nodes import Placing, records
from gpuledger.metrics.workflows.tries import Parts, Tries
from gpuledger.model.sites import DEFAULT, SiteRules
from gpuledger.model.workflow import STEP, job_type_of, step_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from gpuledger.metrics.events import Floats, Whole

Texts = Sequence[str | None]
Amounts = Mapping[str, "Floats"]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]

OWN = {
    "workflow": "workflow", "workflow_run": "workflow_run", "node": "node_name", "workflow_step": "step",
    "node_type": "node_type", "target_site": "target_site", "site": "site_key", "resource_name": "resource_name",
    "host": "host", "gpu_model": "gpu_model", "state": "state", "cluster": "cluster", "cause": "cause",
}  # fmt: skip
"""Dimensions told of the node or of what became of the attempt, and under which name attempts have them."""
_OWN_NUMBER = "^(GPU|MIG)-"
NOT_MATCHED = "not matched"
"""The site of an attempt that no slot was found for."""


@dataclass(frozen=True)
class Patterns:
    """How names of nodes are read: the step's pattern where it is not the one the ledger was filled with; what is cut
    from a name to give its type; the names of sites for people."""

    step: str | None = None
    type: str | None = None
    sites: SiteRules = DEFAULT


@dataclass(frozen=True)
class Experiment:
    """The attempts that were asked for, the nodes that the ledger knows, and how sites are called."""

    tries: Tries
    placing: Placing
    sites: SiteRules = DEFAULT


def read(ask: Ask, patterns: Patterns | None = None, also: Sequence[Dimension] = ()) -> Experiment:
    """The attempts of the ask's period that its filters keep. What a node kept is told by all its attempts.

    `also` are dimensions that are to be told of each attempt (`name_of`).
    """
    patterns = patterns or Patterns(sites=ask.sites)
    clusters = _clusters(ask)
    asked = facts.named_columns(
        [*(wanted.column for wanted in ask.where), *(one.name for one in also)], ask.dimensions, OWN
    )
    rows = _in_order(ask, facts.attempts(ask.period, clusters, asked), "cluster", "attempt_id")
    amounts = _amounts(rows)
    rows = rows.drop_columns([name for name in amounts if name in rows.column_names])
    parts = _parts(rows, amounts, _in_order(ask, facts.gpus(clusters), "cluster", "attempt_id", "host", "gpu"))
    _give_back()
    placing = Placing.of(records(ask.rows(facts.nodes())))
    _give_back()
    names = _names(rows, amounts, placing, patterns)
    tries = Tries(ask.period, amounts, names, Names.of_column(rows["end_reason"], ""), parts)
    tries = replace(
        tries, names={**tries.names, **{one.name: Names.of_column(rows[key]) for key, one in asked.items()}}
    )
    kept = replace(placing, by_job={}, by_workflow={})  # the jobs are placed, and these are a tenth of all that is held
    vars(kept)["done"] = placing.done
    found = Experiment(_chosen(ask, tries, rows, (asked, patterns)), kept, patterns.sites)
    del rows, placing
    _give_back()
    return found


def _clusters(ask: Ask) -> list[str]:
    """Whose attempts an experiment is made of."""
    of_workflows: list[str] = ask.rows(facts.access_points())["cluster"].to_pylist()
    return of_workflows or ask.rows(facts.pools())["cluster"].to_pylist()


def _in_order(ask: Ask, asked: "ir.Table", *keys: str) -> pa.Table:
    """The rows by these columns, put in order column after column: an engine that sorts holds all of it twice. Texts
    are there once each."""
    rows = ask.rows(asked)
    order = pc.sort_indices(rows, [(name, "ascending") for name in keys])
    found = pa.table({name: _each_once(rows[name].take(order)) for name in rows.column_names})
    del rows, order
    _give_back()
    return found


def _give_back() -> None:
    """What was used on the way, before the next large step: a heap keeps what lies between."""
    pa.default_memory_pool().release_unused()


def _each_once(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole.dictionary_encode() if pa.types.is_string(whole.type) else whole


def _amounts(rows: pa.Table) -> Amounts:
    moments = (*(f"{name}_us" for name in facts.MOMENTS), "counted_us")
    amounts = {name: numbers(rows, name) for name in (*facts.NUMBERS, *moments)}
    ended, counted = amounts["ended_us"], amounts["counted_us"]
    return amounts | {"counted_or_ended_us": np.where(np.isnan(ended), counted, ended)}


def _names(rows: pa.Table, amounts: Amounts, placing: Placing, patterns: Patterns) -> dict[str, Names]:
    jobs = _Jobs.of(rows)
    found = [placing.find(*job) for job in zip(jobs.cluster, jobs.job_id, jobs.workflow, jobs.node_name, strict=True)]
    where = [(node.workflow if node else None) or own for node, own in zip(found, jobs.workflow, strict=True)]
    called = [(node.name if node else None) or own for node, own in zip(found, jobs.node_name, strict=True)]
    keys = [
        f"{cluster}\t{workflow or ''}\t{name}"
        if name and (workflow or not placing.is_declared(cluster or "", name))
        else f"{cluster}\t\t#{job}"
        for cluster, workflow, name, job in zip(jobs.cluster, where, called, jobs.job_id, strict=True)
    ]
    runs = [(node.run if node else None) or own for node, own in zip(found, jobs.workflow_run, strict=True)]
    steps = [(node.step if node else None) or own for node, own in zip(found, jobs.workflow_step, strict=True)]
    targets = [(node.target if node else None) or own for node, own in zip(found, jobs.target_site, strict=True)]
    of_jobs = {
        "job": Names.of(f"{cluster}\t{job}" for cluster, job in zip(jobs.cluster, jobs.job_id, strict=True)),
        "job_id": Names.of(jobs.job_id),
        "node": Names.of(keys),
        "node_name": Names.of(called, "no node"),
        "workflow": Names.of(where),
        "workflow_run": Names.of(runs),
        "step": _steps(steps, called, patterns),
        "node_type": _types(called, patterns),
        "target_site": _sites(Names.of(targets), patterns),
    }
    return {name: told.take(jobs.of_rows) for name, told in of_jobs.items()} | {
        "cluster": Names.of_column(rows["cluster"]),
        "site": _sites(_where(rows, amounts), patterns),
        "site_key": _where(rows, amounts),
        "resource_name": Names.of_column(rows["resource_name"], ""),
        "host": Names.of_column(rows["host"]),
        "state": Names.of_column(rows["state"]),
        "state_raw": Names.of_column(rows["state_raw"], ""),
        "gpu_model": _models(rows, amounts),
    }


@dataclass(frozen=True, eq=False)
class _Jobs:
    """What is told of each job, once for all its attempts, in the order of their first rows; `of_rows` whose each row is."""

    cluster: Sequence[str]
    job_id: Sequence[str]
    workflow: Texts
    node_name: Texts
    workflow_run: Texts
    workflow_step: Texts
    target_site: Texts
    of_rows: "Whole"

    @classmethod
    def of(cls, rows: pa.Table) -> "_Jobs":
        columns = {one.name: coded(rows[one.name]) for one in fields(cls) if one.name != "of_rows"}
        first, jobs = distinct(*(codes for codes, _ in columns.values()))
        told: dict[str, Any] = {
            name: [values[code] for code in codes[first].tolist()] for name, (codes, values) in columns.items()
        }
        return cls(**told, of_rows=jobs)


def _steps(told: Sequence[str | None], called: Sequence[str | None], patterns: Patterns) -> Names:
    pattern = patterns.step
    if pattern is not None:
        return Names.of([step_of(name, pattern) if name else None for name in called], "")
    return Names.of(
        [step or (step_of(name, STEP) if name else None) for step, name in zip(told, called, strict=True)], ""
    )


def _types(called: Sequence[str | None], patterns: Patterns) -> Names:
    """Names without their numbers, or what the first group of the pattern finds."""
    told = Names.of(called, "no node")
    if patterns.type is None:
        return told.renamed([job_type_of(name) for name in told.labels])
    return told.renamed([step_of(name, patterns.type) or "other" for name in told.labels])


def _where(rows: pa.Table, amounts: Amounts) -> Names:
    """The site, or that there was no match to have one."""
    sites = Names.of_column(rows["site"])
    is_idle = np.isnan(amounts["matched_us"]) & np.isnan(amounts["started_us"])
    codes = np.where(is_idle & sites.is_one_of(NOT_KNOWN), len(sites.labels), sites.codes)
    return Names(codes, (*sites.labels, NOT_MATCHED))


def _sites(sites: Names, patterns: Patterns) -> Names:
    return sites.renamed([patterns.sites.label(label) for label in sites.labels])


def _models(rows: pa.Table, amounts: Amounts) -> Names:
    models, has_none = Names.of_column(rows["gpu_model"]), amounts["gpu_count"] == 0
    codes = np.where(has_none & models.is_one_of(NOT_KNOWN), len(models.labels), models.codes)
    return Names(codes, (*models.labels, NO_GPU))


def _parts(rows: pa.Table, amounts: Amounts, gpus: pa.Table) -> Parts:
    """Attempts by GPU: as their GPUs are told one by one; what is left stays under the attempt's own model."""
    at = _places(rows, gpus)
    gpus, row = gpus.filter(pa.array(at >= 0)), at[at >= 0]
    part = numbers(gpus, "part")
    named = np.bincount(row, weights=part, minlength=len(rows)).astype(np.float64)
    held = np.fmax(amounts["gpu_count"], named)
    left = np.where(held > 0, 1 - named / np.where(held > 0, held, 1.0), 1.0)
    rest = np.flatnonzero((left > NOTHING) | np.isnan(left))
    own, told = _models(rows, amounts), Names.of_column(gpus["gpu_model"])
    model = np.where(told.is_one_of(NOT_KNOWN), own.codes[row] + len(told.labels), told.codes)
    labels = (*told.labels, *own.labels)
    models = Names(np.concatenate([model, own.codes[rest] + len(told.labels)]), labels).renamed(labels)
    return Parts(
        np.concatenate([row, rest]),
        np.concatenate([part / held[row], np.nan_to_num(left[rest], nan=1.0)]),
        models,
        Names.of_column(gpus["capability"]).with_unknown(len(rest)),
        Names.of_column(_gpu_names(gpus)).with_unknown(len(rest)),
    )


def _places(rows: pa.Table, gpus: pa.Table) -> "Whole":
    """The row of each GPU's attempt, -1 where the attempt is not told."""
    keys = [_joined("\t", each["cluster"], each["attempt_id"]) for each in (gpus, rows)]
    found = pc.index_in(keys[0], value_set=keys[1].combine_chunks())
    return whole(pc.fill_null(found, -1))


def _gpu_names(gpus: pa.Table) -> pa.ChunkedArray:
    """`host / GPU`; without a host only a GPU's own number says which it is, its place (`slot:1`, `index:0`) does not."""
    both, gpu = _joined(" / ", gpus["host"], gpus["gpu"]), gpus["gpu"].cast(pa.string())
    alone = pc.if_else(pc.match_substring_regex(gpu, _OWN_NUMBER), gpu, None)
    return pc.if_else(pc.equal(gpus["host"], ""), alone, both)


def _joined(between: str, *columns: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*(column.cast(pa.string()) for column in columns), between)


def _chosen(ask: Ask, tries: Tries, rows: pa.Table, how: tuple[Mapping[str, Dimension], Patterns]) -> Tries:
    """The attempts that the filters keep; letters of names may be large or small, sites as people see them."""
    places = {dimension.name: key for key, dimension in how[0].items()}
    chosen = np.ones(len(tries), dtype=bool)
    for wanted in ask.where:
        column = (
            Names.of_column(rows[places[wanted.column]]) if wanted.column in places else name_of(tries, wanted.column)
        )
        chosen &= is_one_of(column, wanted, shown(how[1].sites, wanted.column))
    return tries if chosen.all() else _taken(tries, np.flatnonzero(chosen))


def name_of(tries: Tries, dimension: str) -> Names:
    """The names of a dimension; of sites those in the ledger, which a filter may write as people see them."""
    return tries.cause if dimension == "cause" else tries.names[OWN.get(dimension, dimension)]


def shown(sites: SiteRules, dimension: str) -> Callable[[str], str]:
    """How people see the names of a dimension."""
    return sites.label if dimension in ("site", "target_site") else str


def is_one_of(names: Names, wanted: Filter, shown: Callable[[str], str]) -> Flags:
    """The rows that a filter keeps; letters may be large or small, names also as people see them."""
    values = {(NOT_KNOWN if value is None else value).casefold() for value in wanted.values}
    there = [bool({label.casefold(), shown(label).casefold()} & values) == (wanted.op == "=") for label in names.labels]
    chosen: Flags = np.array(there or [False])[names.codes]
    return chosen


def _taken(tries: Tries, rows: "Whole") -> Tries:
    """Some of the attempts, with what was decided among all of them."""
    place = np.full(len(tries), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    parts = tries.parts
    inside = np.flatnonzero(place[parts.rows] >= 0)
    some = Tries(
        tries.period,
        {name: held[rows] for name, held in tries.amounts.items()},
        {name: held.take(rows) for name, held in tries.names.items()},
        tries.reasons.take(rows),
        replace(
            parts, rows=place[parts.rows[inside]], weights=parts.weights[inside], models=parts.models.take(inside),
            capabilities=parts.capabilities.take(inside), gpus=parts.gpus.take(inside),
        ),
    )  # fmt: skip
    some.__dict__.update(
        kept=_moved(tries.kept, place), credited=_moved(tries.credited, place), fate=tries.fate[rows],
        cause=tries.cause.take(rows),
        kind=tries.kind.take(rows), queue_seconds=tries.queue_seconds[rows],
    )  # fmt: skip
    return some


def _moved(rows: "Whole", place: "Whole") -> "Whole":
    return np.where(rows >= 0, place[rows], -1)
