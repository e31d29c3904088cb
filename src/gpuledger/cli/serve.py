"""`gpuledger serve`: the reports as a page and an API."""

import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from gpuledger.cli import messages
from gpuledger.cli.session import Session

if TYPE_CHECKING:
    from types import ModuleType

    from gpuledger.config import Ledger

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8000,
    socket: Annotated[
        Path | None, typer.Option("--socket", metavar="PATH", help="Listen on a socket that only you can open instead.")
    ] = None,
) -> None:
    """Serve the reports as a page and an API.

    On the loopback address (the default) everybody on this machine may read. On any other, everybody needs a token
    (`gpuledger token create`) or comes through a proxy that signs people in ([serve.proxy]).

    \b
    Examples:
      gpuledger serve
      gpuledger serve --port 8010
      gpuledger serve --socket ~/gpuledger.sock
    """
    session: Session = ctx.obj
    if not session.is_there:
        messages.warn(
            f"There is no ledger at {session.settings.ledger} yet: the page is empty until something is read into it."
        )
    with session.open() as ledger:
        listen(ledger, host, port, socket)


def listen(ledger: "Ledger", host: str = "127.0.0.1", port: int = 8000, socket: Path | None = None) -> None:
    """Serves the ledger until a signal stops it. Raises LedgerError when what it takes is not installed."""
    listening = _listening()
    from gpuledger.serve.site import Site

    place = listening.Place(host, port, socket.expanduser() if socket else None)
    said = ledger.settings.serve
    site = Site(ledger, listening.is_open(said.auth, said.proxy is not None, place))
    settings = ledger.settings
    audits = messages.lines_to(settings.serve.audit_file, "gpuledger.audit") if settings.serve.audit_file else None

    def started(where: str) -> None:
        messages.say(f"gpuledger serves {settings.ledger} at {where} (Ctrl-C stops it).")

    try:
        listening.serve(site, place, started)
    finally:
        if audits:
            audits.close()


def free_port(wanted: int) -> int:
    """`wanted` where nobody listens on it yet, else 0: any."""
    import socket

    with socket.socket() as probe:
        return 0 if probe.connect_ex(("127.0.0.1", wanted)) == 0 else wanted


def require() -> None:
    """Raises LedgerError when what it takes to serve is not installed: before anything is made to be served."""
    _listening()


def _listening() -> "ModuleType":
    """The part that listens. Raises LedgerError where what it takes is not installed."""
    from importlib import import_module

    from gpuledger.model.errors import LedgerError

    try:
        return import_module("gpuledger.serve.listen")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("gpuledger"):
            raise
        raise LedgerError(f"The service is not installed; install it with: {_install()}") from None


def _install() -> str:
    """The command that adds the service to this very Python: in a clone of the repository, from its lock."""
    from importlib.util import find_spec

    if (Path(sys.prefix).parent / "scripts" / "uv.sh").is_file():
        return f"cd {quote(str(Path(sys.prefix).parent))} && bash scripts/uv.sh sync --frozen --inexact --extra server"
    python = quote(sys.executable)
    pip = f"{python} -m pip install" if find_spec("pip") else f"uv pip install --python {python}"
    return f'{pip} "gpuledger[server]"'
