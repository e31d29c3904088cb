"""A DAG named on the command line is read with what stands beside it, and again without harm."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from gpuledger.ledger import OpenLedger, open_
from gpuledger.model.errors import SourceError
from gpuledger.model.tables import WORKFLOW_NODES
from tests.sources.dagman.dags import written
from tests.sources.dagman.test_progress import DAG, RESCUE, SUBMITS, stamped

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def nodes(ledger: OpenLedger) -> pa.Table:
    return ledger._ledger.store.matching(WORKFLOW_NODES, cluster="ap")


def states(ledger: OpenLedger) -> dict[tuple[str, int], str]:
    return {(row["node_name"], row["try_number"]): row["state"] for row in nodes(ledger).to_pylist()}


def test_a_dag_is_read_with_what_stands_beside_it(tmp_path: Path) -> None:
    path = written(tmp_path, {"x.dag": DAG, "x.dag.dagman.out": stamped(SUBMITS)})
    with open_(tmp_path / "ledger", now=NOW) as ledger:
        (done,) = ledger.ingest(path, zone="UTC", cluster="ap")
        assert (done.rows_read, done.problems) == (3, 0)
        assert states(ledger) == {
            ("n0", 0): "pending", ("n1", 0): "pending", ("n2", 0): "pending", ("n0", 100): "pending", ("n1", 101): "pending",
        }  # fmt: skip
        (again,) = ledger.ingest(path, zone="UTC", cluster="ap")
        assert again.accepted == 0


def test_a_later_reading_of_a_dag_replaces_an_earlier_one_in_any_order(tmp_path: Path) -> None:
    early = written(tmp_path / "early", {"x.dag": DAG})
    late = written(tmp_path / "late", {"x.dag": DAG, "x.dag.rescue001": RESCUE})
    for order in ((early, late), (late, early)):
        with open_(tmp_path / f"ledger of {order[0].parent.name}", now=NOW) as ledger:
            for path in order:
                ledger.ingest(path, zone="UTC", cluster="ap")
            assert states(ledger)["n0", 0] == "completed"


def test_a_rescue_file_alone_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, {"x.dag.rescue001": RESCUE})
    with open_(tmp_path / "ledger", now=NOW) as ledger, pytest.raises(SourceError, match=r"name the \.dag"):
        ledger.ingest(path)
