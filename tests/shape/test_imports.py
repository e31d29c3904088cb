"""Import contracts hold, and what must be quick imports nothing heavy."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

from tests.shape.source_tree import ROOT

HEAVY = {
    "duckdb",
    "deltalake",
    "ibis",
    "sqlglot",
    "pyarrow",
    "numpy",
    "pandas",
    "matplotlib",
    "jinja2",
    "xlsxwriter",
    "psycopg",
    "pyspark",
}
LIST = """
import json, sys
from gpuledger import plugins
groups = ("sources", "stores", "metrics", "reports", "channels")
offered = {g: plugins.names(g) for g in groups}
print(json.dumps([offered, sorted(sys.modules)]))
"""
HELP = """
import json, sys
from gpuledger.cli.edge import run
code = run(sys.argv[1:])
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
raise SystemExit(code)
"""


def plugin_modules() -> list[str]:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    return [
        target.split(":")[0]
        for name, group in groups.items()
        if not name.endswith("metrics")
        for target in group.values()
    ]


def python(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *args], text=True, capture_output=True, check=True)


def test_the_contracts_hold() -> None:
    """The layers in pyproject.toml are the architecture."""
    outcome = subprocess.run(
        ["lint-imports", "--no-logo"],
        executable=Path(sys.executable).parent / "lint-imports",
        cwd=ROOT,
        text=True,
        capture_output=True,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("plugin", plugin_modules())
def test_a_plugin_is_reached_by_name_never_imported(plugin: str) -> None:
    """So it stands alone: it can be left out, and a stranger's takes the same door."""
    graph = grimp.build_graph("gpuledger", exclude_type_checking_imports=True, cache_dir=None)
    inside = {plugin, *graph.find_descendants(plugin)}
    importers = {(one, module) for module in inside for one in graph.find_modules_that_directly_import(module)}
    assert not {f"{one} imports {module}" for one, module in importers if one not in inside}


def test_listing_plugins_imports_none_of_them() -> None:
    offered, modules = json.loads(python(LIST).stdout)
    assert offered["sources"]
    assert offered["reports"]
    inside = [
        m
        for m in modules
        if m.startswith(("gpuledger.sources", "gpuledger.store", "gpuledger.metrics", "gpuledger.reports"))
    ]
    assert not inside
    assert not HEAVY & set(modules)


@pytest.mark.parametrize("args", [["--help"], ["query", "--help"], ["ingest", "--help"], ["--version"]], ids=" ".join)
def test_help_imports_nothing_heavy(args: list[str]) -> None:
    modules = json.loads(python(HELP, *args).stderr.splitlines()[-1])
    assert not HEAVY & set(modules)
