"""`publish`: a site of ready reports, made, compared with the one that stands, and brought to its place."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pyarrow as pa

from gpuledger.actions._site import Site, fingerprint, site, stage
from gpuledger.config import Ledger
from gpuledger.config.sites import place_of, publication_named, state_folder
from gpuledger.deliver.sites import SiteError
from gpuledger.model.batch import Batch
from gpuledger.model.errors import Busy, NoData, ReadOnly
from gpuledger.model.tables import RUNS

Result = Literal["published", "unchanged"]
STATE = "state.json"


@dataclass(frozen=True)
class Published:
    """What became of one publication. `site` is None when nothing had to be made."""

    name: str
    result: Result
    target: str
    site: Site | None = None

    @property
    def exit_code(self) -> int:
        """3 when a document of a named report could not be made; the rest stands."""
        return NoData.exit_code if self.site and self.site.missing else 0


@dataclass(frozen=True)
class Memory:
    """What is remembered of one publication, in its own folder."""

    folder: Path

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Held while a site is made and brought away. Raises Busy; the kernel lets go at our death."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ReadOnly(f"{self.folder} cannot be written to: {error.strerror}.") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise Busy(f"Another publish of {self.folder.name} is running; this one did nothing.") from None
        finally:
            os.close(handle)

    def read(self) -> dict[str, Any]:
        """What was remembered; nothing when that cannot be read, and then the site is made again."""
        try:
            told = json.loads((self.folder / STATE).read_bytes())
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def write(self, told: Mapping[str, Any]) -> None:
        draft = self.folder / f"{STATE}.{os.getpid()}"
        draft.write_text(json.dumps(told, indent=1), encoding="utf-8")
        draft.replace(self.folder / STATE)


def memory_of(ledger: Ledger, name: str) -> Memory:
    """What is remembered of a publication of this ledger."""
    return Memory(state_folder(ledger.settings) / quote(name, safe=""))


def publish(ledger: Ledger, name: str, now: datetime, *, is_forced: bool = False) -> Published:
    """Makes the site and brings it to its place; unchanged data publishes nothing, unless `is_forced`.

    Raises Busy while another run does the same, NoData when there is nothing to show, SiteError when the place cannot be
    reached: what stands there is then whole.
    """
    publication, place, memory = (
        publication_named(ledger.settings, name),
        place_of(ledger.settings, name),
        memory_of(ledger, name),
    )
    with memory.alone():
        known, data = memory.read(), fingerprint(ledger, publication)
        try:
            is_there = not is_forced and bool(known) and _stands(place.receipt(), known)
            if is_there and known.get("data") == data:
                memory.write(known | {"looked_at": now.isoformat(), "error": None})
                return Published(name, "unchanged", place.target)
            made = site(ledger, publication, now)
            if is_there and known.get("content") == made.content:
                memory.write(known | {"data": data, "looked_at": now.isoformat(), "error": None})
                return Published(name, "unchanged", place.target, made)
            stage(made, memory.folder / "site", known.get("site", ()))
            told = place.put(memory.folder / "site", known, _note(publication.title, made, now))
        except (SiteError, NoData, OSError) as error:
            memory.write(known | {"looked_at": now.isoformat(), "error": str(error)})
            raise
        told = {"data": data, "content": made.content, "site": sorted(made.files), **told}
        memory.write({**told, "published_at": now.isoformat(), "looked_at": now.isoformat(), "error": None})
    _record(ledger, name, made, now)
    return Published(name, "published", place.target, made)


def _stands(receipt: str | None, known: Mapping[str, Any]) -> bool:
    """Does what we brought last still stand there, as far as the place can tell?"""
    return receipt is not None and receipt in ("", known.get("receipt"))


def plan(ledger: Ledger, name: str, now: datetime) -> Published:
    """What publishing would do; nothing leaves and nothing is remembered."""
    publication, place = publication_named(ledger.settings, name), place_of(ledger.settings, name)
    known, made = memory_of(ledger, name).read(), site(ledger, publication, now)
    is_same = known.get("content") == made.content or known.get("data") == fingerprint(ledger, publication)
    return Published(name, "unchanged" if is_same else "published", place.target, made)


def _note(title: str, made: Site, now: datetime) -> str:
    return f"{title}: {len(made.made)} pages, {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _record(ledger: Ledger, name: str, made: Site, now: datetime) -> None:
    """The run's row in the ledger."""
    moment = f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"
    publication = ledger.settings.publish[name]
    row: dict[str, Any] = {
        "ingest_id": f"publish-{name}-{moment}", "run_kind": "publish", "run_started_at": now, "run_ended_at": now,
        "source": publication.type, "source_type": "site", "input_name": name, "input_sha256": made.content,
        "input_bytes": made.size_bytes, "result": "partial" if made.missing else "done", "remarks": _remarks(made),
        "error": "; ".join(page.reason for page in made.missing) or None,
    }  # fmt: skip
    ledger.store.append(Batch(RUNS, pa.Table.from_pylist([row])), str(row["ingest_id"]))


def _remarks(made: Site) -> Sequence[str]:
    return [page.file for page in made.made][:50]
