"""The store of one command keeps the contract of every store."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from gpuledger.store.passing import Passing
from tests.store.conformance import Conformance


class TestPassing(Conformance):
    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Callable[[], Passing]:
        numbers = count()

        def make() -> Passing:
            folder = tmp_path / f"it's a ledger ü 100% a=b #{next(numbers)}"
            folder.mkdir()
            return Passing(folder)

        return make
