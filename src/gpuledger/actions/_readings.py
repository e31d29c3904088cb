"""One way of reading some bytes is in force at a time: the same bytes read another way would be counted twice.

A way is what may decide which rows come out: type and settings of the source, zone, cluster, options. It is in force
from the ingest that read so until a replay reads the same bytes another way; the replay takes its rows back first. Two
ways that tell equal rows (another zone for a file of epoch seconds) do not trouble each other. What was collected from
a live system is as it was asked and is not concerned.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from gpuledger.model.errors import UsageError
from gpuledger.model.tables import RUNS, TABLES, Table
from gpuledger.raw import Entry, RawZone
from gpuledger.sources import Deriving, Source
from gpuledger.store import Store

Run = Mapping[str, Any]
BROUGHT = tuple(table for table in TABLES if table is not RUNS)
"""Tables whose rows an input brings; the record that it was read stays."""
PART = "table"
"""The key that chooses a part of an input (of an SQLite file): two parts are two inputs."""


class ReadOtherwise(UsageError):
    """The same bytes are in the ledger already, read another way; `cause` says it without the way out."""

    def __init__(self, cause: str, way_out: str = "add --replay to take that reading back and read it anew") -> None:
        super().__init__(f"{cause}; {way_out}.")
        self.cause = cause


@dataclass(frozen=True)
class Readings:
    """Every earlier reading of the bytes of `entry`, and what became of it."""

    entry: Entry
    source: Source
    earlier: tuple[Entry, ...]
    runs: Mapping[str, Run]

    @cached_property
    def others(self) -> tuple[Entry, ...]:
        """Those that read another way, oldest first."""
        return tuple(one for one in self.earlier if self._differ(one, self.entry))

    @cached_property
    def in_force(self) -> tuple[Entry, ...]:
        """Those of another way whose rows are in the ledger, or may be: an interrupted one does not tell."""
        return tuple(
            one for one in self.others if left_rows(self.runs.get(one.ingest_id)) and not self.is_taken_back(one)
        )

    def is_taken_back(self, one: Entry) -> bool:
        """Has a later replay, of another way, taken its rows away?"""
        return any(
            run["run_kind"] == "replay" and run["run_ended_at"] > self._ended(one) and self._differ(taker, one)
            for taker in self.earlier
            if (run := self.runs.get(taker.ingest_id))
        )

    def refusal(self, *, is_slip: bool) -> ReadOtherwise:
        """What to say when the way in force tells other rows; `is_slip`: the file is of the source that read it then."""
        newest = self.in_force[-1]
        then = f"{self.entry.input_name} was read on {newest.received_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        if newest.source_type == self.entry.source_type:
            return ReadOtherwise(f"{then} with {self._differences(newest)} its rows would be counted twice")
        ours, theirs = self.entry.source_type, newest.source_type
        cause = f"{then} as {theirs}, and as {ours} its rows would be counted twice"
        return (
            ReadOtherwise(cause, f"read it as {theirs}, or leave the source out") if is_slip else ReadOtherwise(cause)
        )

    def _differences(self, other: Entry) -> str:
        """Where the ways differ: in what a person says of a file, else in settings of the source."""
        theirs, ours = self._way(other), self._way(self.entry)
        differ = [key for key in {**theirs, **ours} if theirs.get(key) != ours.get(key)]
        said = {"zone", "cluster", *other.options, *self.entry.options}
        keys = [key for key in differ if key in said] or differ
        return f"{_said(theirs, keys)}, and with {_said(ours, keys)}"

    def _ended(self, one: Entry) -> datetime:
        run = self.runs.get(one.ingest_id)
        return run["run_ended_at"] if run else one.received_at.astimezone(UTC).replace(tzinfo=None)

    def _differ(self, one: Entry, other: Entry) -> bool:
        return self._way(one) != self._way(other)

    def _way(self, entry: Entry) -> dict[str, Any]:
        """What may decide the rows, by name."""
        said = {**_defaults(self.source, entry), **entry.fields, **entry.options}
        decided = {
            "source": entry.source_type,
            "zone": entry.zone or said.get("zone") or ("" if isinstance(self.source, Deriving) else "UTC"),
            "cluster": entry.cluster or said.get("cluster"),
        }
        return {key: value for key, value in (said | decided).items() if value}


def readings(store: Store, raw: RawZone, entry: Entry, source: Source) -> Readings:
    """What the ledger and the raw zone know of the bytes of `entry`."""
    kept = () if entry.is_collected else raw.entries(entry.sha256)
    earlier = [
        one for one in kept if one.ingest_id != entry.ingest_id and not one.is_collected and part(one) == part(entry)
    ]
    rows = store.matching(RUNS, input_sha256=entry.sha256).to_pylist() if earlier else []
    by_time = tuple(sorted(earlier, key=lambda one: one.received_at))
    return Readings(entry, source, by_time, {run["ingest_id"]: run for run in rows})


def part(entry: Entry) -> str:
    """The part of the bytes an entry is about; '' for the whole."""
    return str(entry.options.get(PART) or entry.fields.get(PART) or "")


def left_rows(run: Run | None) -> bool:
    """Has a run left rows in the ledger? One that nobody told of may have."""
    return run is None or bool((run["accepted_count"] or 0) + (run["unchanged_count"] or 0))


def take_back(store: Store, entries: Iterable[Entry], tables: Iterable[Table] = BROUGHT) -> int:
    """Deletes every row of `tables` the entries brought; returns the number. May be repeated."""
    return sum(store.retract(table, ingest_id=one.ingest_id) for table in tables for one in entries)


def settings_of(source: Source) -> dict[str, Any]:
    """The source's settings as JSON would give them back: an entry that was stored equals a new one."""
    told: dict[str, Any] = json.loads(json.dumps(asdict(source), default=str)) if is_dataclass(source) else {}
    return told


def _defaults(source: Source, entry: Entry) -> dict[str, Any]:
    """Settings that an entry of an older version does not name yet."""
    return settings_of(type(source)()) if source.name == entry.source_type else {}


def _said(way: Mapping[str, Any], keys: Iterable[str]) -> str:
    words = (
        f"other {key}" if isinstance(way.get(key), dict | list) else f"{key} {way[key]}" if key in way else f"no {key}"
        for key in keys
    )
    return ", ".join(words)
