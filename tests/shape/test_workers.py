"""How tests are shared out to the workers of one run."""

import pytest


@pytest.mark.lab
def test_tests_of_one_server_are_in_one_group(request: pytest.FixtureRequest) -> None:
    """Else each worker would start a server of its own."""
    is_shared_out = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith("@lab") == is_shared_out
