"""The text part: the same words and numbers in lines of at most 78 columns."""

from collections.abc import Iterable

from gpuledger.model.document import Document, Note
from gpuledger.render.format import NULL, stamp
from gpuledger.render.text import banner_lines, block_lines, by_title, head_lines, joined
from gpuledger.render.text.words import Sheet

_SHEET = Sheet(78)


def block_text(document: Document) -> dict[str, str]:
    """Every block but notes, by its id."""
    zone = document.display_zone
    blocks = (block for block in document.blocks if not isinstance(block, Note))
    return {block.id: _text(["", *block_lines(block, zone, _SHEET)]) for block in blocks}


def frame_text(document: Document, link: str) -> dict[str, str]:
    """The parts around the blocks, by name: head, banners, finding, checks, closing."""
    document, zone = by_title(document), document.display_zone
    notes = [block for block in document.blocks if isinstance(block, Note)]
    checks = [line for note in notes for line in block_lines(note, zone, _SHEET)]
    full = f"The full report: {link}" if link else "The full report is attached."
    made = f"“{NULL}” means not collected, never zero. Made {stamp(document.generated_at, zone, year=True)} {zone} by gpuledger."
    return {
        "head": _text(head_lines(document, _SHEET)),
        "banners": _text(["", *banner_lines(document, _SHEET)][: -1 or None]) if document.banners else "",
        "finding": _text(["", *_SHEET.wrapped(document.finding)]) if document.finding else "",
        "checks": _text(["", *_SHEET.heading("Checks", "-"), *checks]) if checks else "",
        # A link is not wrapped: its halves would lead nowhere.
        "closing": _text(["", full, *_SHEET.wrapped(made)]),
    }


def _text(lines: Iterable[str]) -> str:
    return joined(lines)
