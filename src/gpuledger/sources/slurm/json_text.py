"""JSON of Slurm (`sacct --json`, `squeue --json`, slurmrestd) as the same columns of text that sacct prints.

One reading of the values then serves both, so text and JSON of a cluster give the same attempts. The document is
streamed: memory holds a few thousand jobs, never the file.
"""

import codecs
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BufferedReader
from typing import Any

import ijson
import numpy as np
import pyarrow as pa

from gpuledger.model.batch import Batch, Parsed
from gpuledger.model.errors import BrokenOff
from gpuledger.model.problems import Problem, Remark
from gpuledger.sources.slurm.json_jobs import rows
from gpuledger.sources.slurm.lines import ROW_CHARACTERS
from gpuledger.sources.slurm.records import Setting, attempts
from gpuledger.sources.slurm.sheet import Sheet
from gpuledger.sources.slurm.sniff import Json
from gpuledger.sources.slurm.tally import Tally

JOBS_PER_BATCH = 5000
_EDGE_BYTES = 65536
_VERSION = re.compile(rb'"(?:data_parser/|openapi/(?:db)?)(v?\d+\.\d+\.\d+)')
_LAST_UPDATE = re.compile(rb'"last_update"\s*:\s*(?:\{[^{}]*"number"\s*:\s*)?([1-9]\d{8,10})\b')
TESTED = frozenset({"v0.0.37", "v0.0.38", "v0.0.40", "v0.0.41", "v0.0.42", "v0.0.43"})


class Watched:
    """A stream that remembers its first and last bytes: the schema's version and errors stand at either end.

    Bytes that are no UTF-8 become U+FFFD.
    """

    def __init__(self, stream: "BufferedReader[Any]") -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.first = self.last = b""

    def read(self, size: int = -1) -> bytes:
        block, raw = b"", b"-"
        while raw and not block:
            raw = self._stream.read(size)
            block = self._decoder.decode(raw, final=not raw).encode()
        if len(self.first) < _EDGE_BYTES:
            self.first += block[:_EDGE_BYTES]
        self.last = (self.last + block)[-_EDGE_BYTES:]
        return block

    @property
    def version(self) -> str | None:
        found = _VERSION.search(self.last) or _VERSION.search(self.first)
        return "v" + found[1].decode().removeprefix("v") if found else None

    @property
    def asked_at(self) -> datetime | None:
        """The moment the controller's answer is of, None where the document does not say it."""
        found = _LAST_UPDATE.search(self.last) or _LAST_UPDATE.search(self.first)
        return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def parse_json(
    stream: "BufferedReader[Any]", found: Json, setting: Setting, jobs_per_batch: int = JOBS_PER_BATCH
) -> Parsed:
    """Batches, problems, remarks and watermarks; one record of the document is one input row.

    Raises BrokenOff at the end of a document that is not whole.
    """
    watched, tally = Watched(stream), Tally()
    pending: list[dict[str, str]] = []
    texts: dict[int, str] = {}
    number = 0
    broken: Problem | None = None
    for number, job in _numbered(watched):
        if isinstance(job, Problem):
            broken = job
            yield job
            continue
        try:
            pending.extend(rows(job, number))
        except (TypeError, ValueError, AttributeError, KeyError, OverflowError):
            yield Problem(number, "the record does not have the shape of a Slurm job", _told(job))
            continue
        texts[number] = _told(job)
        if len(texts) >= jobs_per_batch:
            yield from _converted(pending, texts, setting, tally)
            pending, texts = [], {}
    yield from _converted(pending, texts, setting, tally)
    tally.asked_at = watched.asked_at
    yield from _remarks(watched, number)
    yield from tally.remarks(setting.zone, setting.cluster)
    yield from tally.watermarks("partial" if broken else "complete")
    if broken:
        raise BrokenOff(f"The input breaks off after record {broken.line - 1:,}; get the whole file.")


def _numbered(watched: Watched) -> Iterator[tuple[int, Any]]:
    """Each record with its number from 1; where the document breaks off, one problem instead."""
    number = 0
    try:
        for number, job in enumerate(ijson.items(watched, "jobs.item", use_float=True), 1):
            yield number, job
    except ijson.JSONError:
        yield number + 1, Problem(number + 1, "the document breaks off or is no JSON after the record before this one")


def _converted(
    found: list[dict[str, str]], texts: dict[int, str], setting: Setting, tally: Tally
) -> Iterator[Batch | Problem]:
    """The records as batches; its steps are part of a record, so each counts as one input row."""
    if not found:
        return
    names = dict.fromkeys(name for row in found for name in row if name != "line")
    columns = {name: pa.array([row.get(name, "") for row in found], pa.string()) for name in names}
    sheet = Sheet(columns, np.array([int(row["line"]) for row in found], np.int64))
    for item in attempts(sheet, setting, tally, lambda line: texts.get(line, "")):
        if isinstance(item, Problem):
            yield Problem(item.line, item.reason, item.row)
        elif item.input_rows is not None:
            yield Batch(item.table, item.rows, pa.array(np.minimum(item.input_rows.to_numpy(), 1)))


def _told(job: Any) -> str:
    """The record without its steps, for a problem that may come."""
    plain = {key: value for key, value in job.items() if key != "steps"} if isinstance(job, dict) else job
    return json.dumps(plain, ensure_ascii=False)[:ROW_CHARACTERS]


def _remarks(watched: Watched, count: int) -> Iterator[Remark]:
    if watched.version is not None and watched.version not in TESTED:
        yield Remark(f"Slurm's JSON schema {watched.version} is untested; it was read by the rules of the known ones.")
    if count:
        return
    try:
        errors = json.loads(watched.last).get("errors") or []
    except (ValueError, AttributeError):
        return
    for error in errors:
        yield Remark(f"Slurm answered with an error: {error.get('description') or error.get('error')}")
