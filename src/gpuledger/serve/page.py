"""`/`: the viewer, its files, and a page that documents the API. Nothing of it comes from elsewhere."""

import gzip
from collections.abc import Mapping
from functools import cache
from typing import Any

from fastapi import APIRouter, Request, Response

from gpuledger.render.viewer import csp, files, page
from gpuledger.serve.answers import answer, is_known, not_changed, refusals, tag_of
from gpuledger.serve.apidocs import apidocs
from gpuledger.serve.refusals import Refused
from gpuledger.serve.sight import sight_of
from gpuledger.serve.site import Site
from gpuledger.serve.who import Who, who_of

_FOREVER = "public, max-age=31536000, immutable"
"""A file's name changes with its content."""
_MEDIA = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json",
    "woff2": "font/woff2",
    "png": "image/png",
}
_HTML = "text/html; charset=utf-8"


def routes(site: Site) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/", responses=refusals())
    def viewer(request: Request) -> Response:
        """The page. Who may not read gets it without the names of reports: it asks for a token."""
        policy = {"Content-Security-Policy": f"{csp(False)}; frame-ancestors 'none'"}
        content = page(_config(site, who_of(request)), inline=False)
        tag = tag_of(content)
        if is_known(request, tag):
            return not_changed(tag)
        return answer(request, content, _HTML, {"ETag": tag, **policy})

    @router.get("/assets/{name}")
    def asset(name: str, request: Request) -> Response:
        """A file of the viewer."""
        held = _assets()
        if name not in held:
            raise Refused(404, "not_found", "There is no such file.")
        content, ready = held[name]
        media = _MEDIA.get(name.rpartition(".")[2], "application/octet-stream")
        return answer(request, content, media, {"Cache-Control": _FOREVER, "ETag": tag_of(name.encode())}, ready)

    @router.get("/docs")
    def documentation(request: Request) -> Response:
        """Every endpoint, parameter and answer."""
        content, policy = apidocs(request.app.openapi())
        return answer(request, content, _HTML, {"Content-Security-Policy": policy, "ETag": tag_of(content)})

    return router


def _config(site: Site, who: Who) -> dict[str, Any]:
    return {
        "mode": "live",
        "title": site.serve.title,
        "reports": _reports(site, who),
        "refresh_seconds": site.serve.refresh_seconds,
        "names": site.serve.names,
        "base": "",
    }


def _reports(site: Site, who: Who) -> list[dict[str, Any]]:
    """Those they may see; none for whom no rows can be told apart: the API says why."""
    try:
        return sight_of(site, who).catalogue() if who.may("read") else []
    except Refused:
        return []


@cache
def _assets() -> Mapping[str, tuple[bytes, bytes]]:
    """Every file by its name, with the same packed, once and as small as can be."""
    return {
        path.removeprefix("assets/"): (content, gzip.compress(content, 9, mtime=0)) for path, content in files().items()
    }
