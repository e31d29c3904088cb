"""The viewer's files and its page, with the policy under which they run."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files as resources
from typing import Any

from markupsafe import Markup, escape

from gpuledger.render.html import tokens
from gpuledger.render.theme import theme
from gpuledger.render.viewer.bundle import bundle
from gpuledger.render.viewer.textures import textures

_HERE = "gpuledger.render.viewer"
_THEME_PARTS = ("state_order", "states", "textures", "icons", "severity", "others", "chart", "breakpoints", "number")  # fmt: skip


@cache
def files() -> Mapping[str, bytes]:
    """Path → bytes of every static file but the page itself; names change with their content."""
    parts = {"early.js": _early(), "app.js": _script(), "style.css": _style(), "icon.svg": _text("icon.svg")}
    return {_hashed(name, content.encode()): content.encode() for name, content in parts.items()}


def page(config: Mapping[str, Any], *, inline: bool, documents: Iterable[tuple[str, bytes]] = ()) -> bytes:
    """The page for `config`; `inline` puts scripts, styles and `documents` (file name as in the config's windows, JSON) into
    it, so that one file is enough.

    Keys of `config`: mode (live, static, embedded), title, reports (`report_info`; of a static page they are in
    data/index.json), refresh_seconds, names (real, pseudonym), base (what paths of the API begin with), files (those made
    beside an embedded page).
    """
    head, tail = _inlined() if inline else _linked()
    blocks = [_data(json.dumps(dict(config), ensure_ascii=False).encode(), 'id="gpuledger-config"')]
    blocks += [_data(content, f'class="gpuledger-document" data-file="{escape(name)}"') for name, content in documents]
    title = escape(str(config.get("title", "gpuledger")))
    brand = "gpuledger" if config.get("mode") == "embedded" else title  # one report's own title stands below
    content = _text("index.html").format(
        csp=escape(csp(inline)), title=title, brand=brand, head=head, data="\n".join(blocks), tail=tail
    )
    return content.encode("utf-8", "replace")


def csp(inline: bool) -> str:
    """The policy: own scripts only, by origin or, in one file, by their hashes. A server adds `frame-ancestors 'none'`."""
    if inline:
        own = f"script-src {_hash(_early())} {_hash(_script())}; style-src {_hash(_style())}; img-src data:; connect-src 'none'"
    else:
        own = "script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def _linked() -> tuple[str, str]:
    names = {name.split("/")[1].split(".")[0]: name for name in files()}
    head = (
        f'<link rel="icon" href="{names["icon"]}">\n<script src="{names["early"]}"></script>\n'
        f'<link rel="stylesheet" href="{names["style"]}">\n<script type="module" src="{names["app"]}"></script>'
    )
    return head, ""


def _inlined() -> tuple[str, str]:
    head = f'<link rel="icon" href="data:,">\n<script>{_early()}</script>\n<style>{_style()}</style>'
    return head, f'<script type="module">{_script()}</script>'


def _data(content: bytes, attributes: str) -> str:
    # "<" cannot end the element that carries the JSON.
    text = content.decode("utf-8", "replace").replace("<", "\\u003c")
    return f'<script type="application/json" {attributes}>{text}</script>'


@cache
def _script() -> str:
    folder = resources(_HERE) / "static" / "js"
    modules = {one.name.removesuffix(".js"): one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(".js")}  # fmt: skip
    return bundle(modules | {"tokens": f"export const tokens = {_tokens()};\n"})


def _tokens() -> str:
    """What scripts need of the theme; its colours are in the style sheet."""
    steps = len(theme()["modes"]["light"]["sequential"])
    content = {key: value for key, value in theme().items() if key in _THEME_PARTS} | {"steps": steps}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


@cache
def _style() -> str:
    shared = (resources("gpuledger.render.html") / "page.css").read_text("utf-8")
    return tokens.css() + shared + textures() + _text("viewer.css")


def _early() -> str:
    return (resources("gpuledger.render.html") / "early.js").read_text("utf-8")


def _text(name: str) -> str:
    return (resources(_HERE) / "static" / name).read_text("utf-8")


def _hashed(name: str, content: bytes) -> str:
    stem, dot, extension = name.partition(".")
    return f"assets/{stem}.{hashlib.sha256(content).hexdigest()[:10]}{dot}{extension}"


def _hash(content: str) -> Markup:
    digest = hashlib.sha256(content.encode()).digest()
    return Markup("'sha256-{}'").format(Markup(base64.b64encode(digest).decode()))
