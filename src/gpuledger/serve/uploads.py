"""`/api/v1/ingest/{source}`: a file into the ledger, streamed to disk and read as `gpuledger ingest` reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from gpuledger.actions.catalogue import readable
from gpuledger.actions.upload import Uploaded, upload
from gpuledger.model.errors import UsageError
from gpuledger.model.period import tzinfo
from gpuledger.serve.answers import answer_json, refusals
from gpuledger.serve.audit import audit
from gpuledger.serve.rate import Rate
from gpuledger.serve.refusals import Refused
from gpuledger.serve.site import Site
from gpuledger.serve.who import Uploader, needs

_UPLOADS = 60
_LONGEST_NAME = 200
_MOST_FILES = 2
"""One more than is read, so that our own sentence says so."""
_MALFORMED = (
    "The form cannot be read; send multipart/form-data with its boundary, one file in the field `file` and beside it"
    " only `zone` and `cluster`."
)


class ProblemTold(BaseModel):
    """A row that was refused."""

    line: int = Field(description="Line of the file, from 1.")
    reason: str = Field(description="Why.")
    row: str = Field(description="The row as received, cut at 2,000 characters.")


class UploadTold(BaseModel):
    """What a file did to the ledger: accepted + unchanged + problems = rows_read."""

    accepted: int
    unchanged: int
    problems: int
    rows_read: int
    remarks: list[str]
    first_problems: list[ProblemTold]
    error: str | None = Field(None, description="Why the file was not read to its end, or told nothing.")


_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
                        "zone": {"type": "string", "description": "Zone of stamps without one, such as Europe/Berlin."},
                        "cluster": {
                            "type": "string",
                            "description": "Cluster the rows are of, where the file does not say.",
                        },
                    },
                }
            }
        },
    }
}


@dataclass(frozen=True)
class Form:
    """What was sent: the file, and how to read it."""

    file: UploadFile
    zone: str | None
    cluster: str | None

    @property
    def name(self) -> str:
        """The file's own name: no folder, nothing that moves a cursor."""
        name = PurePath((self.file.filename or "").replace("\\", "/")).name
        return "".join(c for c in name if c.isprintable())[:_LONGEST_NAME] or "upload"


def routes(site: Site) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["data in"])
    rate = Rate(_UPLOADS, "uploads")

    @router.get("/sources", responses=refusals(), dependencies=[Depends(needs("read"))])
    def sources(request: Request) -> Response:
        """The sources a file can be read as: types, and those that are configured."""
        return answer_json(request, {"sources": readable(site.settings)})

    @router.post("/ingest/{source}", response_model=UploadTold, responses=refusals(404, 413, 429), openapi_extra=_FORM)
    async def ingest(source: str, request: Request, who: Uploader) -> Response:
        """Reads a file as this source. The same file again changes nothing."""
        rate.take(who.name)
        _require_source(site, source)
        given = await _form(request)
        try:
            form = _checked(given)
            done = await site.uploads.once(object(), lambda: _read(site, source, form))
        finally:
            await given.close()
        told = _told(done)
        counts = {key: value for key, value in told.items() if isinstance(value, int)}
        audit(
            "upload", peer=request.state.peer, who=who.name, source=source, file=form.name, error=done.error, **counts
        )
        return answer_json(request, told)

    return router


def _read(site: Site, source: str, form: Form) -> Uploaded:
    return upload(site.ledger, source, form.file.file, form.name, (form.zone, form.cluster), site.now())


def _require_source(site: Site, source: str) -> None:
    from gpuledger.config.sources import is_source
    from gpuledger.model.names import unknown

    if not is_source(source, site.settings):
        known = [each["name"] for each in readable(site.settings)]
        raise Refused(404, "unknown_source", unknown("source", source, known), "source")


async def _form(request: Request) -> FormData:
    """The form; its file goes to disk as it comes. Raises Refused for one that is malformed or broken off."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refused(400, "bad_form", "Send the file as multipart/form-data, in the field `file`.", "file")
    try:
        given = await request.form(max_files=_MOST_FILES, max_fields=8)
    except Refused:
        raise
    except ClientDisconnect:
        raise Refused(400, "broken_off", "The upload broke off.") from None
    except (HTTPException, MultiPartException, ValueError):
        raise Refused(400, "bad_form", _MALFORMED, "file") from None
    if sum(isinstance(value, UploadFile) for _, value in given.multi_items()) > 1:
        await given.close()
        raise Refused(400, "bad_form", "Send one file at a time, in the field `file`.", "file")
    return given


def _checked(given: Mapping[str, Any]) -> Form:
    """What is needed of the form. Raises Refused naming the field that is missing or wrong."""
    file = given.get("file")
    if not isinstance(file, UploadFile):
        raise Refused(400, "bad_form", "The form has no file in its field `file`.", "file")
    words = {key: value.strip() or None for key, value in given.items() if isinstance(value, str)}
    zone = words.get("zone")
    try:
        tzinfo(zone or "UTC")
    except UsageError as error:
        raise Refused(400, "bad_parameter", str(error), "zone") from None
    return Form(file, zone, words.get("cluster"))


def _told(done: Uploaded) -> dict[str, Any]:
    counted = done.counted
    if counted is None:
        raise Refused(400, "bad_input", done.error or "The file cannot be read.", "file")
    problems = [{"line": p.line, "reason": p.reason, "row": p.row} for p in counted.first_problems]
    told = {
        "accepted": counted.accepted, "unchanged": counted.unchanged, "problems": counted.problems,
        "rows_read": counted.rows_read, "remarks": list(counted.remarks), "first_problems": problems,
    }  # fmt: skip
    return told | ({"error": done.error} if done.error else {})
