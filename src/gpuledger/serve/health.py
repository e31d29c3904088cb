"""`/healthz`: alive."""

from fastapi import APIRouter

from gpuledger.serve.site import Site


def routes(site: Site) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    def alive() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    return router
