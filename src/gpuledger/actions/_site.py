"""The files of a site: the viewer, the documents, and the index that names them all."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from gpuledger.actions._pages import Mask, Page, pages
from gpuledger.actions.catalogue import info, ordered
from gpuledger.actions.pseudonyms import names_of, salt_of
from gpuledger.config import Ledger
from gpuledger.config.publish import PublishSettings
from gpuledger.deliver.sites import OURS, POINTERS
from gpuledger.model.document import Document
from gpuledger.model.errors import NoData
from gpuledger.model.pseudonym import pseudonymised, shown_as, veil
from gpuledger.model.tables import RUNS, TABLES
from gpuledger.plugins import PluginError, load


@dataclass(frozen=True)
class Site:
    """Everything of a site, by path."""

    files: Mapping[str, bytes]
    pages: tuple[Page, ...]

    @property
    def made(self) -> tuple[Page, ...]:
        return tuple(page for page in self.pages if page.file)

    @property
    def missing(self) -> tuple[Page, ...]:
        """Documents that could not be made."""
        return tuple(page for page in self.pages if page.reason)

    @property
    def names(self) -> tuple[str, ...]:
        """People and accounts as they appear, each once."""
        return tuple(dict.fromkeys(name for page in self.pages for name in page.names))

    @property
    def size_bytes(self) -> int:
        return sum(len(content) for content in self.files.values())

    @cached_property
    def content(self) -> str:
        """The same for two sites that show the same; when they were made does not count."""
        return str(json.loads(self.files[POINTERS[0]])["content"])


def fingerprint(ledger: Ledger, publication: PublishSettings) -> str:
    """Of all that a site is made from but the clock: the ledger's tables, the settings, this program."""
    versions = {table.name: ledger.store.version(table) for table in TABLES if table is not RUNS}
    settings = ledger.settings.model_dump(
        mode="json", include={"display_zone", "fiscal_start_month", "pool", "reports"}
    )
    from gpuledger.render import viewer

    parts = [versions, settings, publication.model_dump(mode="json"), sorted(viewer.files()), version("gpuledger")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def site(ledger: Ledger, publication: PublishSettings, now: datetime) -> Site:
    """Makes every page. Raises NoData when the ledger has nothing to show."""
    mask = _mask(ledger, publication)
    made = tuple(pages(ledger, publication, mask, now))
    if not any(page.file for page in made):
        why = f" {made[0].reason}" if made else ""
        raise NoData(f"There is nothing to publish: the ledger holds no data of these periods.{why}")
    from gpuledger.render import viewer

    documents = {page.file: page.content for page in made if page.file}
    index = _index(ledger, publication, made, mask)
    files = [*viewer.files(), *documents, *POINTERS]
    shown = [publication.title, publication.names, index, [name for name in files if name.split("/")[0] in OURS]]
    digest = hashlib.sha256(json.dumps(_without_moments(shown), sort_keys=True).encode()).hexdigest()
    said = {"version": "1", "content": digest, "names": publication.names, "reports": index, "files": files}
    pointers = {POINTERS[0]: json.dumps(said, indent=1).encode(), POINTERS[1]: _front(publication)}
    return Site({**viewer.files(), **documents, **pointers}, made)


def _mask(ledger: Ledger, publication: PublishSettings) -> Mask:
    if publication.names == "real":
        return Mask()
    salt, known = salt_of(ledger.settings), names_of(ledger.store)

    def worn(document: Document) -> Document:
        return pseudonymised(document, salt, known)

    text = veil(salt, known)

    def shown(column: str, value: Any) -> Any:
        return shown_as(column, value, salt, text)

    return Mask(worn, shown, text)


def _front(publication: PublishSettings) -> bytes:
    """The page itself: it finds its reports in the index, so that it changes only with the viewer."""
    from gpuledger.render import viewer

    config = {
        "mode": "static", "title": publication.title, "reports": [], "names": publication.names, "base": "",
        "refresh_seconds": publication.refresh_seconds,
    }  # fmt: skip
    return viewer.page(config, inline=False)


def _index(ledger: Ledger, publication: PublishSettings, made: Sequence[Page], mask: Mask) -> list[dict[str, Any]]:
    """Each report with its windows, and what is missing of it with the reason; in the order of the live page unless the
    publication has its own."""
    listed = []
    for name, group in groupby(made, key=lambda page: page.wanted.report):
        ours = list(group)
        said = [page.wanted.tab for page in ours if page.wanted.tab]
        told = {
            "tabs": [asdict(mask.tab(tab)) for number, tab in enumerate(said) if tab not in said[:number]],
            "windows": [_window(page) for page in ours if page.file],
            "missing": [_missing(page) for page in ours if page.reason],
        }  # fmt: skip
        listed.append(_described(ledger, name, mask) | told)
    return listed if publication.reports else ordered(listed)


def _described(ledger: Ledger, name: str, mask: Mask) -> dict[str, Any]:
    """The report as the page lists it; one that cannot be loaded by its name alone."""
    try:
        return info(load("reports", name), ledger.settings.reports.get(name, {}), mask.shown)
    except PluginError:
        return {"name": name, "title": name, "audience": "", "default_last": "", "parameters": {}}


def _window(page: Page) -> dict[str, Any]:
    assert page.generated_at
    moment = page.generated_at.isoformat()
    return {"last": page.wanted.last, "tab": page.tab, "file": page.file.removeprefix("data/"), "generated_at": moment}


def _missing(page: Page) -> dict[str, Any]:
    return {"last": page.wanted.last, "tab": page.tab, "reason": page.reason}


def _without_moments(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_moments(one) for key, one in value.items() if key != "generated_at"}
        case list() | tuple():
            return [_without_moments(one) for one in value]
        case _:
            return value


def stage(made: Site, folder: Path, earlier: Sequence[str]) -> None:
    """Writes the site into a folder of our own; of what lay there only the files of the site before stay.

    A file whose name tells its content is never written again.
    """
    kept = {*made.files, *(name for name in earlier if name not in POINTERS)}
    for path in [*folder.rglob("*")] if folder.exists() else []:
        if path.is_file() and str(path.relative_to(folder)) not in kept:
            path.unlink()
    for name, content in made.files.items():
        file = folder / name
        if name in POINTERS or not file.exists() or file.stat().st_size != len(content):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
