"""Tries of nodes: the attempts of one HTCondor cluster together are one try of its node."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.schema import ARROW
from gpuledger.model.tables import WORKFLOW_NODES
from gpuledger.sources.job_summary.parts import Part, table

KEY = ("cluster", "workflow", "workflow_run", "node_name", "try_number")
"""Access point, DAG, run, node, HTCondor cluster (0: the node itself)."""
TOLD = ("workflow_step", "target_site", "job_id", "attempt_id", "state", "end_reason")
"""Columns that a try has of its attempt."""
ROWS_AT_ONCE = 4_000
AGE = ("number", "sequence")
"""Of several jobs of a node the last one counts, of several attempts of a job too."""
_NUMBER = r"^(?P<number>[0-9]{1,18})(?:\.|$)"


@dataclass
class Tries:
    """The last attempt of each try and of each declared node so far, and the declared nodes that were never tried."""

    found: list[pa.Table] = field(default_factory=list)
    others: list[dict[str, Any]] = field(default_factory=list)

    def add(self, part: Part) -> None:
        self.others += [{**other, "try_number": 0, "attempt_id": None} for other in part.others]
        tries = _coded(_tries(part))
        self.found.append(tries.take(_last(tries)))

    def tables(self) -> Iterator[pa.Table]:
        """One row of workflow_nodes for each try; for each declared node one with the number 0."""
        if self.found:
            tries = pa.concat_tables(self.found).unify_dictionaries().combine_chunks()
            self.found.clear()
            last = _last(tries)
            tries = tries.drop_columns(list(AGE))
            for begin in range(0, len(last), ROWS_AT_ONCE):
                yield _plain(tries.take(last.slice(begin, ROWS_AT_ONCE)))
        if self.others:
            yield table(WORKFLOW_NODES, self.others)


def _tries(part: Part) -> pa.Table:
    """Each attempt of a node as its try, and once more as what is told of the node where a DAG declares it."""
    told = {name: _column(part.attempts, name) for name in (*KEY[:-1], *TOLD)}
    told["workflow_run"] = _or(told["workflow_run"], told["workflow"])
    number = pc.struct_field(pc.extract_regex(told["job_id"], _NUMBER), "number")
    told["number"] = number.cast(ARROW["whole"])
    told["sequence"] = pc.fill_null(part.sequences, 0)
    told |= {"retry_limit": part.retry_limits, "is_done_in_rescue": part.is_done_in_rescue}
    is_try = pc.and_(pc.is_valid(number), pc.and_(_is_told(told["workflow"]), _is_told(told["node_name"])))
    is_node = pc.and_(is_try, pc.fill_null(part.is_declared, False))
    rows = pa.table(told)
    nodes = rows.filter(is_node)
    tries = rows.filter(is_try)
    return pa.concat_tables([
        tries.append_column("try_number", tries["number"]),
        nodes.append_column("try_number", pa.array(np.zeros(len(nodes), np.int64))),
    ])  # fmt: skip


def _column(rows: pa.Table, name: str) -> pa.ChunkedArray:
    return rows[name] if name in rows.column_names else pa.chunked_array([pa.nulls(len(rows), pa.string())])


def _or(texts: pa.ChunkedArray, others: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(_is_told(texts), texts, others)


def _is_told(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.not_equal(texts, ""), False)


def _last(tries: pa.Table) -> pa.Array:
    """Where the last attempt of each try stands; of equal ones the one that stands last."""
    order = pc.sort_indices(tries, [(name, "ascending") for name in AGE])
    keys = {name: _codes(tries[name].take(order)) for name in KEY}
    placed = pa.table({**keys, "place": pa.array(np.arange(len(tries)))})
    last = placed.group_by(list(KEY), use_threads=False).aggregate([("place", "max")])["place_max"]
    return order.take(last.combine_chunks())


def _coded(rows: pa.Table) -> pa.Table:
    """With each text once: all tries of a table wait for its end."""
    return pa.table({name: _encoded(rows[name].combine_chunks()) for name in rows.column_names})


def _encoded(column: pa.Array) -> pa.Array:
    return column.dictionary_encode() if pa.types.is_string(column.type) else column


def _codes(column: pa.ChunkedArray) -> pa.Array:
    """What can be told apart as well as its texts."""
    each = column.combine_chunks()
    return each.indices if pa.types.is_dictionary(each.type) else each


def _plain(rows: pa.Table) -> pa.Table:
    kinds = {column.name: ARROW[column.kind] for column in WORKFLOW_NODES.columns}
    return pa.table({name: rows[name].cast(kinds[name]) for name in rows.column_names})
