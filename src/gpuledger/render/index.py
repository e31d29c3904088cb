"""index.json: what a folder holds, for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from gpuledger.model.document import Document
from gpuledger.render.output import Output, save


def write_index(document: Document, written: Sequence[Output], out: Path) -> Path:
    """Lists each file with its block id, format and size, under the document's name, period and time of making."""
    entry = {
        "report": document.name,
        "title": document.title,
        "start": document.period.start.isoformat(),
        "end": document.period.end.isoformat(),
        "display_zone": document.display_zone,
        "generated_at": document.generated_at.isoformat(),
        "files": [asdict(output) for output in written],
    }
    content = json.dumps(entry, indent=1, ensure_ascii=True).encode() + b"\n"
    return out / save(content, out, "index", "json", block=None, title="What was written").name
