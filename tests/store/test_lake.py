"""The lake keeps the contract of every store, in a folder with an awkward name."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from gpuledger.store.lake import Lake
from tests.store.conformance import Conformance


class TestLake(Conformance):
    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Callable[[], Lake]:
        numbers = count()
        return lambda: Lake(tmp_path / f"my ledger ü 100% a=b #{next(numbers)}")


class TestLakeByUrl(Conformance):
    """The way of object stores (no lock, read through the library), tried on a file URL."""

    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Callable[[], Lake]:
        numbers = count()

        def make() -> Lake:
            folder = tmp_path / f"lake{next(numbers)}"
            folder.mkdir()
            return Lake(f"file://{folder}")

        return make
