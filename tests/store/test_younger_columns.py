"""A ledger made before its tables gained a column is read and written like any other."""

from contextlib import closing
from pathlib import Path

import deltalake
import pytest

from gpuledger.model.schema import unbound
from gpuledger.model.tables import JOB_ATTEMPTS
from gpuledger.store._commit import configuration
from gpuledger.store.lake import Lake
from tests.store.rows import at, attempt, attempts

YOUNGER = "used_cpu_count"
"""A column that the ledger's files lack."""


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A ledger of one attempt, its table as it was before the column."""
    folder = tmp_path / "ledger"
    with closing(Lake(folder)) as lake:
        lake.upsert(attempts(attempt(1)), "one")
    path = folder / JOB_ATTEMPTS.name
    rows = deltalake.DeltaTable(path).to_pyarrow_table().drop_columns([YOUNGER])
    deltalake.write_deltalake(
        path, rows, mode="overwrite", schema_mode="overwrite", configuration=configuration(JOB_ATTEMPTS),
        partition_by=list(JOB_ATTEMPTS.partition),
    )  # fmt: skip
    assert YOUNGER not in {field.name for field in deltalake.DeltaTable(path).schema().fields}
    return folder


def told(lake: Lake) -> list[tuple[str, float | None]]:
    whole = unbound(JOB_ATTEMPTS)
    rows = lake.ask(whole.order_by(whole.job_id).select("job_id", YOUNGER)).to_pylist()
    return [(row["job_id"], row[YOUNGER]) for row in rows]


def test_what_no_file_has_is_null(older: Path) -> None:
    with closing(Lake(older)) as lake:
        assert told(lake) == [("1", None)]


def test_a_commit_that_had_no_row_to_write_leaves_the_ledger_readable(older: Path) -> None:
    """The column is in the table then, and in none of its files."""
    with closing(Lake(older)) as lake:
        assert lake.upsert(attempts(attempt(1)), "again").unchanged == 1
        assert told(lake) == [("1", None)]


def test_a_row_of_an_older_file_is_told_anew_with_the_column(older: Path) -> None:
    with closing(Lake(older)) as lake:
        lake.upsert(attempts(attempt(1)), "again")
        measured = attempt(1, usage_observed_at=at(9), **{YOUNGER: 3.0})
        assert lake.upsert(attempts(measured), "measured").updated == 1
        lake.upsert(attempts(attempt(2)), "other")
        assert told(lake) == [("1", 3.0), ("2", None)]
