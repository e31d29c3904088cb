"""How tests are shared out to the workers of one run."""

from pathlib import Path

import pytest

from tests.conftest import LONGEST, ROOT, SERVERS, share_of


@pytest.mark.lab
def test_tests_of_one_server_are_in_one_group(request: pytest.FixtureRequest) -> None:
    """Else each worker would start a server of its own."""
    is_shared_out = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith("@lab") == is_shared_out


@pytest.mark.parametrize(
    ("nodeid", "share"),
    [
        ("tests/a/test_b.py::test_c", "tests/a/test_b.py"),
        ("tests/a/test_b.py::test_c[d]@spark", "spark"),
        ("tests/a/test_b.py::test_c@lab", "lab"),
        ("tests/a/test_b.py::test_c[ann@x.edu]", "tests/a/test_b.py"),
        ("tests/a/test_b.py::test_c[ann@x.edu]@browser", "browser"),
    ],
)
def test_tests_of_one_file_run_in_one_worker_but_for_those_of_a_server(nodeid: str, share: str) -> None:
    assert share_of(nodeid) == share


def test_what_takes_longest_is_there() -> None:
    assert all(share in SERVERS or Path(ROOT / share).is_file() for share in LONGEST)
