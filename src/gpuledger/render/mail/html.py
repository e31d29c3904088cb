"""The HTML part: each block of the mail, and the sheet around them with its styles written into every element."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import css_inline
import jinja2
from markupsafe import Markup, escape

from gpuledger.model.chart import Chart
from gpuledger.model.document import Block, Definitions, Document, Note, Numbers, Quality, Table, Text
from gpuledger.render.cards import told_once
from gpuledger.render.format import NULL, span, stamp, unit_beside, visible
from gpuledger.render.html.sections import card_view
from gpuledger.render.mail.views import Picture, mail_table, said, seen
from gpuledger.render.theme import MODES, Colours, palette, theme

_HERE = "gpuledger.render.mail"
_BREAKS, _LONG = re.compile(r"(?<=[.@/_-])(?=\w)"), 16
_HELD = {ord("<"): "\ue000", ord(">"): "\ue001"}
_RELEASED = {0xE000: "&lt;", 0xE001: "&gt;"}
"""The inliner writes attributes anew and leaves "<" in them as it is: allowed, but filters of mail may stumble over it.
No text of a Document holds these two signs: `visible` writes them out."""


def block_html(document: Document, pictures: Mapping[str, Picture]) -> dict[str, Markup]:
    """Every block but notes, by its id."""
    colours = Colours(document.ranks)
    return {
        block.id: _block(block, document, pictures, colours) for block in document.blocks if not isinstance(block, Note)
    }


def _block(block: Block, document: Document, pictures: Mapping[str, Picture], colours: Colours) -> Markup:
    zone = document.display_zone
    match block:
        case Numbers():
            block, against = told_once(block)
            return _made("numbers", [card_view(item, zone) for item in block.items], against)
        case Table():
            return _made("table", mail_table(block, colours, zone))
        case Chart():
            return _made("picture", pictures[block.id])
        case Text():
            return _made("words", block, [line for line in block.text.splitlines() if line.strip()])
        case Definitions():
            return _made("definitions", block)
        case Quality():
            return _made("quality", block, [seen(lane, zone) for lane in block.lanes])
        case Note():
            return Markup("")


def frame_html(document: Document, link: str) -> dict[str, Markup]:
    """The parts around the blocks, by name: head, banners, finding, checks, closing."""
    zone = document.display_zone
    notes = [block for block in document.blocks if isinstance(block, Note)]
    found, passed = ([n for n in notes if (n.level == "ok") is is_ok] for is_ok in (False, True))
    made = f"{stamp(document.generated_at, zone, year=True)} {zone}"
    return {
        "head": _made("head", document, span(document.period, zone)),
        "banners": Markup("").join(_made("banner", note) for note in document.banners),
        "finding": _made("finding", document),
        "checks": _made("notes", found, passed),
        "closing": _made("closing", link, made, NULL),
    }


def sheet(body: str, subject: str, preheader: str) -> str:
    """`body` on its sheet. Nothing is fetched: style sheets that a template links to are left out."""
    page = _templates().get_template("frame.html").render(
        body=Markup(body), subject=subject, preheader=preheader, css=_css("mail.css"), kept=_css("dark.css")
    )  # fmt: skip
    return _inliner().inline(page).translate(_RELEASED)


def _made(macro: str, *values: Any) -> Markup:
    module: Any = _templates().get_template("parts.html").module
    return Markup(getattr(module, macro)(*values))


def _breakable(text: str) -> Markup:
    """`text` that may break after a sign between its parts, before it breaks anywhere."""
    return Markup("<wbr>").join(_BREAKS.split(text)) if len(text) > _LONG else escape(text)


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_style_tags=False, keep_link_tags=False, load_remote_stylesheets=False)


@cache
def _css(name: str) -> Markup:
    """The style sheet in the colours of theme.json, and nothing of any document."""
    light, dark = (theme()["modes"][mode] for mode in MODES)
    paints = {key: {mode: palette(mode)[key] for mode in MODES} for key in _paints()}
    source = (files(_HERE) / "templates" / name).read_text("utf-8")
    return Markup(
        jinja2.Template(source, undefined=jinja2.StrictUndefined, autoescape=False).render(
            l=light["ui"], d=dark["ui"], levels=light["severity"], dark_levels=dark["severity"],
            paints=paints, font=Markup(theme()["font"]["mail"]),
        )
    )  # fmt: skip


def _paints() -> list[str]:
    states = (f"state-{key.replace('_', '-')}" for key in theme()["states"])
    return [*(f"c{rank}" for rank in range(theme()["others"]["max_names"])), "others", *states]


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    levels = theme()["severity"]
    environment.filters |= {
        "visible": visible,
        "held": lambda text: text.translate(_HELD),
        "breakable": _breakable,
        "said": said,
        "unit_beside": lambda unit, label: unit_beside(label, unit),
        "hex": lambda paint: palette("light")[paint],
        "level_word": lambda level: levels[level]["label"],
        "level_mark": lambda level: levels[level]["mark"],
    }
    return environment
