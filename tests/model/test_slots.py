"""What a slot's name and state say of its GPUs."""

import pytest

from gpuledger.model.slots import ADMIN, STATES, is_dynamic, is_interactive, is_secondary, kind


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("slot1@gpu2003.example.edu", (False, False, False)),
        ("Slot1_3@gpu2003.example.edu", (False, False, True)),
        ("interactive1_1@gpu2003.example.edu", (False, True, True)),
        ("backfill2@interactive.example.edu", (True, False, False)),
        ("backfill_interactive2@gpu2003.example.edu", (True, False, True)),
    ],
)
def test_a_slots_kind_is_told_by_its_name_before_the_machine(name: str, expected: tuple[bool, ...]) -> None:
    found = kind(name)
    assert (is_secondary(found), is_interactive(found), is_dynamic(found)) == expected


def test_every_state_stands_for_something_that_has_a_rank() -> None:
    assert set(STATES.values()) <= set(ADMIN)
