"""The fold of files (columns) and that of polls (slots) are two: whatever slots a machine has, both say the same."""

import random
from typing import Any

import pytest

from gpuledger.sources.htcondor.fold import Slot, fold
from tests.sources.gpu_state.pools import Row, found, slot

NAMES = ("slot1", "slot1_1", "slot2", "backfill2", "backfill2_1", "interactive1", "interactive1_1")
STATES = ("Claimed", "Unclaimed", "Drained", "Owner", "Preempting", "Matched", "Backfill", "Delete", None)


def machine(draw: random.Random) -> list[Row]:
    """Some slots of a machine with two GPUs, in any state."""
    return [
        slot(f"{name}@lab0.edu", f"GPU-0000000{gpu}", draw.choice(STATES), RemoteOwner=draw.choice(["ann@edu", "bob@edu", None]),
             GlobalJobId=draw.choice(["1", "2", None]), PrioritizedProjects=draw.choice(["", "A", "B, A", None]),
             PreventJobsReason=draw.choice([None, "RMA"]))
        for name in draw.sample(NAMES, draw.randrange(1, 5)) for gpu in range(2) if draw.random() < 0.8
    ]  # fmt: skip


def live(rows: list[Row]) -> list[dict[str, Any]]:
    ads = ({name: value for name, value in row.items() if value is not None} | {"GPUs": 1} for row in rows)
    return list(fold([Slot(ad, place) for place, ad in enumerate(ads)], has_reasons=True))


@pytest.mark.parametrize("seed", range(8))
def test_files_and_polls_of_the_same_slots_say_the_same(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(40):
        if rows := machine(draw):
            told = found(rows).states
            expected = live(rows)
            assert [
                {name: state.get(name) for name in one} for state, one in zip(told, expected, strict=True)
            ] == expected
