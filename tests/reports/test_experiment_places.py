"""Failures by host and GPU: only of places that the input names."""

from pathlib import Path
from typing import Any

from gpuledger.model.document import Document, Text
from tests.reports.experiments import failed, made, trial
from tests.reports.ledgers import ledger, rows


def _gpu(row: dict[str, Any], host: str, gpu: str) -> dict[str, Any]:
    return {
        "cluster": "c", "attempt_id": row["attempt_id"], "host": host, "gpu": gpu, "gpu_model": "A100", "share_ratio": 1.0,
        "partition_month": row["partition_month"], "started_at": row["started_at"],
    }  # fmt: skip


def _said(document: Document, id_: str) -> str:
    return next(block.text for block in document.blocks if isinstance(block, Text) and block.id == id_)


def test_a_place_in_a_host_that_is_not_told_is_no_gpu(tmp_path: Path) -> None:
    """The earlier table names no GPU and no host: its only "slot:1" would be one GPU of all machines of the world."""
    bad, good = failed(1, host_names=None), trial(2, host_names=None)
    document = made(ledger(tmp_path, [bad, good], gpus=[_gpu(bad, "", "slot:1"), _gpu(good, "", "slot:1")]))
    assert _said(document, "failures-by-gpu").startswith("GPUs are not collected")
    assert _said(document, "failures-by-host").startswith("Hosts are not collected")


def test_a_gpu_is_named_by_its_number_or_by_its_place_in_a_host(tmp_path: Path) -> None:
    numbered, placed = failed(1), failed(2)
    document = made(
        ledger(tmp_path, [numbered, placed], gpus=[_gpu(numbered, "", "GPU-0badc0de"), _gpu(placed, "gpu01", "slot:1")])
    )
    assert set(rows(document, "failures-by-gpu")) == {"GPU-0badc0de", "gpu01 / slot:1"}


def test_hosts_of_which_no_attempt_failed_are_told_and_not_missing(tmp_path: Path) -> None:
    document = made(ledger(tmp_path, [trial(1)]))
    assert rows(document, "failures-by-host") == {}
