"""The root command: global options, and the verbs behind it."""

from itertools import islice
from typing import Annotated

import typer

from gpuledger import __version__
from gpuledger.cli.options import spread
from gpuledger.cli.session import Session, Typed
from gpuledger.cli.verbs import Verbs
from gpuledger.model.errors import UsageError

app = typer.Typer(
    cls=Verbs,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    no_args_is_help=True,
)

GLOBAL = {
    "--ledger": 1,
    "--config": 1,
    "--display-zone": 1,
    "--log-file": 1,
    "--debug": 0,
    "-v": 0,
    "-vv": 0,
    "--verbose": 0,
    "-q": 0,
    "--quiet": 0,
}
"""Global options and how many values each takes; they may stand before or after the verb."""


def hoisted(args: list[str]) -> list[str]:
    """`args` with the global options moved to the front, so that they may be typed anywhere before `--`.

    Raises UsageError for one that lacks its value.
    """
    front: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            return [*front, *rest, word, *words]
        takes = GLOBAL.get(word)
        if takes is None and word.split("=")[0] not in GLOBAL:
            rest.append(word)
        else:
            values = list(islice(words, takes or 0))
            if len(values) < (takes or 0):
                raise UsageError(f"{word} needs a value.")
            front += [word, *values]
    return [*front, *rest]


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"gpuledger {__version__}")
        raise typer.Exit


EPILOG = """\b
Examples:
  gpuledger demo
  gpuledger --ledger my-ledger ingest slurm sacct.txt --zone America/Chicago --cluster hpg
  gpuledger --ledger my-ledger query gpu_hours --by user --last 30d
  gpuledger --ledger my-ledger report usage --month 2026-05 --out out

Exit codes: 0 done, 1 failed, 2 usage, 3 partial, empty or stale, 4 findings, 75 busy.
"""


@app.callback(epilog=EPILOG)
@spread
def root(
    ctx: typer.Context,
    typed: Typed,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """One ledger for every GPU: who had it, what it did, what it cost.

    Global options may stand before or after the verb.
    """
    ctx.obj = Session(typed)
