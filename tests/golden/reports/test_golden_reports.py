"""Each report beside what it must say: accounting in, text out, through the real source, ingest, metrics and renderer.

`NAME.options.json` holds period, moment, zone and parameters; `NAME.txt` (or its `input`) is the accounting.
Rewrite after looking at the difference: `GPULEDGER_REWRITE_GOLDEN=1 pytest tests/golden`.
"""

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

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
    accounting = case.with_name(options.get("input", name))
    now = datetime.fromisoformat(options["now"])
    settings = Settings(ledger=str(folder / "ledger"), display_zone=options["zone"])
    with open_ledger(settings) as ledger:
        context = Context("", zone="UTC", input_name=accounting.name)
        ingest(ledger, load("sources", "slurm")(), accounting, context=context, now=now)
        declared = load("reports", case.parent.name)
        parameters = declared.parameters(**options["parameters"])
        period = named(options["month"], options["zone"])
        document = report(ledger, declared, parameters, period, options["where"], now)
    render(document, ["text"], folder / "out")
    return (folder / "out" / f"{document.name}.txt").read_text(encoding="utf-8")
