"""`gpuledger config`: the settings in force, where they came from, whether they hold."""

import os
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from gpuledger.cli.options import FormOptions, spread
from gpuledger.cli.session import Session
from gpuledger.model.errors import UsageError


class Known(TyperGroup):
    """Answers words of other tools with ours."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in ("check", "test", "verify", "lint"):
            raise UsageError(f"No such command {args[0]!r}. Did you mean 'validate'?")
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=Known, rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def config() -> None:
    """Show, check and find the configuration.

    \b
    Examples:
      gpuledger config show
      gpuledger config validate
      gpuledger config path
    """


@app.command()
@spread
def show(ctx: typer.Context, form: FormOptions) -> None:
    """Print every setting in force and where it was set.

    Secrets are left out.

    \b
    Examples:
      gpuledger config show
      gpuledger config show --json
    """
    from gpuledger.cli.output import print_rows
    from gpuledger.config.show import shown

    session: Session = ctx.obj
    rows = [{"setting": name, "value": value, "said_by": origin} for name, value, origin in shown(session.loaded)]
    if not form.is_json:
        rows = [{**row, "value": _written(row["value"])} for row in rows]
    print_rows(rows, {"setting": "text", "value": "text", "said_by": "text"}, form)


@app.command()
def validate(ctx: typer.Context) -> None:
    """Check every key, source and report parameter.

    \b
    Examples:
      gpuledger config validate
      gpuledger --config gpuledger.toml config validate
    """
    from gpuledger.cli.output import print_text
    from gpuledger.config.check import checked

    session: Session = ctx.obj
    parts = checked(session.settings)
    print_text(
        f"{session.loaded.file or 'No configuration file'}: all is well ({', '.join(parts) or 'no source configured'})."
    )


@app.command()
def path(ctx: typer.Context) -> None:
    """Print which file is in force.

    If there is none, it says where it looked.

    \b
    Examples:
      gpuledger config path
    """
    from gpuledger.cli import messages
    from gpuledger.cli.output import print_text
    from gpuledger.config.loading import candidates, find
    from gpuledger.model.errors import NoData

    session: Session = ctx.obj
    if file := find(os.environ, Path.cwd(), session.typed.config):
        print_text(str(file.absolute()))
        return
    places = "\n".join(f"  {place}" for place in candidates(os.environ, Path.cwd()))
    messages.say(f"Looked for:\n{places}")
    raise NoData("There is no configuration file; `gpuledger init` writes one.")


def _written(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
