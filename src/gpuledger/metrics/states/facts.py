"""What a GPU was at the moment of a reading, as facts of their own; whose job it held; what it counts as."""

from collections.abc import Callable, Iterable, Mapping
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

_BLANKS = " \t\n\r"
OUT_OF_SERVICE = ("drained", "draining", "down", "maintenance")
OWNERS = ("owner", "reserved")


def facts(rows: "ir.Table | None" = None, names: Iterable[str] | None = None) -> "ir.Table":
    """Readings of GPUs (all of the ledger unless given) with `part` and the facts that metrics count, or those named."""
    told = unbound(GPU_STATES) if rows is None else rows
    return told.mutate(**{name: FACTS[name](told) for name in (FACTS if names is None else names)})


def _part(rows: "ir.Table") -> "ir.StringValue":
    return ibis.cases(
        (_is_claimed(rows), "primary"),
        (_is_lent(rows), "secondary"),
        (_is_out(rows), "drained"),
        (_has_reason(rows), "prevented"),
        (rows.admin_state.isin(OWNERS).fill_null(False), "owner"),
        (_is(rows.occupancy, "unclaimed") & (rows.admin_state == "none").fill_null(False), "idle"),
        else_="unknown",
    )


def _is_claimed(rows: "ir.Table") -> "ir.BooleanValue":
    return _is(rows.occupancy, "claimed")


def _is_lent(rows: "ir.Table") -> "ir.BooleanValue":
    return _is(rows.backfill_occupancy, "claimed")


def _is_out(rows: "ir.Table") -> "ir.BooleanValue":
    return rows.admin_state.isin(OUT_OF_SERVICE).fill_null(False)


def _has_reason(rows: "ir.Table") -> "ir.BooleanValue":
    # Most reasons are empty, and to see that costs less than to trim them.
    return _is_not(rows.prevented_reason, "") & is_said(rows.prevented_reason).fill_null(False)


def is_said(text: "ir.StringValue") -> "ir.BooleanValue":
    """Whether it holds more than blanks. Ibis' strip is not used: Spark takes its \\v and \\f for the letters v and f."""
    return text.re_search(f"[^{_BLANKS}]")


def trimmed(text: "ir.StringValue") -> "ir.StringValue":
    """Without blanks at its ends."""
    return text.re_replace(f"^[{_BLANKS}]+|[{_BLANKS}]+$", "")


def _is(column: "ir.StringValue", value: str) -> "ir.BooleanValue":
    return (column == value).fill_null(False)


def _is_not(column: "ir.StringValue", value: str) -> "ir.BooleanValue":
    return (column != value).fill_null(False)


def _of_occupant(rows: "ir.Table", primary: "ir.StringValue", lent: "ir.StringValue") -> "ir.StringValue":
    return ibis.cases((_is_claimed(rows), primary), (_is_lent(rows), lent), else_=NOBODY)


FACTS: "Mapping[str, Callable[[ir.Table], ir.Value]]" = {
    "part": _part,
    "is_claimed": _is_claimed,
    "is_lent": lambda t: _is_lent(t) & ~_is_claimed(t),
    "is_out": _is_out,
    "has_reason": _has_reason,
    "is_draining": lambda t: (_is_claimed(t) | _is_lent(t)) & _is_out(t),
    "is_reasoned": lambda t: _has_reason(t) & ~_is_claimed(t) & ~_is_lent(t),
    "is_reason_told": lambda t: t.prevented_reason.notnull(),
    "is_shared": lambda t: _is_claimed(t) & _is_lent(t),
    "occupant": lambda t: _of_occupant(t, t.primary_user, t.backfill_user),
    "occupant_account": lambda t: _of_occupant(t, t.primary_account, ibis.null("string")),
}
"""What a reading says of a GPU, each from the reading's own columns."""
