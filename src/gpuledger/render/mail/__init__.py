"""Document → mail: subject, text and HTML that reads with pictures off, on a phone and in the dark."""

from html import escape

from gpuledger.model.document import Document
from gpuledger.render.format import span, visible
from gpuledger.render.mail.letter import Figure, Letter, Templates
from gpuledger.render.text import to_text

__all__ = ["Figure", "Letter", "Templates", "default_templates", "mail"]


def mail(document: Document, templates: Templates | None = None, link: str = "") -> Letter:
    """The letter of `document`; `link` is where the full report is read ("": it is attached).

    Raises ConfigError, with file and line, for a template of the user that fails.
    """
    subject = visible(f"{document.title} · {span(document.period, document.display_zone)}")
    text = to_text(document)
    return Letter(subject, text, f"<!doctype html><pre>{escape(text)}</pre>")


def default_templates() -> Templates:
    """The built-in templates, to begin one's own from."""
    return Templates("{{ subject }}", "{{ parts.all }}", "{{ parts.all }}")
