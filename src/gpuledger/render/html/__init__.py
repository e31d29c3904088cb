"""Document → one self-contained HTML page, `index.html`."""

from collections.abc import Sequence
from pathlib import Path

from gpuledger.model.document import Document
from gpuledger.render.html.page import page
from gpuledger.render.output import Output, save

__all__ = ["page", "write"]


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes the page, with links to the files made before it."""
    content = page(document, others).encode("utf-8", "replace")
    return [save(content, out, "index", "html", block=None, title=document.title)]
