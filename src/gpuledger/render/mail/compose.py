"""A letter out of an extract of the Document: the variables that templates are given, and what they make of them."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2

from gpuledger.model.chart import Chart
from gpuledger.model.document import Definitions, Document, Number, Numbers, Quality, Table, Text
from gpuledger.model.errors import ConfigError
from gpuledger.render.format import span, stamp, visible
from gpuledger.render.html.sections import CardView, card_view
from gpuledger.render.mail.html import block_html, frame_html, sheet
from gpuledger.render.mail.letter import Figure, Letter, Templates
from gpuledger.render.mail.pictures import alt, cid
from gpuledger.render.mail.sandbox import Task, render
from gpuledger.render.mail.text import block_text, frame_text
from gpuledger.render.mail.views import Picture, mail_table
from gpuledger.render.theme import Colours, theme

_HERE = "gpuledger.render.mail"
_PARTS: Mapping[str, tuple[type, ...]] = {
    "numbers": (Numbers,), "figures": (Chart,), "tables": (Table,), "words": (Text, Definitions), "quality": (Quality,),
}  # fmt: skip
_LONGEST_SUBJECT, _LONG_SUBJECT = 250, 112
"""Letters that a subject never has more of, and those that its numbers may fill: a prefix of the list comes before."""
_IN_SUBJECT, _BETWEEN = 3, " · "
_YEAR = re.compile(r"\b\d{4}\b")
_URGENT = ("critical", "stale", "warning")


def compose(document: Document, figures: Sequence[Figure], templates: Templates, link: str) -> Letter:
    """The letter of an extract. Raises ConfigError, with file and line, for a template of the user that fails."""
    known = {figure.cid for figure in figures}
    pictures = {chart.id: _picture(chart, known) for chart in document.charts}
    common = _common(document, pictures, link)
    html_blocks, text_blocks = block_html(document, pictures), block_text(document)
    html = {**common, "parts": _parts(document, frame_html(document, link), html_blocks), "blocks": html_blocks}
    text = {**common, "parts": _parts(document, frame_text(document, link), text_blocks), "blocks": text_blocks}
    values = {"subject": text, "text": text, "html": html}
    made = {kind: _builtin(kind, values[kind]) for kind in values if getattr(templates, kind) is None}
    tasks = [
        Task(kind, name, source, values[kind])
        for kind, name in zip(values, templates.names, strict=True)
        if (source := getattr(templates, kind)) is not None
    ]
    made |= render(tasks)
    subject = visible(" ".join(made["subject"].split()))[:_LONGEST_SUBJECT]
    if not subject.strip() and templates.subject is not None:
        raise ConfigError(
            f"The template {templates.names[0]} makes an empty subject; say in it what the mail is about."
        )
    page = sheet(made["html"], subject, visible(document.finding))
    return Letter(subject, _plain(made["text"]), page, tuple(f for f in figures if f"cid:{f.cid}" in page))


def builtin_source(kind: str) -> str:
    """The built-in template of a kind: subject, text or html."""
    name = {"subject": "subject.txt", "text": "mail.txt", "html": "mail.html"}[kind]
    return (files(_HERE) / "templates" / name).read_text("utf-8")


@cache
def _compiled(kind: str) -> jinja2.Template:
    environment = jinja2.Environment(autoescape=kind == "html", undefined=jinja2.StrictUndefined)
    return environment.from_string(builtin_source(kind))


def _builtin(kind: str, values: Mapping[str, Any]) -> str:
    return _compiled(kind).render(values)


def _common(document: Document, pictures: Mapping[str, Picture], link: str) -> dict[str, Any]:
    zone, colours = document.display_zone, Colours(document.ranks)
    cards = [item for block in document.blocks if isinstance(block, Numbers) for item in block.items]
    return {
        "document": document,
        "subject": _subject(document, cards),
        "period": span(document.period, zone),
        "link": link,
        "numbers": {item.id: card_view(item, zone) for item in cards},
        "tables": {table.id: mail_table(table, colours, zone) for table in document.tables},
        "figures": pictures,
    }


def _parts(document: Document, frame: Mapping[str, str], blocks: Mapping[str, str]) -> dict[str, str]:
    """The frame's parts, and the blocks of a kind as one."""
    joined = dict(frame)
    nothing = frame["head"][:0]  # of the kind of the others: Markup joins to Markup
    for name, kinds in _PARTS.items():
        joined[name] = nothing.join(blocks[block.id] for block in document.blocks if isinstance(block, kinds))
    return joined


def _subject(document: Document, cards: Sequence[Number]) -> str:
    """What is wrong first, then whose numbers, of when, and the numbers with their names."""
    levels = {note.level for note in document.banners}
    urgent = next((f"[{theme()['severity'][level]['label']}] " for level in _URGENT if level in levels), "")
    labelled = _BETWEEN.join(_labelled(card_view(item, document.display_zone)) for item in cards[:_IN_SUBJECT])
    numbers = document.subject or labelled
    head = " ".join(f"{urgent}{_named(document)}".split())
    first, *more = " ".join(numbers.split()).split(_BETWEEN)
    said = f"{head}: {first}" if first else head
    for part in more:
        if len(said) + len(_BETWEEN) + len(part) > _LONG_SUBJECT:
            break
        said += f"{_BETWEEN}{part}"
    return visible(said)


def _named(document: Document) -> str:
    """The title with its period once: as the title calls it or by its dates, whichever is shorter."""
    zone, end = document.display_zone, document.period.end
    is_past = end.year != document.generated_at.year
    dates = span(document.period, zone).removesuffix(f" {zone}")
    what, _, tail = document.title.rpartition(", ")
    if tail.startswith("last "):
        return f"{what}, {min(f'{tail} to {stamp(end, zone, year=is_past)}', dates, key=len)}"
    if what and _YEAR.search(tail):
        return f"{what}, {min(tail, dates, key=len)}"
    return f"{document.title}, {dates}"


def _labelled(card: CardView) -> str:
    return " ".join(part for part in (card.number.label, card.value, card.unit, card.part) if part)


def _picture(chart: Chart, known: set[str]) -> Picture:
    name = cid(chart)
    return Picture(chart.id, name if name in known else "", visible(chart.title), visible(chart.finding), alt(chart))


def _plain(text: str) -> str:
    """The text part without a sign that a terminal would obey, and with one empty line between its parts."""
    lines = (visible(line.replace("\t", "    ")).rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"
