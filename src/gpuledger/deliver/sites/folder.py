"""A folder that a web server reads: the new site takes the old one's place in one step."""

import ctypes
import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from gpuledger.deliver.sites import OURS, POINTERS, SiteError, files_of
from gpuledger.model.durable import sync

_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE of Linux."""
_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.EXDEV, errno.ENOTSUP, errno.EPERM)


@dataclass(frozen=True)
class Folder:
    """A folder of this machine, or one that is mounted here."""

    name: ClassVar[str] = "folder"
    title: ClassVar[str] = "A folder"

    folder: Path
    """Where the site stands; made when it is not there. Relative to the configuration file."""

    @property
    def target(self) -> str:
        return str(self._place)

    @property
    def _place(self) -> Path:
        return self.folder.expanduser().resolve()

    @property
    def _draft(self) -> Path:
        return self._place.with_name(f".{self._place.name}.gpuledger-draft")

    def receipt(self) -> str | None:
        try:
            told = json.loads((self._place / POINTERS[0]).read_bytes())
            return str(told["content"]) if all((self._place / name).is_file() for name in told["files"]) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, site: Path, known: Mapping[str, Any], note: str) -> Mapping[str, Any]:
        try:
            self._put(site)
        except OSError as error:
            raise SiteError(f"The site cannot be written to {self._place}: {error.strerror}.") from error
        return {"receipt": self.receipt()}

    def _put(self, site: Path) -> None:
        place, draft = self._place, self._draft
        shutil.rmtree(draft, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(site, draft)
        _sync_all(draft)
        if not place.exists():
            draft.rename(place)
        else:
            draft.chmod(place.stat().st_mode & 0o7777)
            _carry(place, draft)
            if _exchanged(draft, place):
                _carry(draft, place)
            else:
                _in_order(draft, place)
        sync(place.parent)
        shutil.rmtree(draft, ignore_errors=True)


def _carry(old: Path, new: Path) -> None:
    """What others put beside our site goes along: nothing of theirs is ever deleted."""
    for name in _foreign(old):
        if not os.path.lexists(new / name):
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            _linked(old / name, new / name)


def _foreign(place: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(place):
        here = Path(folder).relative_to(place)
        if here == Path():
            folders[:] = [name for name in folders if name not in OURS]
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        yield from (str(here / name) for name in (*files, *links) if str(here / name) not in POINTERS)


def _linked(old: Path, new: Path) -> None:
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError:
        shutil.copy2(old, new, follow_symlinks=False)


def _exchanged(one: Path, other: Path) -> bool:
    """Whether the two folders changed names in one step; some file systems cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    if libc.renameat2(_HERE, bytes(one), _HERE, bytes(other), _EXCHANGE) == 0:
        return True
    if (code := ctypes.get_errno()) in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(other))


def _in_order(draft: Path, place: Path) -> None:
    """File by file, each whole, the pointers last; then what neither site names goes away."""
    wanted = files_of(draft)
    for name in wanted:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).replace(place / name)
    for name in files_of(place):
        if name.split("/")[0] in OURS and name not in wanted:
            (place / name).unlink(missing_ok=True)


def _sync_all(folder: Path) -> None:
    """Everything in it is on disk when it returns."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


PLACE = Folder
