"""What the first viewer would wait for, made before they come: libraries, and the Document that the page opens with."""

from typing import Any

from starlette.concurrency import run_in_threadpool

from gpuledger.model.errors import LedgerError
from gpuledger.serve.audit import LOG
from gpuledger.serve.documents import Reports
from gpuledger.serve.refusals import Refused
from gpuledger.serve.sight import sight_of
from gpuledger.serve.site import Site
from gpuledger.serve.who import OPEN


async def warm(site: Site) -> None:
    """Makes what the page opens with, as anybody who asks for it meanwhile waits for the same. An empty ledger has none."""
    try:
        listed = await site.builds.once("warm", lambda: _loaded(site))
        await site.builds.once("newest", site.newest.get)
        if listed:
            reports = Reports(site)
            wanted = await run_in_threadpool(reports.wanted, listed[0]["name"], _opening(listed[0]), OPEN)
            await reports.made(wanted)
    except (LedgerError, Refused) as error:
        LOG.info("Nothing was made ahead.", extra={"error": str(error)})
    finally:
        site.is_warm.set()


def _loaded(site: Site) -> list[dict[str, Any]]:
    """Loads reports, metrics, the writer of JSON and the page's files. Returns the reports as the page lists them."""
    from gpuledger.metrics.ask import StoreAsk
    from gpuledger.render.json import schema
    from gpuledger.render.viewer import files

    for load in (lambda: StoreAsk.__name__, schema, files):
        load()
    return sight_of(site, OPEN).catalogue()


def _opening(info: dict[str, Any]) -> list[tuple[str, str]]:
    """What the page asks of this report when nobody has chosen anything."""
    chosen = info["tabs"][0]["parameters"] if info["tabs"] else {}
    pairs = ((name, value if isinstance(value, (list, tuple)) else [value]) for name, value in chosen.items())
    return [("last", info["default_last"]), *((name, str(each)) for name, values in pairs for each in values)]
