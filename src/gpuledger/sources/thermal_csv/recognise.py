"""Whether a file is of this kind, told from its beginning."""

from io import BytesIO
from typing import TYPE_CHECKING

from gpuledger.model.delimited.bytestream import opened
from gpuledger.model.delimited.text import Text
from gpuledger.model.errors import LedgerError
from gpuledger.model.problems import Problem
from gpuledger.sources.thermal_csv.columns import NEEDED, named
from gpuledger.sources.thermal_csv.reasons import kind_of

if TYPE_CHECKING:
    from gpuledger.sources.thermal_csv import ThermalCsv

_LONGEST_HEADER = 4096


def fits(source: "ThermalCsv", head: bytes) -> bool:
    """Does the header tell all that is needed, and one of the first rows a reason that is known?

    A table of readings with a host, a GPU and a status has such a header too.
    """
    try:
        if b"\0" in head[:_LONGEST_HEADER] or not _names(head):
            return False
        content, rest = opened(BytesIO(head), "utf-8")
        text = Text(content, rest, "", '"', ())
        reason = named(text.columns)["reason"]
        tables = (item[0] for item in text.read((reason,)) if not isinstance(item, Problem))
        return any(kind_of(word, source.reasons) for table in tables for word in set(table[reason].to_pylist()))
    except LedgerError:
        return False


def _names(head: bytes) -> bool:
    """Is the first line a header with the columns that are needed? Looked at first: most inputs are no CSV at all."""
    content, rest = opened(BytesIO(head), "utf-8")
    line = content.partition(b"\n")[0]
    if len(line) > _LONGEST_HEADER:
        return False
    found = named(Text(line + b"\n", rest, "", '"', ()).columns)
    return all(ours in found for ours in (*NEEDED, "temperature"))
