"""Which recorded inputs stand for what is in the ledger, and which may have had rows merged with those of some of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from gpuledger.actions._readings import Run, left_rows, part
from gpuledger.model.schema import unbound
from gpuledger.model.tables import RUNS
from gpuledger.plugins import load
from gpuledger.raw import Entry, RawZone
from gpuledger.sources import Source
from gpuledger.store import Store


def newest_readings(store: Store, raw: RawZone) -> list[Entry]:
    """Of every input the reading in force, else the last that was tried; oldest first."""
    runs = _runs(store)
    newest: dict[tuple[str, str, str], Entry] = {}

    def age(entry: Entry) -> tuple[bool, datetime]:
        run = runs.get(entry.ingest_id)
        return left_rows(run) or bool(run and run["run_kind"] == "replay"), entry.received_at

    for entry in sorted(raw.entries(), key=age):
        newest[identity(entry)] = entry
    return sorted(newest.values(), key=lambda entry: entry.received_at)


def identity(entry: Entry) -> tuple[str, str, str]:
    """What makes an input the same however it is read: its bytes, who told them, which part of them."""
    return entry.sha256, entry.reported_by, part(entry)


def merged_with(store: Store, raw: RawZone, gone: Iterable[Entry]) -> list[Entry]:
    """The other inputs that may have told the same attempts as `gone`: equal rows of several carry the id of one ingest.

    Where an entry does not say its cluster it may be about any.
    """
    taken, runs = list(gone), _runs(store)
    bytes_gone, clusters = {(one.sha256, part(one)) for one in taken}, {_cluster(one) for one in taken}
    return [
        entry
        for entry in newest_readings(store, raw)
        if (entry.sha256, part(entry)) not in bytes_gone
        and (None in clusters or _cluster(entry) in {None, *clusters})
        and left_rows(runs.get(entry.ingest_id))
    ]


def source_of(entry: Entry, like: Source | None = None) -> Source:
    """The source that reads an entry as it was read: a plugin, or one of the kind of `like` where the entry names it."""
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.fields.items()}
    kind = type(like) if like and like.name == entry.source_type else load("sources", entry.source_type)
    source: Source = kind(**fields)
    return source


def _runs(store: Store) -> Mapping[str, Run]:
    runs = unbound(RUNS)
    rows = store.ask(runs.select("ingest_id", "run_kind", "accepted_count", "unchanged_count")).to_pylist()
    return {row["ingest_id"]: row for row in rows}


def _cluster(entry: Entry) -> str | None:
    return entry.cluster or entry.fields.get("cluster")
