"""A property that holds here holds on every machine: where examples are not random, they are the same."""

import importlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

from tests.conftest import same_examples_everywhere


def drawn() -> list[str]:
    """What Hypothesis gives to a property where CI=true."""
    seen: list[str] = []

    @settings(derandomize=True, database=None, max_examples=300)
    @given(st.text())
    def look(text: str) -> None:
        seen.append(text)

    look()
    return seen


def test_examples_do_not_depend_on_what_was_imported_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "_get_local_constants", providers._get_local_constants)  # and back, after the test
    same_examples_everywhere()
    before = drawn()
    (tmp_path / "many_words.py").write_text(f"WORDS = {[f'word{number}' for number in range(200)]}")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("many_words")
    assert drawn() == before
