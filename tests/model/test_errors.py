"""Every way to stop has its exit code; the tree drawn at the head of the file is the tree."""

import re

import pytest

from gpuledger.model import errors
from gpuledger.model.errors import LedgerError


def tree(error: type[LedgerError] = LedgerError) -> list[type[LedgerError]]:
    inner = (tree(child) for child in error.__subclasses__() if child.__module__ == errors.__name__)
    return [error, *(one for branch in inner for one in branch)]


@pytest.mark.parametrize(("name", "code"), [
    ("LedgerError", 1), ("UsageError", 2), ("ConfigError", 2), ("SourceError", 1), ("NoData", 3), ("StoreError", 1),
    ("DiskFull", 1), ("ReadOnly", 1), ("Damaged", 1), ("Findings", 4), ("Busy", 75),
])  # fmt: skip
def test_exit_codes_are_those_of_the_design(name: str, code: int) -> None:
    assert getattr(errors, name).exit_code == code


def test_the_drawn_tree_names_every_error() -> None:
    drawn = set(re.findall(r"\b[A-Z]\w+", (errors.__doc__ or "").split("A message")[0]))
    assert {error.__name__ for error in tree()} <= drawn


def test_every_error_says_what_it_means() -> None:
    assert all(error.__doc__ for error in tree())
