"""A reader can hold any one file in the head, and knows from its first line what it is for."""

import ast
from pathlib import Path

import pytest

from tests.shape.source_tree import MODULES, PACKAGE, name, tree

LONGEST = 400
DECLARATIONS = {"model/vocabulary.py"}
"""Long because there is much to declare, not much to follow."""
EMPTY_WORDS = {"utils", "util", "common", "helpers", "helper", "core", "base", "services", "misc", "lib"}
EMPTY_ENDINGS = ("Manager", "Helper", "Processor", "Handler", "Service", "Impl")

modules = pytest.mark.parametrize("path", MODULES, ids=name)


@modules
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert name(path) in DECLARATIONS or lines <= LONGEST, (
        f"{name(path)} has {lines} lines; split it by what its parts mean"
    )


@modules
def test_a_file_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree(path)), f"{name(path)} needs a docstring: one sentence saying what it is for"


@modules
def test_classes_are_named_for_what_they_are(path: Path) -> None:
    classes = [node.name for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]
    assert not [one for one in classes if one.endswith(EMPTY_ENDINGS)]


def test_no_package_is_called_by_an_empty_word() -> None:
    words = {part.removesuffix(".py").strip("_") for path in MODULES for part in path.relative_to(PACKAGE).parts}
    assert not words & EMPTY_WORDS
