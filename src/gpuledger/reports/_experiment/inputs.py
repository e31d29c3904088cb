"""What the report was made of: every file with its hash, so that it can be made again and compared."""

from typing import Any

from gpuledger import __version__
from gpuledger.metrics import Ask
from gpuledger.model.document import Column, Scalar, Table
from gpuledger.model.schema import unbound
from gpuledger.model.tables import PROBLEMS, RUNS
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.shapes import first_of

SOURCES = ("condor-log", "dagman", "condor-history", "job-summary")
"""Sources that tell of workflows and their attempts."""
_COLUMNS = (
    Column("input_name", "Input"), Column("source_type", "Read as"), Column("input_bytes", "Size", "byte"),
    Column("rows_read_count", "Rows read", "count"), Column("problem_count", "Problems", "count"), Column("result", "Result"),
    Column("input_sha256", "sha256", rank=3),
)  # fmt: skip


def table(ask: Ask, most: int) -> Table:
    """The newest reading of each input. Its id is that of the runs, which other notes name as their evidence."""
    rows = _read(ask)
    told = [tuple[Scalar, ...](row[column.key] for column in _COLUMNS) for row in rows]
    return Table(
        id="runs", title="Inputs", columns=_COLUMNS, rows=tuple(told[:most]),
        foot=f"Read by gpuledger {__version__}; the same inputs, options and version give the same report. The sha256 of a DAG is of it with what stands beside it (dagman.out, rescue files).",
        left_out=first_of(most, len(told)),
        finding=f"{words.plural(len(told), 'input')}, {words.plural(sum(row['problem_count'] or 0 for row in rows), 'problem')} in them.",
        empty="Nothing was ingested.",
    )  # fmt: skip


def _read(ask: Ask) -> list[dict[str, Any]]:
    runs = unbound(RUNS)
    asked = runs.filter(runs.run_kind.isin(["ingest", "upload", "collect", "replay"]))
    found = ask.rows(asked.order_by(["run_started_at", "ingest_id"])).to_pylist()
    of_workflows = [row for row in found if row["source_type"] in SOURCES]
    newest = {(row["source_type"], row["input_name"]): row for row in of_workflows or found}
    refused = _refused(ask)
    return [newest[key] | {"problem_count": refused.get(newest[key]["input_sha256"], 0)} for key in sorted(newest)]


def _refused(ask: Ask) -> dict[str, int]:
    """Problems by input: rows that were refused, and pieces of logs that no row was made of."""
    told = unbound(PROBLEMS)
    counted = ask.rows(told.group_by("input_sha256").agg(count=told.count()))
    return {row["input_sha256"]: row["count"] for row in counted.to_pylist()}
