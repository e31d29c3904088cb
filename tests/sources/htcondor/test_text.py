"""Output of HTCondor's commands as files: what is claimed, read, refused, and when it was made."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuledger.model.errors import NoData, SourceError
from gpuledger.sources.htcondor import HTCondor
from gpuledger.sources.htcondor.document import Schedd
from gpuledger.sources.htcondor.values import Expression, value
from tests.sources.htcondor.telling import NOW, SECOND, Row, job, long, polled, slot, told

FILE = "file:0123456789ab"
REFERENCES = ["GPUs_GPU_06fa985b", "GPUs_GPU_e36f371e"]


def dated(**more: Any) -> Row:
    return slot(
        gpus="GPU-06fa985b,GPU-e36f371e",
        AvailableGPUs=REFERENCES,
        **{"MyCurrentTime": SECOND - 9, "LastHeardFrom": SECOND} | more,
    )


def as_json(*ads: Row) -> str:
    return json.dumps([{name: _wrapped(value) for name, value in ad.items()} for ad in ads], indent=1)


def _wrapped(value: Any) -> Any:
    if isinstance(value, list):
        return [f"/Expr({one})/" for one in value]
    return f"/Expr({value[1:]})/" if isinstance(value, str) and value.startswith("=") else value


FORMS = pytest.mark.parametrize("written", [long, as_json], ids=["long", "json"])


@FORMS
def test_slots_are_read_at_their_own_moment(written: Any) -> None:
    found = told(written(dated(MyType="Machine")), name=FILE, cluster="chtc")
    assert [row["gpu"] for row in found.gpu_states] == ["GPU-06fa985b", "GPU-e36f371e"]
    assert {(row["source"], row["time"]) for row in found.gpu_states} == {("htcondor", NOW)}
    assert found.snapshot["told_tables"] == ["gpu_states"]
    assert HTCondor().claims(written(dated()).encode(), "x") is not None


@FORMS
def test_the_newest_moment_of_any_ad_is_that_of_all(written: Any) -> None:
    older = dated(Name="slot1@lab1.edu", Machine="lab1.edu", LastHeardFrom=SECOND - 290)
    found = told(written(older, dated()), name=FILE, cluster="chtc")
    assert {row["time"] for row in found.gpu_states} == {NOW}


@FORMS
def test_ads_without_a_moment_are_refused_with_the_fix(written: Any) -> None:
    with pytest.raises(SourceError, match="does not say when it was made.*LastHeardFrom.*--time"):
        told(written(slot()), name=FILE, cluster="chtc")
    found = told(written(slot()), name=FILE, cluster="chtc", options={"time": "2026-11-20T09:00Z"})
    assert found.snapshot["time"] == NOW


@FORMS
def test_several_outputs_in_one_file_are_as_many_readings(written: Any) -> None:
    if written is as_json:
        text = "\n".join(as_json(dated(LastHeardFrom=SECOND + step)) for step in (0, 300))
    else:
        text = "\n\n".join(long(dated(LastHeardFrom=SECOND + step)) for step in (0, 300))
    found = told(text, name=FILE, cluster="chtc")
    assert [row["time"] for row in found.snapshots] == [NOW, NOW + timedelta(seconds=300)]
    assert [row["row_count"] for row in found.snapshots] == [2, 2]


@FORMS
def test_attributes_are_known_in_any_case(written: Any) -> None:
    loud = {name.upper(): value for name, value in dated(State="Claimed").items()}
    assert told(written(loud), name=FILE, cluster="chtc").by_gpu("occupancy") == {
        "GPU-06fa985b": ("claimed",), "GPU-e36f371e": ("claimed",),
    }  # fmt: skip


@FORMS
def test_what_only_htcondor_can_evaluate_is_not_known_and_said(written: Any) -> None:
    found = told(written(dated(PrioritizedProjects='=strcat("ProjA")')), name=FILE, cluster="chtc")
    assert {row["owner_projects"] for row in found.gpu_states} == {None}
    assert [remark for remark in found.remarks if "PrioritizedProjects is an expression" in remark]


@FORMS
def test_undefined_is_not_known(written: Any) -> None:
    gone = dated(RemoteOwner="=undefined", PrioritizedProjects="=undefined", GPUs_DeviceName="=error")
    row = told(written(gone), name=FILE, cluster="chtc").gpu_states[0]
    assert (row["primary_user"], row["owner_projects"], row["gpu_model"]) == (None, None, None)


@FORMS
def test_reasons_are_not_collected_where_no_ad_tells_them(written: Any) -> None:
    told_ones = told(written(dated(PreventJobsReason="")), name=FILE, cluster="chtc").gpu_states
    untold = told(written(dated()), name=FILE, cluster="chtc").gpu_states
    assert ({row["prevented_reason"] for row in told_ones}, {row["prevented_reason"] for row in untold}) == (
        {""},
        {None},
    )


@FORMS
def test_the_gpus_of_a_mixed_machine_have_their_own_ads(written: Any) -> None:
    mixed = dated(GPUs_DeviceName=None, GPUs_GlobalMemoryMb=None)
    if written is long:
        mixed |= {"GPUs_GPU_06fa985b": '=[ Id = "GPU-06fa985b"; DeviceName = "TITAN RTX"; GlobalMemoryMb = 24220 ]'}
    else:
        mixed |= {"GPUs_GPU_06fa985b": {"Id": "GPU-06fa985b", "DeviceName": "TITAN RTX", "GlobalMemoryMb": 24220}}
    assert told(written(mixed), name=FILE, cluster="chtc").by_gpu("gpu_model", "gpu_memory_bytes") == {
        "GPU-06fa985b": ("NVIDIA TITAN RTX", 24220 * 2**20), "GPU-e36f371e": (None, None),
    }  # fmt: skip


@FORMS
def test_machines_without_gpus_are_counted_and_tell_nothing(written: Any) -> None:
    plain = {
        "Name": "slot1@cpu0.edu",
        "Machine": "cpu0.edu",
        "State": "Unclaimed",
        "MyType": "Machine",
        "LastHeardFrom": SECOND,
    }
    found = told(written(plain, dated()), name=FILE, cluster="chtc")
    assert (found.ads, len(found.gpu_states), found.problems) == (2, 2, [])


@FORMS
def test_only_idle_gpu_jobs_wait(written: Any) -> None:
    jobs = [
        job(1, MyType="Job", ServerTime=SECOND), job(2, MyType="Job", JobStatus=2), job(3, MyType="Job", RequestGPUs=0),
        job(4, MyType="Job", RequestGPUs=None), job(5, MyType="Job", GlobalJobId=None),
    ]  # fmt: skip
    found = told(written(*jobs), name=FILE, cluster="chtc")
    assert [row["job_id"] for row in found.pending] == ["ap1#1.0#1763626800"]
    assert [problem.reason for problem in found.problems] == ["the ad of a job has no GlobalJobId"]
    assert found.ads == 5


def test_a_pool_without_a_name_is_called_htcondor_and_said() -> None:
    found = told(long(dated()), name=FILE)
    assert {row["cluster"] for row in found.gpu_states} == {"htcondor"}
    assert any("--cluster" in remark for remark in found.remarks)


@pytest.mark.parametrize("content", [
    b'{"jobs": []}', b"JobID|State\n1|RUNNING\n", b'MyType = "Job"\nClusterId = 1\n', b'[{"a": 1}]', b"", b"\x89PNG\r\n\x1a\n",
    b"a = 1\nb = 2\n", b'ClusterId = 1\nAssignedGPUs = "GPU-06fa985b"\nJobStatus = 4\n',
    b'[{"ClusterId": 1, "AssignedGPUs": "GPU-06fa985b"}]',
])  # fmt: skip
def test_what_is_not_ours_is_not_claimed(content: bytes) -> None:
    assert HTCondor().claims(content, "x") is None


def test_nothing_and_rubbish_are_refused() -> None:
    with pytest.raises(NoData, match="is empty"):
        told(b"  \n")
    with pytest.raises(SourceError, match="neither"):
        told(b"\x00\x01\x02")
    assert "breaks off or is damaged" in str(told(as_json(dated()).replace(":", "=", 1), name=FILE).broken)


@FORMS
def test_an_output_that_breaks_off_leaves_the_ads_before_and_is_partial(written: Any) -> None:
    text = written(dated(), dated(Name="slot1@lab1.edu", Machine="lab1.edu"))
    found = told(text[: text.rindex("State") + 3], name=FILE, cluster="chtc")
    assert {row["host"] for row in found.gpu_states} == {"lab0.edu"}
    assert "breaks off" in str(found.broken)
    assert (found.snapshot["status"], found.snapshot["error"]) == ("partial", found.broken)


def test_very_long_lines_and_odd_bytes_are_survived() -> None:
    text = (
        long(dated()).encode()
        + b'Junk = "'
        + b"x" * (3 << 20)
        + b'"\nOwner\xff = \xfe\n=\n= 3\n'
        + long({"RemoteOwner": "ü<b>"}).encode()
    )
    row = told(text, name=FILE, cluster="chtc").gpu_states[0]
    assert row["gpu"] == "GPU-06fa985b"


@pytest.mark.parametrize(("text", "expected"), [
    ('"a \\"b\\" c"', 'a "b" c'), ("3", 3), ("-3.5e2", -350.0), ("TRUE", True), ("undefined", None), ("error", None),
    ("{ 1,2 }", [1, 2]), ("{  }", []), ('{ "a,b",{ 1 } }', ["a,b", [1]]),
    ('[ Id = "GPU-1"; Size = 2; Of = [ a = "x;y" ] ]', {"Id": "GPU-1", "Size": 2, "Of": {"a": "x;y"}}),
    ("GPUs_GPU_1", Expression("GPUs_GPU_1")), ('strcat("a","b")', Expression('strcat("a","b")')),
    ('"a" + "b"', Expression('"a" + "b"')), ("", Expression("")), ('"open', Expression('"open')), ("{ 1", Expression("{ 1")),
])  # fmt: skip
def test_values(text: str, expected: Any) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


SECRETS = {
    "Environment": "TOKEN=abc X=1", "Env": "PASSWORD=abc", "ClaimId": "<10.0.0.1>#1#2#[abc]", "Capability": "abc",
    "MyAPIToken": "abc", "Cmd": 'run --token=abc "a"', "PreventJobsReason": "see https://me:abc@host/",
}  # fmt: skip
KEPT = {"GPUs_Capability": "7.0", "Name": "slot1@abc", "State": 'Claimed "abc"'}


@FORMS
def test_secrets_of_a_file_are_not_kept(written: Any) -> None:
    said = HTCondor().redact(written({**SECRETS, **KEPT}).encode()).decode()
    assert said.count("abc") == 2
    assert said.count("[removed]") == len(SECRETS)
    assert "7.0" in said


WORDS = st.sampled_from([
    "--token", "TOKEN=", '"', "'", "\\", " ", "abc", "password: ", '"secret": "', "https://u:pw@h/", 'env = "', "}", "{", ",",
    "api_key=", "=", "\n", "Bearer abcdefghijk", "key=AAAAAAAAAAAAAAAAAAAAAAAA", "ü", "eyJabcdefghij.abcdefghij.abcdefghij",
])  # fmt: skip


@given(st.lists(WORDS, max_size=8).map("".join))
def test_no_text_of_a_stranger_breaks_what_is_kept(text: str) -> None:
    """A job's command that looks like a secret once made the document of a whole poll unreadable."""
    poll = polled(slot(PreventJobsReason=text), schedds=(Schedd("ap1", (job(1, Cmd=text),)),))
    found = told(HTCondor().redact(poll))
    assert (len(found.gpu_states), len(found.pending)) == (1, 1)
    assert [row["gpu"] for row in told(HTCondor().redact(as_json(dated(Cmd=text)).encode()), cluster="c").gpu_states]


def test_a_real_dump_of_a_machine_without_gpus_is_an_empty_reading(shared_data: Path) -> None:
    """HTCondor's own test data: eight slots, real expressions."""
    content = (shared_data / "htcondor_misc" / "htcondor_cmd_status_first.ads").read_bytes()
    assert HTCondor().claims(content[:65536], "status") == "condor_status -long"
    found = told(content, name=FILE, cluster="chtc")
    assert (found.ads, found.problems) == (8, [])
    assert (found.snapshot["status"], found.snapshot["row_count"]) == ("empty", 0)
    assert found.snapshot["time"] == datetime.fromtimestamp(1615756825, UTC)


def test_a_real_dump_is_evaluated_by_the_bindings_as_we_read_it(shared_data: Path) -> None:
    """Every attribute that is a literal to us has the value that HTCondor's own library finds."""
    classad2 = pytest.importorskip("classad2", reason="HTCondor's bindings are for Linux")
    text = (shared_data / "htcondor_misc" / "htcondor_cmd_status_first.ads").read_text()
    for theirs in classad2.parseAds(text):
        assert theirs["Name"].startswith("slot")
    lines = [line for line in text.split("\n\n")[0].splitlines() if " = " in line]
    ad = next(classad2.parseAds(text))
    for line in lines:
        name, _, rest = line.partition(" = ")
        ours = value(rest)
        if not isinstance(ours, Expression):
            assert ad.eval(name) == ours or repr(ad[name]) == rest, line
