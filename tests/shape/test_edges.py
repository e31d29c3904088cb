"""Only the edge touches the world: the command line reads the clock and the environment, and prints."""

import ast
from pathlib import Path

import pytest

from tests.shape.source_tree import MODULES, dotted, layer, name, references, tree

CLOCK = (
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
)
ENVIRONMENT = (
    "os.environ",
    "os.getenv",
    "os.environb",
    "Path.home",
    "getpass.getuser",
    "socket.gethostname",
)
EDGES = {"cli", "ledger", "__main__"}
"""What people touch: the command line and the Python API beside it."""
READS_THE_CLOCK = {"serve/site.py"}
"""A service lives longer than one `now`: the clock is read in one place, and passed on."""
PASSES_IT_ON = {"sources/slurm/live.py"}
"""Runs an outside command in our environment; reads nothing from it."""
inner = pytest.mark.parametrize("path", [path for path in MODULES if layer(path) not in EDGES], ids=name)


@inner
def test_only_the_command_line_reads_the_clock(path: Path) -> None:
    found = [f"{name(path)}:{line} {what}" for what, line in references(path) if what.endswith(CLOCK)]
    found = [] if name(path) in READS_THE_CLOCK else found
    assert not found, f"take `now` as an argument: {found}"


@inner
def test_only_the_command_line_reads_the_environment(path: Path) -> None:
    found = [f"{name(path)}:{line} {what}" for what, line in references(path) if what in ENVIRONMENT]
    found = [] if name(path) in PASSES_IT_ON else found
    assert not found, f"take it as an argument: {found}"


@inner
def test_only_the_command_line_prints(path: Path) -> None:
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    printed = [
        f"{name(path)}:{call.lineno}"
        for call in calls
        if dotted(call.func) in ("print", "sys.stdout.write", "sys.exit")
    ]
    assert not printed
