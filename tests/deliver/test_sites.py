"""A site comes to its place whole: to a folder, over rsync and scp, to a branch; and nothing of others is lost."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gpuledger.deliver.sites import Place, SiteError
from gpuledger.deliver.sites import folder as folders
from gpuledger.deliver.sites.folder import Folder
from gpuledger.deliver.sites.git import Git
from gpuledger.deliver.sites.rsync import Rsync
from gpuledger.deliver.sites.scp import Scp
from tests.deliver.sites_seen import files, seen, site

NOTE = "a note"
Make = Callable[[Path], Place]
MAKE: dict[str, Make] = {
    "folder": lambda www: Folder(www),
    "rsync": lambda www: Rsync(str(www)),
    "scp": lambda www: Scp(str(www)),
}
needs_rsync = pytest.mark.skipif(not shutil.which("rsync"), reason="rsync is not installed")
each = pytest.mark.parametrize(
    "make", [pytest.param(one, id=name, marks=[needs_rsync] * (name == "rsync")) for name, one in MAKE.items()]
)


@each
def test_a_site_comes_and_is_replaced(make: Make, tmp_path: Path) -> None:
    www = tmp_path / "www"
    place, known = make(www), {}  # type: ignore[var-annotated]
    for word, before in (("one", None), ("two", "one"), ("three", "two")):
        known = dict(place.put(made := site(tmp_path, word, before), known, NOTE))
        assert seen(www) == word
        assert files(www) == files(made)


@each
def test_what_others_put_beside_it_stays(make: Make, tmp_path: Path) -> None:
    www = tmp_path / "www"
    place = make(www)
    known = place.put(site(tmp_path, "one"), {}, NOTE)
    (www / "CNAME").write_text("gpu.example.edu")
    (www / "deep" / "er").mkdir(parents=True)
    (www / "deep" / "er" / "robots.txt").write_text("none")
    (www / "latest").symlink_to("deep")
    place.put(site(tmp_path, "two", "one"), known, NOTE)
    assert seen(www) == "two"
    assert (www / "CNAME").read_text() == "gpu.example.edu"
    assert (www / "latest" / "er" / "robots.txt").read_text() == "none"
    assert (www / "latest").is_symlink()


def test_a_folder_is_changed_in_one_step_for_its_readers(tmp_path: Path) -> None:
    www, is_done = tmp_path / "www", threading.Event()
    sites = [site(tmp_path, "zero"), *(site(tmp_path, f"n{n}", f"n{n - 1}" if n else "zero") for n in range(30))]
    Folder(www).put(sites[0], {}, NOTE)
    faults: list[str] = []

    def read() -> None:
        while not is_done.is_set():
            page = (www / "index.html").read_text()  # there at every moment
            if not page.startswith("page of "):
                faults.append(page)

    reader = threading.Thread(target=read)
    reader.start()
    for one in sites[1:]:
        Folder(www).put(one, {}, NOTE)
    is_done.set()
    reader.join()
    assert not faults
    assert seen(www) == "n29"
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_folder_on_a_file_system_that_cannot_exchange_is_changed_file_by_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_EXCHANGE", 1 << 20)  # a flag no kernel knows: EINVAL, as NFS answers
    www = tmp_path / "www"
    for word, before in (("one", None), ("two", "one"), ("three", "two")):
        Folder(www).put(made := site(tmp_path, word, before), {}, NOTE)
        assert seen(www) == word
        assert files(www) == files(made)


KILLED = """
import os, sys
from pathlib import Path
from gpuledger.deliver.sites.folder import Folder
from gpuledger.deliver.sites.rsync import Rsync
from gpuledger.deliver.sites.scp import Scp
kind, www, made, count = sys.argv[1:]
left = int(count)
def step(event, arguments):
    global left
    if event in ("os.rename", "os.mkdir", "os.link", "os.remove", "os.rmdir", "open", "ctypes.dlsym", "subprocess.Popen"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 9)
place = {"folder": lambda: Folder(Path(www)), "rsync": lambda: Rsync(www), "scp": lambda: Scp(www)}[kind]()
sys.addaudithook(step)
place.put(Path(made), {}, "")
"""
"""Brings a site there and is killed before its n-th touch of the disk or its n-th program."""


@pytest.mark.kill
@pytest.mark.parametrize("kind", ["folder", pytest.param("rsync", marks=needs_rsync)])
def test_killed_at_any_step_the_old_site_stands_or_the_new_one(kind: str, tmp_path: Path) -> None:
    www, one = tmp_path / "www", site(tmp_path, "one")
    two = site(tmp_path, "two", "one")
    told = []
    for count in range(1, 400, 1 if kind == "rsync" else 3):
        shutil.rmtree(www, ignore_errors=True)
        MAKE[kind](www).put(one, {}, NOTE)
        done = subprocess.run(
            [sys.executable, "-c", KILLED, kind, str(www), str(two), str(count)], check=False, capture_output=True
        )
        told.append(seen(www))
        if done.returncode == 0:
            break
    else:
        pytest.fail("it never ended by itself")
    assert told[0] == "one"
    assert told[-1] == "two"
    assert len(told) >= 3
    MAKE[kind](www).put(two, {}, NOTE)
    assert files(www) == files(two)


# ---- a branch


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A repository with somebody's work on main."""
    git(tmp_path, "init", "--quiet", "--bare", "pages.git")
    pushed(tmp_path, tmp_path / "pages.git", "main", "work of others")
    return tmp_path / "pages.git"


def git(where: Path, *arguments: str) -> str:
    we = ["-c", "user.name=n", "-c", "user.email=n@x", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", *we, *arguments], cwd=where, check=True, capture_output=True, text=True
    ).stdout.strip()


def pushed(folder: Path, bare: Path, branch: str, words: str) -> str:
    """Somebody else's commit on a branch."""
    work = folder / f"work-{words}-{branch}".replace(" ", "-")
    git(folder, "init", "--quiet", str(work))
    (work / "file").write_text(words)
    git(work, "add", ".")
    git(work, "commit", "--quiet", "-m", words)
    git(work, "push", "--quiet", "--force", str(bare), f"HEAD:refs/heads/{branch}")
    return git(work, "rev-parse", "HEAD")


def shown(bare: Path, folder: Path, branch: str = "gh-pages") -> Path:
    place = folder / "shown"
    shutil.rmtree(place, ignore_errors=True)
    git(folder, "clone", "--quiet", "--branch", branch, str(bare), str(place))
    return place


def test_ten_publications_are_one_commit_and_no_other_branch_is_touched(bare: Path, tmp_path: Path) -> None:
    place, known, main = Git(str(bare)), {}, git(bare, "rev-parse", "main")  # type: ignore[var-annotated]
    for number in range(10):
        known = dict(place.put(site(tmp_path, f"n{number}", f"n{number - 1}"), known, NOTE))
    assert git(bare, "rev-list", "--count", "gh-pages") == "1"
    assert git(bare, "rev-parse", "gh-pages") == known["receipt"] == place.receipt()
    assert git(bare, "rev-parse", "main") == main
    assert git(bare, "for-each-ref", "--format=%(refname:short)").split() == ["gh-pages", "main"]
    assert seen(shown(bare, tmp_path)) == "n9"
    assert (tmp_path / "shown" / ".nojekyll").exists()


def test_a_branch_that_others_made_is_refused_and_left_as_it_was(bare: Path, tmp_path: Path) -> None:
    theirs = pushed(tmp_path, bare, "gh-pages", "a hand-made page")
    with pytest.raises(
        SiteError, match=r"holds commit .* began with 'a hand-made page'.*did not make; nothing was pushed"
    ):
        Git(str(bare)).put(site(tmp_path, "one"), {}, NOTE)
    assert git(bare, "rev-parse", "gh-pages") == theirs


def committed(bare: Path, folder: Path, **contents: str) -> str:
    """Somebody's commit on top of the branch."""
    work = shown(bare, folder)
    for name, content in contents.items():
        (work / name.replace("__", "/")).parent.mkdir(exist_ok=True)
        (work / name.replace("__", "/")).write_text(content)
    git(work, "add", ".")
    git(work, "commit", "--quiet", "-m", "of somebody")
    git(work, "push", "--quiet")
    return git(bare, "rev-parse", "gh-pages")


@pytest.mark.parametrize("is_remembered", [True, False])
def test_what_others_commit_beside_the_site_stays_in_the_one_commit(
    bare: Path, tmp_path: Path, is_remembered: bool
) -> None:
    place = Git(str(bare))
    known = place.put(site(tmp_path, "one"), {}, NOTE)
    committed(bare, tmp_path, CNAME="gpu.example.edu", deep__robots="none")
    committed(bare, tmp_path, CNAME="gpus.example.edu")
    for word, before in (("two", "one"), ("three", "two"), ("four", "three")):
        known = place.put(made := site(tmp_path, word, before), known if is_remembered else {}, NOTE)
        there = shown(bare, tmp_path)
        assert seen(there) == word
        theirs = {name for name in files(there) if not name.startswith(".git/")} - files(made)
        assert theirs == {"CNAME", "deep/robots", ".nojekyll"}
        assert (there / "CNAME").read_text() == "gpus.example.edu"
        assert git(bare, "rev-list", "--count", "gh-pages") == "1"


def test_what_others_take_away_again_is_gone(bare: Path, tmp_path: Path) -> None:
    place = Git(str(bare))
    place.put(site(tmp_path, "one"), {}, NOTE)
    committed(bare, tmp_path, CNAME="gpu.example.edu")
    known = place.put(site(tmp_path, "two", "one"), {}, NOTE)
    work = shown(bare, tmp_path)
    git(work, "rm", "--quiet", "CNAME")
    git(work, "commit", "--quiet", "-m", "no name")
    git(work, "push", "--quiet")
    place.put(site(tmp_path, "three", "two"), known, NOTE)
    assert not (shown(bare, tmp_path) / "CNAME").exists()


def test_a_change_of_the_sites_own_files_does_not_stay(bare: Path, tmp_path: Path) -> None:
    place = Git(str(bare))
    known = place.put(site(tmp_path, "one"), {}, NOTE)
    committed(bare, tmp_path, **{"index.html": "page of nobody", "data__old.json": "{}"})
    place.put(made := site(tmp_path, "two", "one"), known, NOTE)
    there = shown(bare, tmp_path)
    assert seen(there) == "two"
    assert {name for name in files(there) if not name.startswith(".git/")} == files(made) | {".nojekyll"}


def test_a_branch_that_took_in_the_work_of_others_is_refused(bare: Path, tmp_path: Path) -> None:
    place = Git(str(bare))
    known = place.put(site(tmp_path, "one"), {}, NOTE)
    work = shown(bare, tmp_path)
    git(work, "merge", "--quiet", "--allow-unrelated-histories", "-m", "both\n\nPublished-by: gpuledger", "origin/main")
    git(work, "push", "--quiet")
    theirs = git(bare, "rev-parse", "gh-pages")
    with pytest.raises(SiteError, match="'work of others', which gpuledger did not make"):
        place.put(site(tmp_path, "two", "one"), known, NOTE)
    assert git(bare, "rev-parse", "gh-pages") == theirs


def test_what_we_published_from_another_machine_is_ours(bare: Path, tmp_path: Path) -> None:
    Git(str(bare)).put(site(tmp_path, "one"), {}, NOTE)
    Git(str(bare)).put(site(tmp_path, "two", "one"), {}, NOTE)  # nothing is remembered here
    assert git(bare, "rev-list", "--count", "gh-pages") == "1"
    assert seen(shown(bare, tmp_path)) == "two"


def test_who_pushes_while_we_push_is_not_overwritten(bare: Path, tmp_path: Path) -> None:
    """A hook on the other side lets somebody's push come between our look and ours."""
    place = Git(str(bare))
    known = place.put(site(tmp_path, "one"), {}, NOTE)
    theirs = pushed(tmp_path, bare, "theirs", "just now")
    hook = bare / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\ncd {bare}\nenv -u GIT_QUARANTINE_PATH git update-ref refs/heads/gh-pages {theirs}\n")
    hook.chmod(0o755)
    with pytest.raises(SiteError, match=r"did not make|failed"):
        place.put(site(tmp_path, "two", "one"), known, NOTE)
    assert git(bare, "rev-parse", "gh-pages") == theirs


def test_the_first_publication_needs_no_branch_and_an_empty_repository_will_do(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    place = Git(str(tmp_path / "empty.git"), branch="site/gpu")
    assert place.receipt() is None
    place.put(site(tmp_path, "one"), {}, NOTE)
    assert seen(shown(tmp_path / "empty.git", tmp_path, "site/gpu")) == "one"


# ---- what is wrong is a sentence, and stands nowhere half


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("no folder")
    return tmp_path / "file" / "www"


@pytest.mark.parametrize("kind", ["folder", pytest.param("rsync", marks=needs_rsync), "scp"])
def test_a_place_that_cannot_be_written_is_one_sentence(kind: str, closed: Path, tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"cannot be written|failed \(exit code"):
        MAKE[kind](closed).put(site(tmp_path, "one"), {}, NOTE)


def test_secrets_of_an_address_are_in_no_message(tmp_path: Path) -> None:
    place = Git("http://bot:hunter2secret@127.0.0.1:9/pages.git", timeout_seconds=20)
    assert "hunter2" not in place.target
    with pytest.raises(SiteError) as caught:
        place.put(site(tmp_path, "one"), {}, NOTE)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Git, {"repository": "--upload-pack=touch x"}),
        (Git, {"repository": "x", "branch": "a b"}),
        (Git, {"repository": "x", "branch": "../main"}),
        (Git, {"repository": "x", "branch": "-f"}),
        (Rsync, {"to": "-e sh"}),
        (Rsync, {"to": ""}),
        (Scp, {"to": "host:/a;rm -rf x"}),
        (Scp, {"to": "host:$(x)"}),
        (Scp, {"to": "-oProxyCommand=x"}),
    ],
    ids=["option", "blank", "up", "dash", "rsync", "empty", "shell", "substitution", "scp"],
)
def test_an_address_that_is_none_is_refused(kind: type, said: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no place|no name of a branch|no folder"):
        kind(**said)


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"rsink cannot be run: No such file"):
        Rsync(str(tmp_path / "www"), argv=("rsink",)).put(site(tmp_path, "one"), {}, NOTE)


def test_a_site_is_readable_by_a_web_server_as_the_folder_was(tmp_path: Path) -> None:
    www = tmp_path / "www"
    www.mkdir(mode=0o2775)
    www.chmod(0o2775)
    Folder(www).put(site(tmp_path, "one"), {}, NOTE)
    assert www.stat().st_mode & 0o7777 == 0o2775
