"""Which jobs look as if they only hold a GPU: said by a site's configuration."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Suspicion:
    """Regular expressions searched in the last part of a job's command, and how long it must have run.

    A job is suspicious when both hold.
    """

    patterns: tuple[str, ...] = (r"^sleep$", r"^bash$", r"^sh$", r"^python[0-9.]*$", r"^python3[0-9.]*$")
    least_seconds: float = 3600.0

    def is_meant(self, command: str) -> bool:
        """Does the command look so, however long it ran?"""
        name = program(command)
        return any(re.search(pattern, name) for pattern in self.patterns)


def program(command: str) -> str:
    """The last part of a command's path: `/usr/bin/sleep` is `sleep`."""
    return PurePosixPath(command.strip()).name
