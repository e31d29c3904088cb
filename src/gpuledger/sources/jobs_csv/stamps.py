"""Moments: from text, epochs or relative seconds to UTC; the hour that occurs twice is told apart or refused.

SQL gives each stamp as naive moment and whether it is UTC (it says its offset, or is an epoch). Naive local
stamps become UTC here, where an ambiguous one can be compared with the other stamps of its row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.errors import ConfigError

Stamps = Literal["iso", "s", "ms", "us", "relative"]
PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "relative": 1}
MICRO = 1_000_000
INSTANT = pa.timestamp("us", "UTC")
UTC = ("UTC", "Etc/UTC", "Z")

OFFSET = r"\d:?\d\d(\.\d+)? *(Z|z|UTC|[+-]\d\d(:?\d\d)?) *$"
"""A time of day and what it is ahead of UTC."""

ORDER = ("submitted_at", "eligible_at", "matched_at", "started_at", "ended_at")
"""No moment of an attempt comes before an earlier one of these."""


def sql(expression: str, kind: str, stamps: Stamps, origin_us: int) -> str:
    """A struct (at, is_utc) of one stamp. `kind` is DuckDB's type of the expression. Raises ConfigError where they do not fit."""
    if kind.startswith("TIMESTAMP WITH TIME ZONE"):
        return _struct(f"make_timestamp(epoch_us({expression}))", "true")
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return _struct(f"CAST({expression} AS TIMESTAMP)", "false")
    if stamps == "iso":
        if kind != "VARCHAR":
            raise ConfigError(f"a number ({kind}) is no ISO stamp; say stamps = 's', 'ms', 'us' or 'relative'.")
        return _iso(f"nullif({expression}, '')")
    number = f"nullif({expression}, '')" if kind == "VARCHAR" else expression
    base = origin_us if stamps == "relative" else 0
    scale = MICRO // PER_SECOND[stamps]
    return _struct(f"make_timestamp({base} + CAST(round(CAST({number} AS DOUBLE) * {scale}) AS BIGINT))", "true")


def _iso(text: str) -> str:
    """Plain casts drop an offset silently, so stamps that have one take their own way."""
    aware = f"regexp_matches({text}, '{OFFSET}')"
    instant = f"make_timestamp(epoch_us(CAST(replace({text}, 'z', 'Z') AS TIMESTAMPTZ)))"
    return _struct(f"CASE WHEN {aware} THEN {instant} ELSE CAST({text} AS TIMESTAMP) END", f"coalesce({aware}, false)")


def _struct(at: str, is_utc: str) -> str:
    return f"struct_pack(at := {at}, is_utc := {is_utc})"


@dataclass(frozen=True)
class Moments:
    """The stamps of a batch as UTC, and for each row that could not be told why (None: it could)."""

    columns: Mapping[str, pa.Array]
    reasons: tuple[tuple[int, str], ...]
    has_local: bool = False
    """Whether some stamp told no offset."""


@dataclass(frozen=True)
class Stamped:
    """The stamps of one column, naive, and which of them are UTC because they said so."""

    at: pa.Array
    is_utc: pa.Array

    @property
    def has_local(self) -> bool:
        return bool(pc.any(pc.and_(pc.invert(self.is_utc), self.at.is_valid())).as_py())

    def localized(self, zone: str, which: str) -> pa.Array:
        """In UTC; a local time that occurs twice or never is read as the earliest or latest it can be."""
        local = pc.assume_timezone(self.at, zone, ambiguous=which, nonexistent=which).cast(INSTANT)
        return pc.if_else(pc.fill_null(self.is_utc, False), self.at.cast(INSTANT), local)


def in_utc(read: Mapping[str, Stamped], zone: str, duration: pa.Array | None) -> Moments:
    """The stamps of some rows in UTC; `zone` holds for those without an offset.

    An hour that occurs twice, or never, is resolved when exactly one reading keeps the stamps in order and
    agrees with the duration; else the row is a reason.
    """
    has_local = any(stamped.has_local for stamped in read.values())
    if zone in UTC or not has_local:
        return Moments({name: stamped.at.cast(INSTANT) for name, stamped in read.items()}, (), has_local)
    early = {name: stamped.localized(zone, "earliest") for name, stamped in read.items()}
    late = {name: stamped.localized(zone, "latest") for name, stamped in read.items()}
    doubtful = _doubtful(early, late)
    if not len(doubtful):
        return Moments(early, (), has_local)
    return _resolved(early, late, doubtful, duration, zone)


def _doubtful(
    early: Mapping[str, pa.Array], late: Mapping[str, pa.Array]
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Rows in which some stamp has two readings."""
    masks = [
        pc.fill_null(pc.not_equal(early[name], late[name]), False).to_numpy(zero_copy_only=False) for name in early
    ]
    return np.flatnonzero(np.logical_or.reduce(masks))


def _resolved(
    early: Mapping[str, pa.Array], late: Mapping[str, pa.Array], rows: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    duration: pa.Array | None, zone: str,
) -> Moments:  # fmt: skip
    values = {name: _micros(column) for name, column in early.items()}
    other = {name: _micros(column) for name, column in late.items()}
    known = {name: column.is_valid().to_numpy(zero_copy_only=False) for name, column in early.items()}
    reasons: list[tuple[int, str]] = []
    for row in rows.tolist():
        names = [name for name in early if known[name][row]]
        seconds = duration[row].as_py() if duration is not None else None
        choices = [{int(values[name][row]), int(other[name][row])} for name in names]
        fitting = [reading for reading in product(*choices) if _fits(dict(zip(names, reading, strict=True)), seconds)]
        if len(fitting) != 1:
            reasons.append((row, f"a local time occurs twice or never in {zone}, and nothing tells which is meant"))
            continue
        for name, value in zip(names, fitting[0], strict=True):
            values[name][row] = value
    stamped = {name: pa.array(values[name], pa.int64(), mask=~known[name]).cast(INSTANT) for name in early}
    return Moments(stamped, tuple(reasons), True)


def _micros(column: pa.Array) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    micros: np.ndarray[tuple[int], np.dtype[np.int64]] = pc.fill_null(column.cast(pa.int64()), 0).to_numpy().copy()
    return micros


def _fits(reading: Mapping[str, int], seconds: float | None) -> bool:
    told = [reading[name] for name in ORDER if name in reading]
    if any(later < earlier for earlier, later in zip(told, told[1:], strict=False)):
        return False
    if seconds is None or not {"started_at", "ended_at"} <= reading.keys():
        return True
    return abs(reading["ended_at"] - reading["started_at"] - seconds * MICRO) <= MICRO


def kinds(stamps: "Stamps | Mapping[str, Stamps]", names: tuple[str, ...]) -> Iterator[tuple[str, Stamps]]:
    """How each of these columns is written."""
    for name in names:
        yield name, stamps if isinstance(stamps, str) else stamps.get(name, "iso")
