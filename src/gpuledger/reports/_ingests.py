"""The ingests that a report's numbers come from: what they remarked, refused, and could not read.

An input belongs to a report when its rows went to one of the tables that the report is made of, about a cluster that the
filters keep. Where an input did not come to its rows, or an older version read it, others of its type tell; where none
does, it belongs.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import ibis

from gpuledger.metrics import Ask, Filter
from gpuledger.model.document import Column, Note, Table
from gpuledger.model.schema import unbound
from gpuledger.model.tables import PROBLEMS, RUNS
from gpuledger.reports import _words as words
from gpuledger.reports._scene import as_utc

if TYPE_CHECKING:
    import ibis.expr.types as ir

Tables = tuple[str, ...]
OF_ATTEMPTS: Tables = ("job_attempts", "attempt_gpus")
"""Tables that the numbers of jobs are made of."""
_KINDS = ("ingest", "upload", "collect", "replay")
_READ = 200
_RUNS_SHOWN = 10
_REASONS_SHOWN = 20
_FAILED_SHOWN = 3


def newest(ask: Ask, tables: Tables) -> list[dict[str, Any]]:
    """The ingests that fed `tables`, newest first."""
    runs = _fed(ask, tables)
    known = runs.filter(runs.run_started_at <= ask.now.replace(tzinfo=None))
    rows: list[dict[str, Any]] = ask.rows(
        known.order_by([runs.run_started_at.desc(), "input_name", "ingest_id"]).limit(_READ)
    ).to_pylist()
    return rows


def _fed(ask: Ask, tables: Tables) -> "ir.Table":
    runs = unbound(RUNS)
    ours = runs.filter(runs.run_kind.isin(_KINDS))
    others = _types_of_others(ours, tables)
    belongs = _feeds(ours, tables) | (ours.told_tables.isnull() & ours.source_type.notin(others.source_type))
    return reduce(_of_clusters, (f for f in ask.where if f.column == "cluster"), ours.filter(belongs))


def _types_of_others(runs: "ir.Table", tables: Tables) -> "ir.Table":
    """Types whose inputs are known to feed other tables only."""
    knows, feeds = runs.told_tables.notnull().any(), _feeds(runs, tables).any()
    types = runs.filter(runs.source_type.notnull()).group_by("source_type").agg(knows=knows, feeds=feeds)
    return types.filter(types.knows & ~types.feeds)


def _feeds(runs: "ir.Table", tables: Tables) -> "ir.BooleanValue":
    each: list[ir.BooleanValue] = [runs.told_tables.contains(name).fill_null(False) for name in tables]
    return reduce(or_, each)


def _of_clusters(runs: "ir.Table", wanted: Filter) -> "ir.Table":
    """Those about a cluster that the filter keeps, and those that do not tell theirs."""
    names = [name for name in wanted.values if name]
    named: ir.IntegerValue = sum((runs.told_clusters.contains(name).cast("int64") for name in names), ibis.literal(0))
    kept = named > 0 if wanted.op == "=" else runs.told_clusters.length() > named
    return runs.filter(kept.fill_null(True))


def problems(ask: Ask, tables: Tables) -> Iterator[Table]:
    """Rows that the inputs refused, by reason; nothing where none did."""
    refused = unbound(PROBLEMS).semi_join(_fed(ask, tables), "input_sha256")
    counted = refused.group_by(["problem_reason", "source_type"]).agg(rows=refused.count())
    rows = ask.rows(counted).to_pylist()
    if rows:
        yield _problems(sorted(rows, key=lambda row: (-row["rows"], row["source_type"], row["problem_reason"])))


def _problems(rows: Sequence[dict[str, Any]]) -> Table:
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
        foot="Every ingest that feeds this report, whatever the period. Each row is kept with its line in the table problems.",
    )


def notes(runs: Sequence[dict[str, Any]]) -> Iterator[Note]:
    """Each thing an ingest had to remark, once."""
    said = dict.fromkeys(remark for run in runs for remark in (run["remarks"] or ()))
    for number, sentence in enumerate(said, 1):
        yield Note(f"remark-{number}", "info", "ingest", sentence, "runs")


def failed(ask: Ask, runs: Sequence[dict[str, Any]]) -> Iterator[Note]:
    """Inputs that could not be read, or not to their end, and were not since. Of an upload who sent it was told."""
    faulty = [run for run in runs if run["result"] in ("failed", "partial") and run["run_kind"] != "upload"]
    last = _last_read(ask, faulty)
    bad = [run for run in reversed(faulty) if run["run_started_at"] == last[run["input_name"]]]
    if not bad:
        return
    told = "; ".join(f"{run['input_name']}: {run['error'] or run['result']}" for run in bad[:_FAILED_SHOWN])
    more = f"; and {len(bad) - _FAILED_SHOWN} more" if len(bad) > _FAILED_SHOWN else ""
    what = words.plural(len(bad), "input")
    yield Note(
        "failed-ingests", "warning", "ingest", f"{what} could not be read, or not to the end: {told}{more}", "runs"
    )


def _last_read(ask: Ask, runs: Sequence[dict[str, Any]]) -> dict[str, datetime]:
    """When these inputs were read last, whatever they fed then; an upload counts when it was taken."""
    if not runs:
        return {}
    every = unbound(RUNS)
    read = every.filter(
        every.run_kind.isin(_KINDS), every.run_started_at <= ask.now.replace(tzinfo=None),
        every.input_name.isin(sorted({run["input_name"] for run in runs})),
        (every.run_kind != "upload") | (every.result == "done"),
    )  # fmt: skip
    rows = ask.rows(read.group_by("input_name").agg(last=read.run_started_at.max())).to_pylist()
    return {row["input_name"]: row["last"] for row in rows}


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


def table(runs: Sequence[dict[str, Any]]) -> Table:
    """The newest of them with their counts."""
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
