"""What our CSV holds comes back as it was: a ledger filled from it tells what the logs told."""

from datetime import UTC, datetime
from typing import Any

from gpuledger.model.job_summary import ATTEMPT_EVENTS, ATTEMPT_GPUS, EXECUTED, OWN, cell
from tests.sources.job_summary.summaries import HEADERS, text, told

START = datetime(2025, 11, 2, 6, 30, 0, 500_000, tzinfo=UTC)
END = datetime(2025, 11, 2, 9, 0, tzinfo=UTC)
ATTEMPT: dict[str, Any] = {
    "cluster": "ap40.uw.osg-htc.org", "attempt_id": "ap40.uw.osg-htc.org#12713212.0#1762065000", "job_id": "12713212.0",
    "kind": "dag_node", "workflow": "global_pretraining", "node_name": "run0-train_epoch3", "workflow_run": "0ee9fad9",
    "workflow_step": "3", "site": "ospool", "resource_name": "CHTC-Spark-CE1", "target_site": "delospool",
    "host_names": ["spark-agpu225.chtc.wisc.edu"], "slot_name": "slot1_9@glidein_1_2@spark-agpu225.chtc.wisc.edu",
    "submitted_at": START, "matched_at": START, "started_at": START, "ended_at": END, "observed_at": END,
    "state": "preempted", "state_raw": "evicted", "end_code": 21, "end_subcode": 102, "end_reason": "=memory, \"usage\"",
    "gpu_count": 1.0, "requested_memory_bytes": 125829120000.0, "used_memory_bytes": None, "received_bytes": 0.1 + 0.2,
    "gpu_busy_ratio": None, "usage_observed_at": END,
}  # fmt: skip
GPUS = [{"host": "h", "gpu": f"GPU-{name}", "gpu_model": "NVIDIA L40S", "share_ratio": 1.0} for name in ("aa", "bb")]
EVENTS = [{"time": START.isoformat(), "event_kind": "hold", "code": 13, "subcode": 2, "message": "no file"}]


def ours(**changed: Any) -> bytes:
    row = {column.header: cell(({**ATTEMPT, **changed}).get(column.column), column.kind) for column in OWN}
    row |= {EXECUTED: "True", ATTEMPT_GPUS: cell(GPUS, "json"), ATTEMPT_EVENTS: cell(EVENTS, "json")}
    # what the earlier columns say is coarser, and must not be taken
    row |= {
        "Job Name": "run0-train_epoch3", "HTCondor Cluster ID": "12713212", "Attempt Sequence": "2",
        "Final Status": "evicted", "Start Time": "2025-11-02T01:30:00", "GPU Usage": "1.0", "Number of GPUs": "1",
    }  # fmt: skip
    return text([row], [*HEADERS, *(column.header for column in OWN)])


def test_an_attempt_comes_back_as_it_was() -> None:
    answer = told(ours(), cluster=None)
    (row,) = answer.attempts
    assert {name: row[name] for name in ATTEMPT} == ATTEMPT
    assert row["exit_code"] is None
    assert answer.problems == []


def test_every_gpu_and_event_comes_back() -> None:
    answer = told(ours())
    assert [gpu["gpu"] for gpu in answer.tables["attempt_gpus"]] == ["GPU-aa", "GPU-bb"]
    assert {gpu["attempt_id"] for gpu in answer.tables["attempt_gpus"]} == {ATTEMPT["attempt_id"]}
    (event,) = answer.tables["attempt_events"]
    assert (event["time"], event["code"], event["message"]) == (START, 13, "no file")


def test_exact_times_need_no_zone_even_in_the_hour_that_occurs_twice() -> None:
    answer = told(ours(), "America/Chicago")
    assert answer.attempts[0]["started_at"] == START
    assert not any("zone" in sentence for sentence in answer.remarks)


def test_an_open_attempt_counts_to_the_end_of_what_was_told() -> None:
    answer = told(ours(ended_at=None, state="running"), cluster=None)
    assert answer.attempts[0]["reported_by"] == "file:0123456789ab"
    (mark,) = answer.watermarks
    assert (mark.cluster, mark.until) == ("ap40.uw.osg-htc.org", END)


def test_lists_that_somebody_edited_are_problems() -> None:
    for bad in ("[1]", '[{"gpu": 5}]', '{"gpu": "x"}', "not json", '[{"host": "h", "gpu": "g", "share_ratio": "all"}]'):
        content = ours().replace(cell(GPUS, "json").replace('"', '""').encode(), bad.replace('"', '""').encode())
        assert len(told(content).problems) == 1
