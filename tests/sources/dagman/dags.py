"""DAGs of a test as files, and what the source says about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from gpuledger.model.batch import Batch
from gpuledger.model.errors import BrokenOff
from gpuledger.model.problems import Problem, Remark
from gpuledger.sources import Context, Fetched
from gpuledger.sources.dagman import Dagman

NOW = datetime(2026, 11, 20, tzinfo=UTC)
Row = dict[str, Any]


@dataclass
class Told:
    """Everything the source said about one input."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    broken: str = ""
    input_rows: int = 0

    @property
    def nodes(self) -> dict[str, Row]:
        return {row["node_name"]: row for row in self.rows if row["try_number"] == 0}

    @property
    def tries(self) -> dict[int, Row]:
        return {row["try_number"]: row for row in self.rows if row["try_number"]}


def told(content: bytes, name: str, zone: str | None = "UTC", source: Dagman | None = None) -> Told:
    answer = Told()
    try:
        for item in (source or Dagman()).parse(
            BytesIO(content), Context("file:0123456789ab", zone=zone, input_name=name)
        ):
            match item:
                case Batch():
                    answer.rows += item.rows.to_pylist()
                    assert item.input_rows is not None
                    answer.input_rows += sum(item.input_rows.to_pylist())
                case Problem():
                    answer.problems.append(item)
                case Remark():
                    answer.remarks.append(item.sentence)
    except BrokenOff as error:
        answer.broken = str(error)
    return answer


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """The files in the folder; the path of the first."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / next(iter(files))


def packed(path: Path) -> bytes:
    """The DAG with what stands beside it, as one input."""
    gathered = Dagman().gather(path, NOW)
    assert isinstance(gathered, Fetched)
    with gathered.content as content:
        return content.read()


def together(folder: Path, files: Mapping[str, str], source: Dagman | None = None) -> Told:
    """What the first file says with the others beside it."""
    path = written(folder, files)
    return told(packed(path), str(path), source=source)
