"""Document → files: the contract of every renderer and the one function that writes a folder.

A renderer draws what the Document says and computes no number. All text of a Document is hostile: each format
escapes it in its own way. File names are made of stable ids only, so they are the same in every run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

from gpuledger.model.document import Document
from gpuledger.model.errors import LedgerError, UsageError
from gpuledger.render.index import write_index
from gpuledger.render.output import Output

if TYPE_CHECKING:
    from gpuledger.render.aside import Aside

__all__ = ["FORMATS", "RENDERERS", "Output", "Renderer", "Write", "render"]


class Write(Protocol):
    """What a renderer's module offers as `write`: the files it wrote, in reading order."""

    def __call__(self, document: Document, out: Path, others: Sequence[Output]) -> list[Output]: ...


@dataclass(frozen=True)
class Renderer:
    """A format: what it makes, of what, and the module whose `write` makes it (imported only then)."""

    name: str
    per: Literal["document", "chart", "table"]
    meaning: str

    def write(self, document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
        """Writes the format's files into `out`, which exists; `others` were written before it."""
        module = import_module(f"gpuledger.render.{self.name}")
        return cast(Write, module.write)(document, out, others)


RENDERERS: dict[str, Renderer] = {
    renderer.name: renderer
    for renderer in (
        Renderer("text", "document", "the whole report as plain text of at most 100 columns"),
        Renderer("json", "document", "the Document itself; its schema is render/document.schema.json"),
        Renderer("csv", "table", "one file a table: ISO instants, full precision, safe in a spreadsheet"),
        Renderer("xlsx", "document", "one workbook, a sheet a table, typed cells, no formula"),
        Renderer("parquet", "table", "one file a table with typed columns"),
        Renderer("png", "chart", "one picture a chart, 1200 pixels wide"),
        Renderer("svg", "chart", "one drawing a chart, text as outlines"),
        Renderer("pdf", "chart", "one PDF a chart, for print"),
        Renderer(
            "librarian", "document", "data_NAME.json of the earlier rolling dashboard, one a tab (report rolling)"
        ),
        Renderer("html", "document", "one self-contained page with light and dark mode, and links to the other files"),
    )
}
FORMATS = tuple(RENDERERS)
READ = ("text", "html")
"""Formats of whose tables people read the first rows."""


def render(
    document: Document,
    formats: Sequence[str],
    out: Path,
    page: Write | None = None,
    shown: Document | None = None,
    aside: "Aside | None" = None,
) -> list[Path]:
    """Writes `document` in every named format into the folder `out`, and `index.json` that lists what was written.

    `page` makes the html instead of the plain one (`viewer.page_of`: the interactive page in one file). `shown` is what
    people read (text, html) where it is shorter than what programs do. `aside` draws the pictures (png) meanwhile. Returns
    the files in the order of the index; `index.html` is the page itself when html is asked. The page is made last because
    it links to the rest. Raises UsageError for an unknown format or a file in place of the folder, LedgerError when the
    folder cannot be written.
    """
    unknown = [name for name in formats if name not in RENDERERS]
    if not formats:
        raise UsageError(f"No format is named; there are {', '.join(RENDERERS)}.")
    if unknown:
        raise UsageError(f"There is no format {unknown[0]!r}; there are {', '.join(RENDERERS)}.")
    if out.is_file():
        raise UsageError(f"{out} is a file; a report is several files: name a folder (--out DIR).")
    written: list[Output] = []
    writes: dict[str, Write] = {name: renderer.write for name, renderer in RENDERERS.items() if name in formats}
    try:
        out.mkdir(parents=True, exist_ok=True)
        if page and "html" in writes:
            writes["html"] = page
        if aside and "png" in writes:
            aside.begin(document, out)
            writes["png"] = aside.write
        for name, write in writes.items():
            written += write(shown if shown and name in READ else document, out, written)
        index = write_index(document, written, out)
    except OSError as error:
        raise LedgerError(f"The report cannot be written to {out}: {error.strerror or error}.") from error
    return [*(out / output.name for output in written), index]
