"""scp to a folder over ssh: the new files first; what points to them is copied beside its place and moved into it."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from gpuledger.deliver.sites import OURS, POINTERS, files_of
from gpuledger.deliver.sites.running import Elsewhere, ran

_PLAIN = re.compile(r"(?:(?P<host>[\w.@\[\]:-]*?):)?(?P<path>[\w./~+-]+)")
_AT_ONCE = 200
"""Files one call carries: a command line has an end."""


@dataclass(frozen=True)
class Scp(Elsewhere):
    """scp and ssh: for machines without rsync."""

    name: ClassVar[str] = "scp"
    title: ClassVar[str] = "scp"

    options: tuple[str, ...] = ("-oBatchMode=yes",)
    """For scp and ssh alike, such as ["-oBatchMode=yes", "-oPort=2222"]."""
    timeout_seconds: float = 600.0
    """How long one call may take."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not _PLAIN.fullmatch(self.to):
            raise ValueError(f"to {self.to!r} is no folder that a shell elsewhere reads as it stands; write host:/path")

    def put(self, site: Path, known: Mapping[str, Any], note: str) -> Mapping[str, Any]:
        wanted, there = files_of(site), set(known.get("files", ()))
        self._there(["mkdir", "-p", *(f"{self._path}/{folder}" for folder in OURS)])
        for folder in OURS:
            self._copy(site, folder, [n for n in wanted if n.startswith(f"{folder}/") and n not in {*there, *POINTERS}])
        for name in POINTERS:
            self._scp([f"{site}/{name}"], f"{name}.new")
        moves = (["mv", "-f", f"{self._path}/{name}.new", f"{self._path}/{name}"] for name in POINTERS)
        self._there(*moves)
        self._remove(sorted(there - set(wanted)))
        return {"receipt": "", "files": [name for name in wanted if name not in POINTERS]}

    @property
    def _host(self) -> str | None:
        found = _PLAIN.fullmatch(self.to)
        return found["host"] if found else None

    @property
    def _path(self) -> str:
        return self.to.removeprefix(f"{self._host}:").rstrip("/") or "/"

    def _copy(self, site: Path, folder: str, names: Sequence[str]) -> None:
        for at in range(0, len(names), _AT_ONCE):
            self._scp([f"{site}/{name}" for name in names[at : at + _AT_ONCE]], f"{folder}/")

    def _scp(self, files: Iterable[str], inside: str) -> None:
        ran(["scp", "-q", "-p", *self.options, "--", *files, f"{self.to.rstrip('/')}/{inside}"], self.timeout_seconds)

    def _remove(self, names: Sequence[str]) -> None:
        for at in range(0, len(names), _AT_ONCE):
            self._there(["rm", "-f", *(f"{self._path}/{name}" for name in names[at : at + _AT_ONCE])])

    def _there(self, *commands: Sequence[str]) -> None:
        """Runs commands where the folder is: each by itself here, all in one call elsewhere."""
        if self._host is None:
            for command in commands:
                ran(command, self.timeout_seconds)
        else:
            ran(["ssh", *self.options, "--", self._host, " && ".join(map(_spelt, commands))], self.timeout_seconds)


def _spelt(command: Sequence[str]) -> str:
    """For the shell elsewhere; `~` stays what it is there."""
    return " ".join(part if part.startswith("~") else shlex.quote(part) for part in command)


PLACE = Scp
