"""`/api/v1/inventory`: what the ledger knows of."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from gpuledger.actions.inventory import KINDS, NAMES, inventory
from gpuledger.model.names import unknown
from gpuledger.model.period import Period
from gpuledger.serve.answers import answer_json, refusals
from gpuledger.serve.asked import Calendar, require_known
from gpuledger.serve.refusals import Refused
from gpuledger.serve.sight import Sight, sight_of
from gpuledger.serve.site import Site
from gpuledger.serve.spec import period_parameters
from gpuledger.serve.who import Reader

_LAST = "30d"


def routes(site: Site) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["inventory"])

    @router.get("/inventory", responses=refusals(), openapi_extra={"parameters": period_parameters()})
    async def stock(
        request: Request,
        who: Reader,
        kind: Annotated[list[str], Query(description=f"Only these: {', '.join(KINDS)}; commas join them.")] = [],  # noqa: B006
    ) -> Response:
        """Clusters, queues, QoS, users, accounts, hosts and GPUs that were there in the period."""
        pairs = request.query_params.multi_items()
        kinds = _kinds(pairs, kind)
        now = site.now().replace(second=0, microsecond=0)
        period = await run_in_threadpool(Calendar(now, site.settings).period, pairs, _LAST)
        sight = sight_of(site, who)
        key = ("inventory", kinds, period, sight)
        return answer_json(request, await site.builds.once(key, lambda: _told(site, period, kinds, sight)))

    return router


def _kinds(pairs: list[tuple[str, str]], given: list[str]) -> tuple[str, ...]:
    require_known(pairs, ["kind"])
    words = tuple(dict.fromkeys(word.strip() for each in given for word in each.split(",") if word.strip()))
    for word in words:
        if word not in KINDS:
            raise Refused(400, "bad_parameter", unknown("kind", word, KINDS), "kind")
    return words or KINDS


def _told(site: Site, period: Period, kinds: tuple[str, ...], sight: Sight) -> dict[str, Any]:
    site.require_ledger()
    found = inventory(site.ledger.store, period, kinds)
    shown = {kind: [_row(row, sight) for row in rows if _is_shown(kind, row, sight)] for kind, rows in found.items()}
    return {kind: sorted(rows, key=_order) for kind, rows in shown.items()} if sight.is_veiled else shown


def _order(row: dict[str, Any]) -> list[str]:
    """By what is shown: who knows the names would number the pseudonyms in the order of the names."""
    return [str(value) for value in row.values()]


def _is_shown(kind: str, row: dict[str, Any], sight: Sight) -> bool:
    """Who sees only their own rows sees no other people, nor whose projects there are."""
    if sight.user is None or kind not in ("users", "accounts"):
        return True
    return kind == "users" and row[NAMES["users"]] == sight.user


def _row(row: dict[str, Any], sight: Sight) -> dict[str, Any]:
    return {name: sight.cell(name, value) for name, value in row.items()}
