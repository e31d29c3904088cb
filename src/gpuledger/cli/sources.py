"""`gpuledger sources`: what can be read."""

import typer

from gpuledger.cli.options import FormOptions, spread
from gpuledger.cli.session import Session

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
@spread
def sources(ctx: typer.Context, form: FormOptions) -> None:
    """List the sources that can be read.

    \b
    Examples:
      gpuledger sources
      gpuledger sources --json
    """
    from gpuledger.cli.output import print_rows
    from gpuledger.config.sources import listing

    session: Session = ctx.obj
    rows = listing(session.settings)
    print_rows(rows, {"name": "text", "title": "text", "configured_as": "text", "keys": "text"}, form)
