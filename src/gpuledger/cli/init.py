"""`gpuledger init`: a configuration to begin with."""

import shutil
from pathlib import Path

import typer

from gpuledger.cli.session import Session

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def init(ctx: typer.Context) -> None:
    """Look around this machine and write a commented configuration.

    Looks for sacct, condor_status and nvidia-smi; writes ./gpuledger.toml (or --config FILE), never over a file.

    \b
    Examples:
      gpuledger init
      gpuledger --config site.toml init
    """
    from gpuledger.actions.init import init as action
    from gpuledger.cli.output import print_text

    session: Session = ctx.obj
    file = session.typed.config or Path("gpuledger.toml")
    found = action(file, session.without_file.ledger, session.without_file.display_zone, shutil.which)
    print_text(f"Wrote {file}.")
    for one in found:
        print_text(f"Found {one.path}: {f'source {one.source}' if one.source else 'no source in this version'}.")
    if not found:
        print_text(
            "Found no sacct, condor_status or nvidia-smi here; read saved files with `gpuledger ingest FILE...`."
        )
    print_text("Next: read through it, then `gpuledger config validate`.")
