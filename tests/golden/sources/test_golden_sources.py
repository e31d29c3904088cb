"""Golden cases: `sources/<name>/<case>.<any>` beside `<case>.expected.json`; `<case>.options.json` may give options
and, as `configured`, the source's own keys.

Rewrite after looking at the difference: `GPULEDGER_REWRITE_GOLDEN=1 pytest tests/golden`.
"""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import entry_points
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from gpuledger.model.batch import Batch, Watermark
from gpuledger.model.clocks import LocalClock, local_clocks
from gpuledger.model.errors import LedgerError
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.schema import conform
from gpuledger.model.tables import CLOCKS
from gpuledger.sources import Context, Deriving

HERE = Path(__file__).parent
EXPECTED, OPTIONS = ".expected.json", ".options.json"
CASES = sorted(
    path
    for folder in HERE.iterdir()
    if folder.is_dir() and folder.name != "__pycache__"
    for path in folder.iterdir()
    if not path.name.endswith((EXPECTED, OPTIONS, ".py"))
)


def told(source_name: str, path: Path) -> dict[str, Any]:
    """Everything a source says about an input, as JSON; null columns are left out."""
    kind = next(entry.load() for entry in entry_points(group="gpuledger.sources", name=source_name))
    options_file = path.with_name(path.stem + OPTIONS)
    options = json.loads(options_file.read_text()) if options_file.exists() else {}
    zone, cluster = options.pop("zone", None), options.pop("cluster", None)
    source = kind(**options.pop("configured", {}))
    context = Context("file:0123456789ab", zone=zone, cluster=cluster, input_name=path.name, options=options)
    answer: dict[str, Any] = {}
    clocks: Mapping[str, LocalClock] = {}
    try:
        answer["claims"] = source.claims(path.read_bytes()[:65536], path.name)
        for item in source.parse(BytesIO(path.read_bytes()), context):
            _add(answer, item)
            if isinstance(item, Batch) and item.table is CLOCKS:
                clocks = local_clocks(conform(item.rows, CLOCKS))
            elif isinstance(item, Batch) and isinstance(source, Deriving):
                for derived in source.derive(item.rows, clocks):
                    _add(answer, derived)
    except LedgerError as error:
        answer["error"] = f"{type(error).__name__}: {error}"
    return json.loads(json.dumps(answer, default=_plain))


def _add(answer: dict[str, Any], item: Any) -> None:
    match item:
        case Batch():
            rows = conform(item.rows, item.table).to_pylist()
            counts = item.input_rows.to_pylist() if item.input_rows is not None else [1] * len(rows)
            known = [{key: value for key, value in row.items() if value is not None} for row in rows]
            answer.setdefault(item.table.name, []).extend(known)
            answer["input_rows"] = answer.get("input_rows", 0) + sum(counts)
        case Problem():
            answer.setdefault("problems", []).append([item.line, item.reason, item.row, item.input_rows])
        case Remark():
            answer.setdefault("remarks", []).append(item.sentence)
        case Watermark():
            local = ["local"] * item.is_local
            answer.setdefault("watermarks", []).append([item.cluster, item.since, item.until, item.status, *local])


def _plain(value: Any) -> str:
    assert isinstance(value, datetime)
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_input_reads_as_recorded(path: Path) -> None:
    answer = told(path.parent.name, path)
    expected = path.with_name(path.stem + EXPECTED)
    if os.environ.get("GPULEDGER_REWRITE_GOLDEN"):
        expected.write_text(json.dumps(answer, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    assert answer == json.loads(expected.read_text())
