"""One ad tells one job's last attempt, in whatever form it is written, and nothing of the others."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gpuledger.model.errors import BrokenOff, NoData, SourceError
from gpuledger.sources.condor_history import CondorHistory
from tests.sources.condor_history.ads import AD, Told, long, told


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def only(**changed: Any) -> dict[str, Any]:
    (row,) = told(long(**changed).encode()).attempts
    return row


def test_a_completed_job_tells_its_attempt_whole() -> None:
    row = only()
    assert row["attempt_id"] == "ap40.uw.osg-htc.org#12713212.0#1762355901"
    assert (row["started_at"], row["ended_at"]) == (at(1762356290), at(1762359900))
    assert (row["state"], row["exit_code"], row["signal"]) == ("completed", 0, 0)
    assert (row["workflow"], row["node_name"], row["workflow_step"]) == ("global_pretraining", "run0-train_epoch3", "3")
    assert (row["site"], row["resource_name"], row["target_site"]) == ("ospool", "CHTC-Spark-CE1", "expanse")
    assert row["host_names"] == ["spark-agpu225.chtc.wisc.edu"]
    assert (row["transfer_in_seconds"], row["transfer_out_seconds"]) == (384, 9)
    assert (row["gpu_model"], row["gpu_busy_ratio"]) == ("NVIDIA A100-SXM4-80GB", 0.94)
    assert row["used_memory_bytes"] == 97657 * 2**20
    assert (row["sent_bytes"], row["received_bytes"]) == (18106943059.0, 1158408111.0)


def test_its_gpus_are_described_by_their_nested_ads() -> None:
    (gpu,) = told(long().encode()).gpus
    assert (gpu["gpu"], gpu["capability"], gpu["cuda_version"]) == ("GPU-e3b28da1", "8.0", "12.6")
    assert gpu["is_ecc_enabled"] is True
    assert gpu["host"] == "spark-agpu225.chtc.wisc.edu"


def as_json(**changed: Any) -> dict[str, Any]:
    return {name: value for name, value in {**AD, **changed}.items() if value is not None}


@pytest.mark.parametrize(
    "content",
    [
        long().encode(),
        b"\xef\xbb\xbf" + long().encode().replace(b"\n", b"\r\n"),
        long().encode() + b'*** Offset = 0 ClusterId = 12713212 ProcId = 0 Owner = "researcher" CompletionDate = 1762359900\n',
        json.dumps([as_json()]).encode(),
        json.dumps(as_json(), indent=2).encode(),
        json.dumps(as_json()).encode() + b"\n",
        json.dumps([{name.lower(): value for name, value in as_json().items()}]).encode().replace(b'"clusterid"', b'"ClusterId"'),
    ],
    ids=["long", "windows", "history file", "json", "one json", "json lines", "other letters"],
)  # fmt: skip
def test_every_form_tells_the_same(content: bytes) -> None:
    assert told(content).attempts == told(long().encode()).attempts
    assert CondorHistory().claims(content, "x") is not None


def test_a_floating_completion_date_is_the_same_moment() -> None:
    assert only(CompletionDate=1762359900.0) == only()


@pytest.mark.parametrize(
    ("changed", "state", "reason"),
    [
        ({"ExitCode": 1}, "failed", "exit code 1"),
        ({"ExitCode": 85}, "requeued", "exit code 85"),
        ({"ExitBySignal": True, "ExitCode": None, "ExitSignal": 9}, "failed", "killed by signal 9"),
        ({"ExitCode": None}, "other", None),
        ({"JobStatus": 3, "CompletionDate": 0, "RemoveReason": "via condor_rm"}, "removed", "via condor_rm"),
        ({"JobStatus": 5, "CompletionDate": 0, "HoldReason": "no file"}, "held", "no file"),
        ({"JobStatus": 1, "CompletionDate": 0, "VacateReason": "preempted"}, "preempted", "preempted"),
        ({"JobStatus": 2, "CompletionDate": 0}, "running", None),
    ],
)
def test_how_it_ended(changed: dict[str, Any], state: str, reason: str | None) -> None:
    row = only(**changed)
    assert (row["state"], row["end_reason"]) == (state, reason)


def test_a_removed_job_ended_when_it_stopped_running_not_when_it_was_removed() -> None:
    gone = {"JobStatus": 3, "CompletionDate": 0, "EnteredCurrentStatus": 1762999999}
    assert only(**gone, LastJobStatus=5)["ended_at"] == at(1762355900 + 4000)
    assert only(**gone, LastJobStatus=2, LastRemoteWallClockTime=None)["ended_at"] == at(1762999999)
    answer = told(long(**gone, LastJobStatus=5, LastRemoteWallClockTime=None).encode())
    assert answer.attempts[0]["ended_at"] is None
    assert answer.attempts[0]["observed_at"] == answer.attempts[0]["started_at"]
    assert any("the end is not told" in sentence for sentence in answer.remarks)


def test_a_job_that_never_started_has_no_start() -> None:
    row = only(JobStatus=3, NumJobStarts=0, CompletionDate=0, JobStartDate=None, JobCurrentStartDate=None)
    assert (row["started_at"], row["matched_at"]) == (None, None)
    assert row["state"] == "removed"


def test_earlier_attempts_are_told_in_sum_and_never_invented() -> None:
    answer = told(long(NumJobStarts=3, RemoteWallClockTime=14799.0).encode())
    (row,) = answer.attempts
    assert row["sent_bytes"] is None
    assert row["started_at"] == at(1762356290)
    (sentence,) = answer.remarks
    assert sentence.startswith("1 jobs started more than once")
    assert "the 2 before, 3.0 hours together have no row" in sentence


def test_several_ads_of_which_one_is_damaged() -> None:
    text = long() + "\n" + 'Owner = "nobody"\nMyType = "Job"\n\n' + long(ProcId=1, GlobalJobId=None)
    answer = told(text.encode(), "ap")
    assert [row["job_id"] for row in answer.attempts] == ["12713212.0", "12713212.1"]
    assert [row["cluster"] for row in answer.attempts] == ["ap40.uw.osg-htc.org", "ap"]
    assert [problem.reason for problem in answer.problems] == ["it has neither ClusterId and ProcId nor GlobalJobId"]
    assert answer.input_rows + len(answer.problems) == 3


def test_a_bad_line_loses_one_attribute_only() -> None:
    answer = told(long().replace("ExitCode = 0\n", "ExitCode 0\n").encode())
    (row,) = answer.attempts
    assert (row["state"], row["exit_code"], row["user_name"]) == ("other", None, "researcher")
    assert any("1 lines are no attribute" in sentence for sentence in answer.remarks)


def test_an_expression_is_no_value() -> None:
    row = only(RequestMemory=None, MemoryUsage=None) | {}
    text = (
        long(RequestMemory=None, MemoryUsage=None)
        + "RequestMemory = ifThenElse(x, 1, 2)\nMemoryUsage = ((ResidentSetSize + 1023) / 1024)\nResidentSetSize = 2048\n"
    )
    (computed,) = told(text.encode()).attempts
    assert row["requested_memory_bytes"] is computed["requested_memory_bytes"] is None
    assert computed["used_memory_bytes"] == 2 * 2**20


def test_it_ends_before_it_starts_is_a_problem() -> None:
    (problem,) = told(long(CompletionDate=1762355000).encode()).problems
    assert problem.reason == "it ends before it starts"
    assert "REDACTED-TEST-SECRET" not in problem.row


@pytest.mark.parametrize("value", ["1e400", "-5", "99999999999999999999", '"soon"', "undefined", "{ 1, 2 }"])
def test_a_strange_value_is_no_moment(value: str) -> None:
    text = long(JobCurrentStartExecutingDate=None) + f"JobCurrentStartExecutingDate = {value}\n"
    (row,) = told(text.encode()).attempts
    assert row["started_at"] == at(1762355900)


def test_no_environment_is_kept() -> None:
    for content in (long().encode(), json.dumps([as_json()]).encode()):
        assert b"REDACTED-TEST-SECRET" not in CondorHistory().redact(content)
        assert "REDACTED-TEST-SECRET" not in str(told(content).attempts)


def test_json_that_breaks_off_keeps_what_was_before() -> None:
    content = json.dumps([as_json(), as_json(ProcId=1, GlobalJobId="ap#12713212.1#1762355376")]).encode()
    answer = Told()
    with pytest.raises(BrokenOff, match="after 1 ads"):
        told(content[:-40], into=answer)
    assert len(answer.attempts) == 1


@pytest.mark.parametrize(
    "head",
    [b'MyType = "Machine"\nName = "slot1@h"\n', b"JobID|User\n", b"[1,2]", b'{"ap": {"1.0": {"ClusterId": 1}}}', b""],
)
def test_other_ads_are_not_claimed(head: bytes) -> None:
    assert CondorHistory().claims(head, "x") is None


def test_xml_is_refused_with_the_way_out() -> None:
    with pytest.raises(SourceError, match="-json"):
        CondorHistory().claims(b'<?xml version="1.0"?>\n<classads><c><a n="ClusterId"><i>1</i></a></c></classads>', "x")


def test_nothing_and_other_things_are_refused() -> None:
    with pytest.raises(NoData):
        told(b"\n")
    with pytest.raises(SourceError, match="no job ads"):
        told(b"hello\n")


def test_old_real_ads_are_read(shared_data: Path) -> None:
    files = sorted((shared_data / "htcondor_misc").glob("gratia_history*"))
    rows = [told(path.read_bytes()).attempts[0] for path in files]
    assert {row["cluster"] for row in rows} == {"stress3.chtc.wisc.edu"}
    assert [(row["ended_at"] - row["started_at"]).total_seconds() for row in rows] == [910, 909, 909]
    (old,) = told((shared_data / "htcondor_misc" / "htcondor_test.old.ad").read_bytes()).attempts
    assert (old["state"], old["started_at"]) == ("pending", None)


def test_real_ads_of_the_ospool_add_up(shared_data: Path) -> None:
    folder = shared_data / "htcondor_job_ads"
    queries = {q["name"]: q for q in json.loads((folder / "oracle_excerpt.json").read_text())["queries"]}
    answer = told((folder / "wayment_steele_ads.json").read_bytes())
    assert (
        len(answer.attempts) == len({row["attempt_id"] for row in answer.attempts}) == queries["counts"]["rows"][0][0]
    )
    assert answer.problems == []
    spans = dict(zip(queries["time_range"]["columns"], queries["time_range"]["rows"][0], strict=True))
    assert f"{min(row['submitted_at'] for row in answer.attempts):%Y-%m-%dT%H:%M:%S}" == spans["min_submit"].replace(
        " ", "T"
    )
    assert f"{max(row['ended_at'] for row in answer.attempts):%Y-%m-%dT%H:%M:%S}" == spans["max_end"].replace(" ", "T")


def test_an_end_that_is_told_again_as_another_is_said_with_its_line() -> None:
    content = long() + "\n" + long() + "\n" + long(JobStatus=3)
    line = content.count("\n", 0, content.rindex(long(JobStatus=3).partition("\n")[0])) + 1
    answer = told(content.encode())
    assert [row["state"] for row in answer.attempts] == ["completed", "completed", "removed"]
    (said,) = (sentence for sentence in answer.remarks if "another end" in sentence)
    assert said.startswith(
        f"1 ads tell of an attempt that was told before with another end (the first is line {line:,})"
    )


def test_an_attempt_that_ran_and_then_ended_is_no_other_end() -> None:
    answer = told((long(JobStatus=2, CompletionDate=0) + "\n" + long()).encode())
    assert not any("another end" in sentence for sentence in answer.remarks)
