"""Ibis expressions to DuckDB's SQL, once each."""

from functools import lru_cache
from typing import TYPE_CHECKING

from gpuledger.model.tables import BY_TABLE, Table

if TYPE_CHECKING:
    import ibis.expr.operations as ops
    import ibis.expr.types as ir


def compiled(expression: "ir.Table") -> tuple[str, tuple[Table, ...]]:
    """The SQL of an expression and the canonical tables it reads."""
    return _compiled(expression.op())


@lru_cache(maxsize=1024)
def _compiled(node: "ops.Node") -> tuple[str, tuple[Table, ...]]:
    import ibis
    import ibis.expr.operations as ops

    names = sorted({found.name for found in node.find(ops.UnboundTable)})
    return str(ibis.to_sql(node.to_expr(), dialect="duckdb")), tuple(BY_TABLE[name] for name in names)
