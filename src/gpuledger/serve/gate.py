"""The gate every request passes: who asks, how much is sent, what every answer carries, and that none is a traceback."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gpuledger.model.errors import LedgerError
from gpuledger.serve.audit import LOG, audit
from gpuledger.serve.doors import SOCKET_PEER, Asking
from gpuledger.serve.refusals import Refused, refusal
from gpuledger.serve.site import Site
from gpuledger.serve.who import NOBODY

_SMALL_BODY = 64 << 10
_ENVELOPE = 64 << 10
"""What a form may hold beside the file."""
UPLOADS = "/api/v1/ingest/"
_NOT_CHANGED = 304
_POLICY = "Content-Security-Policy"
"""What a browser kept keeps its own: a policy that comes with "not changed" would replace that of the page."""
HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    _POLICY: "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
}
"""Of every answer that does not say otherwise itself."""
Observe = Callable[[Scope, int, float], None]


@dataclass(frozen=True)
class Gate:
    """Wraps the application. `observe` is told of every answer: its scope, status and seconds."""

    app: ASGIApp
    site: Site
    observe: Observe = lambda scope, status, seconds: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # the same answer; the server leaves its body out
        passing = _Passing(self.site, scope, receive, send)
        await passing.through(self.app)
        self.observe(scope, passing.status, monotonic() - passing.began)
        passing.log()


class _Passing:
    """One request on its way through."""

    def __init__(self, site: Site, scope: Scope, receive: Receive, send: Send) -> None:
        self.site, self.scope, self._receive, self._send = site, scope, receive, send
        self.began, self.status, self._taken = monotonic(), 0, 0
        self.headers = Headers(scope=scope)
        self._most = _SMALL_BODY
        if scope["path"].startswith(UPLOADS):
            self._most = site.serve.upload_bytes + _ENVELOPE
        scope.setdefault("state", {})["who"] = NOBODY

    async def through(self, app: ASGIApp) -> None:
        """Whatever happens inside, one answer comes out."""
        try:
            self._let_in()
            await app(self.scope, self.receive, self.send)
        except Refused as error:
            await self._refuse(error)
        except LedgerError as error:
            LOG.warning("A request could not be answered.", extra={"path": self.scope["path"], "error": str(error)})
            await self._refuse(refusal(error))
        except Exception:  # noqa: BLE001 - the last door: whatever it is, it is logged and not shown
            LOG.exception("A request failed.", extra={"path": self.scope["path"]})
            await self._refuse(Refused(500, "failed", "This failed; the operator's log says why."))

    def _let_in(self) -> None:
        """Raises Refused for who and what may not pass."""
        connection = HTTPConnection(self.scope)
        query = tuple(connection.query_params.multi_items())
        self.scope["state"]["peer"] = self.peer
        self.scope["state"]["who"] = self.site.doors.who(Asking(self.headers, self.peer, query), self.site.now())
        self._require_same_origin()
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._most:
            raise self._too_large()

    def _require_same_origin(self) -> None:
        """A page of another site may not make a browser change anything here."""
        origin = self.headers.get("origin")
        if self.scope["method"] in ("GET", "HEAD", "OPTIONS") or origin is None:
            return
        if origin.partition("://")[2] != self.headers.get("host"):
            raise Refused(403, "foreign_origin", "This request comes from a page of another site.")

    @property
    def peer(self) -> str:
        client = self.scope.get("client")
        return client[0] if client and client[0] else SOCKET_PEER

    async def receive(self) -> Message:
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        if self._taken > self._most:
            raise self._too_large()
        return message

    def _too_large(self) -> Refused:
        return Refused(413, "too_large", f"At most {self._most - self._extra:,} bytes can be sent here.")

    @property
    def _extra(self) -> int:
        return _ENVELOPE if self._most != _SMALL_BODY else 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                if not (self.status == _NOT_CHANGED and name == _POLICY):
                    headers.setdefault(name, value)
            headers.add_vary_header("Authorization, Cookie")
        await self._send(message)

    async def _refuse(self, error: Refused) -> None:
        """Says no, unless an answer has begun; then only the end of the connection can say so."""
        if self.status:
            return
        body = json.dumps(error.body, ensure_ascii=False).encode("utf-8", "backslashreplace")
        told = {"content-type": "application/json", "content-length": str(len(body)), **error.headers}
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in told.items()]
        await self.send({"type": "http.response.start", "status": error.status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})

    def log(self) -> None:
        facts: dict[str, Any] = {
            "method": self.scope["method"], "path": self.scope["path"], "status": self.status,
            "peer": self.peer, "who": self.scope["state"]["who"].name, "milliseconds": round((monotonic() - self.began) * 1000),
        }  # fmt: skip
        if self.status in (401, 403, 429):
            audit("refused", **facts)
        LOG.info("Answered.", extra=facts)
