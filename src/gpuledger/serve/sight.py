"""What one who asks may see: everybody's rows or their own, names or pseudonyms."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from gpuledger.actions.catalogue import catalogue, several
from gpuledger.metrics import NOT_KNOWN
from gpuledger.model.document import Document
from gpuledger.model.errors import LedgerError, UsageError
from gpuledger.model.pseudonym import HASHES, KINDS, pseudonymised, shown_as
from gpuledger.reports import Report
from gpuledger.serve.refusals import Refused, refusal
from gpuledger.serve.site import Site
from gpuledger.serve.who import Who

T = TypeVar("T")


@dataclass(frozen=True)
class Sight:
    """`user`: only this person's rows. `is_veiled`: pseudonyms in place of names."""

    user: str | None
    is_veiled: bool
    site: Site = field(compare=False, repr=False)

    @property
    def is_whole(self) -> bool:
        """Is nothing hidden?"""
        return self.user is None and not self.is_veiled

    def check(self, given: Sequence[tuple[str, str]], where: Sequence[str]) -> None:
        """Raises Refused for a question by a name that may not be seen: its answer would tell who is who.

        With pseudonyms a queue or QoS that is called as a person or an account is such a name too.
        """
        if self.is_whole:
            return
        asked = [(key, key, value) for key, value in given]
        asked += [("where", dimension_of(text), text.partition("=")[2]) for text in where]
        for parameter, name, value in asked:
            if name in KINDS or self.is_name(value):
                raise Refused(403, "hidden", f"{name} cannot be asked for by name here.", parameter)

    def is_name(self, text: str) -> bool:
        """Does a text hold a name that is shown by its pseudonym only?"""
        return self.is_veiled and self.site.veil.get()(text) != text

    def asked(self, declared: Report, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """The parameters of a report: those that choose a tab are asked for as the tab shows them. Raises Refused."""
        tabs = declared.tabs(self.site.settings.reports.get(declared.name, {}))
        chosen = [(key, one) for tab in tabs for key, value in tab.parameters.items() for one in several(value)]
        real = {(key, self.cell(key, one)): one for key, one in chosen}
        self.check([pair for pair in pairs if pair not in real], ())
        return [(key, real.get((key, value), value)) for key, value in pairs]

    def sees(self, declared: Report) -> bool:
        """May they see this report at all? One of devices has no rows that are a person's own."""
        return self.user is None or declared.is_of_people

    def catalogue(self) -> list[dict[str, Any]]:
        """The reports they may see, with names as they may see them.

        `newest` is the newest moment of what a report is about, null where the ledger tells nothing of it; it is absent
        where that is not known.
        """
        newest = _newest(self.site)
        told = catalogue(self.site.settings, self.cell, self.sees)
        return [{**each, "newest": newest[each["name"]]} if each["name"] in newest else each for each in told]

    def text(self, text: str) -> str:
        """Any text, without the names they may not see."""
        return self.site.veil.get()(text) if self.is_veiled else text

    def narrowed(self, where: tuple[str, ...]) -> tuple[str, ...]:
        """The filters, and the one that leaves only their own rows."""
        return where if self.user is None else (*where, f"user={self.user}")

    def of(self, document: Document) -> Document:
        """The document as they may see it."""
        if not self.is_veiled:
            return document
        return pseudonymised(document, self.site.salt, self.site.names.get())

    def cell(self, column: str, value: T) -> T | None:
        """A value of a column of this name, as they may see it: no hash of what holds names they may not see."""
        if self.is_whole:
            return value
        if column in HASHES:
            return None
        if not self.is_veiled or not isinstance(value, str) or not value:
            return value
        return shown_as(column, value, self.site.salt, self.text)

    def told(self, error: UsageError, parameter: str | None = None) -> Refused:
        """What is wrong with a question, without the names it is compared with."""
        if self.is_whole:
            return replace(refusal(error), parameter=parameter)
        return Refused(400, "bad_parameter", "A parameter or filter names something that is not there.", parameter)


def _newest(site: Site) -> dict[str, str | None]:
    """Empty while nobody can say: a page is shown without a ledger too, and does not wait for what is being loaded."""
    if not site.is_warm.is_set():
        return {}
    try:
        site.require_ledger()
        found = site.newest.get()
    except (LedgerError, Refused):
        return {}
    return {name: moment.isoformat() if moment else None for name, moment in found.items()}


def sight_of(site: Site, who: Who) -> Sight:
    """What they may see: who may do everything sees everything."""
    if who.may("admin"):
        return Sight(None, False, site)
    user = who.user if site.serve.own_rows else None
    if user is not None and not _is_one_name(user):
        raise Refused(403, "hidden", "Rows cannot be asked for by this user's name: it would be read as several.")
    return Sight(user, site.serve.names == "pseudonym", site)


def _is_one_name(user: str) -> bool:
    """Does a filter take it for what it is? It strips blanks, parts at commas, and has words for what is not known."""
    return bool(user) and user == user.strip() and "," not in user and user != NOT_KNOWN


def dimension_of(text: str) -> str:
    """What a filter is about."""
    return text.partition("=")[0].removesuffix("!").strip()
