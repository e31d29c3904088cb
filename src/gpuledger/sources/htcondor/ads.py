"""Ads of `condor_status` and `condor_q` output, `-long` text or `-json`, one after the other as they are read."""

from collections.abc import Iterator
from io import BufferedReader
from typing import Any, BinaryIO

from gpuledger.model.errors import BrokenOff
from gpuledger.sources.htcondor.attributes import kept, spelled
from gpuledger.sources.htcondor.sniff import BOM, is_json
from gpuledger.sources.htcondor.values import unwrapped, value

LONGEST_LINE = 1 << 20
"""No attribute that is read is longer; the rest of such a line is skipped."""
Placed = tuple[int, dict[str, Any]]


def ads(content: "BufferedReader[Any]", head: bytes) -> Iterator[Placed]:
    """What is read of each ad, with its first line (`-long`) or its number (`-json`)."""
    return _of_json(content) if is_json(head) else of_text(content)


def of_text(content: BinaryIO) -> Iterator[Placed]:
    """Ads of `-long`: they stand apart by empty lines. Raises BrokenOff at the end of a text that ends within a line."""
    ad: dict[str, Any] = {}
    begins = 0
    for number, line, is_whole in _lines(content):
        if not is_whole:
            raise BrokenOff(f"The text breaks off in line {number:,}; that ad was left out. Make it again.")
        name, sign, rest = line.partition("=")
        if not line.strip():
            if begins:
                yield begins, ad
            ad, begins = {}, 0
            continue
        begins = begins or number
        if sign and (ours := spelled(name.strip())):
            ad |= kept([(ours, value(rest))])
    if begins:
        yield begins, ad


def _lines(content: BinaryIO) -> Iterator[tuple[int, str, bool]]:
    """Number and text of each line, and whether it has an end."""
    number = 0
    while line := content.readline(LONGEST_LINE):
        number += 1
        text = line.removeprefix(BOM) if number == 1 else line
        while not line.endswith(b"\n") and (line := content.readline(LONGEST_LINE)):
            continue
        yield number, text.decode("utf-8", "backslashreplace").rstrip("\r\n"), bool(line)


def _of_json(content: BinaryIO) -> Iterator[Placed]:
    import ijson

    try:
        for number, ad in enumerate(ijson.items(content, "item", use_float=True, multiple_values=True), 1):
            pairs = ad.items() if isinstance(ad, dict) else ()
            yield number, kept((name, unwrapped(told)) for name, told in pairs if spelled(name))
    except ijson.JSONError as error:
        raise BrokenOff("The JSON breaks off or is damaged; ads from there on were left out. Make it again.") from error
