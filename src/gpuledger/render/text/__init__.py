"""The whole document as plain text: at most 100 columns, no colours, nothing from data can move the cursor."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gpuledger.model.chart import Chart
from gpuledger.model.document import Block, Definitions, Document, Note, Number, Numbers, Quality, Section, Table, Text
from gpuledger.render.cards import told_once
from gpuledger.render.format import NOT_KNOWN, NULL, SPACE, between, cell, number, span, unit_beside, visible
from gpuledger.render.output import Output, file_stem, save
from gpuledger.render.text.chart import chart_lines
from gpuledger.render.text.table import table_lines
from gpuledger.render.text.words import WIDTH, Sheet, cut, pad, width
from gpuledger.render.theme import theme


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes `<document name>.txt`."""
    content = to_text(document).encode("utf-8", "backslashreplace")
    saved = save(content, out, file_stem(document.name), "txt", block=None, title=document.title)
    return [replace(saved, format="text")]


def to_text(document: Document, columns: int = WIDTH) -> str:
    """The same words and numbers as the page, in lines of at most `columns`."""
    sheet, document = Sheet(columns), by_title(document)
    lines = [*banner_lines(document, sheet), *head_lines(document, sheet), *sheet.wrapped(document.finding)]
    for block in document.blocks:
        lines += ["", *block_lines(block, document.display_zone, sheet)]
    lines += ["", f"“{NULL}” means not collected, never zero."]
    return joined(lines)


def by_title(document: Document) -> Document:
    """The document with the evidence of its notes in words: a block by its title, which a reader can find."""
    titles = {block.id: getattr(block, "title", "") for block in document.blocks}

    def told(note: Note) -> Note:
        title = titles.get(note.evidence)
        return replace(note, evidence=f"See “{title}”.") if title else note

    def in_words(section: Section) -> Section:
        return replace(section, blocks=tuple(told(one) if isinstance(one, Note) else one for one in section.blocks))

    sections = tuple(in_words(section) for section in document.sections)
    return replace(document, sections=sections, banners=tuple(told(note) for note in document.banners))


def joined(lines: Iterable[str]) -> str:
    """Lines as a text: no space at their ends, no space that a terminal may not know."""
    return "\n".join(line.rstrip() for line in lines).replace(SPACE, " ") + "\n"


def banner_lines(document: Document, sheet: Sheet) -> Iterator[str]:
    """What is wrong with the data, a paragraph each."""
    for note in document.banners:
        yield from (*sheet.wrapped(_note(note)), "")


def head_lines(document: Document, sheet: Sheet) -> Iterator[str]:
    """Title, period, coverage and zone."""
    yield from sheet.heading(document.title, "=")
    period, zone = span(document.period, document.display_zone), f"times in {document.display_zone}"
    yield from sheet.wrapped(" · ".join(part for part in (period, document.coverage.sentence, zone) if part))


def block_lines(block: Block, zone: str, sheet: Sheet) -> Iterator[str]:
    """One block in lines."""
    match block:
        case Numbers():
            yield from _numbers(block, zone, sheet)
        case Table():
            yield from table_lines(block, zone, sheet)
        case Chart():
            yield from chart_lines(block, zone, sheet)
        case Note():
            yield from sheet.wrapped(_note(block))
        case Text():
            yield from sheet.heading(block.title, "-") if block.title else ()
            for line in block.text.splitlines():
                yield from sheet.wrapped(line)
        case Definitions():
            yield from sheet.heading(block.title, "-")
            for label, unit, meaning in block.items:
                beside = unit_beside(label, unit)
                yield from sheet.wrapped(f"{label}{f' ({beside})' if beside else ''}: {meaning}", "    ")
        case Quality():
            yield from _quality(block, zone, sheet)


def _note(note: Note) -> str:
    level = theme()["severity"][note.level]
    return f"{level['mark']} {level['label']}: {note.sentence} {note.evidence}".rstrip()


def _numbers(block: Numbers, zone: str, sheet: Sheet) -> Iterator[str]:
    yield from sheet.heading(block.title, "-")
    block, against = told_once(block)
    rows = [(visible(item.label), _value(item, zone), _context(item)) for item in block.items]
    names = min(sheet.names, max((width(name) for name, _, _ in rows), default=0))
    values = max((width(value) for _, value, _ in rows), default=0)
    for name, value, context in rows:
        yield from sheet.hanging(f"{pad(cut(name, names), names)}  {pad(value, values, right=True)}  ", context)
    yield from sheet.wrapped(against)


def _value(item: Number, zone: str) -> str:
    text = cell(item.value, item.format, zone, suffix=not item.unit)
    return NOT_KNOWN if text == NULL else visible(f"{text} {item.unit}".strip())


def _context(item: Number) -> str:
    parts = []
    if item.comparison is not None:
        change = item.comparison
        arrow = "=" if change.delta == 0 else "▲" if change.delta > 0 else "▼"
        verdict = "" if change.verdict == "none" else f" {change.verdict}"
        parts.append(f"{arrow} {number(abs(change.delta), change.format).lstrip('+')}{verdict} {change.label}".rstrip())
    if item.measured is not None:
        parts.append(f"measured {number(item.measured.ratio, 'ratio')} by {item.measured.source}")
    return visible("; ".join([*parts, *([item.reason] if item.reason else [])]))


def _quality(block: Quality, zone: str, sheet: Sheet) -> Iterator[str]:
    yield from sheet.heading(block.title, "-")
    yield from sheet.wrapped(block.finding)
    names = min(sheet.names, max((width(visible(lane.label)) for lane in block.lanes), default=0))
    for lane in block.lanes:
        gaps = "; ".join(f"{between(a, b, zone)}" for a, b in lane.gaps)
        head = f"{pad(cut(visible(lane.label), names), names)}  {pad(number(lane.covered_ratio, 'ratio'), 8, right=True)}  "
        yield from sheet.hanging(
            head, visible(f"{lane.step}{'; ' if lane.step and gaps else ''}{f'no data {gaps}' if gaps else ''}")
        )
    yield from sheet.wrapped(block.foot)
