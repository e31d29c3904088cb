"""How far the ledger tells of a subject, whatever the period: its newest moment, or that it tells nothing of it at all.

Cheap on purpose: a largest value of a column or two, so that a page can say which of its reports are empty.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gpuledger.model.schema import unbound
from gpuledger.model.tables import JOB_ATTEMPTS, Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

Subject = Callable[[], "tuple[ir.Table, ...]"]
"""Tables of one row and one column each, `newest`: null where there is nothing."""


def rows_of(*tables: Table) -> Subject:
    """What a report is about that needs rows of one of these tables, or somebody who looked for them."""

    def subject() -> "tuple[ir.Table, ...]":
        from gpuledger.metrics.states.timeline import told  # with Ibis: reports are listed without it

        looks = (told(table.name) for table in tables)
        return (
            *(_newest(_moment(unbound(table), table)) for table in tables),
            *(_newest(look.until.fill_null(look.time)) for look in looks),
        )

    return subject


def attempts_where(condition: "Callable[[ir.Table], ir.BooleanValue]") -> Subject:
    """What a report is about that needs attempts of one kind."""

    def subject() -> "tuple[ir.Table, ...]":
        attempts = unbound(JOB_ATTEMPTS)
        return (_newest(_moment(attempts.filter(condition(attempts)), JOB_ATTEMPTS)),)

    return subject


def _moment(rows: "ir.Table", table: Table) -> "ir.TimestampValue":
    if table is JOB_ATTEMPTS:
        return rows.ended_at.coalesce(rows.started_at, rows.submitted_at)
    moment: ir.TimestampValue = rows[table.order]
    return moment


def _newest(moments: "ir.TimestampValue") -> "ir.Table":
    return moments.max().name("newest").as_table()
