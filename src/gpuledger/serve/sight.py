"""What one who asks may see: everybody's rows or their own, names or pseudonyms."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gpuledger.metrics import NOT_KNOWN
from gpuledger.model.document import Document
from gpuledger.model.errors import UsageError
from gpuledger.model.pseudonym import KINDS, hidden, pseudonymised
from gpuledger.serve.refusals import Refused, refusal
from gpuledger.serve.site import Site
from gpuledger.serve.who import Who


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
        """Raises Refused for a question by a name that may not be seen: its answer would tell who is who."""
        if self.is_whole:
            return
        for key, name in (*((key, key) for key, _ in given), *(("where", dimension_of(text)) for text in where)):
            if name in KINDS:
                raise Refused(403, "hidden", f"{name} cannot be asked for by name here.", key)

    def narrowed(self, where: tuple[str, ...]) -> tuple[str, ...]:
        """The filters, and the one that leaves only their own rows."""
        return where if self.user is None else (*where, f"user={self.user}")

    def of(self, document: Document) -> Document:
        """The document as they may see it."""
        if not self.is_veiled:
            return document
        return pseudonymised(document, self.site.salt, self.site.names.get())

    def cell(self, column: str, value: object) -> object:
        """A value of a column of this name, as they may see it."""
        if not self.is_veiled or not isinstance(value, str):
            return value
        return hidden(column, value, self.site.salt) if column in KINDS else self.site.veil.get()(value)

    def told(self, error: UsageError, parameter: str | None = None) -> Refused:
        """What is wrong with a question, without the names it is compared with."""
        if self.is_whole:
            return replace(refusal(error), parameter=parameter)
        return Refused(400, "bad_parameter", "A parameter or filter names something that is not there.")


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
