"""What questions about workflows promise beside their numbers: names, errors, parts of the calendar."""

from datetime import timedelta
from typing import Any

import pytest

from gpuledger.metrics import Filter
from gpuledger.metrics.ask import StoreAsk
from gpuledger.metrics.filters import require_values
from gpuledger.model.errors import UsageError
from gpuledger.model.period import between
from tests.metrics.engines import DuckEngine

WEEK = between("2026-05-01", "2026-05-08")


def attempt(number: int, **told: Any) -> dict[str, Any]:
    start = WEEK.start + timedelta(hours=20 * number)
    row = {
        "cluster": "ap", "attempt_id": str(number), "job_id": str(number), "partition_month": "2026-05", "workflow": "train",
        "node_name": f"train_epoch{number}", "submitted_at": start, "started_at": start, "ended_at": start + timedelta(hours=10),
        "state": "completed", "exit_code": 0, "gpu_count": 2.0, "site": "ospool", "host_names": ["gpu01"],
    }  # fmt: skip
    return row | told


@pytest.fixture
def ask(duck: DuckEngine) -> StoreAsk:
    rows = [
        attempt(1, user_name="ada"), attempt(2, user_name="bob", site="aws"), attempt(3, state="failed", exit_code=1, host_names=["gpu02"]),
        attempt(4, site=None, host_names=None),
    ]  # fmt: skip
    return StoreAsk(duck.load({"job_attempts": rows}), WEEK, WEEK.end)


def test_parts_of_the_calendar_add_up_to_the_whole(ask: StoreAsk) -> None:
    for step in ("hour", "day", "month"):
        found = ask.ask("workflow_gpu_hours", "epochs_completed", by=[step])
        assert sum(row["workflow_gpu_hours"] for row in found.records()) == pytest.approx(80)
        assert sum(row["epochs_completed"] for row in found.records()) == found.totals["epochs_completed"] == 3


def test_sites_may_be_asked_for_as_people_see_them(ask: StoreAsk) -> None:
    for name in ("ospool", "OSPool"):
        where = [Filter("site", "=", (name,))]
        assert ask.ask("workflow_attempts", where=where).totals["workflow_attempts"] == 2
    assert ask.ask("workflow_attempts", by=["site"]).of("workflow_attempts") == {
        ("ospool",): 2,
        ("aws",): 1,
        (None,): 1,
    }


def test_attempts_are_told_apart_by_what_any_attempt_has(ask: StoreAsk) -> None:
    assert ask.ask("workflow_attempts", by=["host", "user"]).of("workflow_attempts") == {
        ("gpu01", "ada"): 1, ("gpu01", "bob"): 1, ("gpu02", None): 1, (None, None): 1,
    }  # fmt: skip


def test_what_is_no_part_of_a_workflow_is_refused_with_what_is(ask: StoreAsk) -> None:
    with pytest.raises(UsageError, match="workflow_nodes cannot be told apart by gpu"):
        ask.ask("node_success_ratio", by=["gpu"])
    with pytest.raises(UsageError, match="ask for them apart"):
        ask.ask("node_success_ratio", "gpu_hours")
    with pytest.raises(UsageError, match="day and hour"):
        ask.ask("node_success_ratio", by=["day", "hour"])
    with pytest.raises(UsageError, match="There is no node type 'train_epok'; did you mean 'train_epoch'"):
        require_values(ask.filtered(Filter("node_type", "=", ("train_epok",))), "workflow_nodes")


def test_no_attempt_is_no_share(ask: StoreAsk) -> None:
    totals = ask.ask("workflow_attempts", "node_success_ratio", where=[Filter("site", "=", ("nowhere",))]).totals
    assert dict(totals) == {"workflow_attempts": 0, "node_success_ratio": None}
