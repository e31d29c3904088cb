"""`/api/v1/tables`: raw rows of the canonical tables, a page at a time."""

import base64
import json
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from gpuledger.actions.rows import Condition, Page, Rows, Value, condition, described, kind_of, read, rows, table_named
from gpuledger.model.errors import UsageError
from gpuledger.model.names import unknown
from gpuledger.model.period import Period
from gpuledger.model.pseudonym import HASHES, KINDS
from gpuledger.model.tables import TABLES, Table
from gpuledger.serve.answers import answer_json, refusals
from gpuledger.serve.asked import ALL, PERIOD, Calendar, require_known
from gpuledger.serve.refusals import Refused
from gpuledger.serve.seals import opened, sealed
from gpuledger.serve.sight import Sight, sight_of
from gpuledger.serve.site import Site
from gpuledger.serve.spec import period_parameters
from gpuledger.serve.who import Reader, needs

_MOST = 10_000
_OF_USER = ("user_name", "primary_user")
_WORDS = frozenset({
    "message", "events", "problem_row", "problem_reason", "reason", "error", "remarks", "recipients", "tags", "end_reason",
    "wait_reason", "prevented_reason", "workflow_run", "workflow_step", "node_name", "name",
})  # fmt: skip
"""Free text may name anybody: with pseudonyms it is left out."""


class Asked(BaseModel):
    """A page as asked for."""

    where: list[str] = Field([], description="Keep only these: state=failed,timeout, gpu_count>=2, ended_at=null.")
    sort: str = Field("", description="Column to sort by, -column for the last first; the table's own by default.")
    limit: int = Field(100, ge=1, le=_MOST, description="Most rows of this page.")
    cursor: str = Field("", description="`next` of the page before.")
    columns: list[str] = Field([], description="Only these columns; commas join them.")


def routes(site: Site) -> APIRouter:
    router = APIRouter(prefix="/api/v1/tables", tags=["rows"], dependencies=[Depends(needs("read"))])

    @router.get("", responses=refusals())
    def listed(request: Request) -> Response:
        """The tables there are, with their columns: type, unit, meaning, what null means."""
        return answer_json(request, {"tables": [described(table) for table in TABLES]})

    @router.get("/{name}", responses=refusals(404), openapi_extra={"parameters": period_parameters()})
    async def page(
        name: str,
        request: Request,
        who: Reader,
        asked: Annotated[Asked, Query()],
    ) -> Response:
        """Rows, sorted and a page at a time; a period keeps those whose time (the table's order) lies in it."""
        require_known(request.query_params.multi_items(), Asked.model_fields)
        table = _table(name)
        sight = sight_of(site, who)
        period = await run_in_threadpool(_period, site, request)
        wanted = _sorted(Page(table, _columns(table, asked.columns), limit=asked.limit, period=period), asked.sort)
        wanted = replace(wanted, conditions=_conditions(table, asked.where))
        _check(sight, wanted)
        wanted = _continued(sight, _narrowed(sight, wanted), asked.cursor)
        found = await site.builds.once(("rows", wanted), lambda: _found(site, wanted))
        return answer_json(request, _told(sight, wanted, found))

    return router


def _found(site: Site, page: Page) -> Rows:
    site.require_ledger()
    return rows(site.ledger.store, page)


def _table(name: str) -> Table:
    try:
        return table_named(name)
    except UsageError as error:
        raise Refused(404, "unknown_table", str(error), "name") from None


def _period(site: Site, request: Request) -> Period | None:
    """The period, None when none is given: then it is all rows."""
    pairs = [(key, value) for key, value in request.query_params.multi_items() if key in PERIOD]
    return Calendar(site.now(), site.settings).period(pairs, ALL) if pairs else None


def _columns(table: Table, given: list[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(word.strip() for each in given for word in each.split(",") if word.strip()))
    for name in names:
        if name not in table.column_names:
            raise Refused(400, "bad_parameter", unknown("column", name, table.column_names), "columns")
    return names or table.column_names


def _sorted(page: Page, sort: str) -> Page:
    name = sort.removeprefix("-")
    try:
        if name:
            kind_of(page.table, name)
    except UsageError as error:
        raise Refused(400, "bad_parameter", str(error), "sort") from None
    return replace(page, sort=name, is_descending=sort.startswith("-"))


def _conditions(table: Table, given: list[str]) -> tuple[Any, ...]:
    try:
        return tuple(condition(table, text) for text in given)
    except UsageError as error:
        raise Refused(400, "bad_parameter", str(error), "where") from None


def _check(sight: Sight, page: Page) -> None:
    """Raises Refused for rows, filters or an order that would tell who is who."""
    has_user = any(name in page.table.column_names for name in _OF_USER)
    if sight.user is not None and not has_user:
        raise Refused(403, "hidden", f"Rows of {page.table.name} are nobody's own; they are the operator's.")
    if sight.is_whole:
        return
    if sight.is_veiled and any(_names_people(name) for name in page.table.key):
        raise Refused(403, "hidden", f"Rows of {page.table.name} are told apart by names; they are the operator's.")
    if page.sort and (_is_hidden(page.sort) or _is_read(sight, page, page.sort)):
        raise Refused(403, "hidden", f"{page.sort} cannot be sorted by here: its order would tell names.", "sort")
    for one in page.conditions:
        is_bounded = one.op not in ("=", "!=") and _is_read(sight, page, one.column)
        if _is_hidden(one.column) or is_bounded or any(sight.is_name(v) for v in one.values if isinstance(v, str)):
            raise Refused(403, "hidden", f"{one.column} cannot be asked for by name here.", "where")


def _is_hidden(column: str) -> bool:
    return _names_people(column) or column in HASHES


def _names_people(column: str) -> bool:
    return column in KINDS or column in _WORDS


def _is_read(sight: Sight, page: Page, column: str) -> bool:
    """Would the order of this column tell the names behind pseudonyms? Any text may hold one."""
    return sight.is_veiled and kind_of(page.table, column) == "text"


def _narrowed(sight: Sight, page: Page) -> Page:
    """Only their own rows, where only those may be seen."""
    if sight.user is None:
        return page
    column = next(name for name in _OF_USER if name in page.table.column_names)
    return replace(page, conditions=(*page.conditions, Condition(column, "=", (sight.user,))))


def _continued(sight: Sight, page: Page, cursor: str) -> Page:
    """The page that begins where the cursor says. Raises Refused for one that is not ours."""
    if not cursor:
        return page
    try:
        told = json.loads(_opened(sight, base64.urlsafe_b64decode(cursor.encode())))
        texts = told["after"]
        if told["order"] != [page.is_descending, *page.order] or len(texts) != len(page.order):
            raise ValueError
        kinds = [kind_of(page.table, name) for name in page.order]
        after = tuple(
            None if text is None else read(kind, _plain(text), name)
            for kind, text, name in zip(kinds, texts, page.order, strict=True)
        )
    except (ValueError, KeyError, TypeError, AttributeError, UsageError, RecursionError):
        raise Refused(400, "bad_parameter", "cursor is not one that this table and order gave.", "cursor") from None
    if any(value is None for value in after[1:]):
        raise Refused(400, "bad_parameter", "cursor is not one that this table and order gave.", "cursor")
    return replace(page, after=after)


def _plain(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError
    return text


def _cursor(sight: Sight, page: Page, after: tuple[Value, ...]) -> str:
    texts = [value.isoformat() if isinstance(value, datetime) else _as_text(value) for value in after]
    told = {"order": [page.is_descending, *page.order], "after": texts}
    plain = json.dumps(told).encode()
    return base64.urlsafe_b64encode(sealed(plain, sight.site.salt) if sight.is_veiled else plain).decode()


def _opened(sight: Sight, cursor: bytes) -> bytes:
    """With pseudonyms a cursor is sealed: it holds values of rows that are not shown."""
    return opened(cursor, sight.site.salt) if sight.is_veiled else cursor


def _as_text(value: Value) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def _told(sight: Sight, page: Page, found: Rows) -> dict[str, Any]:
    shown = [{name: _cell(sight, name, value) for name, value in row.items()} for row in found.rows]
    return {"table": page.table.name, "rows": shown, "next": _cursor(sight, page, found.after) if found.after else None}


def _cell(sight: Sight, name: str, value: object) -> object:
    """A value as it may be seen: with pseudonyms no free text."""
    return None if sight.is_veiled and name in _WORDS else sight.cell(name, value)
