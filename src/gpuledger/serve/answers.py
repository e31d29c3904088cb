"""Answers as they leave: with a tag that says whether they changed, packed where the reader can unpack."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from gpuledger.serve.refusals import ErrorBody

_WORTH_PACKING = 1_000
_PACKED = "gzip"
FRESH = "private, no-cache"
"""Keep it, but ask every time whether it changed."""

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": meaning}
    for status, meaning in {
        400: "A parameter is wrong; `field` names it.",
        401: "A token is missing, wrong, expired or revoked.",
        403: "Who asks may not do this.",
        404: "There is no such thing, or no data of the period.",
        406: "There is no such form.",
        413: "Too much was sent.",
        429: "Too often; Retry-After says when again.",
        503: "The ledger cannot be used now; Retry-After says when to ask again.",
    }.items()
}


NOT_CHANGED: dict[str, Any] = {"description": "Not changed since the ETag in If-None-Match."}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documented refusals with these statuses, and those that any endpoint may answer."""
    told: dict[int | str, dict[str, Any]] = {304: NOT_CHANGED}
    return told | {status: REFUSALS[status] for status in sorted({400, 401, 403, 503, *statuses})}


def tag_of(content: bytes, *more: str) -> str:
    """A weak ETag: the same content, packed or not, in this form."""
    digest = hashlib.sha256(content)
    for text in more:
        digest.update(b"\0" + text.encode())
    return f'W/"{digest.hexdigest()[:32]}"'


def is_known(request: Request, tag: str) -> bool:
    """Has the reader this already?"""
    known = request.headers.get("if-none-match", "")
    return known.strip() == "*" or tag.removeprefix("W/") in [
        one.strip().removeprefix("W/") for one in known.split(",")
    ]


def not_changed(tag: str, cache: str = FRESH) -> Response:
    """304."""
    return Response(status_code=304, headers={"ETag": tag, "Cache-Control": cache, "Vary": "Accept, Accept-Encoding"})


def takes_packed(request: Request) -> bool:
    accepted = (part.partition(";") for part in request.headers.get("accept-encoding", "").split(","))
    return any(name.strip().lower() == _PACKED and rest.replace(" ", "") != "q=0" for name, _, rest in accepted)


def packed(content: bytes) -> bytes:
    """As gzip; the same content gives the same bytes."""
    return gzip.compress(content, compresslevel=5, mtime=0)


def answer(
    request: Request, content: bytes, media: str, headers: Mapping[str, str] = {}, ready: bytes | None = None
) -> Response:
    """200, packed when that is worth it; `ready` is the content packed before."""
    told = {"Cache-Control": FRESH, "Vary": "Accept, Accept-Encoding", **headers}
    is_text = not media.startswith("image/png") and "spreadsheetml" not in media
    if is_text and len(content) >= _WORTH_PACKING and takes_packed(request):
        content = packed(content) if ready is None else ready
        told["Content-Encoding"] = _PACKED
    return Response(content, media_type=media, headers=told)


def as_json(value: Any) -> bytes:
    """JSON with instants in ISO 8601 and null for what is no finite number; "<" as an escape."""
    return (
        json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)
        .replace("<", "\\u003c")
        .encode("utf-8", "backslashreplace")
    )


def _plain(value: Any) -> Any:
    from datetime import date, datetime
    from math import isfinite

    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float():
            return value if isfinite(value) else None
        case datetime():
            return value.isoformat() + ("" if value.tzinfo else "Z")
        case date():
            return value.isoformat()
        case _:
            return value


def answer_json(request: Request, value: Any) -> Response:
    """200 or 304 of a value."""
    content = as_json(value)
    tag = tag_of(content)
    if is_known(request, tag):
        return not_changed(tag)
    return answer(request, content, "application/json", {"ETag": tag})
