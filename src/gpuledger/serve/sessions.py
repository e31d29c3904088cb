"""A browser that has shown a token once: a cookie stands for it until it is old, or the token is taken back."""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

LENGTH = timedelta(hours=12)
_MOST = 10_000


@dataclass(frozen=True)
class Session:
    """What is remembered of one browser."""

    token_id: str
    csrf: str
    ends_at: datetime


@dataclass
class Sessions:
    """The sessions of this process; a restart ends them all. Only hashes of the cookies are kept."""

    _held: "OrderedDict[str, Session]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, token_id: str, now: datetime) -> str:
        """A new session; returns the cookie's value."""
        cookie = secrets.token_urlsafe(32)
        with self._lock:
            self._held[_hash(cookie)] = Session(token_id, secrets.token_urlsafe(24), now + LENGTH)
            while len(self._held) > _MOST:
                self._held.popitem(last=False)
        return cookie

    def get(self, cookie: str, now: datetime) -> Session | None:
        """The session of this cookie, unless it is over."""
        with self._lock:
            found = self._held.get(_hash(cookie))
        return found if found and found.ends_at > now else None

    def end(self, cookie: str) -> None:
        with self._lock:
            self._held.pop(_hash(cookie), None)


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()
