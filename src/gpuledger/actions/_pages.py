"""The documents of a site: which reports, tabs and windows, each made ready or with the reason why not."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pydantic import BaseModel

from gpuledger.actions.catalogue import Shown, by_name, veiled
from gpuledger.actions.report import together
from gpuledger.config import Ledger
from gpuledger.config.check import parameters
from gpuledger.config.publish import PublishSettings
from gpuledger.model.document import Document
from gpuledger.model.errors import LedgerError, NoData, UsageError
from gpuledger.model.period import Period, last
from gpuledger.model.pseudonym import KINDS
from gpuledger.model.schema import unbound
from gpuledger.model.tables import GPU_STATES
from gpuledger.plugins import PluginError, load, names
from gpuledger.reports import Tab

HOST = "pool-host"
"""The report that is made of each host."""
_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands for the moment of making when two documents are compared."""


@dataclass(frozen=True)
class Wanted:
    """One document to make. `is_named`: the configuration asks for its report, so that no data is told."""

    report: str
    last: str
    tab: Tab | None = None
    is_named: bool = False


@dataclass(frozen=True)
class Page:
    """A document made ready, in a file named by its content; or `reason` why it could not be made."""

    wanted: Wanted
    tab: str | None
    file: str = ""
    content: bytes = b""
    generated_at: datetime | None = None
    names: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Mask:
    """How people and accounts appear: `worn` changes a document, `shown` a value of a column, `text` any other text."""

    worn: Callable[[Document], Document] = lambda document: document
    shown: Shown = by_name
    text: Callable[[str], str] = lambda text: text

    def tab(self, tab: Tab) -> Tab:
        """A tab as strangers may read it: a queue or QoS may be called as an account is."""
        return veiled(tab, self.shown)

    def reason(self, error: Exception, tab: Tab | None) -> str:
        """Why a document could not be made; what surprised us may quote a name, so only its kind is told."""
        if not isinstance(error, LedgerError):
            return f"Unexpected {type(error).__name__}."
        said = str(error).replace(tab.label, self.tab(tab).label) if tab else str(error)
        return self.text(said)


def wanted(ledger: Ledger, publication: PublishSettings, now: datetime) -> Iterator[Wanted]:
    """Every report × tab × window of a publication. A report that cannot even be loaded is wanted once, to say so."""
    for name in publication.reports or names("reports"):
        if name != HOST or not publication.hosts:
            yield from _windows(ledger, publication, name)
    if publication.hosts:
        window = load("reports", HOST).default_last
        for host in _hosts(ledger, last(window, now)):
            yield Wanted(HOST, window, Tab(host, {"host": [host]}), is_named=True)


def _windows(ledger: Ledger, publication: PublishSettings, name: str) -> Iterator[Wanted]:
    configured, is_named = ledger.settings.reports.get(name, {}), bool(publication.reports)
    try:
        declared = load("reports", name)
    except PluginError:
        yield Wanted(name, "", None, is_named)
        return
    for tab in declared.tabs(configured) or (None,):
        for window in publication.windows or (declared.window(configured),):
            yield Wanted(name, window, tab, is_named)


def _hosts(ledger: Ledger, period: Period) -> list[str]:
    """The hosts whose GPUs a reading of the period tells of."""
    states = unbound(GPU_STATES)
    start, end = period.naive
    inside = states.filter((states.time >= start) & (states.time < end))
    rows = ledger.store.ask(inside.select("host").distinct().order_by("host"), period).to_pylist()
    return [row["host"] for row in rows]


def pages(ledger: Ledger, publication: PublishSettings, mask: Mask, now: datetime) -> Iterator[Page]:
    """Each document, one at a time. One that cannot be made keeps no other from being made.

    Of reports that nobody named, those without data, and those that must be asked something, are left out.
    """
    maker = _Maker(ledger, now)
    for one in wanted(ledger, publication, now):
        tab = mask.tab(one.tab).label if one.tab else None
        try:
            document = mask.worn(maker.document(one))
        except (NoData, UsageError) as error:
            if one.is_named:
                yield Page(one, tab, reason=mask.reason(error, one.tab))
        except Exception as error:  # noqa: BLE001 - a fault in one report must not blank the others
            yield Page(one, tab, reason=mask.reason(error, one.tab))
        else:
            yield _page(one, tab, document)


@dataclass(frozen=True)
class _Maker:
    """Makes documents of one moment; those of one report and window share what they ask."""

    ledger: Ledger
    now: datetime
    _held: dict[tuple[str, str], Callable[[BaseModel], Document]] = field(default_factory=dict)

    def document(self, one: Wanted) -> Document:
        declared, said = load("reports", one.report), dict(self.ledger.settings.reports.get(one.report, {}))
        if one.tab:
            said |= one.tab.parameters
        given = parameters(declared.parameters, said, f"[reports.{one.report}]")
        if (one.report, one.last) not in self._held:
            minute = self.now.replace(second=0, microsecond=0)
            period = last(one.last, minute, self.ledger.settings.display_zone)
            self._held[one.report, one.last] = together(self.ledger, declared, given, period, self.now)
        return self._held[one.report, one.last](given)


def _page(one: Wanted, tab: str | None, document: Document) -> Page:
    from gpuledger.render.json import to_json

    digest = hashlib.sha256(to_json(replace(document, generated_at=_ALWAYS))).hexdigest()[:10]
    parts = [one.report, *([_slug(tab)] if tab else []), one.last, digest, "json"]
    shown = tuple(name for kind, ranked in document.ranks.items() if kind in KINDS for name in ranked)
    return Page(one, tab, "/".join(["data", ".".join(parts)]), to_json(document), document.generated_at, shown)


def _slug(text: str) -> str:
    """Part of a file's name: no text of the data names a folder or hides a file; the digest tells equal ones apart."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:40].lower() or "tab"
