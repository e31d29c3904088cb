"""Lines that do not have as many columns as the header: names with newlines or delimiters in them, junk, cut lines."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations_with_replacement, islice

from gpuledger.model.problems import Problem
from gpuledger.sources.slurm.fields import JOB_ID, STEP_ID, Layout
from gpuledger.sources.slurm.lines import Chunk

NEWLINE, DELIMITER = "\0n", "\0d"
"""Stand for a newline and a delimiter inside a value until the columns are cut. A chunk holds no NUL of its own."""
CUT_OFF = "the input ends in the middle of this line"
MOST_LINES_JOINED = 100
MOST_WAYS = 5000
"""More ways to place surplus delimiters than this are not tried."""


@dataclass
class Mended:
    """The rows that could be told apart, each on one line, with the line each began on; the rest as problems."""

    rows: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def mend(chunk: Chunk, layout: Layout) -> Mended:
    """Every line of the chunk is in exactly one row or one problem; blank lines are neither."""
    mended, delimiter = Mended(), layout.delimiter.decode()
    texts = [line.decode("utf-8", "replace") for line in chunk.lines]
    while texts and not texts[-1]:
        texts.pop()
    last = len(texts) - 1 if chunk.is_cut_off else -1
    position = 0
    while position < len(texts):
        row, used = _record(texts, position, layout, delimiter)
        line = chunk.first_line + position
        if row is not None:
            mended.rows.append(row)
            mended.lines.append(line)
        elif texts[position] and not _continued(mended, texts, position, last, layout):
            mended.problems.append(
                Problem(line, _why(texts[position], position == last, layout, delimiter), chunk.row(line))
            )
        position += used
    return mended


def _record(texts: list[str], position: int, layout: Layout, delimiter: str) -> tuple[str | None, int]:
    """The record that begins at `position` on one line, and how many lines it takes; None when none begins there."""
    text, wanted = texts[position], len(layout.names)
    found = text.count(delimiter) + 1
    if found == wanted:
        return text, 1
    if found > wanted:
        realigned = _realigned(text.split(delimiter), layout, delimiter)
        return (_one_line(realigned, delimiter) if realigned else None), 1
    for count, joined in _joined(texts, position, layout, delimiter):
        values = joined.split(delimiter)
        if len(values) == wanted and layout.misfit(values) is None:
            return _one_line(values, delimiter), count
    return None, 1


def _joined(texts: list[str], position: int, layout: Layout, delimiter: str) -> Iterator[tuple[int, str]]:
    """The line with 1, 2 … of those after it, until one that stands alone as a row, or too many columns."""
    text = texts[position]
    for count, following in enumerate(texts[position + 1 : position + MOST_LINES_JOINED], 2):
        if following.count(delimiter) >= len(layout.names) - 1:
            return
        text = f"{text}\n{following}"
        if text.count(delimiter) >= len(layout.names):
            return
        yield count, text


def _realigned(values: list[str], layout: Layout, delimiter: str) -> list[str] | None:
    """Puts surplus delimiters back into the free-text column they came from; None when that is not certain."""
    surplus = len(values) - len(layout.names)
    read = [i for i, name in enumerate(layout.names) if name in layout.read]
    ways: dict[tuple[str, ...], list[str]] = {}
    for way in islice(_ways(values, layout, surplus, delimiter), MOST_WAYS):
        if layout.misfit(way) is None:
            ways.setdefault(tuple(way[i] for i in read), way)
            if layout.is_last_free and len(way[-1].split(delimiter)) > surplus:
                break
    return next(iter(ways.values())) if len(ways) == 1 else None


def _ways(values: list[str], layout: Layout, surplus: int, delimiter: str) -> Iterator[list[str]]:
    """Every way to give the surplus delimiters to free-text columns, all of them to the last column first."""
    columns = layout.free_columns[::-1]
    for given in combinations_with_replacement(columns, surplus):
        extra = Counter(given)
        way, position = [], 0
        for column in range(len(layout.names)):
            way.append(delimiter.join(values[position : position + 1 + extra[column]]))
            position += 1 + extra[column]
        yield way


def _continued(mended: Mended, texts: list[str], position: int, last: int, layout: Layout) -> bool:
    """Whether the line is the rest of a last-column name that began on the line before; then it is put there."""
    text = texts[position]
    if not (layout.is_last_free and mended.rows) or position == last or _begins_a_row(text, layout):
        return False
    if mended.rows[-1].split(layout.delimiter.decode(), layout.id_column + 1)[layout.id_column] in (
        "JobID",
        "JobIDRaw",
    ):
        return False
    mended.rows[-1] += NEWLINE + text.replace(layout.delimiter.decode(), DELIMITER)
    return True


def _begins_a_row(text: str, layout: Layout) -> bool:
    values = text.split(layout.delimiter.decode())
    identity = values[layout.id_column] if layout.id_column < len(values) else ""
    is_id = JOB_ID.fullmatch(identity) or STEP_ID.fullmatch(identity)
    return text.startswith("sacct:") or len(values) > len(layout.names) or bool(is_id and len(values) > 1)


def _why(text: str, is_cut_off: bool, layout: Layout, delimiter: str) -> str:
    if is_cut_off:
        return CUT_OFF
    if text.startswith("sacct:"):
        return "a message of sacct, not a row"
    found = text.count(delimiter) + 1
    if found > len(layout.names):
        return f"{found} columns instead of {len(layout.names)}, and which one holds the delimiter is not certain"
    return f"{found} columns instead of {len(layout.names)}"


def _one_line(values: list[str], delimiter: str) -> str:
    return delimiter.join(v.replace("\n", NEWLINE).replace(delimiter, DELIMITER) for v in values)
