"""One document as one interactive file: it works from a disk, a mail's attachment or any web server."""

from collections.abc import Sequence
from pathlib import Path

from gpuledger.model.document import Document
from gpuledger.render import Write
from gpuledger.render.json import to_json
from gpuledger.render.output import Output, file_stem, save
from gpuledger.render.viewer.page import page
from gpuledger.render.viewer.report_info import report_info
from gpuledger.reports import Report


def page_of(declared: Report) -> Write:
    """The writer of `declared`'s interactive page, `index.html`, with links to the files made before it."""

    def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
        name = f"{file_stem(document.name)}.json"
        info = report_info(declared, windows=[{"last": None, "tab": None, "file": name}])
        config = {
            "mode": "embedded",
            "title": document.title,
            "reports": [info],
            "files": [{"name": one.name, "format": one.format, "block": one.block} for one in others],
        }
        content = page(config, inline=True, documents=[(name, to_json(document))])
        return [save(content, out, "index", "html", block=None, title=document.title)]

    return write
