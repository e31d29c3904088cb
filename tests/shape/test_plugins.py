"""A source, metric or report is one file, one line in pyproject.toml and one golden case."""

import tomllib
from pathlib import Path

import pytest

from gpuledger import plugins
from tests.shape.source_tree import PACKAGE, ROOT

GOLDEN = ROOT / "tests" / "golden"
FOLDERS = {"sources": "sources", "stores": "store", "reports": "reports", "channels": "deliver/channels"}


def plugin_files(group: str) -> set[str]:
    """Names of a group's files and packages (a dash is `_` in a file's name); those that begin with `_` are private."""
    found = (PACKAGE / FOLDERS[group]).iterdir()
    modules = {p.name.removesuffix(".py") for p in found if p.suffix == ".py" or (p / "__init__.py").exists()}
    return {name.replace("_", "-") for name in modules if not name.startswith("_")}


def entry_points(group: str) -> dict[str, str]:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    return dict(declared[f"gpuledger.{group}"])


@pytest.mark.parametrize("group", FOLDERS)
def test_every_plugin_file_is_registered_under_its_own_name(group: str) -> None:
    targets = {name: target.split(":")[0] for name, target in entry_points(group).items()}
    for name in plugin_files(group):
        module = f"gpuledger.{FOLDERS[group].replace('/', '.')}.{name.replace('-', '_')}"
        assert targets.get(name) == module, f'add to pyproject.toml under gpuledger.{group}: {name} = "{module}:…"'
    assert targets.keys() == plugin_files(group)


def test_every_file_of_metrics_that_declares_some_is_registered() -> None:
    declaring = {
        p.parent.name if p.parent.name != "metrics" else p.stem
        for p in (PACKAGE / "metrics").rglob("*.py")
        if "\nMETRICS" in p.read_text() and p.stem != "__init__"
    }
    assert declaring <= entry_points("metrics").keys()


@pytest.mark.parametrize("group", [*FOLDERS, "metrics"])
def test_what_is_registered_is_installed_and_loads(group: plugins.Group) -> None:
    assert set(entry_points(group)) <= set(plugins.names(group)), (
        "run `make check` again: the lock's entry points are older"
    )
    assert all(plugins.load(group, name) is not None for name in entry_points(group))


@pytest.mark.parametrize("group", ["sources", "reports"])
def test_every_plugin_has_a_golden_case(group: plugins.Group) -> None:
    for name in plugin_files(group):
        cases: list[Path] = [
            p for p in GOLDEN.glob(f"{group}/**/*") if p.is_file() and name in p.relative_to(GOLDEN / group).parts[0]
        ]
        assert cases, f"put an input and its expected output into tests/golden/{group}/{name}"


@pytest.mark.parametrize("name", sorted(plugin_files("sources")))
def test_a_source_has_its_files_name(name: str) -> None:
    source = plugins.load("sources", name)
    assert source.name == name
    assert source.title


@pytest.mark.parametrize("name", sorted(plugin_files("reports")))
def test_a_report_has_its_files_name(name: str) -> None:
    assert plugins.load("reports", name).name == name
