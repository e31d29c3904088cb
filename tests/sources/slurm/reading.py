"""Reads an input through the public contract: rows as mappings, problems, remarks, and the count of input rows."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from gpuledger.model.batch import Batch, Watermark
from gpuledger.model.errors import BrokenOff
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.schema import conform
from gpuledger.sources import Context
from gpuledger.sources.slurm import Slurm


@dataclass
class Reading:
    """What one input gave."""

    attempts: list[dict[str, Any]] = field(default_factory=list)
    gpus: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    watermarks: list[Watermark] = field(default_factory=list)
    input_rows: int = 0
    broken: str | None = None
    """What the source said of an end in the middle."""

    @property
    def by_id(self) -> dict[str, dict[str, Any]]:
        return {row["attempt_id"]: row for row in self.attempts}

    @property
    def rows_read(self) -> int:
        """Rows accounted for: in batches and in problems."""
        return self.input_rows + sum(problem.input_rows for problem in self.problems)


def read(content: bytes | str, zone: str | None = "UTC", source: Slurm | None = None, **options: str) -> Reading:
    """Parses the whole input; `options` are the source's own keys (fields=…)."""
    raw = content.encode() if isinstance(content, str) else content
    context = Context("file:0123456789ab", zone=zone, cluster=options.pop("cluster", None), options=options)
    return collect((source or Slurm()).parse(BytesIO(raw), context))


def collect(items: Any) -> Reading:
    """Sorts the parts of a parse by kind; every batch must fit its canonical table."""
    reading = Reading()
    try:
        for item in items:
            _add(reading, item)
    except BrokenOff as error:
        reading.broken = str(error)
    return reading


def _add(reading: Reading, item: Any) -> None:
    match item:
        case Batch():
            rows = conform(item.rows, item.table).to_pylist()
            (reading.gpus if item.table.name == "attempt_gpus" else reading.attempts).extend(rows)
            reading.input_rows += sum(item.input_rows.to_pylist()) if item.input_rows is not None else len(rows)
        case Problem():
            reading.problems.append(item)
        case Remark():
            reading.remarks.append(item.sentence)
        case Watermark():
            reading.watermarks.append(item)


def sacct(
    *rows: str, fields: str = "JobIDRaw|JobID|User|Account|State|Submit|Eligible|Start|End|ElapsedRaw|AllocTRES|JobName"
) -> str:
    """A small sacct file: a header and rows."""
    return "\n".join([fields, *rows]) + "\n"
