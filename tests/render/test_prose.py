"""Sentences of a report: a command is code on a page, a block is named by its title in a terminal."""

from dataclasses import replace

import pytest

from gpuledger.model.document import Note
from gpuledger.render.html.page import page, prose
from gpuledger.render.text import to_text
from tests.render import samples

COMMAND = "Read some with `gpuledger ingest <FILE>`."


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (COMMAND, "Read some with <code>gpuledger ingest &lt;FILE&gt;</code>."),
        ("a`b`c used most, then `", "a`b`c used most, then `"),
        ("(`a`, `b`)", "(<code>a</code>, <code>b</code>)"),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_whole_words_between_backticks_are_code_and_those_within_a_name_stay(said: str, shown: str) -> None:
    assert prose(said) == shown


def test_a_command_in_any_sentence_of_a_page_is_code() -> None:
    made = samples.usage()
    tables = made.tables
    emptied = replace(tables[0], rows=(), totals=None, others=None, empty=COMMAND, foot=COMMAND)
    section = replace(made.sections[0], blocks=(emptied,))
    html = page(replace(made, finding=COMMAND, sections=(section,)))
    assert html.count("<code>gpuledger ingest &lt;FILE&gt;</code>") == 3
    assert "`gpuledger" not in html


def test_a_terminal_names_the_block_that_a_note_is_about_by_its_title() -> None:
    made = samples.usage()
    table = made.tables[0]
    text = to_text(replace(made, banners=(Note("n", "warning", "rule", "It does not add up.", table.id),)))
    assert text.startswith(f"▲ Warning: It does not add up. See “{table.title}”.\n")


def test_evidence_that_is_no_block_stands_as_it_is() -> None:
    made = replace(samples.usage(), banners=(Note("n", "warning", "rule", "It does not add up.", "Of 14:00."),))
    assert to_text(made).startswith("▲ Warning: It does not add up. Of 14:00.\n")
