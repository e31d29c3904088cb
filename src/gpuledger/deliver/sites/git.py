"""A branch of a git repository, for pages: always one commit of ours, without history, and no other branch is touched.

The commit is made in a folder of its own that is thrown away. What others committed beside our site (the `CNAME` of
GitHub) goes along. The push replaces exactly the commit we looked at and no other: who pushed in between wins, and we
look again.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from gpuledger.deliver.sites import OURS, POINTERS, SiteError
from gpuledger.deliver.sites.running import ran, require_plain
from gpuledger.model.secrets import without_secret

SIGN = "Published-by: gpuledger"
"""Ends the message of every commit of ours."""
_NO_JEKYLL = ".nojekyll"
"""Tells GitHub to show the files as they are."""
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_TRIES = 3
_WE = ["-c", "user.name=gpuledger", "-c", "user.email=gpuledger@localhost", "-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null"]  # fmt: skip


@dataclass(frozen=True)
class Git:
    """A branch for pages (GitHub Pages, GitLab Pages)."""

    name: ClassVar[str] = "git"
    title: ClassVar[str] = "A git branch"

    repository: str
    """Address or path, as `git push` takes it, such as `git@github.com:group/pages.git`."""
    branch: str = "gh-pages"
    """The branch of the site: it holds one commit, replaced by each publication."""
    timeout_seconds: float = 600.0
    """How long one call of git may take."""

    def __post_init__(self) -> None:
        require_plain("repository", self.repository)
        if not _BRANCH.fullmatch(self.branch) or ".." in self.branch or self.branch.endswith((".lock", "/", ".")):
            raise ValueError(f"branch {self.branch!r} is no name of a branch")

    @property
    def target(self) -> str:
        return f"{without_secret(self.repository)} {self.branch}"

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"

    def receipt(self) -> str | None:
        """The branch's commit."""
        told = self._git("ls-remote", "--", self.repository, self.ref)
        return next((line.split()[0] for line in told.splitlines() if line.endswith(f"\t{self.ref}")), None)

    def put(self, site: Path, known: Mapping[str, Any], note: str) -> Mapping[str, Any]:
        for attempt in range(_TRIES):
            there = self.receipt()
            with TemporaryDirectory(prefix="gpuledger-pages-") as folder:
                work = _Work(self, Path(folder))
                beside = work.take_along(there, known) if there else 0
                commit = work.commit(site, note)
                if self._is_pushed(work, commit, there, is_last=attempt == _TRIES - 1):
                    return {"receipt": commit, "beside": beside}
        raise SiteError(f"{self.target} changed again and again while it was pushed; try later.")

    def _is_pushed(self, work: "_Work", commit: str, there: str | None, *, is_last: bool) -> bool:
        """False when somebody else pushed since we looked."""
        lease = f"--force-with-lease={self.ref}:{there or ''}"
        try:
            work.git("push", "--quiet", lease, "--", self.repository, f"{commit}:{self.ref}")
        except SiteError:
            if is_last or self.receipt() == there:
                raise
            return False
        return True

    def _git(self, *arguments: str) -> str:
        return ran(["git", *arguments], self.timeout_seconds)


@dataclass(frozen=True)
class _Work:
    """A bare repository for one commit."""

    place: Git
    folder: Path

    def git(self, *arguments: str) -> str:
        command = ["git", *_WE, f"--git-dir={self.folder}/git", f"--work-tree={self.folder}/tree"]
        return ran([*command, *arguments], self.place.timeout_seconds).strip()

    def take_along(self, there: str, known: Mapping[str, Any]) -> int:
        """Stages what stands in the branch beside our site, and counts it. Raises SiteError for a branch of others."""
        is_as_left = there == known.get("receipt")
        if is_as_left and known.get("beside") == 0:
            return 0
        self._init()
        depth = ["--depth=1"] if is_as_left else []
        self.git("fetch", "--quiet", "--no-tags", *depth, "--", self.place.repository, self.place.ref)
        if not is_as_left:
            self._require_ours(there)
        self.git("read-tree", "FETCH_HEAD")
        self.git("rm", "-r", "-f", "--quiet", "--cached", "--ignore-unmatch", "--", *OURS, *POINTERS, _NO_JEKYLL)
        return len(self.git("ls-files").splitlines())

    def commit(self, site: Path, note: str) -> str:
        """The site, with what was staged beside it, as one commit without a parent."""
        self._init()
        shutil.copytree(site, self.folder / "tree")
        (self.folder / "tree" / _NO_JEKYLL).touch()
        self.git("add", "--ignore-removal", "--force", ".")
        return self.git("commit-tree", self.git("write-tree"), "-m", note, "-m", SIGN)

    def _require_ours(self, there: str) -> None:
        """Raises SiteError for a branch that did not begin with a publication: nobody's work is overwritten."""
        for first in self.git("rev-list", "--max-parents=0", "FETCH_HEAD").split():
            title, *message = self.git("log", "-1", "--format=%B", first).splitlines() or [""]
            if SIGN not in message:
                raise SiteError(
                    f"{self.place.target} holds commit {there[:12]} and began with {title[:80]!r}, which gpuledger did not "
                    "make; nothing was pushed. Name another branch, or delete this one when nobody needs it."
                )

    def _init(self) -> None:
        if not (self.folder / "git").exists():
            ran(["git", "init", "--quiet", "--bare", "--template=", f"{self.folder}/git"], self.place.timeout_seconds)


PLACE = Git
