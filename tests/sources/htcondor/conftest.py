"""A real pool for the tests that ask one."""

from collections.abc import Iterator

import pytest

from tests.sources.htcondor.pool import Pool, missing, started, stopped


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    """The pool. Skips, saying why, where it cannot be had."""
    if reason := missing():
        pytest.skip(reason)
    pool, master = started()
    try:
        yield pool
    finally:
        stopped(pool, master)
