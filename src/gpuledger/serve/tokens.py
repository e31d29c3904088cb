"""Tokens: long random words that let a program or person in. Only their hashes are kept."""

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gpuledger.config import Settings, ledger_folder
from gpuledger.model.errors import ConfigError, ReadOnly, UsageError
from gpuledger.model.names import unknown

PREFIX = "gpl_"
"""What every token begins with: it can be told from other words, in a log or a repository."""
_RANDOM_BYTES = 32


@dataclass(frozen=True)
class Token:
    """What is kept of a token. `user` is the person in the ledger whose it is, if it is a person's."""

    id: str
    name: str
    sha256: str
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str | None = None
    revoked_at: str | None = None
    user: str | None = None

    def is_valid(self, now: datetime) -> bool:
        return not self.revoked_at and not (self.expires_at and datetime.fromisoformat(self.expires_at) <= now)

    def state(self, now: datetime) -> str:
        """valid, expired or revoked."""
        return "revoked" if self.revoked_at else "valid" if self.is_valid(now) else "expired"


class Tokens:
    """The tokens in one file (mode 0600). A change by another process is seen at the next look."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._held: tuple[Token, ...] = ()
        self._by_hash: Mapping[str, Token] = {}

    def all(self) -> tuple[Token, ...]:
        """Every token there is, oldest first. Raises ConfigError for a file that is not ours."""
        self._look()
        return self._held

    def valid(self, secret: str, now: datetime) -> Token | None:
        """The token this secret is of, when it may still be used. 256 random bits need no slow hash."""
        self._look()
        found = self._by_hash.get(_hash(secret))
        return found if found and found.is_valid(now) else None

    def by_id(self, token_id: str, now: datetime) -> Token | None:
        """The same by id, for who has shown it before."""
        return next((token for token in self.all() if token.id == token_id and token.is_valid(now)), None)

    def create(
        self, name: str, scopes: tuple[str, ...], now: datetime, expires: datetime | None, user: str | None = None
    ) -> tuple[str, Token]:
        """A new token and its secret, which is told only here. Raises UsageError for a name that is in use."""
        secret = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        made = Token(
            secrets.token_hex(4),
            name,
            _hash(secret),
            scopes,
            _stamp(now),
            _stamp(expires) if expires else None,
            None,
            user,
        )

        def added(held: tuple[Token, ...]) -> tuple[Token, ...]:
            if any(token.name == name and token.is_valid(now) for token in held):
                raise UsageError(f"There is a token called {name!r}; revoke it first, or choose another name.")
            return (*held, made)

        self._change(added)
        return secret, made

    def revoke(self, name: str, now: datetime) -> Token:
        """Takes back the token of this name or id, at once. Raises UsageError when there is none that is valid."""
        found: list[Token] = []

        def revoked(held: tuple[Token, ...]) -> tuple[Token, ...]:
            valid = [token for token in held if token.is_valid(now)]
            found.extend(token for token in valid if name in (token.name, token.id))
            if not found:
                raise UsageError(unknown("valid token", name, [token.name for token in valid]))
            return tuple(replace(token, revoked_at=_stamp(now)) if token in found else token for token in held)

        self._change(revoked)
        return found[0]

    def _look(self) -> None:
        try:
            told = self.path.stat()
        except FileNotFoundError:
            self._seen, self._held, self._by_hash = None, (), {}
            return
        seen = (told.st_mtime_ns, told.st_size, told.st_ino)
        if seen != self._seen:
            held = _read(self.path)
            self._held, self._by_hash, self._seen = held, {token.sha256: token for token in held}, seen

    def _change(self, change: Callable[[tuple[Token, ...]], tuple[Token, ...]]) -> None:
        with _locked(self.path):
            held = change(_read(self.path) if self.path.exists() else ())
            draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
            content = json.dumps({"tokens": [asdict(token) for token in held]}, indent=1, ensure_ascii=False)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)


def tokens_of(settings: Settings) -> Tokens:
    """The tokens of a site's settings."""
    return Tokens(settings.serve.tokens or ledger_folder(settings.ledger) / "tokens.json")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two commands at once lose nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ReadOnly(f"The tokens cannot be written to {path}: {error.strerror}.") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read(path: Path) -> tuple[Token, ...]:
    try:
        told: Any = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Token(**{**each, "scopes": tuple(each["scopes"])}) for each in told["tokens"])
    except (OSError, ValueError, TypeError, KeyError):
        raise ConfigError(
            f"{path} is not a file of tokens of ours; put it back, or make new tokens elsewhere."
        ) from None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
