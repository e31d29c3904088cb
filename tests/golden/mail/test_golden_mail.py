"""Mails beside what they must say: subject and text part of the sample Documents.

Rewrite after looking at the difference: `GPULEDGER_REWRITE_GOLDEN=1 pytest tests/golden/mail`.
"""

import os
from pathlib import Path

import pytest

from gpuledger.model.document import Document
from gpuledger.render.mail import mail
from tests.render import samples

HERE = Path(__file__).parent
DOCUMENTS = {"usage": samples.usage(samples.BANNERS), "pool": samples.pool(), "hostile": samples.hostile()}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_mail_says_what_is_written(name: str) -> None:
    expected = HERE / f"{name}.expected.txt"
    said = _said(DOCUMENTS[name])
    if os.environ.get("GPULEDGER_REWRITE_GOLDEN"):
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")


def _said(document: Document) -> str:
    letter = mail(document, link="https://gpu.example.edu/reports")
    figures = "".join(f"Figure: {figure.cid}: {figure.alt}\n" for figure in letter.figures)
    return f"Subject: {letter.subject}\n{figures}\n{letter.text}"
