"""`/healthz`, `/readyz` and `/metrics`: for those who watch the service."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from gpuledger.actions.current import Age, Current, ages, current
from gpuledger.serve.answers import REFUSALS, refusals
from gpuledger.serve.measured import Measured
from gpuledger.serve.site import Site
from gpuledger.serve.who import needs, who_of
from gpuledger.serve.witness import Remembered


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


class SourceAge(BaseModel):
    """How old what a source told last is."""

    cluster: str
    source: str
    newest: str = Field(description="The newest moment it has told of, UTC.")
    age_seconds: float


class Ready(BaseModel):
    """The ledger can be read."""

    status: str = "ready"
    age_seconds: float | None = Field(
        None, description="Age of the newest data of any source; null while there is none."
    )
    is_warm: bool = Field(False, description="What the first viewer would wait for is loaded and made.")
    sources: list[SourceAge] = Field([], description="Each source, for those who may read.")


def routes(site: Site, measured: Measured) -> APIRouter:
    router = APIRouter(tags=["health"])
    known_ages = Remembered(site.ledger, lambda ledger: ages(ledger))
    standing: Remembered[Current] = Remembered(site.ledger, lambda ledger: current(ledger, site.now()))

    @router.get("/healthz", response_model=Alive, responses=refusals())
    async def healthz() -> Alive:
        """The process is alive; says nothing of the ledger."""
        return Alive()

    @router.get("/readyz", response_model=Ready, responses=refusals())
    def readyz(request: Request) -> Any:
        """The ledger can be read, and how old its newest data is; 503 when it cannot."""
        site.require_ledger()
        found = known_ages.get()
        now = site.now()
        told = [_age(age, now) for age in found] if who_of(request).may("read") else []
        age = min((_seconds(age, now) for age in found), default=None)
        return Ready(age_seconds=age, is_warm=site.is_warm.is_set(), sources=told)

    @router.get(
        "/metrics",
        dependencies=[Depends(needs("read"))],
        responses={
            200: {"content": {"application/openmetrics-text": {"schema": {"type": "string"}}}},
            503: REFUSALS[503],
            **refusals(),
        },
        response_class=Response,
    )
    def openmetrics() -> Response:
        """Health of the service and how things stand, as OpenMetrics."""
        site.require_ledger()
        return Response(measured.exposition(standing.get(), site.now()), media_type=CONTENT_TYPE_LATEST)

    return router


def _age(age: Age, now: datetime) -> SourceAge:
    newest = age.newest.isoformat().replace("+00:00", "Z")
    return SourceAge(cluster=age.cluster, source=age.source, newest=newest, age_seconds=_seconds(age, now))


def _seconds(age: Age, now: datetime) -> float:
    return max(0.0, (now - age.newest).total_seconds())
