"""Plugins are reached by name; listing imports none; a stranger's package is treated like our own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gpuledger import plugins
from gpuledger.model.errors import UsageError

LIST_AND_LOADED = """
import json, sys
from gpuledger import plugins
listed = {group: plugins.names(group) for group in ("sources", "stores", "metrics", "reports", "channels")}
print(json.dumps([listed, [m for m in sys.modules if m.startswith(("gpuledger.sources", "gpuledger.store", "gpuledger.reports"))]]))
"""


def stranger(folder: Path, package: str, lines: str, module: str = "class Pbs:\n    name = 'pbs'\n") -> Path:
    """An installed package of somebody else, as pip leaves it on the path."""
    (folder / f"{package}.py").write_text(module)
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(lines)
    return folder


def python(code: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": ":".join(map(str, paths)), "PATH": "/usr/bin:/bin"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)


def test_listing_names_imports_no_plugin() -> None:
    listed, imported = json.loads(python(LIST_AND_LOADED).stdout)
    assert "slurm" in listed["sources"]
    assert "usage" in listed["reports"]
    assert imported == []


def test_an_unknown_name_is_answered_with_the_near_one() -> None:
    with pytest.raises(UsageError, match=r"no source 'slrum'; did you mean 'slurm'\?"):
        plugins.load("sources", "slrum")


def test_a_name_that_is_near_nothing_is_answered_with_all_there_are() -> None:
    with pytest.raises(UsageError, match="there are: lake"):
        plugins.load("stores", "zzz")


def test_a_strangers_package_is_listed_and_loaded_like_ours(tmp_path: Path) -> None:
    path = stranger(tmp_path, "gpuledger_pbs", "[gpuledger.sources]\npbs = gpuledger_pbs:Pbs\n")
    code = "from gpuledger import plugins; print({'pbs', 'slurm'} <= set(plugins.names('sources')), plugins.load('sources', 'pbs').name)"
    assert python(code, path).stdout.strip() == "True pbs"


def test_two_packages_with_one_name_are_an_error_that_names_both(tmp_path: Path) -> None:
    path = stranger(tmp_path, "other_slurm", "[gpuledger.sources]\nslurm = other_slurm:Pbs\n")
    problem = python("from gpuledger import plugins; plugins.names('sources')", path).stderr
    assert "Two plugins are called 'slurm' in sources: gpuledger" in problem
    assert "other_slurm" in problem


def test_a_plugin_that_cannot_be_imported_says_whose_it_is_and_what_it_lacks(tmp_path: Path) -> None:
    path = stranger(tmp_path, "broken", "[gpuledger.reports]\nbroken = broken:REPORT\n", "import not_there_at_all\n")
    problem = python("from gpuledger import plugins; plugins.load('reports', 'broken')", path).stderr
    assert "The report 'broken' of broken cannot be loaded: No module named 'not_there_at_all'." in problem
