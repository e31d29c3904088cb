"""A mapping claims only files it fits, fetches the files it names, and reads them again as it did."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gpuledger import plugins
from gpuledger.actions.read import replay_all
from gpuledger.config import Settings, open_ledger
from gpuledger.config.sources import source_named
from gpuledger.model.errors import ConfigError, SourceError
from gpuledger.sources import Context
from gpuledger.sources.jobs_csv import JobsCsv
from tests.sources.jobs_csv.reading import COLUMNS, GOOD, HEADER, source
from tests.sources.jobs_csv.traces import EXAMPLES, NOW, TRACES, asked, loaded

CONTENT = (HEADER + GOOD).encode()


def test_nothing_configured_claims_nothing() -> None:
    assert plugins.load("sources", "jobs-csv")().claims(CONTENT, "jobs.csv") is None


@pytest.mark.parametrize(
    ("content", "claim"),
    [
        (CONTENT, "jobs in CSV"),
        (gzip.compress(CONTENT, mtime=0), "jobs in CSV"),
        (CONTENT.replace(b"gpus", b"cards"), None),
        (b"JobID|User|State\n1|a|COMPLETED\n", None),
        (b"", None),
        (b"\x00\xff" * 1000, None),
        (b"PAR1...", None),
    ],
)
def test_a_mapping_claims_a_file_that_has_its_columns(content: bytes, claim: str | None) -> None:
    assert source().claims(content, "jobs.csv") == claim


def test_files_named_by_path_are_fetched_whole(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_bytes(CONTENT)
    configured = source(path=str(tmp_path / "*.csv"))
    found = [(Path(one.name).name, one.content.read()) for one in configured.fetch(None, NOW)]
    assert found == [("a.csv", CONTENT), ("b.csv", CONTENT)]
    with pytest.raises(SourceError, match="no file"):
        list(source(path=str(tmp_path / "*.parquet")).fetch(None, NOW))
    with pytest.raises(ConfigError, match="no `path`"):
        list(source().fetch(None, NOW))


@pytest.mark.parametrize("name", TRACES)
def test_an_input_is_read_again_as_it_was(name: str, shared_data: Path, tmp_path: Path) -> None:
    """The raw zone keeps the mapping as JSON; read back it is the same mapping."""
    trace = TRACES[name]
    with loaded(trace, tmp_path, [shared_data / trace.folder / trace.file]) as (ledger, (first,)):
        before = asked(ledger, trace, "gpu_hours").value("gpu_hours")
        (again,) = replay_all(ledger, None, NOW)
        assert again.error is None
        assert again.done is not None
        assert (again.done.rows_read, again.done.accepted) == (first.rows_read, 0)
        assert asked(ledger, trace, "gpu_hours").value("gpu_hours") == before


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_every_example_is_a_trace_that_is_tested(file: Path) -> None:
    trace = TRACES[file.stem]
    assert isinstance(source_named(Settings(ledger="unused", **trace.settings), trace.name), JobsCsv)


def test_the_command_lines_zone_and_cluster_come_before_the_mappings() -> None:
    import io

    context = Context("file:1", zone="America/Chicago", cluster="other")
    (batch,) = [item for item in source().parse(io.BytesIO(CONTENT), context) if hasattr(item, "rows")]
    (row,) = batch.rows.to_pylist()
    assert (row["cluster"], row["started_at"]) == ("other", datetime(2026, 5, 1, 14, tzinfo=UTC))
    mapped = source(columns=COLUMNS | {"cluster": "'mine'"})
    (batch,) = [item for item in mapped.parse(io.BytesIO(CONTENT), context) if hasattr(item, "rows")]
    assert batch.rows["cluster"].to_pylist() == ["mine"]


def test_a_ledger_takes_what_a_mapping_gives(tmp_path: Path) -> None:
    """Counted as every source: rows read = accepted + unchanged + problems."""
    from gpuledger.actions.ingest import Manner
    from gpuledger.actions.read import Reading, read

    file = tmp_path / "jobs.csv"
    file.write_text(HEADER + GOOD + GOOD.replace(",2,", ",x,") + GOOD + "short\n")
    told = {"type": "jobs-csv", "cluster": "test", "columns": COLUMNS, "id": "id", "zone": "UTC"}
    settings = Settings.model_validate({"ledger": str(tmp_path / "ledger"), "sources": {"mine": told}})
    with open_ledger(settings) as ledger:
        (outcome,) = read(ledger, [str(file)], Reading("mine"), NOW, Manner())
    assert outcome.done is not None
    done = outcome.done
    assert (done.rows_read, done.problems) == (4, 2)
    assert done.accepted + done.unchanged == 2
