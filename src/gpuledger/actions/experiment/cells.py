"""Whole columns as the cells of the CSV. What is written is what `model.job_summary.cell` writes, a column at a time."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.job_summary import STARTS_FORMULA, WRITERS, CellKind

LARGEST_WHOLE = 2.0**53
QUARTER = 900
"""Clocks change at quarters of an hour."""
QUOTED: tuple[CellKind, ...] = ("text", "texts", "json", "length")
"""Kinds whose cells may hold a comma, a quote or a line's end."""
_SPECIAL = '[",\r\n]'


def cells(values: pa.Array, kind: CellKind) -> pa.Array:
    """The text of every value; '' for null. Instants come as naive UTC, as a ledger tells them; so do local ones,

    moved into their zone before.
    """
    if values.null_count == len(values):  # as many columns are, where a source tells less than another
        return pc.fill_null(pa.nulls(len(values), pa.string()), "")
    return pc.fill_null(_WRITE.get(kind, _one_by_one(kind))(values), "")


def line_parts(texts: pa.Array, kind: CellKind) -> pa.Array:
    """Cells as they stand between the commas of a line: in quotes where they must be. Numbers and times never must."""
    if kind not in QUOTED:
        return texts
    special = pc.match_substring_regex(texts, _SPECIAL)
    if not pc.any(special).as_py():
        return texts
    inside = pc.replace_substring(texts, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', inside, '"', ""), texts)


def in_zone(moments: pa.Array, zone: ZoneInfo) -> pa.Array:
    """Naive UTC as naive local time. The zone's rules are asked once a quarter of an hour."""
    seconds = pc.cast(pc.cast(moments, pa.timestamp("us")), pa.int64()).to_numpy(zero_copy_only=False) / 1e6
    known = ~np.isnan(seconds)
    quarters, place = np.unique((np.where(known, seconds, 0) // QUARTER).astype(np.int64), return_inverse=True)
    offsets = np.array([_offset(int(quarter), zone) for quarter in quarters], dtype=np.int64)[place]
    return pc.add(moments, pa.array(offsets * 1_000_000, pa.duration("us")))


@lru_cache(maxsize=1 << 16)
def _offset(quarter: int, zone: ZoneInfo) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=quarter * QUARTER)
    return int((moment.astimezone(zone).utcoffset() or timedelta()).total_seconds())


def _text(values: pa.Array) -> pa.Array:
    risky = pc.is_in(pc.utf8_slice_codeunits(values, 0, 1), pa.array(STARTS_FORMULA))
    if not pc.any(risky).as_py():
        return values
    return pc.if_else(risky, pc.binary_join_element_wise("'", values, ""), values)


def _number(values: pa.Array) -> pa.Array:
    is_whole = pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), LARGEST_WHOLE))
    if not pc.all(is_whole).as_py():
        each = values.dictionary_encode()
        return _one_by_one("number")(each.dictionary).take(each.indices)
    return pc.cast(pc.cast(values, pa.int64()), pa.string())


def _flag(values: pa.Array) -> pa.Array:
    return pc.if_else(values, "True", "False")


def _moment(end: str) -> Callable[[pa.Array], pa.Array]:
    def write(values: pa.Array) -> pa.Array:
        """To the second where no moment has a part of one."""
        moments = pc.cast(values, pa.timestamp("us"))
        parts = pc.subtract(moments, pc.floor_temporal(moments, unit="second"))
        if pc.any(pc.not_equal(pc.cast(parts, pa.int64()), 0)).as_py():
            return pa.array([_stamp(value, end) for value in moments.to_pylist()], pa.string())
        # `strftime` takes ten times as long
        texts = pc.utf8_replace_slice(pc.cast(pc.cast(moments, pa.timestamp("s")), pa.string()), 10, 11, "T")
        return pc.binary_join_element_wise(texts, end, "")

    return write


def _stamp(moment: datetime | None, end: str) -> str | None:
    return None if moment is None else WRITERS["local"](moment) + end


def _one_by_one(kind: CellKind) -> Callable[[pa.Array], pa.Array]:
    write = WRITERS[kind]
    return lambda values: pa.array(
        [None if value is None else write(value) for value in values.to_pylist()], pa.string()
    )


_WRITE: Mapping[CellKind, Callable[[pa.Array], pa.Array]] = {
    "text": _text, "number": _number, "flag": _flag, "whole": lambda values: pc.cast(values, pa.string()),
    "instant": _moment("Z"), "local": _moment(""),
}  # fmt: skip
"""Kinds whose columns are written at once; others value by value."""
