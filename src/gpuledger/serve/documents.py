"""`/api/v1/reports`: which there are, and each as a Document or in another form."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from gpuledger.actions.catalogue import catalogue
from gpuledger.actions.report import report
from gpuledger.model.document import Document
from gpuledger.model.errors import UsageError
from gpuledger.plugins import load
from gpuledger.reports import Report
from gpuledger.serve.asked import PERIOD, Calendar, Pairs, filters, parameters
from gpuledger.serve.refusals import Refused
from gpuledger.serve.site import Site


@dataclass(frozen=True)
class Reports:
    """The reports of one site."""

    site: Site

    def built(self, name: str, pairs: Pairs) -> Document:
        """The Document that was asked for."""
        declared, now = declared_as(name), self.site.now()
        period = Calendar(now, self.site.settings).period(pairs, declared.default_last)
        own = [(key, value) for key, value in pairs if key not in PERIOD and key != "where"]
        said = parameters(declared, own, self.site.settings.reports.get(name, {}))
        return report(self.site.ledger, declared, said, period, filters(pairs), now)


def declared_as(name: str) -> Report:
    """The report of this name. Raises Refused (404) with the near ones."""
    try:
        declared: Report = load("reports", name)
    except UsageError as error:
        raise Refused(404, "unknown_report", str(error), "name") from None
    return declared


def routes(site: Site) -> APIRouter:
    router = APIRouter()
    reports = Reports(site)

    @router.get("/api/v1/reports")
    def listed() -> dict[str, object]:
        """The reports there are, with their parameters."""
        return {"reports": catalogue(site.settings)}

    @router.get("/api/v1/reports/{name}")
    def one(name: str, request: Request) -> Response:
        """A report as Document."""
        from gpuledger.render.json import to_json

        document = reports.built(name, request.query_params.multi_items())
        return Response(to_json(document), media_type="application/json")

    return router
