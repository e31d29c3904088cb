"""Document → mail: subject, text and HTML that reads with pictures off, on a phone and in the dark."""

import base64

from gpuledger.model.document import Document
from gpuledger.model.errors import ConfigError
from gpuledger.render.mail.compose import builtin_source, compose
from gpuledger.render.mail.extract import MOST_ROWS, extract
from gpuledger.render.mail.letter import Figure, Letter, Templates
from gpuledger.render.mail.pictures import pictures
from gpuledger.render.theme import Colours

__all__ = ["Figure", "Letter", "Templates", "default_templates", "mail", "preview"]

MOST_BYTES = 100 * 1024
"""Of the HTML: a little more, and large mail services cut it off."""
_ROWS = (MOST_ROWS, 30, 20, 10, 5, 0)


def mail(document: Document, templates: Templates | None = None, link: str = "") -> Letter:
    """The letter of `document`; `link` is where the full report is read ("": it is attached).

    Raises ConfigError, with file and line, for a template of the user that fails or makes more than 100 KB.
    """
    templates = templates or Templates()
    figures = pictures(extract(document).charts, Colours(document.ranks))
    for rows in _ROWS:
        letter = compose(extract(document, rows), figures, templates, link)
        if len(letter.html.encode()) <= MOST_BYTES:
            return letter
    raise ConfigError(
        f"The template {templates.names[2]} makes a mail of more than {MOST_BYTES // 1024} KB; say less in it."
    )


def default_templates() -> Templates:
    """The built-in templates, to begin one's own from."""
    return Templates(builtin_source("subject"), builtin_source("text"), builtin_source("html"))


def preview(letter: Letter) -> str:
    """The HTML part as a page that shows its figures without a mail around it."""
    page = letter.html
    for figure in letter.figures:
        page = page.replace(f"cid:{figure.cid}", f"data:image/png;base64,{base64.b64encode(figure.png).decode()}")
    return page
