"""Whether a configured mapping fits a file, told from its beginning."""

import io
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from gpuledger.model.errors import LedgerError
from gpuledger.sources.jobs_csv.expressions import locked
from gpuledger.sources.jobs_csv.layout import kind_of
from gpuledger.sources.jobs_csv.mapping import expressions
from gpuledger.sources.jobs_csv.parsing import opened_input

if TYPE_CHECKING:
    from gpuledger.sources.jobs_csv import JobsCsv


def fits(source: "JobsCsv", head: bytes) -> str | None:
    """ "jobs in CSV" when every column the mapping names is in the header; a file whose beginning holds no names, by its kind."""
    kind = kind_of(head)
    if kind != "csv":
        return f"jobs in {kind}" if source.format == kind else None
    try:
        with ExitStack() as until, closing(locked()) as cursor:
            given, _ = opened_input(source, io.BytesIO(head), until)
            expressions(source, cursor, given.columns)
    except LedgerError:
        return None
    return "jobs in CSV"
