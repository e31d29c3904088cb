"""`/api/v1/me`, `/login` and `/logout`: who one is here, and a cookie for browsers that have shown a token."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from gpuledger.serve.answers import REFUSALS, answer_json, refusals
from gpuledger.serve.audit import audit
from gpuledger.serve.doors import cookie_of
from gpuledger.serve.rate import Rate
from gpuledger.serve.refusals import Refused
from gpuledger.serve.sessions import LENGTH
from gpuledger.serve.site import Site
from gpuledger.serve.tokens import Token
from gpuledger.serve.who import Who, require_csrf, unauthenticated, who_of

_LOGINS = 10
_SCOPES = ("read", "upload", "admin")


class Me(BaseModel):
    """Who asks, as the page needs it."""

    is_authenticated: bool = Field(description="Whether a token, session or proxy says who it is.")
    scopes: list[str] = Field(description="What may be done: read, upload, admin.")
    user: str | None = Field(None, description="Name of who is signed in.")
    csrf: str | None = Field(None, description="To be sent as X-CSRF-Token with what changes something.")


_LOGIN: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}}}
            for kind in ("application/json", "application/x-www-form-urlencoded")
        },
    }
}


def routes(site: Site) -> APIRouter:
    router = APIRouter(tags=["who"])
    rate = Rate(_LOGINS, "sign-ins")

    @router.get("/api/v1/me", response_model=Me, responses=refusals())
    def me(request: Request) -> Response:
        """Who you are here and what you may do."""
        return answer_json(request, _me(who_of(request)))

    @router.post(
        "/login", response_model=Me, responses={**refusals(413, 429), 401: REFUSALS[401]}, openapi_extra=_LOGIN
    )
    async def login(request: Request) -> Response:
        """A session cookie for a token, as JSON `{"token": …}` or a form."""
        peer = request.state.peer
        rate.take(peer)
        token = await run_in_threadpool(site.doors.tokens.valid, await _secret(request), site.now())
        if token is None:
            audit("login refused", peer=peer)
            raise unauthenticated("The token is wrong, expired or revoked.")
        audit("login", peer=peer, who=token.name)
        cookie = site.doors.sessions.begin(token.id, site.now())
        answer = answer_json(request, _me(_signed_in(site, token, cookie)))
        answer.set_cookie(site.doors.cookie, cookie, int(LENGTH.total_seconds()), **_kept(site))
        return answer

    @router.post("/logout", status_code=204, responses=refusals())
    async def logout(request: Request) -> Response:
        """Ends the session of this browser."""
        who = who_of(request)
        require_csrf(request, who)
        cookie = cookie_of(request.headers, site.doors.cookie)
        if cookie:
            site.doors.sessions.end(cookie)
            audit("logout", peer=request.state.peer, who=who.name)
        done = Response(status_code=204)
        done.delete_cookie(site.doors.cookie, **_kept(site))
        return done

    return router


def _signed_in(site: Site, token: Token, cookie: str) -> Who:
    session = site.doors.sessions.get(cookie, site.now())
    return Who("session", token.name, frozenset(token.scopes), token.user, session.csrf if session else None)


def _kept(site: Site) -> dict[str, Any]:
    """How a browser keeps the cookie: from scripts, from other sites, and where there is HTTPS only there."""
    return {"path": "/", "secure": site.serve.https, "httponly": True, "samesite": "strict"}


def _me(who: Who) -> dict[str, Any]:
    told: dict[str, Any] = {"is_authenticated": who.is_known, "scopes": [scope for scope in _SCOPES if who.may(scope)]}  # type: ignore[arg-type]
    named = {"user": who.user or who.name, "csrf": who.csrf}
    return told | {key: value for key, value in named.items() if value}


async def _secret(request: Request) -> str:
    """The token of a login. Raises Refused for a body without one."""
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            told = await request.json()
        else:
            told = dict(await request.form(max_files=0, max_fields=4))
        secret = told["token"]
    except Refused:
        raise
    except Exception:  # noqa: BLE001 - whatever is wrong with a stranger's body
        secret = None
    if not isinstance(secret, str) or not secret:
        raise Refused(400, "bad_parameter", 'Send the token as JSON {"token": "…"} or as a form.', "token")
    return secret.strip()
