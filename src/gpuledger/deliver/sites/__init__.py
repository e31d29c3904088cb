"""A site of static files to where it is read: whole, or not at all.

Every file but two has its content in its name, so that a new site never changes a file of the one that is read. The two
that point to the others, `data/index.json` and `index.html`, come last; the files of the site before stay one round
longer, for pages that are open.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Protocol

from gpuledger.model.errors import LedgerError

POINTERS = ("data/index.json", "index.html")
"""What names the other files, in the order in which it is put in place."""
OURS = ("data", "assets")
"""Folders in which every file is of the site: what is not needed any more is taken away there, and nowhere else."""
TYPES = ("folder", "git", "rsync", "scp")


class SiteError(LedgerError):
    """The site could not be brought to its place; what stands there is whole."""


class Place(Protocol):
    """A place for a site: a frozen dataclass whose fields are its configuration keys (`[publish.NAME]`)."""

    name: ClassVar[str]
    title: ClassVar[str]

    @property
    def target(self) -> str:
        """Where it goes, without a secret."""

    def receipt(self) -> str | None:
        """What stands there now, in the place's own words: None when nothing does, '' when that cannot be told."""

    def put(self, site: Path, known: Mapping[str, Any], note: str) -> Mapping[str, Any]:
        """Brings the site there; what to remember of it (`receipt` among it).

        `known` is what was remembered the last time, `note` a line for those who look. Raises SiteError.
        """


def kind_of(name: str) -> Any:
    """The dataclass of one of TYPES."""
    return import_module(f"gpuledger.deliver.sites.{name}").PLACE


def files_of(site: Path) -> list[str]:
    """Every file of a site's folder, by its path inside, in order; the pointers last."""
    found = sorted(str(path.relative_to(site)) for path in site.rglob("*") if path.is_file())
    return [*(name for name in found if name not in POINTERS), *(name for name in POINTERS if name in found)]
