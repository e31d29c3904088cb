"""Pages of the documentation as data: what they show a reader to write and to type.

A fenced block after `<!-- file: NAME -->` is a file the reader writes. In a `console` block every line that begins with
`$ gpuledger` is typed (a line that ends in a backslash goes on). A `.py` file is run where the page makes no package of
it. A block whose first line begins with `# not tested:` needs something a test has not, and says what.
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
PACKAGE = "<!-- file: pyproject.toml -->"


@dataclass(frozen=True)
class Written:
    """A file the reader writes."""

    name: str
    text: str


@dataclass(frozen=True)
class Typed:
    """A command the reader types."""

    command: str


def steps(page: Path) -> Iterator[Written | Typed]:
    """What a page asks its reader to do, in order."""
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        if block["file"]:
            yield Written(block["file"], block["text"])
            if block["file"].endswith(".py") and PACKAGE not in text:
                yield Typed(f"python {block['file']}")
        elif block["kind"] in ("console", "bash"):
            yield from (Typed(command) for command in typed(block["text"]))


def typed(block: str) -> Iterator[str]:
    if block.startswith(NOT_TESTED):
        return
    for line in block.replace("\\\n", " ").splitlines():
        if line.startswith("$ gpuledger"):
            yield line.removeprefix("$ ")


def verbs(page: Path) -> Iterator[str]:
    """Words named as verbs in the text: `gpuledger VERB`, whatever follows."""
    words = (span.split() for span in re.findall(r"`(gpuledger [^`]+)`", page.read_text(encoding="utf-8")))
    for _, *rest in words:
        plain = [word for word in rest if not word.startswith("-")]
        if rest and plain and not rest[0].startswith("-"):
            yield rest[0]


def links(page: Path) -> Iterator[Path]:
    """Files a page points to."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    yield from (page.parent / target for target in LINK.findall(text))
