"""rsync to a folder, here or over ssh: the new files first, then what points to them, then what nobody needs goes away."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from gpuledger.deliver.sites import OURS, POINTERS
from gpuledger.deliver.sites.running import ran, require_plain

_FIRST = [f"--exclude=/{name}" for name in POINTERS]
_THEN = [
    "--checksum",
    "--delay-updates",
    "--include=/data/",
    *(f"--include=/{name}" for name in POINTERS),
    "--exclude=*",
]


@dataclass(frozen=True)
class Rsync:
    """rsync, by ssh where the target is on another machine."""

    name: ClassVar[str] = "rsync"
    title: ClassVar[str] = "rsync"

    to: str
    """The folder, such as `web@www.example.edu:/srv/www/gpu`; its parent is there."""
    argv: tuple[str, ...] = ("rsync",)
    """The program with its options, such as ["rsync", "-e", "ssh -p 2222"]."""
    timeout_seconds: float = 600.0
    """How long one call may take."""

    def __post_init__(self) -> None:
        require_plain("to", self.to)

    @property
    def target(self) -> str:
        return self.to

    def receipt(self) -> str | None:
        return ""

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
