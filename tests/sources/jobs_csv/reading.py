"""Short files through the real source, without a ledger."""

import io
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from gpuledger.config import Settings
from gpuledger.config.sources import source_named
from gpuledger.model.batch import Batch, Watermark
from gpuledger.model.problems import Problem, Remark
from gpuledger.sources import Context, Source

COLUMNS = {
    "user_name": "user",
    "submitted_at": "submit",
    "started_at": "start",
    "ended_at": "end",
    "gpu_count": "gpus",
    "state": "state",
}
HEADER = "id,user,submit,start,end,gpus,state\n"
GOOD = "1,ann,2026-05-01 08:00:00,2026-05-01 09:00:00,2026-05-01 11:00:00,2,completed\n"


@dataclass(frozen=True)
class Found:
    """What a parse yielded, sorted by kind; `rows` as mappings."""

    rows: list[dict[str, Any]]
    problems: list[Problem]
    remarks: list[str]
    watermarks: list[Watermark]

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(problem.line, problem.reason) for problem in self.problems]


def source(**keys: Any) -> Source:
    """As the configuration would build it."""
    told = {"type": "jobs-csv", "cluster": "test", "columns": COLUMNS, "id": "id", "zone": "UTC"} | keys
    return source_named(Settings.model_validate({"ledger": "unused", "sources": {"mine": told}}), "mine")


def found(content: str | bytes, context: Context | None = None, **keys: Any) -> Found:
    """Parses `content` with the mapping above, changed by `keys`."""
    raw = io.BytesIO(content.encode() if isinstance(content, str) else content)
    items = list(source(**keys).parse(raw, context or Context("file:0123")))
    tables = [item.rows for item in items if isinstance(item, Batch)]
    return Found(
        pa.concat_tables(tables).to_pylist() if tables else [],
        [item for item in items if isinstance(item, Problem)],
        [item.sentence for item in items if isinstance(item, Remark)],
        [item for item in items if isinstance(item, Watermark)],
    )
