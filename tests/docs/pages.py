"""Pages of the documentation as data: what they show a reader to write and to type.

A fenced block after `<!-- file: NAME -->` is a file the reader writes. In a `console` block every line that begins with
`$ gpuledger` is typed (a line that ends in a backslash goes on); a `python` block that is no file is run. A block whose
first line begins with `# not tested:` needs something a test has not, and says what.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("how-to/*.md")),
    *sorted((ROOT / "docs").glob("tutorials/*.md")),
]
EVERY_PAGE = [path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if path.is_file()]
BLOCK = re.compile(
    r"(?:<!-- file: (?P<file>\S+) -->\n+)?^```(?P<kind>\w*)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)(?:#[^)]*)?\)")
NOT_TESTED = "# not tested:"


@dataclass(frozen=True)
class Written:
    """A file the reader writes."""

    name: str
    text: str


@dataclass(frozen=True)
class Typed:
    """A command the reader types."""

    command: str


@dataclass(frozen=True)
class Ran:
    """Python the reader runs."""

    code: str


def steps(page: Path) -> Iterator[Written | Typed | Ran]:
    """What a page asks its reader to do, in order."""
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block["file"]:
            yield Written(block["file"], block["text"])
        elif block["kind"] == "python":
            yield Ran(block["text"])
        elif block["kind"] in ("console", "bash"):
            yield from (Typed(command) for command in typed(block["text"]))


def typed(block: str) -> Iterator[str]:
    if block.startswith(NOT_TESTED):
        return
    for line in block.replace("\\\n", " ").splitlines():
        if line.startswith("$ gpuledger"):
            yield line.removeprefix("$ ")


def links(page: Path) -> Iterator[Path]:
    """Files a page points to."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    yield from (page.parent / target for target in LINK.findall(text))
