"""Fixtures for every test, how tests are shared out, and the rule that nothing is skipped silently where CI=true."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from xdist.scheduler import LoadGroupScheduling

ROOT = Path(__file__).resolve().parents[1]
ALLOWED_SKIPS = ROOT / "tests" / "allowed_skips.txt"
SERVERS = ("lab", "postgres", "spark", "browser")
LONGEST = (
    "browser",
    "lab",
    "tests/docs/test_pages.py",
    "spark",
    "tests/reports/test_usage.py",
    "tests/actions/test_readings.py",
    "tests/serve/test_resilience.py",
    "tests/kill/test_kill.py",
    "tests/serve/test_openapi.py",
)
"""Servers and files whose tests take longest: they begin first, so that at the end no worker is left alone with one."""
UNEXPECTED = pytest.StashKey[list[str]]()

# How long an example takes says how busy the machine is. The parent is Hypothesis' own choice: another where CI=true.
settings.register_profile("any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def same_examples_everywhere() -> None:
    """Examples follow from the seed alone, whatever was imported.

    Hypothesis also draws constants of our modules, of those that are loaded by then: which these are depends on the tests
    that the same worker ran before, and so would the examples of a run that is meant to be repeatable.
    """
    none = providers.Constants()
    providers._get_local_constants = lambda: none


if settings().derandomize:
    same_examples_everywhere()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """`../shared/data`: real and generated inputs that are never committed."""
    folder = Path(os.environ.get("GPULEDGER_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data (sample inputs that are not part of the repository)")
    return folder


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Tests that share a server run in one worker, so that it is started once; what takes longest begins first."""
    for item in items:
        for server in SERVERS:
            if item.get_closest_marker(server):
                item.add_marker(pytest.mark.xdist_group(server))
    yield
    for item in items:
        _name_group(item)
    if items and getattr(items[0].config.option, "loadgroup", False):
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    share = share_of(item.nodeid)
    return LONGEST.index(share) if share in LONGEST else len(LONGEST)


class Shares(LoadGroupScheduling):
    """Tests of one server run in one worker, and so do those of one file: what they share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)


def share_of(nodeid: str) -> str:
    """The server of a test as xdist writes it behind its name, or else its file."""
    _, at, server = nodeid.rpartition("@")
    return server if at and "]" not in server else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadGroupScheduling | None:
    """Ours where groups are asked for (`--dist loadgroup`); it takes tests in the order they were collected in."""
    if config.option.dist != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return Shares(config, log)


def _name_group(item: pytest.Item) -> None:
    """xdist 3.8 writes the group of a test where pytest 9.2 no longer reads its name: without this it runs anywhere."""
    told = getattr(item, "_nodeid", item.nodeid)
    if told != item.nodeid:
        from _pytest.nodeid import NodeId

        item._id = NodeId.parse(told)


def allowed_skips() -> tuple[str, ...]:
    """Beginnings of reasons that `.ci/run` accepts, from tests/allowed_skips.txt."""
    lines = ALLOWED_SKIPS.read_text().splitlines()
    return tuple(line.split(" :: ")[0] for line in lines if line.strip() and not line.startswith("#"))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where CI=true a skip that is not listed fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or reporter is None or hasattr(session.config, "workerinput"):
        return
    allowed = allowed_skips()
    reasons = [
        (report.nodeid, report.longrepr[2].removeprefix("Skipped: ")) for report in reporter.stats.get("skipped", ())
    ]
    unexpected = [f"{nodeid}: {reason}" for nodeid, reason in reasons if not reason.startswith(allowed)]
    session.config.stash[UNEXPECTED] = unexpected
    if unexpected and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Names the skips that failed the run, above the closing line."""
    for line in config.stash.get(UNEXPECTED, []):
        terminalreporter.write_line(
            f"SKIPPED WITHOUT LEAVE {line} (list it in {ALLOWED_SKIPS.name} or make it run)", red=True
        )
