"""ingest --suggest: a first mapping that works as it is printed, and a configured mapping that is recognised."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_ingest import counts

JOBS = """JobID;User;Group;Queued;Start;Seconds;GPUs;Mem (MB);Result
101;ann;bio;2026-05-01 08:00:00;2026-05-01 09:00:00;7200;2;64000;ok
102;bob;bio;2026-05-01 08:00:00;2026-05-01 09:30:00;1800;0.25;8000;killed
"""


@pytest.fixture
def jobs(work: Path) -> Path:
    file = work / "jobs.csv"
    file.write_text(JOBS)
    return file


def test_the_suggested_mapping_reads_the_file_as_it_is(work: Path, cli: Run, jobs: Path) -> None:
    suggested = cli("ingest", "jobs-csv", "--suggest", str(jobs))
    assert suggested.code == 0
    (work / "site.toml").write_text(suggested.out)
    assert counts(cli("--config", "site.toml", "--ledger", "led", "ingest", "jobs", str(jobs))) == [(2, 2, 0, 0)]
    asked = cli(
        "--ledger", "led", "query", "gpu_hours", "memory_gib_hours", "--by", "user", "--month", "2026-05", "--json"
    )
    assert asked.code == 0
    assert '"gpu_hours": 4.0' in asked.out
    assert '"gpu_hours": 0.125' in asked.out
    assert f'"memory_gib_hours": {64_000 * 10**6 * 2 / 2**30}'[:30] in asked.out


def test_a_file_that_fits_one_configured_mapping_is_recognised(work: Path, cli: Run, jobs: Path) -> None:
    (work / "site.toml").write_text(cli("ingest", "jobs-csv", "--suggest", str(jobs)).out)
    assert counts(cli("--config", "site.toml", "--ledger", "led", "ingest", str(jobs))) == [(2, 2, 0, 0)]


def test_a_source_without_mapping_suggests_none(cli: Run, jobs: Path) -> None:
    ran = cli("ingest", "slurm", "--suggest", str(jobs))
    assert (ran.code, ran.out) == (2, "")
    assert "gpuledger ingest jobs-csv --suggest" in ran.err


def test_a_picture_is_no_table(cli: Run, work: Path) -> None:
    (work / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01,\x00\n\xff\xdb,\x00\n" * 9)
    ran = cli("ingest", "jobs-csv", "--suggest", "photo.jpg")
    assert (ran.code, ran.out) == (3, "")
    assert "photo.jpg is no table of text; a mapping is guessed of CSV text with a header" in ran.err


def test_a_missing_file_is_one_sentence(cli: Run, work: Path) -> None:
    ran = cli("ingest", "jobs-csv", "--suggest", "nothing.csv")
    assert (ran.code, ran.err) == (1, "gpuledger: nothing.csv cannot be read (No such file or directory).\n")


def test_minus_one_among_amounts_is_suggested_as_not_known(work: Path, cli: Run, jobs: Path) -> None:
    jobs.write_text(JOBS.replace(";2;64000", ";-1;64000"))
    suggested = cli("ingest", "jobs-csv", "--suggest", str(jobs)).out
    assert "[sources.jobs.unknown]" in suggested
    assert '"GPUs" = ["-1"]' in suggested
    (work / "site.toml").write_text(suggested)
    assert counts(cli("--config", "site.toml", "--ledger", "led", "ingest", "jobs", str(jobs))) == [(2, 2, 0, 0)]
