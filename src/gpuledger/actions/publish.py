"""`publish`: a site of ready reports, made, compared with the one that stands, and brought to its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import pyarrow as pa

from gpuledger.actions._memory import of_publication
from gpuledger.actions._orders import last_due
from gpuledger.actions._site import Site, fingerprint, site, stage
from gpuledger.config import Ledger
from gpuledger.config.publications import place_of, publication_named
from gpuledger.deliver.sites import SiteError
from gpuledger.model.batch import Batch
from gpuledger.model.errors import NoData
from gpuledger.model.tables import RUNS

Result = Literal["published", "unchanged"]


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


def publish(ledger: Ledger, name: str, now: datetime, *, is_forced: bool = False) -> Published:
    """Makes the site and brings it to its place; unchanged data publishes nothing, unless `is_forced`.

    Raises Busy while another run does the same, NoData when there is nothing to show, SiteError when the place cannot be
    reached: what stands there is then whole.
    """
    publication, place, memory = (
        publication_named(ledger.settings, name),
        place_of(ledger.settings, name),
        of_publication(ledger.settings, name),
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
            is_empty = isinstance(error, NoData)
            memory.write(known | {"failed_at": now.isoformat(), "error": str(error), "is_empty": is_empty})
            raise
        told = {"data": data, "content": made.content, "site": sorted(made.files), **told}
        memory.write({**told, "published_at": now.isoformat(), "looked_at": now.isoformat(), "error": None})
    _record(ledger, name, made, now)
    return Published(name, "published", place.target, made)


def is_due(ledger: Ledger, name: str, now: datetime) -> bool:
    """Has its `at` come since it was last looked after? Without `at` it always has."""
    at = publication_named(ledger.settings, name).at
    looked = of_publication(ledger.settings, name).read().get("looked_at")
    return not (at and looked) or datetime.fromisoformat(looked) < last_due(at, now, ledger.settings.display_zone)


def _stands(receipt: str | None, known: Mapping[str, Any]) -> bool:
    """Does what we brought last still stand there, as far as the place can tell?"""
    return receipt is not None and receipt in ("", known.get("receipt"))


def plan(ledger: Ledger, name: str, now: datetime) -> Published:
    """What publishing would do; nothing leaves and nothing is remembered."""
    publication, place = publication_named(ledger.settings, name), place_of(ledger.settings, name)
    known, made = of_publication(ledger.settings, name).read(), site(ledger, publication, now)
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
