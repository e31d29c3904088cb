"""The API on one page, drawn from its OpenAPI description: plain HTML, one sheet of style, no script."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2

_HERE = "gpuledger.serve"


def apidocs(description: Mapping[str, Any]) -> tuple[bytes, str]:
    """The page and the policy under which it may be shown."""
    style = (files(_HERE) / "apidocs.css").read_text("utf-8")
    content = _template().render(api=description, operations=list(_operations(description)), style=style)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    return content.encode("utf-8", "replace"), policy


def _operations(description: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in description["paths"].items():
        for method, told in methods.items():
            yield {"path": path, "method": method.upper(), **told}


@cache
def _template() -> jinja2.Template:
    loader = jinja2.PackageLoader(_HERE, "")
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(
        "apidocs.html"
    )
