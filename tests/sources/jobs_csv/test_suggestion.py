"""A first mapping is valid TOML, builds a source, and reads the file it was made from."""

import io
import tomllib
from pathlib import Path

import pytest

from gpuledger.config import Settings
from gpuledger.config.sources import source_named
from gpuledger.model.batch import Batch
from gpuledger.model.errors import NoData
from gpuledger.sources import Context
from gpuledger.sources.jobs_csv import JobsCsv
from tests.sources.jobs_csv.reading import GOOD, HEADER
from tests.sources.jobs_csv.traces import TRACES, Trace


@pytest.mark.parametrize("trace", TRACES.values(), ids=lambda trace: trace.name)
def test_a_suggested_mapping_reads_its_file(trace: Trace, shared_data: Path) -> None:
    file = shared_data / trace.folder / trace.file
    with file.open("rb") as raw:
        told = JobsCsv.suggest(raw, str(file), "job" if file.suffix == ".db" else "")
    settings = Settings.model_validate({"ledger": "unused", **tomllib.loads(told)})
    (name,) = settings.sources
    with file.open("rb") as raw:
        items = list(source_named(settings, name).parse(raw, Context("file:1")))
    rows = sum(len(item.rows) for item in items if isinstance(item, Batch))
    assert (
        rows >= 0.6 * trace.oracle(shared_data)["counts"][0]["n_jobs"]
    )  # never-started pods are problems until mapped


def test_what_was_found_is_mapped_and_the_rest_is_listed() -> None:
    told = JobsCsv.suggest(
        io.BytesIO((HEADER.replace("gpus", "n_gpus,colour") + GOOD.replace(",2,", ",2,red,")).encode()),
        "/x/My Jobs.csv",
    )
    mapped = tomllib.loads(told)["sources"]["my-jobs"]
    assert mapped["columns"] == {
        "job_id": "id", "user_name": "user", "submitted_at": "submit", "started_at": "start", "ended_at": "end",
        "state": "state", "gpu_count": "n_gpus",
    }  # fmt: skip
    assert "# not used: colour (red)" in told


def test_hostile_values_stay_in_comments_and_strings() -> None:
    nasty = '"x\n[sources.evil]\x1b[31m\u202e""\\"'
    content = HEADER.replace("user", '"user\n[evil]"') + GOOD.replace("ann", nasty).replace("completed", nasty)
    told = JobsCsv.suggest(io.BytesIO(content.encode()), "a.csv")
    assert set(tomllib.loads(told)["sources"]) == {"a"}
    assert "\x1b" not in told


def test_a_file_without_rows_teaches_nothing() -> None:
    with pytest.raises(NoData):
        JobsCsv.suggest(io.BytesIO(HEADER.encode()), "a.csv")
