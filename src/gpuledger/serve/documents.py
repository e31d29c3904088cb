"""`/api/v1/reports`: which there are, and each as a Document or in another form."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from gpuledger.actions.report import report
from gpuledger.model.document import Document
from gpuledger.model.errors import NoData, UsageError
from gpuledger.model.period import Period
from gpuledger.plugins import load, names
from gpuledger.reports import Report
from gpuledger.serve.answers import answer, answer_json, is_known, not_changed, packed, refusals, tag_of
from gpuledger.serve.asked import PERIOD, Calendar, Pairs, filters, parameters
from gpuledger.serve.forms import FORMS, Form, block_of, chosen
from gpuledger.serve.kept import Made
from gpuledger.serve.refusals import Refused
from gpuledger.serve.sight import Sight, sight_of
from gpuledger.serve.site import Site
from gpuledger.serve.spec import DOCUMENT, REPORT_PARAMETERS
from gpuledger.serve.who import Reader, Who, needs
from gpuledger.serve.witness import Witness, is_current

if TYPE_CHECKING:
    from pydantic import BaseModel

_BLOCKS = ("table", "chart")


@dataclass(frozen=True)
class Wanted:
    """One Document, as asked for at a moment."""

    name: str
    parameters: "BaseModel"
    period: Period
    where: tuple[str, ...]
    now: datetime
    sight: Sight

    @property
    def key(self) -> Hashable:
        """Equal for what has the same answer while the ledger does not change."""
        return (self.name, self.parameters.model_dump_json(), self.period, self.where, self.now, self.sight)

    def blamed(self, sentence: str) -> str | None:
        """The parameter that a sentence is about: the one whose value it quotes."""
        for name, value in self.parameters.model_dump().items():
            if isinstance(value, str) and value and repr(value) in sentence:
                return name
        return "where" if self.where else None


@dataclass(frozen=True)
class Reports:
    """The reports of one site, each made once while nothing changes."""

    site: Site

    def wanted(self, name: str, pairs: Pairs, who: Who) -> Wanted:
        """What a query string asks for. Raises Refused naming what is wrong with it."""
        declared, now = declared_as(name), self.site.now().replace(second=0, microsecond=0)
        settings = self.site.settings
        configured = settings.reports.get(name, {})
        period = Calendar(now, settings).period(pairs, declared.window(configured))
        own = [(key, value) for key, value in pairs if key not in (*PERIOD, "where", *_BLOCKS)]
        sight = sight_of(self.site, who)
        if not sight.sees(declared):
            raise Refused(403, "hidden", f"{declared.title} holds nobody's own rows; it is the operator's.", "name")
        sight.check((), filters(pairs))
        said = parameters(declared, sight.asked(declared, own), configured)
        return Wanted(name, said, period, sight.narrowed(filters(pairs)), _moment(now, period), sight)

    async def made(self, wanted: Wanted) -> Made:
        """The Document, from what is kept or anew; it holds what was written before it was asked for."""
        found = await run_in_threadpool(self._kept, wanted.key)
        if found is not None:
            return found
        has_begun = self.site.builds.is_under_way(wanted.key)
        made = await self.site.builds.once(wanted.key, lambda: self._make(wanted))
        if has_begun and not await run_in_threadpool(is_current, self.site.ledger.store, made.seen):
            return await self.site.builds.once(wanted.key, lambda: self._make(wanted))
        return made

    def _kept(self, key: Hashable) -> Made | None:
        self.site.require_ledger()
        found = self.site.documents.get(key)
        return found if found and is_current(self.site.ledger.store, found.seen) else None

    def _make(self, wanted: Wanted) -> Made:
        from gpuledger.render.json import to_json

        witness = Witness(self.site.ledger.store)
        ledger = replace(self.site.ledger, store=witness)
        declared = declared_as(wanted.name)
        try:
            document = report(ledger, declared, wanted.parameters, wanted.period, wanted.where, wanted.now)
        except UsageError as error:
            raise wanted.sight.told(error, wanted.blamed(str(error))) from None
        except NoData as error:
            raise NoData(wanted.sight.text(str(error))) from None
        document = wanted.sight.of(document)
        json = to_json(document)
        made = Made(document, json, packed(json), tag_of(json), witness.seen)
        self.site.documents.put(wanted.key, made)
        return made


def _moment(now: datetime, period: Period) -> datetime:
    """`now`, to the minute where the period reaches to it and to the hour where it is past: there only ages change."""
    return now if period.end > now - timedelta(hours=1) else now.replace(minute=0)


def declared_as(name: str) -> Report:
    """The report of this name. Raises Refused (404) with the near ones."""
    try:
        declared: Report = load("reports", name)
    except UsageError as error:
        raise Refused(404, "unknown_report", str(error), "name") from None
    return declared


def split(name: str) -> tuple[str, str | None]:
    """`usage.csv` as ("usage", "csv"); a name without suffix has none."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, suffix) if dot and name not in names("reports") else (name, None)


def routes(site: Site) -> APIRouter:
    router = APIRouter(prefix="/api/v1/reports", tags=["reports"], dependencies=[Depends(needs("read"))])
    reports = Reports(site)

    @router.get("", responses=refusals())
    def listed(request: Request, who: Reader) -> Response:
        """The reports you may see, each with its parameters as JSON Schema and, as `newest`, how far the ledger tells of it."""
        return answer_json(request, {"reports": sight_of(site, who).catalogue()})

    @router.get("/{name}", responses={**DOCUMENT, **refusals(404, 406)}, openapi_extra=REPORT_PARAMETERS)
    async def one(name: str, request: Request, who: Reader) -> Response:
        """A report of a period: its Document, or another form by suffix (`usage.csv?table=by-user`) or Accept."""
        stem, suffix = split(name)
        form = chosen(suffix, request.headers.get("accept", ""))
        pairs = request.query_params.multi_items()
        wanted = await run_in_threadpool(reports.wanted, stem, pairs, who)
        return await _formed(site, request, await reports.made(wanted), form)

    return router


async def _formed(site: Site, request: Request, made: Made, form: Form) -> Response:
    """The Document in this form."""
    block = block_of(made.document, form, request.query_params.get(form.of) if form.of else None)
    tag = tag_of(made.tag.encode(), form.suffix, block)
    if is_known(request, tag):
        return not_changed(tag)
    if form is FORMS["json"]:
        return answer(request, made.json, form.media, {"ETag": tag}, made.packed)
    content = await site.builds.once((tag, form.suffix, block), lambda: form.make(made.document, block))
    return answer(request, content, form.media, {"ETag": tag, **_headers(made.document, form, block)})


def _headers(document: Document, form: Form, block: str) -> dict[str, Any]:
    """A page of ours runs its own two scripts, as its own policy says; a table is a file to save."""
    from gpuledger.render.output import file_stem

    if form.suffix == "html":
        return {"Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"}
    if form.is_file:
        name = f"{file_stem(document.name)}{f'-{file_stem(block)}' if block else ''}.{form.suffix}"
        return {"Content-Disposition": f'attachment; filename="{name}"'}
    return {}
