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


def test_no_place_of_the_table_is_surely_worse_than_its_sentence_says(tmp_path: Path) -> None:
    """11 of 11 among hosts that fail six times of ten: alone that is much, among so many it is not."""
    rows_ = [failed(n, host_names=["gpu02"]) for n in range(11)]
    for host in range(30):
        rows_ += [(failed if n < 6 else trial)(100 + 10 * host + n, host_names=[f"h{host:02}"]) for n in range(10)]
    document = made(ledger(tmp_path, rows_))
    table = next(block for block in document.tables if block.id == "failures-by-host")
    assert table.finding == "No host of 31 fails surely more often than the others do (61.4\u202f% of all attempts)."
    told = rows(document, "failures-by-host")
    assert next(iter(told)) == "gpu02"
    assert all(row["least"] < 0.614 for row in told.values())


def test_a_part_of_a_site_is_told_where_an_overlay_names_it(tmp_path: Path) -> None:
    document = made(
        ledger(tmp_path, [failed(1, resource_name="UIUC-CE1"), trial(2, resource_name="UIUC-CE1"), failed(3)])
    )
    [(name, row)] = rows(document, "failures-by-resource").items()
    assert (name, row["failed"], row["decided"], row["least"]) == ("UIUC-CE1", 1, 2, None)
