"""`gpuledger serve`: the reports as a page and an API."""

from pathlib import Path
from typing import Annotated

import typer

from gpuledger.cli.session import Session

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", help="Port to listen on; 0 takes a free one.")] = 8000,
    socket: Annotated[
        Path | None, typer.Option("--socket", metavar="PATH", help="Listen on a socket that only you can open instead.")
    ] = None,
) -> None:
    """Serve the reports as a page and an API.

    \b
    Examples:
      gpuledger serve
      gpuledger serve --port 8010
    """
    import uvicorn

    from gpuledger.serve.app import application
    from gpuledger.serve.site import Site

    session: Session = ctx.obj
    with session.open() as ledger:
        uvicorn.run(application(Site(ledger)), host=host, port=port, uds=str(socket) if socket else None)
