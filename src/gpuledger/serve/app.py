"""The application: every route in its place, and what is true of all of them."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gpuledger import __version__
from gpuledger.model.errors import LedgerError
from gpuledger.serve import documents, health, me, page, query, rows, stock, uploads
from gpuledger.serve.audit import LOG
from gpuledger.serve.gate import Gate
from gpuledger.serve.measured import Measured
from gpuledger.serve.refusals import Refused, refusal
from gpuledger.serve.site import Site

_CODES = {404: "not_found", 405: "method_not_allowed"}


class Api(FastAPI):
    """Says of itself what is so: FastAPI's own body of errors is nowhere used."""

    def openapi(self) -> dict[str, Any]:
        told = super().openapi()
        for operation in (each for methods in told["paths"].values() for each in methods.values()):
            operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            told["components"]["schemas"].pop(name, None)
        return told


def application(site: Site) -> FastAPI:
    """The service of one site."""
    app = Api(
        title=site.serve.title,
        version=__version__,
        summary="GPU accounting: reports, metrics and rows of one ledger.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    measured = Measured()
    for part in (documents, query, rows, stock, uploads, me, page):
        app.include_router(part.routes(site))
    app.include_router(health.routes(site, measured))
    _say_errors(app)
    _tell(site, measured)
    app.add_middleware(Gate, site=site, observe=measured.observe)
    return app


def _tell(site: Site, measured: Measured) -> None:
    """What the parts are doing, for /metrics."""
    measured.tell("gpuledger_builds_waiting", "Reports and queries under way or waiting.", lambda: site.builds.waiting)
    measured.tell("gpuledger_uploads_waiting", "Uploads being read or waiting.", lambda: site.uploads.waiting)
    measured.tell("gpuledger_kept_documents", "Documents kept in memory.", lambda: len(site.documents))
    measured.tell("gpuledger_kept_bytes", "Memory they take.", lambda: site.documents.bytes)


def _say_errors(app: FastAPI) -> None:
    """Every refusal has the same body."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return JSONResponse(error.body, error.status, error.headers)

    @app.exception_handler(LedgerError)
    async def stopped(request: Request, error: LedgerError) -> JSONResponse:
        LOG.warning("A request could not be answered.", extra={"path": request.url.path, "error": str(error)})
        return await refused(request, refusal(error))

    @app.exception_handler(RequestValidationError)
    async def misspelt(request: Request, error: RequestValidationError) -> JSONResponse:
        first: dict[str, Any] = error.errors()[0]
        name = str(first["loc"][-1]) if first["loc"] else None
        return await refused(request, Refused(400, "bad_parameter", f"{name}: {first['msg']}.", name))

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "bad_request")
        told = Refused(error.status_code, code, f"{error.detail}.", headers=dict(error.headers or {}))
        return await refused(request, told)
