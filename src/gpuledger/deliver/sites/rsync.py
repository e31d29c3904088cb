"""rsync to a folder, here or over ssh: the new files first, then what points to them, then what nobody needs goes away."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from gpuledger.deliver.sites import OURS, POINTERS
from gpuledger.deliver.sites.running import Elsewhere, ran

_FIRST = [f"--exclude=/{name}" for name in POINTERS]
_THEN = [
    "--checksum",
    "--delay-updates",
    "--include=/data/",
    *(f"--include=/{name}" for name in POINTERS),
    "--exclude=*",
]


@dataclass(frozen=True)
class Rsync(Elsewhere):
    """rsync, by ssh where the target is on another machine; the folder's parent is there."""

    name: ClassVar[str] = "rsync"
    title: ClassVar[str] = "rsync"

    argv: tuple[str, ...] = ("rsync",)
    """The program with its options, such as ["rsync", "-e", "ssh -p 2222"]."""
    timeout_seconds: float = 600.0
    """How long one call may take."""

    def put(self, site: Path, known: Mapping[str, Any], note: str) -> Mapping[str, Any]:
        self._copy(site, "", _FIRST)
        self._copy(site, "", _THEN)
        for folder in OURS:
            self._copy(site, f"{folder}/", ["--delete"])
        return {"receipt": ""}

    def _copy(self, site: Path, inside: str, options: list[str]) -> None:
        places = [f"{site}/{inside}", f"{self.to.rstrip('/')}/{inside}"]
        ran([*self.argv, "-rt", "--protect-args", *options, "--", *places], self.timeout_seconds)


PLACE = Rsync
