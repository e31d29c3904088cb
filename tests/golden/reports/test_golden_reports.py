"""Each report beside what it must say: accounting in, text out, through the real source, ingest, metrics and renderer.

`NAME.options.json` holds period, moment, zone and parameters; `NAME.txt` (or its `input`) is the accounting, or, as CSV, the
rows of a month file of GPU states. `files` are parameters that name a file;
files may be another case's, as `../pool/day.csv`.
Rewrite after looking at the difference: `GPULEDGER_REWRITE_GOLDEN=1 pytest tests/golden`.
"""

import json
import os
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from gpuledger.actions.ingest import ingest
from gpuledger.actions.report import report
from gpuledger.config import Settings, open_ledger
from gpuledger.model.period import named
from gpuledger.plugins import load
from gpuledger.render import render
from gpuledger.sources import Context

CASES = sorted(Path(__file__).parent.glob("*/*.options.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name.partition('.')[0]}")
def test_a_report_says_what_is_written_beside_its_input(case: Path, tmp_path: Path) -> None:
    expected = case.with_name(case.name.replace(".options.json", ".expected.txt"))
    text = _text(case, tmp_path)
    if os.environ.get("GPULEDGER_REWRITE_GOLDEN"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


def _text(case: Path, folder: Path) -> str:
    options = json.loads(case.read_text(encoding="utf-8"))
    name = case.name.replace(".options.json", ".txt")
    accounting = case.parent / options.get("input", name)
    now = datetime.fromisoformat(options["now"])
    settings = Settings(ledger=str(folder / "ledger"), display_zone=options["zone"])
    with open_ledger(settings) as ledger:
        source = options.get("source", "slurm")
        context = Context("", zone="UTC", input_name=accounting.name, cluster="c" if source != "slurm" else None)
        ingest(ledger, load("sources", source)(), _as_collected(accounting, folder), context=context, now=now)
        declared = load("reports", case.parent.name)
        files = {name: case.parent / file for name, file in options.get("files", {}).items()}
        parameters = declared.parameters(**options["parameters"], **files)
        period = named(options["month"], options["zone"])
        document = report(ledger, declared, parameters, period, options["where"], now)
    render(document, ["text"], folder / "out")
    return (folder / "out" / f"{document.name}.txt").read_text(encoding="utf-8")


def _as_collected(file: Path, folder: Path) -> Path:
    """GPU states as their collector writes them: the CSV's rows as a Parquet file."""
    if file.suffix != ".csv":
        return file
    texts = {name: pa.string() for name in ("PrioritizedProjects", "RemoteOwner", "GlobalJobId", "PreventJobsReason")}
    stamp = {"timestamp": pa.timestamp("us")}
    written = folder / "gpu_state_2026-05.parquet"
    pq.write_table(
        csv.read_csv(file, convert_options=csv.ConvertOptions(column_types=texts | stamp, strings_can_be_null=False)),
        written,
    )
    return written
