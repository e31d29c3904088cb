"""Who asks, what they may do, and whose rows they may see."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from gpuledger.config.serve import Scope
from gpuledger.serve.refusals import Refused

Way = Literal["nobody", "open", "token", "session", "proxy"]
_BEARER = HTTPBearer(auto_error=False, description="A token made with `gpuledger token create`.")
CSRF_HEADER = "X-CSRF-Token"


@dataclass(frozen=True)
class Who:
    """One who asks. `name` is for the log, `user` the person in the ledger; `csrf` is set where a browser sends the
    credential by itself."""

    way: Way
    name: str = ""
    scopes: frozenset[str] = frozenset()
    user: str | None = None
    csrf: str | None = None

    @property
    def is_known(self) -> bool:
        return self.way not in ("nobody", "open")

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or "admin" in self.scopes


NOBODY = Who("nobody")
OPEN = Who("open", scopes=frozenset({"read"}))
"""Who asks on this machine's own address: reading is open there."""


def who_of(request: Request) -> Who:
    """Who the gate found."""
    who: Who = request.state.who
    return who


def needs(scope: Scope) -> Callable[..., Who]:
    """A dependency that raises Refused for who may not: 401 for one not signed in, 403 for one who is."""

    def allowed(request: Request, bearer: object = Security(_BEARER)) -> Who:
        who = who_of(request)
        if not who.may(scope):
            if who.is_known:
                raise Refused(403, "forbidden", f"{who.name} has not the scope {scope}.")
            raise unauthenticated(f"This needs a token with the scope {scope}.")
        if request.method not in ("GET", "HEAD"):
            require_csrf(request, who)
        return who

    return allowed


Reader = Annotated[Who, Depends(needs("read"))]
Uploader = Annotated[Who, Depends(needs("upload"))]
"""Parameters of endpoints: who asks, when they may."""


def require_csrf(request: Request, who: Who) -> None:
    """Raises Refused (403) where a browser may have been led here by another page."""
    from hmac import compare_digest

    given = request.headers.get(CSRF_HEADER, "")
    if who.csrf is not None and not compare_digest(given.encode(), who.csrf.encode()):
        raise Refused(403, "csrf", f"The header {CSRF_HEADER} is missing or wrong; /api/v1/me says the right one.")


def unauthenticated(message: str) -> Refused:
    """401."""
    return Refused(401, "unauthenticated", message, headers={"WWW-Authenticate": "Bearer"})
