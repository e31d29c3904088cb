"""A first configuration of a source, guessed from a file for a person to correct."""

from pathlib import Path
from typing import BinaryIO, Protocol, cast, runtime_checkable

from gpuledger.model.errors import SourceError, UsageError
from gpuledger.plugins import load, names


@runtime_checkable
class Suggests(Protocol):
    """A source that needs a mapping and can guess one."""

    def suggest(self, raw: BinaryIO, input_name: str) -> str:
        """TOML of a `[sources.…]` part."""


def suggest(source: str | None, file: str) -> str:
    """The TOML that `source` would begin with to read `file`.

    Raises UsageError when the source needs none, SourceError when the file cannot be read.
    """
    guessing = [name for name in names("sources") if isinstance(load("sources", name), Suggests)]
    if source not in guessing:
        raise UsageError(f"Say which mapping to suggest: `gpuledger ingest {guessing[0]} --suggest {file}`.")
    try:
        with Path(file).open("rb") as content:
            return cast(Suggests, load("sources", source)).suggest(content, file)
    except OSError as error:
        raise SourceError(f"{file} cannot be read ({error.strerror}).") from error
