"""What all cards of a row are compared with is said once: on the page, in the mail and in text."""

from dataclasses import replace

from gpuledger.model.document import Comparison, Document, Numbers, Section
from gpuledger.render.cards import told_once
from gpuledger.render.html.sections import section_views
from gpuledger.render.mail import mail
from gpuledger.render.text import to_text
from tests.render import samples

AGAINST = "vs previous 24 h (94.8 % and 81.3 % observed)"


def compared(*labels: str) -> Numbers:
    first = samples.numbers().items[0]
    items = (replace(first, id=f"n{n}", comparison=Comparison(0.1, "ratio", "better", label)) for n, label in enumerate(labels))  # fmt: skip
    return Numbers("numbers", "Numbers", (*items, replace(first, id="none", comparison=None, reason="no price")))


def of(block: Numbers) -> Document:
    return samples.document("d", "d", (Section("s", "S", (block,)),))


def test_what_all_changes_are_against_is_said_once_everywhere() -> None:
    document = of(compared(*[AGAINST] * 6))
    letter = mail(document)
    words = [" ".join(text.split()) for text in (letter.text, letter.html, to_text(document))]
    assert [text.count(AGAINST) for text in words] == [1, 1, 1]
    assert all(f"Changes {AGAINST}." in text for text in words)
    [section] = section_views(document)
    [run] = section.runs
    assert run.items[0]["against"] == f"Changes {AGAINST}."
    assert [card.against for card in run.items[0]["cards"]] == [""] * 7
    assert [card.delta for card in run.items[0]["cards"]] == ["▲ 10.0\u202f% better"] * 6 + [""]


def test_changes_against_different_periods_keep_their_own_words() -> None:
    for block in (compared(AGAINST, "vs May"), compared(AGAINST), compared()):
        assert told_once(block) == (block, "")
