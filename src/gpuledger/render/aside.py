"""The figures drawn by a process of its own, while this one makes the other files.

Both are Python, which uses one processor at a time; the figures of a large report take longer than all else of it.
"""

import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import IO, cast

from gpuledger.model.document import Document, Section
from gpuledger.model.errors import LedgerError
from gpuledger.render import png
from gpuledger.render.output import Output


class Aside:
    """A process that draws the figures of one document; it is gone when this is left, however that comes about.

    It takes its half a second to begin before anything is asked of it: start it while the document is still being built.
    """

    def __enter__(self) -> "Aside":
        # -P: the folder we are in is that of the data, and no place to import from
        command = [sys.executable, "-P", "-m", __name__]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        with suppress(BrokenPipeError), self.process:
            """Its end is waited for, and its pipes are closed."""

    def begin(self, document: Document, out: Path) -> None:
        """Asks for `<chart id>.png` of every chart in the folder `out`, which exists."""
        figures = replace(document, sections=(Section("figures", "", document.charts),))
        with suppress(BrokenPipeError), cast("IO[bytes]", self.process.stdin) as asked:  # `write` tells that it ended
            pickle.dump((figures, out.absolute()), asked)

    def write(self, document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
        """Waits for what was begun. Raises what the drawing raised, LedgerError where the process was ended."""
        try:
            told = pickle.load(cast("IO[bytes]", self.process.stdout))
        except (EOFError, pickle.UnpicklingError) as error:
            raise LedgerError(
                "The process that drew the figures was ended before it was done; there may be too little memory: leave png"
                " out (--format), or make the report again."
            ) from error
        if isinstance(told, Exception):
            raise told
        return cast("list[Output]", told)


def _draw(asked: IO[bytes], told: IO[bytes]) -> None:
    """The other side: draws what is asked for, and tells the files, or what went wrong."""
    import_module("gpuledger.render.figure.paper")  # takes long: before anything is asked

    try:
        document, out = pickle.load(asked)
        made: list[Output] | Exception = png.write(document, out, ())
    except EOFError:
        return
    except Exception as error:  # noqa: BLE001 - it is raised where the figures are waited for
        made = error
    pickle.dump(made, told)
    told.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked us hears it too, and ends us
    _draw(sys.stdin.buffer, sys.stdout.buffer)
