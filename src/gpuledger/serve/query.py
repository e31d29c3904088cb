"""`/api/v1/query`: metrics by dimensions, as `gpuledger query` answers them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from gpuledger.actions.query import Asked, answered, known_metrics
from gpuledger.model.errors import NoData, UsageError
from gpuledger.model.period import Period
from gpuledger.model.veiled_order import in_order
from gpuledger.serve.answers import answer_json, refusals
from gpuledger.serve.asked import Calendar, filters, require_known
from gpuledger.serve.refusals import Refused, refusal
from gpuledger.serve.sight import Sight, sight_of
from gpuledger.serve.site import Site
from gpuledger.serve.spec import WHERE, period_parameters
from gpuledger.serve.who import Reader, needs

if TYPE_CHECKING:
    from gpuledger.metrics import Answer

_LAST = "30d"
_KNOWN = ("metric", "by", "where", "limit")
_MOST = 100_000
Names = list[str]


def routes(site: Site) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["metrics"], dependencies=[Depends(needs("read"))])

    @router.get("/metrics", responses=refusals())
    def listed(request: Request) -> Response:
        """The metrics and dimensions there are, each with its meaning."""
        from gpuledger.metrics.registry import BY_DIMENSION

        metrics = [
            {"name": m.name, "label": m.label, "format": m.format, "table": m.table, "meaning": m.meaning}
            for m in known_metrics().values()
        ]
        dimensions = [{"name": d.name, "label": d.label, "meaning": d.meaning} for d in BY_DIMENSION.values()]
        return answer_json(request, {"metrics": metrics, "dimensions": dimensions})

    @router.get("/query", responses=refusals(404), openapi_extra={"parameters": [*period_parameters(), WHERE]})
    async def query(
        request: Request,
        who: Reader,
        metric: Annotated[Names, Query(description="Metrics; may be given several times, commas join them.")],
        by: Annotated[Names, Query(description="Dimensions they are told apart by.")] = [],  # noqa: B006
        limit: Annotated[int, Query(ge=1, le=_MOST, description="Most rows of the answer.")] = 10_000,
    ) -> Response:
        """Metrics by any dimension, for any period: the numbers that reports are made of."""
        pairs = request.query_params.multi_items()
        require_known(pairs, _KNOWN)
        sight = sight_of(site, who)
        sight.check([], filters(pairs))
        now = site.now().replace(second=0, microsecond=0)
        period = await run_in_threadpool(Calendar(now, site.settings).period, pairs, _LAST)
        if not _words(metric):
            raise Refused(400, "bad_parameter", "Name at least one metric, for example gpu_hours.", "metric")
        asked = Asked(_words(metric), _words(by), sight.narrowed(filters(pairs)))
        _require_names(asked)
        _require_own(asked, sight)
        key = ("query", *map(tuple, (asked.metrics, asked.by, asked.where)), period, limit, sight)
        return answer_json(request, await site.builds.once(key, lambda: _answered(site, asked, period, sight, limit)))

    return router


def _words(given: Names) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for each in given for word in each.split(",") if word.strip()))


def _require_names(asked: Asked) -> None:
    """Raises Refused for a metric or dimension there is not: no name of the data is among those that are near."""
    from gpuledger.metrics.naming import find, of_table
    from gpuledger.metrics.registry import BY_DIMENSION

    held, parameter = known_metrics(), "metric"
    try:
        tables = [find("metric", name, held).table for name in asked.metrics]
        parameter = "by"
        for name in asked.by:
            for table in tables:
                of_table(name, table, BY_DIMENSION)
    except UsageError as error:
        raise replace(refusal(error), parameter=parameter) from None


def _require_own(asked: Asked, sight: Sight) -> None:
    """Raises Refused for numbers of which none is a person's own, where only one's own may be seen."""
    from gpuledger.metrics.registry import BY_DIMENSION

    held = known_metrics()
    for name in asked.metrics:
        if sight.user is not None and not BY_DIMENSION["user"].is_of(held[name].table):
            raise Refused(403, "hidden", f"{name} is nobody's own; it is the operator's.", "metric")


def _answered(site: Site, asked: Asked, period: Period, sight: Sight, limit: int) -> dict[str, Any]:
    site.require_ledger()
    try:
        told = answered(site.ledger, asked, period, site.now())
    except UsageError as error:
        raise sight.told(error, "where" if asked.where else None) from None
    except NoData as error:
        raise NoData(sight.text(str(error))) from None
    answer, dimensions = told.answer, [d.name for d in told.answer.dimensions]
    rows = [{name: sight.cell(name, value) for name, value in answer.shown(row).items()} for row in answer.records()]
    if sight.is_veiled:
        rows = _in_shown_order(answer, rows)
    return {
        "period": {"start": period.start, "end": period.end, "zone": period.zone},
        "dimensions": dimensions,
        "metrics": [{"name": m.name, "label": m.label, "format": m.format} for m in answer.metrics],
        "rows": rows[:limit],
        "left_out": max(0, len(rows) - limit),
        "totals": answer.shown(answer.totals),
        "remarks": list(told.remarks()),
    }


def _in_shown_order(answer: "Answer", rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that tie by what is shown: they stand in the order of the names."""
    moments = [each.name for each in answer.dimensions if each.calendar or each.is_moment]
    ranked = [*moments, answer.metrics[0].name]
    names = [each.name for each in answer.dimensions]
    return in_order(rows, lambda row: [row[name] for name in ranked], lambda row: [str(row[name]) for name in names])
