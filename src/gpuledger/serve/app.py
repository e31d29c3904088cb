"""The application: every route in its place, and what is true of all of them."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from gpuledger import __version__
from gpuledger.model.errors import LedgerError
from gpuledger.serve import documents, health
from gpuledger.serve.refusals import Refused, refusal
from gpuledger.serve.site import Site


def application(site: Site) -> FastAPI:
    """The service of one site."""
    app = FastAPI(title=site.serve.title, version=__version__, docs_url=None, redoc_url=None)
    for part in (documents, health):
        app.include_router(part.routes(site))

    @app.exception_handler(Refused)
    def told(request: Request, error: Refused) -> JSONResponse:
        return JSONResponse(error.body, error.status, error.headers)

    @app.exception_handler(LedgerError)
    def sentence(request: Request, error: LedgerError) -> JSONResponse:
        return told(request, refusal(error))

    return app
