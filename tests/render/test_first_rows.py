"""A report of an experiment in files: programs get every row of a table, people the first, and are told so."""

from pathlib import Path

from gpuledger.render import render
from gpuledger.render.first_rows import first_rows
from tests.reports.experiments import made, trial
from tests.reports.ledgers import ledger


def test_files_hold_every_row_and_what_is_read_the_first(tmp_path: Path) -> None:
    whole = made(ledger(tmp_path / "l", [trial(n, site=f"site{n}") for n in range(5)]))
    render(whole, ("text", "csv"), tmp_path / "out", shown=first_rows(whole, 2))
    assert len((tmp_path / "out" / "success-by-site.csv").read_bytes().splitlines()) == 1 + 5
    read = next(table for table in first_rows(whole, 2).tables if table.id == "success-by-site")
    assert (len(read.rows), read.left_out) == (2, "The first 2 of 5; the files (CSV, JSON, XLSX) hold all.")
    assert read.left_out in " ".join((tmp_path / "out" / "experiment.txt").read_text().split())


def test_a_table_that_fits_says_nothing_of_files(tmp_path: Path) -> None:
    whole = made(ledger(tmp_path / "l", [trial(1)]))
    assert first_rows(whole, 30) == whole
