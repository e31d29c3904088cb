"""The page: one HTML file that asks for nothing and runs only its own two scripts (their hashes are in its policy)."""

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

import jinja2
from markupsafe import Markup, escape

from gpuledger.model.document import Document, Scalar
from gpuledger.render.format import NOT_COLLECTED, NULL, cell, span, stamp, unit_beside, visible
from gpuledger.render.html import svg, tokens
from gpuledger.render.html.sections import section_views
from gpuledger.render.output import Output, file_stem
from gpuledger.render.theme import theme

_HERE = "gpuledger.render.html"
_COMMAND = re.compile(r"(?<![^\s(“])`([^`]+)`(?![^\s.,;:)”])")
"""Whole words between backticks: not those that a name happens to hold."""


def page(document: Document, others: Sequence[Output] = ()) -> str:
    """The document as HTML; `others` are files of the same folder that it links to."""
    css, early, script = tokens.css() + _file("page.css"), _file("early.js"), _file("page.js")
    template = _templates().get_template("page.html")
    return template.render(
        d=document,
        files_of=lambda block: [output for output in others if output.block == block],
        period=span(document.period, document.display_zone),
        parameters=list(_parameters(document)),
        sections=section_views(document),
        anchors={block.id: getattr(block, "title", block.id) for block in document.blocks},
        made="" if document.is_undated else f"{stamp(document.generated_at, document.display_zone, year=True)} {document.display_zone} ",
        files=[output for output in others if output.block is None],
        textures=tokens.textures(),
        icons=[(level, theme()["icons"][spec["icon"]]) for level, spec in theme()["severity"].items()],
        css=Markup(css), early=Markup(early), script=Markup(script),
        style_hash=_hash(css), script_hashes=Markup(" ").join([_hash(early), _hash(script)]),
        null=NULL, not_collected=NOT_COLLECTED,
    )  # fmt: skip


def _parameters(document: Document) -> Iterator[tuple[str, str]]:
    for name, value in document.parameters.items():
        many: tuple[Scalar, ...] = value if isinstance(value, tuple) else (value,)
        shown = [cell(one, "text", document.display_zone) for one in many if one is not None and one != ""]
        if shown:
            yield name.replace("_", " "), ", ".join(shown)


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gpuledger.render.html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    environment.filters |= {
        "visible": visible,
        "prose": prose,
        "anchor": lambda block: f"b-{file_stem(block)}",
        "unit_beside": lambda unit, label: unit_beside(label, unit),
        "fill": lambda paint: svg.fill(paint, is_swatch=True),
        "level_word": lambda level: theme()["severity"][level]["label"],
    }
    return environment


def prose(text: str) -> Markup:
    """A sentence: what stands between backticks, a command mostly, is set as code."""
    parts = _COMMAND.split(visible(text))
    return Markup().join(
        Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in enumerate(parts)
    )


@cache
def _file(name: str) -> str:
    return (files(_HERE) / name).read_text("utf-8")


def _hash(content: str) -> Markup:
    digest = hashlib.sha256(content.encode()).digest()
    return Markup("'sha256-{}'").format(base64.b64encode(digest).decode())
