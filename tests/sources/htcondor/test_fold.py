"""Who speaks for a GPU: the truth table of `fold`, from polls of made slots."""

from typing import Any

import pytest

from tests.sources.htcondor.telling import Row, polled, slot, told

PARTITIONABLE = "slot1@lab0.edu"
DYNAMIC = "slot1_3@lab0.edu"
BACKFILL = "backfill2@lab0.edu"
RUNNING = {"RemoteOwner": "ann@lab", "GlobalJobId": "ap1#1.0#1", "AccountingGroup": "phys.ann@lab"}


def state(*slots: Row) -> Row:
    return told(polled(*slots)).state


@pytest.mark.parametrize(("names_and_states", "occupancy", "admin_state"), [
    ([(PARTITIONABLE, "Unclaimed")], "unclaimed", "none"),
    ([(PARTITIONABLE, "Matched")], "unclaimed", "none"),
    ([(PARTITIONABLE, "Claimed")], "claimed", "none"),
    ([(PARTITIONABLE, "Unclaimed"), (DYNAMIC, "Claimed")], "claimed", "none"),
    ([(PARTITIONABLE, "Drained")], "unclaimed", "drained"),
    ([(PARTITIONABLE, "Drained"), (DYNAMIC, "Claimed")], "claimed", "drained"),
    ([(PARTITIONABLE, "Owner")], "unclaimed", "owner"),
    ([(PARTITIONABLE, "Owner"), (DYNAMIC, "Claimed")], "claimed", "owner"),
    ([(PARTITIONABLE, "Unclaimed"), (DYNAMIC, "Preempting")], "unclaimed", "preempting"),
    ([(PARTITIONABLE, "Hibernating")], "unclaimed", "other"),
    ([(BACKFILL, "Unclaimed")], None, None),
])  # fmt: skip
def test_the_primary_side(
    names_and_states: list[tuple[str, str]], occupancy: str | None, admin_state: str | None
) -> None:
    for given in (names_and_states, names_and_states[::-1]):
        row = state(*(slot(name, state=word) for name, word in given))
        assert (row["occupancy"], row["admin_state"]) == (occupancy, admin_state)


@pytest.mark.parametrize(("slots", "backfill"), [
    ([slot()], None),
    ([slot(state="Backfill")], "claimed"),
    ([slot(), slot(BACKFILL)], "unclaimed"),
    ([slot(), slot(BACKFILL, state="Drained")], "unclaimed"),
    ([slot(), slot("backfill2_1@lab0.edu", state="Claimed")], "claimed"),
])  # fmt: skip
def test_the_secondary_side(slots: list[Row], backfill: str | None) -> None:
    row = state(*slots)
    assert (row["occupancy"], row["backfill_occupancy"]) == ("unclaimed", backfill)


def test_the_job_is_that_of_the_claim() -> None:
    row = state(slot(), slot(DYNAMIC, state="Claimed", **RUNNING))
    assert (row["primary_user"], row["primary_job_id"]) == ("ann@lab", "ap1#1.0#1")
    assert row["primary_account"] == "phys"
    assert row["occupant_count"] == 1
    assert row["backfill_user"] is None


def test_both_sides_keep_their_own_job() -> None:
    other = {"RemoteOwner": "bob@lab", "GlobalJobId": "ap1#2.0#1"}
    row = state(slot(DYNAMIC, state="Claimed", **RUNNING), slot("backfill2_1@lab0.edu", state="Claimed", **other))
    assert (row["primary_user"], row["backfill_user"], row["backfill_job_id"]) == ("ann@lab", "bob@lab", "ap1#2.0#1")
    assert row["occupant_count"] == 2


@pytest.mark.parametrize(("slots", "is_interactive", "admin_state"), [
    ([slot()], False, "none"),
    ([slot("interactive1@lab0.edu")], True, "none"),
    ([slot("interactive1@lab0.edu", state="Owner"), slot()], False, "none"),
    ([slot("interactive1_1@lab0.edu", state="Claimed"), slot()], False, "none"),
        ([slot("interactive1@lab0.edu", state="Owner"), slot(DYNAMIC, state="Claimed")], True, "owner"),
        ([slot("interactive1_1@lab0.edu", state="Claimed")], True, "none"),
        ([slot(BACKFILL)], None, None),
])  # fmt: skip
def test_an_interactive_slot_speaks_where_no_other_does(
    slots: list[Row], is_interactive: bool | None, admin_state: str | None
) -> None:
    row = state(*slots)
    assert (row["is_interactive"], row["admin_state"]) == (is_interactive, admin_state)


def test_the_machines_name_is_no_kind_of_slot() -> None:
    row = state(slot("slot1@backfill-interactive.edu", Machine="backfill-interactive.edu"))
    assert (row["occupancy"], row["backfill_occupancy"], row["is_interactive"]) == ("unclaimed", None, False)


@pytest.mark.parametrize(("told_projects", "owners"), [
    ([""], ""), ([None], None), (["ProjB,ProjA"], "ProjB, ProjA"), (["ProjA", "ProjB , ProjA"], "ProjA, ProjB"),
    (["", None], ""),
])  # fmt: skip
def test_owners(told_projects: list[str | None], owners: str | None) -> None:
    slots = [slot(f"slot1_{number}@lab0.edu", PrioritizedProjects=told) for number, told in enumerate(told_projects)]
    assert state(*slots)["owner_projects"] == owners


def test_a_backfill_slot_says_nothing_of_owners() -> None:
    row = state(slot(PrioritizedProjects="ProjA"), slot(BACKFILL, PrioritizedProjects="ProjB"))
    assert row["owner_projects"] == "ProjA"


def test_a_gpu_with_secondary_slots_only_has_the_owner_of_its_machine() -> None:
    rows = told(
        polled(slot(gpus="GPU-aaaaaaaa", PrioritizedProjects="ProjA"), slot(BACKFILL, gpus="GPU-bbbbbbbb"))
    ).gpu_states
    assert [row["owner_projects"] for row in rows] == ["ProjA", "ProjA"]


def test_a_reason_is_text_of_a_stranger() -> None:
    text = 'INF-1 <b>&"\nnew line'
    assert state(slot(PreventJobsReason=text))["prevented_reason"] == text


def test_a_poll_without_a_reason_says_there_is_none() -> None:
    assert state(slot())["prevented_reason"] == ""


def test_one_gpu_name_on_two_machines_is_two_gpus() -> None:
    rows = told(polled(slot(), slot("slot1@lab1.edu", Machine="lab1.edu"))).gpu_states
    assert [(row["host"], row["gpu"]) for row in rows] == [("lab0.edu", "GPU-06fa985b"), ("lab1.edu", "GPU-06fa985b")]


@pytest.mark.parametrize(("attributes", "gpus"), [
    ({"AssignedGPUs": "GPU-06fa985b,GPU-e36f371e", "AvailableGPUs": None}, {"GPU-06fa985b", "GPU-e36f371e"}),
    ({"AssignedGPUs": "GPU-06FA985B-70bc-6494-6d62-1b77a9a7f29f"}, {"GPU-06fa985b"}),
    ({"AssignedGPUs": "MIG-0caf1ce3-fcd4-59da-8564-764000e3ace9"}, {"MIG-0caf1ce3-fcd4-59da-8564-764000e3ace9"}),
    ({"AssignedGPUs": "CUDA0, CUDA1"}, {"index:0", "index:1"}),
    ({"AssignedGPUs": None, "AvailableGPUs": ["GPUs_GPU_06fa985b"]}, {"GPU-06fa985b"}),
    ({"AssignedGPUs": None, "AvailableGPUs": [{"Id": "GPU-06fa985b"}]}, {"GPU-06fa985b"}),
    ({"AssignedGPUs": None, "AvailableGPUs": ["GPUs_MIG_0caf1ce3_fcd4_59da_8564_764000e3ace9"]},
     {"MIG-0caf1ce3-fcd4-59da-8564-764000e3ace9"}),
    ({"AssignedGPUs": "GPU-MIG-3167"}, {"GPU-MIG-3167"}),
])  # fmt: skip
def test_gpus_have_their_names(attributes: dict[str, Any], gpus: set[str]) -> None:
    assert {row["gpu"] for row in told(polled(slot(**attributes))).gpu_states} == gpus


def test_a_backfill_slot_tells_what_it_offers_not_what_others_hold() -> None:
    both, free = "GPU-aaaaaaaa,GPU-bbbbbbbb", ["GPUs_GPU_bbbbbbbb"]
    found = told(polled(slot(gpus=both), slot(BACKFILL, gpus=both, AvailableGPUs=free)))
    assert found.by_gpu("backfill_occupancy") == {"GPU-aaaaaaaa": (None,), "GPU-bbbbbbbb": ("unclaimed",)}


def test_a_slot_without_a_list_of_available_gpus_costs_no_other() -> None:
    """B17: one startd without AvailableGPUs once lost the whole snapshot."""
    found = told(polled(slot(), slot("backfill2@lab1.edu", AvailableGPUs=None, Machine="lab1.edu")))
    assert [row["backfill_occupancy"] for row in found.gpu_states] == [None, "unclaimed"]
    assert not found.problems


def test_a_slot_that_names_no_gpu_is_a_problem_and_the_rest_stays() -> None:
    found = told(polled(slot(), slot("slot2@lab0.edu", AssignedGPUs=None, AvailableGPUs=None)))
    assert len(found.gpu_states) == 1
    assert [(one.line, one.reason) for one in found.problems] == [
        (2, "the slot has GPUs but names none in AssignedGPUs or AvailableGPUs")
    ]
    assert found.ads == 2


def test_a_slot_without_a_machine_has_it_from_its_name() -> None:
    assert state(slot("slot1@gpu0@lab0.edu", Machine=None))["host"] == "lab0.edu"
    (problem,) = told(polled(slot("", Machine=None))).problems
    assert problem.reason == "the ad of a slot has no Name or no Machine"


def test_every_ad_counts_once() -> None:
    many = slot(gpus="GPU-aaaaaaaa,GPU-bbbbbbbb")
    found = told(polled(many, slot(DYNAMIC, gpus="GPU-aaaaaaaa", state="Claimed"), slot(BACKFILL, "", GPUs=0)))
    assert (found.ads, len(found.gpu_states)) == (3, 2)


def test_a_pool_without_gpus_is_empty_and_one_that_is_there_complete() -> None:
    assert (told(polled()).snapshot["status"], told(polled(slot())).snapshot["status"]) == ("empty", "complete")
