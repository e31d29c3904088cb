"""Who speaks for a GPU that several slots tell: the table in `fold`, row by row, in any order of the slots."""

import itertools
import random
from typing import Any

import pytest

from tests.sources.gpu_state.pools import Row, found, parquet, slot

PARTITIONABLE, DYNAMIC, STATIC = "slot1@lab0.edu", "slot1_3@lab0.edu", "slot2@lab0.edu"
BACKFILL, BACKFILL_JOB = "backfill2@lab0.edu", "backfill2_1@lab0.edu"
INTERACTIVE, INTERACTIVE_JOB = "interactive1@lab0.edu", "interactive1_1@lab0.edu"


def held(name: str, user: str = "bob@edu", job: str = "ap#1.0#17") -> Row:
    return slot(name, state="Claimed", RemoteOwner=user, GlobalJobId=job)


def idle(name: str, state: str | None = "Unclaimed", **more: Any) -> Row:
    return slot(name, state=state, **more)


PRIMARY: dict[str, tuple[list[Row], str | None, str | None]] = {
    "only secondary": ([idle(BACKFILL)], None, None),
    "unclaimed": ([idle(PARTITIONABLE)], "unclaimed", "none"),
    "matched": ([idle(PARTITIONABLE, "Matched")], "unclaimed", "none"),
    "claimed beside its partitionable slot": ([idle(PARTITIONABLE), held(DYNAMIC)], "claimed", "none"),
    "a claimed static slot": ([held(STATIC)], "claimed", "none"),
    "drained": ([idle(PARTITIONABLE, "Drained")], "unclaimed", "drained"),
    "drained and still claimed": ([idle(PARTITIONABLE, "Drained"), held(DYNAMIC)], "claimed", "drained"),
    "owner": ([idle(PARTITIONABLE, "Owner")], "unclaimed", "owner"),
    "owner and still claimed": ([idle(PARTITIONABLE, "Owner"), held(DYNAMIC)], "claimed", "owner"),
    "preempting": ([idle(PARTITIONABLE), idle(DYNAMIC, "Preempting")], "unclaimed", "preempting"),
    "drained dynamic slot": ([idle(PARTITIONABLE), idle(DYNAMIC, "Drained")], "unclaimed", "drained"),
    "the stronger of two": ([idle(PARTITIONABLE, "Owner"), idle(STATIC, "Drained")], "unclaimed", "drained"),
    "a state nobody knows": ([idle(PARTITIONABLE, "Delete")], "unclaimed", "other"),
    "written in capitals": ([idle(PARTITIONABLE, "DRAINED")], "unclaimed", "drained"),
    "no state": ([idle(PARTITIONABLE, None)], None, None),
    "no state but a job": ([idle(PARTITIONABLE, None), held(DYNAMIC)], "claimed", "none"),
    "interactive is not heard beside batch": ([idle(PARTITIONABLE), idle(INTERACTIVE, "Owner")], "unclaimed", "none"),
    "interactive alone": ([idle(INTERACTIVE, "Owner")], "unclaimed", "owner"),
    "interactive beside a batch job": ([idle(INTERACTIVE, "Owner"), held(DYNAMIC)], "claimed", "owner"),
    "drained with work on the secondary side": ([idle(PARTITIONABLE, "Drained"), held(BACKFILL_JOB)], "unclaimed", "drained"),
}  # fmt: skip
SECONDARY: dict[str, tuple[list[Row], str | None, str | None]] = {
    "not offered": ([idle(PARTITIONABLE)], None, None),
    "offered": ([idle(PARTITIONABLE), idle(BACKFILL)], "unclaimed", None),
    "offered but drained": ([idle(PARTITIONABLE), idle(BACKFILL, "Drained")], "unclaimed", None),
    "taken": ([idle(PARTITIONABLE), held(BACKFILL_JOB)], "claimed", "bob@edu"),
    "taken, and the primary side too": ([held(DYNAMIC, "ann@edu", "ap#2.0#17"), held(BACKFILL_JOB)], "claimed", "bob@edu"),
    "HTCondor's own state": ([idle(PARTITIONABLE, "Backfill")], "claimed", None),
}  # fmt: skip


@pytest.mark.parametrize("case", PRIMARY)
def test_the_primary_side(case: str) -> None:
    rows, occupancy, admin_state = PRIMARY[case]
    for order in itertools.permutations(rows):
        state = found(list(order)).state
        assert (state["occupancy"], state["admin_state"]) == (occupancy, admin_state)
        assert state["primary_user"] == ("bob@edu" if occupancy == "claimed" else None)


@pytest.mark.parametrize("case", SECONDARY)
def test_the_secondary_side(case: str) -> None:
    rows, occupancy, user = SECONDARY[case]
    for order in itertools.permutations(rows):
        state = found(list(order)).state
        assert (state["backfill_occupancy"], state["backfill_user"]) == (occupancy, user)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((PARTITIONABLE,), False),
        ((INTERACTIVE,), True),
        ((INTERACTIVE, PARTITIONABLE), False),
        ((INTERACTIVE, DYNAMIC), True),
        ((INTERACTIVE_JOB,), True),
        ((BACKFILL,), None),
    ],
)
def test_what_a_gpu_is_offered_for_does_not_change_with_the_job_on_it(
    names: tuple[str, ...], expected: bool | None
) -> None:
    rows = [held(name) if "_" in name.partition("@")[0] else idle(name) for name in names]
    assert found(rows).state["is_interactive"] is expected


def test_a_machine_called_backfill_is_not_a_secondary_slot() -> None:
    state = found([slot("slot1@backfill-interactive.edu", Machine="backfill-interactive.edu")]).state
    assert (state["occupancy"], state["backfill_occupancy"], state["is_interactive"]) == ("unclaimed", None, False)


@pytest.mark.parametrize(
    ("told", "owners"),
    [("", ""), (None, None), ("ProjA", "ProjA"), ("ProjA,ProjB", "ProjA, ProjB"), (" ProjA ,  ProjB ", "ProjA, ProjB"), ("undefined", None)],
)  # fmt: skip
def test_owners_are_open_unknown_or_named(told: str | None, owners: str | None) -> None:
    assert found([slot(PrioritizedProjects=told)]).state["owner_projects"] == owners


def test_the_owners_of_a_backfill_slot_decide_nothing() -> None:
    for primary, secondary in (("ProjA", ""), ("", "ProjA"), (None, "ProjA")):
        rows = [slot(PrioritizedProjects=primary), held(BACKFILL_JOB) | {"PrioritizedProjects": secondary}]
        assert found(rows).state["owner_projects"] == primary


def test_a_gpu_only_backfill_tells_has_the_owner_that_its_machine_has() -> None:
    lone = held(BACKFILL_JOB) | {"AssignedGPUs": "GPU-aaaaaaaa", "PrioritizedProjects": ""}
    one, two = slot(PrioritizedProjects="ProjA"), slot(gpu="GPU-bbbbbbbb", PrioritizedProjects="ProjB")

    def owner(*rows: Row) -> str | None:
        return next(row["owner_projects"] for row in found(rows).states if row["gpu"] == "GPU-aaaaaaaa")

    assert owner(lone, one) == "ProjA"
    assert owner(lone, one, two) is None
    assert owner(lone) is None


def test_owners_of_several_primary_slots_are_all_owners() -> None:
    rows = [slot(STATIC, PrioritizedProjects="ProjB, ProjA"), slot(PARTITIONABLE, PrioritizedProjects="ProjA, ProjC")]
    for order in itertools.permutations(rows):
        assert found(list(order)).state["owner_projects"] == "ProjA, ProjC, ProjB"


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [((None, None), ""), ((" ", ""), ""), (("RMA", None), "RMA"), ((None, "<b>&\"\n"), '<b>&"')],
)  # fmt: skip
def test_a_reason_is_told_by_any_slot_and_empty_when_none_has_one(
    reasons: tuple[str | None, ...], expected: str
) -> None:
    rows = [
        slot(name, PreventJobsReason=reason) for name, reason in zip((PARTITIONABLE, BACKFILL), reasons, strict=True)
    ]
    assert found(rows).state["prevented_reason"] == expected


def test_without_the_column_reasons_are_not_known() -> None:
    columns = [name for name in slot() if name != "PreventJobsReason"]
    assert found(parquet([slot()], columns)).state["prevented_reason"] is None


def test_occupants_are_different_jobs() -> None:
    one, two = held(DYNAMIC), held("slot1_4@lab0.edu", "ann@edu", "ap#2.0#17")
    assert found([idle(PARTITIONABLE)]).state["occupant_count"] == 0
    assert found([idle(PARTITIONABLE), one, two, held(BACKFILL_JOB, job="ap#3.0#17")]).state["occupant_count"] == 3
    assert found([one, held("slot1_5@lab0.edu")]).state["occupant_count"] == 1
    assert found([one | {"GlobalJobId": None}, two | {"GlobalJobId": None}]).state["occupant_count"] == 2


def test_of_two_jobs_the_first_slot_names_the_user_whatever_the_order() -> None:
    rows = [held("slot1_4@lab0.edu", "ann@edu", "ap#2.0#17"), held(DYNAMIC), idle(PARTITIONABLE)]
    for order in itertools.permutations(rows):
        assert found(list(order)).state["primary_user"] == "bob@edu"


def test_the_same_gpu_id_on_two_machines_is_two_gpus() -> None:
    rows = [slot(), slot("slot1@lab1.edu", Machine="lab1.edu")]
    assert [(row["host"], row["gpu"]) for row in found(rows).states] == [
        ("lab0.edu", "GPU-06fa985b"),
        ("lab1.edu", "GPU-06fa985b"),
    ]


def test_any_order_of_many_rows_gives_the_same() -> None:
    names = [PARTITIONABLE, DYNAMIC, BACKFILL, BACKFILL_JOB, INTERACTIVE, STATIC]
    draw = random.Random(4)
    rows = [
        slot(name, f"GPU-0000000{number}", draw.choice(["Claimed", "Unclaimed", "Drained", "Owner", None]),
             RemoteOwner=draw.choice(["ann@edu", "bob@edu"]), GlobalJobId=draw.choice(["1", "2", None]),
             PrioritizedProjects=draw.choice(["", "A", "B, A", None]), PreventJobsReason=draw.choice([None, "x"]),
             timestamp=f"2026-07-0{day} 00:00:20")
        for name, number, day in itertools.product(names, range(4), range(1, 5)) if draw.random() < 0.7
    ]  # fmt: skip
    first = found(rows)
    assert first.input_rows == len(rows)
    for _ in range(5):
        draw.shuffle(rows)
        again = found(parquet(rows, group_rows=draw.randrange(1, 20)))
        assert (again.states, again.snapshots, again.input_rows) == (first.states, first.snapshots, len(rows))
