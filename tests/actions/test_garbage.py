"""The collector of cycles is held back while rows are made, and put back as it was."""

import gc
from collections.abc import Iterator

import pytest

from gpuledger.actions._garbage import OBJECTS, seldom_collected


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_cycles_are_looked_for_seldom_and_then_as_before() -> None:
    before = gc.get_threshold()
    with seldom_collected():
        assert gc.get_threshold() == (OBJECTS, *before[1:])
    assert gc.get_threshold() == before


def test_the_last_of_several_puts_it_back() -> None:
    before = gc.get_threshold()
    first, second = seldom_collected(), seldom_collected()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] == OBJECTS
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before


def test_an_error_puts_it_back_too() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="damaged"), seldom_collected():
        raise ValueError("damaged")
    assert gc.get_threshold() == before


def test_who_collects_more_seldom_still_keeps_his_own_number() -> None:
    gc.set_threshold(3 * OBJECTS, 5, 5)
    with seldom_collected():
        assert gc.get_threshold()[0] == 3 * OBJECTS
