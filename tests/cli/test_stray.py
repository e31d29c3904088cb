"""What programs leave beside their files is not read among them; a Parquet file is known by the columns in its footer."""

from pathlib import Path

import pytest

from gpuledger.actions.recognise import HEAD, head_of, is_stray
from tests.cli.conftest import Run
from tests.sources.gpu_state.pools import parquet, slot


@pytest.mark.parametrize(
    "name", ["gpu_state_2026-07_dev.parquet", "gpu_state_2026-07_DEV.db", "a.parquet.tmp", "a.db.part", "a~"]
)
def test_a_stray_file_is_known_by_its_name(name: str) -> None:
    assert is_stray(f"/data/{name}")


@pytest.mark.parametrize("name", ["gpu_state_2026-07.parquet", "sacct_dev.txt", "tmp/sacct.txt", "dev.parquet"])
def test_others_are_none(name: str) -> None:
    assert not is_stray(f"/data/{name}")


def test_stray_files_of_a_glob_change_no_number_and_are_said(tmp_path: Path, cli: Run) -> None:
    (tmp_path / "gpu_state_2026-07.parquet").write_bytes(parquet([slot()]))
    (tmp_path / "gpu_state_2026-07_dev.parquet").write_bytes(parquet([slot(timestamp="2026-07-01 01:00:00")]))
    (tmp_path / "gpu_state_2026-07.parquet.tmp").write_bytes(b"PAR1 half")
    done = cli(
        "--ledger",
        str(tmp_path / "ledger"),
        "ingest",
        str(tmp_path / "gpu_state_*"),
        "--zone",
        "UTC",
        "--cluster",
        "pool",
    )
    assert done.code == 0
    assert "3 inputs: 1 row read = 1 accepted" in done.out
    assert done.err.count("left out: by its name it is half written") == 2


def test_named_alone_it_is_read(tmp_path: Path, cli: Run) -> None:
    (tmp_path / "gpu_state_2026-07_dev.parquet").write_bytes(parquet([slot()]))
    done = cli("--ledger", str(tmp_path / "ledger"), "ingest", str(tmp_path / "gpu_state_2026-07_dev.parquet"))
    assert "1 row read = 1 accepted" in done.out


def test_the_head_of_a_parquet_file_holds_its_columns_however_large_it_is(tmp_path: Path) -> None:
    path = tmp_path / "june.parquet"
    path.write_bytes(parquet([slot(gpu=f"GPU-{n * 2654435761 % 2**32:08x}") for n in range(20_000)], group_rows=20_000))
    assert path.stat().st_size > HEAD
    assert b"AssignedGPUs" in head_of(path)[HEAD:]


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1PAR1", b"PAR1\xff\xff\xff\x7fPAR1", b"PAR1" + b"x" * 200_000])
def test_the_head_of_a_broken_one_is_what_it_has(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    assert head_of(tmp_path / "a.parquet")[:HEAD] == content[:HEAD]
