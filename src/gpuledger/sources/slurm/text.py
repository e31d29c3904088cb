"""sacct's delimited text (`--parsable`, `--parsable2`, any delimiter, with or without header) as a stream of batches."""

from io import BufferedReader
from typing import Any

from gpuledger.model.batch import Parsed
from gpuledger.model.errors import BrokenOff, SourceError
from gpuledger.model.problems import Remark
from gpuledger.sources.slurm.fields import Layout
from gpuledger.sources.slurm.lines import CHUNK_BYTES, chunks
from gpuledger.sources.slurm.mend import CUT_OFF
from gpuledger.sources.slurm.records import Setting, attempts
from gpuledger.sources.slurm.sheet import read
from gpuledger.sources.slurm.sniff import HEAD_BYTES
from gpuledger.sources.slurm.tally import Tally


def parse_text(
    stream: "BufferedReader[Any]", layout: Layout, setting: Setting, chunk_bytes: int = CHUNK_BYTES
) -> Parsed:
    """Batches, problems, remarks and watermarks. `chunk_bytes` changes the size of the batches, never their rows.

    Raises SourceError when no line of the beginning fits the columns, BrokenOff at an end in the middle of a line.
    """
    check_fit(stream.peek(HEAD_BYTES)[:HEAD_BYTES], layout)
    return _parsed(stream, layout, setting, chunk_bytes)


def _parsed(stream: "BufferedReader[Any]", layout: Layout, setting: Setting, chunk_bytes: int) -> Parsed:
    tally = Tally()
    if not layout.tells_held:
        yield Remark("AllocTRES is not among the columns: what was held is taken from what was asked for (ReqTRES).")
    cut_lines: list[int] = []
    for chunk in chunks(stream, layout, chunk_bytes):
        sheet, problems = read(chunk, layout)
        cut_lines += [problem.line for problem in problems if problem.reason == CUT_OFF]
        yield from problems
        yield from attempts(sheet, setting, tally, chunk.row)
    yield from tally.remarks(setting.zone, setting.cluster)
    yield from tally.watermarks("partial" if cut_lines else "complete")
    if cut_lines:
        raise BrokenOff(f"The input breaks off in line {cut_lines[0]:,}; get the whole file.")


def check_fit(head: bytes, layout: Layout) -> None:
    """Raises SourceError when no line of the head fits the columns, naming the column that did not."""
    lines = head.decode("utf-8", "replace").splitlines()[1 if layout.has_header else 0 :]
    rows = [line.split(layout.delimiter.decode()) for line in lines if line]
    whole = [row for row in rows if len(row) >= len(layout.names)]
    misfits = [layout.misfit(row) for row in whole]
    if not rows or None in misfits or (not whole and layout.has_header):
        return
    if not whole:
        raise SourceError(f"The field list has {len(layout.names)} names, but the lines have {len(rows[0])} columns.")
    value = whole[0][layout.names.index(str(misfits[0]))]
    raise SourceError(f"The columns do not fit: {misfits[0]} holds {value[:40]!r} in the first line.")
