"""What README and docs show is what happens: every command is typed, every file written, every link followed."""

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gpuledger.cli import edge
from gpuledger.cli.verbs import VERBS
from tests.docs.pages import EVERY_PAGE, NOT_TESTED, PAGES, ROOT, Written, links, steps, verbs

BIN = Path(sys.executable).parent
PLACEHOLDERS = {"VERB", "..."}
SHELL = set("|<>;&$*`")
DEMO = ("gpuledger demo", "gpuledger demo --out demo")
"""The same: it is made in `demo` where nobody says otherwise."""


@dataclass
class Reader:
    """Somebody with a home of their own who types what a page shows, with the plugins written into `folder` installed.

    The first command of a page, and each that needs a shell or a plugin, is a process; the others are run in this one,
    which has imported what they need.
    """

    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    is_new: bool = True

    def types(self, command: str) -> subprocess.CompletedProcess[str]:
        is_plain = command.startswith("gpuledger ") and not SHELL & set(command)
        if self.is_new or not is_plain or list(self.folder.glob("*.dist-info")):
            self.is_new = False
            return as_process(command, self.folder)
        self.capture.readouterr()
        with self.patch.context() as patch:
            patch.chdir(self.folder)
            for name, value in home(self.folder).items():
                patch.setenv(name, value)
            code = edge.run(shlex.split(command)[1:])
        return subprocess.CompletedProcess(command, code, *self.capture.readouterr())


def home(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / ".config"), "XDG_DATA_HOME": str(folder / ".local")}


def as_process(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = {"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(folder)}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=os.environ | home(folder) | path, text=True, capture_output=True
    )


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make demo` leaves behind."""
    folder = tmp_path_factory.mktemp("made")
    outcome = as_process(DEMO[0], folder)
    assert outcome.returncode == 0, outcome.stderr
    return folder / "demo"


@pytest.fixture
def reader(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Reader]:
    shutil.copytree(demo, tmp_path / "demo")
    yield Reader(tmp_path, capsys, monkeypatch)
    shutil.rmtree(tmp_path / "demo")


def write(folder: Path, name: str, text: str) -> None:
    """Writes a file of a page; a pyproject.toml also installs its entry points."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    if name == "pyproject.toml":
        project = tomllib.loads(text)["project"]
        installed = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        installed.mkdir()
        (installed / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        groups = (
            f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in lines.items())
            for group, lines in project["entry-points"].items()
        )
        (installed / "entry_points.txt").write_text("\n".join(groups))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_reader_can_do_what_a_page_says(page: Path, reader: Reader) -> None:
    for step in steps(page):
        if isinstance(step, Written):
            write(reader.folder, step.name, step.text)
            continue
        if step.command in DEMO:  # the fixture has typed it
            continue
        outcome = reader.types(step.command)
        assert outcome.returncode == 0, f"$ {step.command}\n{outcome.stdout}{outcome.stderr}"
        if " query " in step.command and ">" not in step.command:
            assert len(outcome.stdout.splitlines()) > 1, f"$ {step.command} prints no row"


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_verb_that_is_named_exists(page: Path) -> None:
    known = {verb for panel in VERBS.values() for verb in panel}
    assert not [verb for verb in verbs(page) if verb not in known and verb not in PLACEHOLDERS]


def test_a_verb_that_does_not_exist_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(
        "`gpuledger metrics` lists, `gpuledger query --list` too, `gpuledger --help` as well"
    )
    assert list(verbs(tmp_path / "page.md")) == ["metrics", "query"]


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert not [str(target) for target in links(page) if not target.exists()]


def test_every_decision_is_listed_and_there() -> None:
    listed = {target.name for target in links(ROOT / "docs/adr/README.md")}
    assert listed == {path.name for path in (ROOT / "docs/adr").glob("0*.md")}


def test_every_page_for_people_is_on_the_index() -> None:
    listed = {target.resolve() for target in links(ROOT / "docs/index.md")}
    assert not [page.name for page in PAGES if page.resolve() not in listed]


def test_a_block_that_cannot_run_says_why() -> None:
    marked = [
        line
        for page in PAGES
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("# not tested")
    ]
    assert all(len(line.removeprefix(NOT_TESTED).split()) >= 3 for line in marked)
