"""How one comes in: open on this machine's own address, by token, by the cookie of a session, by a trusted proxy."""

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from gpuledger.config.serve import ProxySettings, ServeSettings
from gpuledger.model.errors import UsageError
from gpuledger.serve.refusals import Refused
from gpuledger.serve.sessions import Sessions
from gpuledger.serve.tokens import PREFIX, Token, Tokens
from gpuledger.serve.who import NOBODY, OPEN, Who, unauthenticated

SOCKET_PEER = "socket"
"""How a peer on a socket is called in `peers`."""
_OWN_HOSTS = ("localhost", "127.0.0.1", "::1")
_FORWARDED = ("forwarded", "x-real-ip", "via")
_IN_URL = ("token", "access_token", "auth_token", "api_key", "apikey", "authorization", "bearer", "password")


@dataclass(frozen=True)
class Asking:
    """What a request shows before anybody reads it. `query` are its parameters, `peer` the address it comes from."""

    headers: Headers
    peer: str
    query: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Doors:
    """The ways in. `is_open`: reading needs no token, because only this machine can ask."""

    tokens: Tokens
    settings: ServeSettings
    is_open: bool
    sessions: Sessions = field(default_factory=Sessions)
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    @property
    def cookie(self) -> str:
        """The session cookie's name: behind https browsers hold it to its host."""
        return "__Host-gpuledger" if self.settings.https else "gpuledger"

    def who(self, asking: Asking, now: datetime) -> Who:
        """Who asks. Raises Refused for a token that is wrong, a foreign host, a proxy nobody trusts."""
        _refuse_token_in_url(asking)
        if self.is_open:
            _require_own_host(asking.headers)
        bearer = asking.headers.get("authorization")
        if bearer is not None:
            return self._by_token(bearer, now)
        if self.settings.proxy and self.settings.proxy.header.lower() in asking.headers:
            return self._by_proxy(self.settings.proxy, asking)
        return self._by_cookie(asking.headers, now) or (OPEN if self.is_open else NOBODY)

    def _by_token(self, bearer: str, now: datetime) -> Who:
        scheme, _, secret = bearer.partition(" ")
        token = self.tokens.valid(secret.strip(), now) if scheme.lower() == "bearer" else None
        if token is None:
            raise unauthenticated("The token is wrong, expired or revoked; write `Authorization: Bearer TOKEN`.")
        return _of_token(token)

    def _by_cookie(self, headers: Headers, now: datetime) -> Who | None:
        cookie = cookie_of(headers, self.cookie)
        session = self.sessions.get(cookie, now) if cookie else None
        token = self.tokens.by_id(session.token_id, now) if session else None
        if session is None or token is None:
            return None
        return Who("session", token.name, frozenset(token.scopes), token.user, session.csrf)

    def _by_proxy(self, proxy: ProxySettings, asking: Asking) -> Who:
        if asking.peer not in proxy.peers:
            raise Refused(403, "untrusted_proxy", f"The header {proxy.header} is believed from the site's proxy only.")
        names = asking.headers.getlist(proxy.header)
        if len(names) != 1 or not names[0].strip():
            raise unauthenticated(f"The header {proxy.header} must hold one name.")
        name = names[0].strip()
        scopes = {
            "read",
            *(["upload"] if name in proxy.uploaders else []),
            *(["admin"] if name in proxy.admins else []),
        }
        csrf = hmac.new(self._secret, name.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return Who("proxy", name, frozenset(scopes), name, csrf)


def _of_token(token: Token) -> Who:
    return Who("token", token.name, frozenset(token.scopes), token.user)


def cookie_of(headers: Headers, name: str) -> str | None:
    """The value of one cookie."""
    return cookie_parser(headers.get("cookie", "")).get(name)


def is_own_address(host: str) -> bool:
    """Can only this machine reach what listens there?"""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_guarded(settings: ServeSettings, tokens: Tokens, host: str, now: datetime) -> None:
    """Raises UsageError when others could reach us and nobody would have to say who they are."""
    if is_own_address(host) or settings.proxy or any(token.is_valid(now) for token in tokens.all()):
        return
    raise UsageError(
        f"Others can reach {host}, and there is no token that lets them in; make one with `gpuledger token create NAME`"
        " (or set [serve.proxy]), or listen on 127.0.0.1."
    )


def _refuse_token_in_url(asking: Asking) -> None:
    """URLs are written into logs and histories."""
    if any(name.lower() in _IN_URL or PREFIX in name + value for name, value in asking.query):
        raise Refused(400, "token_in_url", "A token never belongs in a URL; send it as `Authorization: Bearer TOKEN`.")


def _require_own_host(headers: Headers) -> None:
    """While nobody signs in, only this machine's own programs may ask: no page of another site, no proxy."""
    hosts = headers.getlist("host")
    if len(hosts) != 1 or _without_port(hosts[0].lower()) not in _OWN_HOSTS:
        raise Refused(403, "foreign_host", "Without sign-in this service answers to localhost only.")
    if any(name.startswith("x-forwarded-") or name in _FORWARDED for name in headers):
        raise Refused(
            403, "forwarded", 'Without sign-in this service answers no proxy; set [serve.proxy] or auth = "token".'
        )


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host
