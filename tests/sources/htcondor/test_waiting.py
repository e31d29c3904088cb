"""Waiting jobs as intervals, carried from poll to poll by the polls' own documents."""

from datetime import timedelta
from io import BytesIO

import pytest

from gpuledger.model.errors import SourceError
from gpuledger.sources.htcondor.document import HEAD, Poll, Schedd, read, seen_before, written
from gpuledger.sources.htcondor.waiting import Seen, carried_on, gap
from tests.sources.htcondor.telling import NOW, job, polled, slot, told

MINUTE = timedelta(minutes=1)


def intervals(*polls: tuple[int, set[str]], period: float = 300) -> dict[str, list[tuple[float, float]]]:
    """Intervals in minutes after polls at these minutes that showed these jobs."""
    found: dict[str, dict[float, float]] = {}
    seen: dict[str, Seen] = {}
    for minute, jobs in polls:
        seen = carried_on(jobs, seen, NOW + minute * MINUTE, gap(period))
        for one in jobs:
            first, last = ((moment - NOW) / MINUTE for moment in (seen[one].first, seen[one].last))
            found.setdefault(one, {})[first] = last
    return {one: sorted(each.items()) for one, each in found.items()}


def test_poll_after_poll_is_one_interval() -> None:
    assert intervals((0, {"a"}), (5, {"a"}), (10, {"a", "b"})) == {"a": [(0, 10)], "b": [(10, 10)]}


def test_a_job_missing_for_90_minutes_goes_on_and_for_longer_waits_anew() -> None:
    assert intervals((0, {"a"}), (45, set()), (90, {"a"})) == {"a": [(0, 90)]}
    assert intervals((0, {"a"}), (45, set()), (91, {"a"})) == {"a": [(0, 0), (91, 91)]}


def test_a_long_period_waits_for_three_polls() -> None:
    assert intervals((0, {"a"}), (180, {"a"}), period=3600) == {"a": [(0, 180)]}
    assert intervals((0, {"a"}), (181, {"a"}), period=3600) == {"a": [(0, 0), (181, 181)]}


def test_a_memory_does_not_grow_with_what_has_been() -> None:
    seen: dict[str, Seen] = {}
    for hour in range(48):
        seen = carried_on({f"job {hour}"}, seen, NOW + hour * 60 * MINUTE, gap(300))
    assert sorted(seen) == ["job 46", "job 47"]


def test_a_clock_that_was_set_back_begins_anew() -> None:
    assert carried_on({"a"}, {"a": Seen(NOW, NOW + MINUTE)}, NOW, gap(300)) == {"a": Seen(NOW, NOW)}


def test_the_interval_is_in_the_row() -> None:
    one = job(7)
    seen = {one["GlobalJobId"]: Seen(NOW - 10 * MINUTE, NOW)}
    (row,) = told(polled(slot(), schedds=(Schedd("ap1", (one,)),), seen=seen)).pending
    assert (row["first_seen_at"], row["last_seen_at"]) == (NOW - 10 * MINUTE, NOW)
    assert row["pending_id"] == f"{one['GlobalJobId']}@{int((NOW - 10 * MINUTE).timestamp())}"
    assert row["command"] == "/bin/sleep"
    assert (row["requested_gpu_count"], row["requested_memory_bytes"]) == (2.0, 1024 * 2**20)
    assert row["submitted_at"] == NOW - 10 * MINUTE


def test_an_amount_that_is_an_expression_is_not_known() -> None:
    one = job(7, RequestMemory="ifThenElse(MemoryUsage =!= undefined, MemoryUsage, 128)")
    (row,) = told(polled(slot(), schedds=(Schedd("ap1", (one,)),))).pending
    assert row["requested_memory_bytes"] is None


def test_no_idle_job_is_told_and_a_queue_that_was_not_asked_is_not() -> None:
    asked, unasked = told(polled(slot(), schedds=(Schedd("ap1"),))), told(polled(slot()))
    assert asked.pending == unasked.pending == []
    assert asked.snapshot["told_tables"] == ["gpu_states", "pending"]
    assert unasked.snapshot["told_tables"] == ["gpu_states"]


def test_queues_that_do_not_answer_are_told_with_their_names() -> None:
    broken = (Schedd("ap1", (job(1),)), Schedd("ap2", error="it did not answer."))
    some, none = told(polled(slot(), schedds=broken)), told(polled(slot(), schedds=broken[1:]))
    assert (some.snapshot["status"], some.snapshot["error"]) == ("partial", "ap2: it did not answer.")
    assert some.snapshot["told_tables"] == ["gpu_states", "pending"]
    assert none.snapshot["told_tables"] == ["gpu_states"]
    assert (len(some.gpu_states), len(some.pending), len(none.gpu_states)) == (1, 1, 1)
    assert some.remarks == ["An access point did not answer: ap2: it did not answer."]


def test_a_document_is_read_back_as_it_was() -> None:
    odd = {"Name": 'slot1@ü\n<b>"', "State": "Claimed"}
    seen = {"ap1#7.0#1763626800": Seen(NOW - MINUTE, NOW), "gone": Seen(NOW - 9 * MINUTE, NOW - 5 * MINUTE)}
    poll = Poll(NOW, 900, "me", [odd], [Schedd("ap1", (job(7),)), Schedd("ap2", error="no"), Schedd("ap3")], seen)
    content = b"".join(written(poll))
    assert content.startswith(HEAD)
    assert read(BytesIO(content), "x") == poll
    assert seen_before(BytesIO(content)) == seen


@pytest.mark.parametrize("cut", [2, 20, 120])
def test_a_document_that_is_cut_off_tells_nothing(cut: int) -> None:
    content = polled(slot(), schedds=(Schedd("ap1", (job(7),)),))[:-cut]
    with pytest.raises(SourceError, match="no whole answer of a poll"):
        told(content)
    assert seen_before(BytesIO(content)) == {}


def test_the_answer_of_another_source_is_no_memory() -> None:
    assert seen_before(BytesIO(b"JobID|State\n")) == {}
