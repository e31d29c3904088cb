"""What a GPU was at the moment of a reading, as facts of their own; whose job it held; what it counts as."""

from typing import TYPE_CHECKING

import ibis

from gpuledger.model.schema import unbound
from gpuledger.model.tables import GPU_STATES

if TYPE_CHECKING:
    import ibis.expr.types as ir

NOBODY = "nobody"
"""The user of a GPU that held no job."""

PARTS = ("primary", "secondary", "drained", "prevented", "owner", "idle", "unknown")
"""What a GPU counts as, in this order: the first that holds. They add up to the GPUs present."""

OUT_OF_SERVICE = ("drained", "draining", "down", "maintenance")
OWNERS = ("owner", "reserved")


def facts() -> "ir.Table":
    """Every reading of every GPU with `part` and the facts that metrics count."""
    rows = unbound(GPU_STATES)
    is_claimed, is_lent = _is(rows.occupancy, "claimed"), _is(rows.backfill_occupancy, "claimed")
    has_reason = (rows.prevented_reason.strip() != "").fill_null(False)
    is_out = rows.admin_state.isin(OUT_OF_SERVICE).fill_null(False)
    part = ibis.cases(
        (is_claimed, "primary"),
        (is_lent, "secondary"),
        (is_out, "drained"),
        (has_reason, "prevented"),
        (rows.admin_state.isin(OWNERS).fill_null(False), "owner"),
        (_is(rows.occupancy, "unclaimed") & (rows.admin_state == "none").fill_null(False), "idle"),
        else_="unknown",
    )
    return rows.mutate(
        part=part,
        is_draining=(is_claimed | is_lent) & is_out,
        is_reasoned=has_reason & ~is_claimed & ~is_lent,
        is_reason_told=rows.prevented_reason.notnull(),
        is_shared=is_claimed & is_lent,
        occupant=_of_occupant(part, rows.primary_user, rows.backfill_user),
        occupant_account=_of_occupant(part, rows.primary_account, ibis.null("string")),
    )


def _is(column: "ir.StringValue", value: str) -> "ir.BooleanValue":
    return (column == value).fill_null(False)


def _of_occupant(part: "ir.StringValue", primary: "ir.StringValue", lent: "ir.StringValue") -> "ir.StringValue":
    return ibis.cases((part == "primary", primary), (part == "secondary", lent), else_=NOBODY)
