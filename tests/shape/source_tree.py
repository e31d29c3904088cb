"""The code base as data: its files and their syntax trees."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "gpuledger"
MODULES = sorted(PACKAGE.rglob("*.py"))


def name(path: Path) -> str:
    """`store/lake.py`: a module's path within the package."""
    return path.relative_to(PACKAGE).as_posix()


def layer(path: Path) -> str:
    """The package or top file a module belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def dotted(node: ast.AST) -> str:
    """`datetime.now` of a call or attribute, '' for anything without a name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return ""


def references(path: Path) -> Iterator[tuple[str, int]]:
    """Every dotted name a module mentions, with its line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute | ast.Name):
            yield dotted(node), node.lineno
