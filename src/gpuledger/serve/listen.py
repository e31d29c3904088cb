"""Where the service listens: an address or a socket only we can open, refused in words when it cannot be had."""

import errno
import os
import signal
import socket
from asyncio import create_task
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from gpuledger.model.errors import LedgerError, UsageError
from gpuledger.serve.app import application
from gpuledger.serve.doors import is_own_address, require_guarded
from gpuledger.serve.site import Site
from gpuledger.serve.warm import warm

_GRACE_SECONDS = 5
_HEAD_BYTES = 64 << 10
_BACKLOG = 512


@dataclass(frozen=True)
class Place:
    """An address and port, or the path of a socket."""

    host: str = "127.0.0.1"
    port: int = 8000
    path: Path | None = None

    @property
    def is_own(self) -> bool:
        """Can only this machine, and on it only who may open the socket, get here?"""
        return self.path is not None or is_own_address(self.host)


def serve(site: Site, place: Place, started: Callable[[str], None]) -> None:
    """Serves until a signal stops it; `started` is told the address. Raises UsageError rather than listen unguarded."""
    if not place.is_own:
        require_guarded(site.serve, site.doors.tokens, place.host, site.now())
    listening = _socket(place.path) if place.path else _address(place)
    with listening:
        started(_spoken(place, listening))
        try:
            _run(site, listening)
        finally:
            site.close()
            if place.path:
                place.path.unlink(missing_ok=True)


def is_open(site_auth: str, has_proxy: bool, place: Place) -> bool:
    """Does reading need no token there?"""
    return place.is_own and site_auth == "auto" and not has_proxy


def _run(site: Site, listening: socket.socket) -> None:
    """Until a signal: answers under way are given first, and stopping a service is no error."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)  # uvicorn takes these over while it runs, and hands the signal on at its end
    config = uvicorn.Config(
        application(site),
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=_HEAD_BYTES,
    )
    _Server(config, site).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Answers from its first moment, and makes ready beside it."""

    def __init__(self, config: uvicorn.Config, site: Site) -> None:
        super().__init__(config)
        self._site = site

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._warming = create_task(warm(self._site))


def _stop(number: int, frame: object) -> None:
    raise SystemExit(0)


def _address(place: Place) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((place.host.strip("[]"), place.port))
        listening.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        raise LedgerError(_refused(place, error)) from None
    return listening


def _refused(place: Place, error: Exception) -> str:
    where = f"{place.host}, port {place.port}"
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"Another program listens on {where}; choose another with --port (0 takes a free one)."
    if number == errno.EACCES:
        return f"Only root may listen on {where}; choose a port above 1023 with --port."
    return f"There is no listening on {where}: {getattr(error, 'strerror', None) or error}."


def _socket(path: Path) -> socket.socket:
    """A socket with mode 0600 from its first moment. One that nobody listens on any more is taken over."""
    _clear(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise LedgerError(f"There is no listening on {path}: {error.strerror or error}.") from None
    finally:
        os.umask(before)
    return listening


def _clear(path: Path) -> None:
    if not path.is_socket():
        if path.exists():
            raise UsageError(f"{path} is there and no socket; choose another name with --socket.")
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise LedgerError(f"Another program listens on {path}; choose another name with --socket.")
    path.unlink(missing_ok=True)


def _spoken(place: Place, listening: socket.socket) -> str:
    if place.path:
        return f"the socket {place.path}"
    host = f"[{place.host.strip('[]')}]" if ":" in place.host else place.host
    return f"http://{host}:{listening.getsockname()[1]}/"
