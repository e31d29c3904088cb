"""The first screen: every verb with its one line. A verb's file is imported when it is typed, so `--help` stays fast."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from gpuledger.cli.options import plain

VERBS: dict[str, dict[str, str]] = {
    "Start": {
        "demo": "Fill a ledger with a simulated site and make its reports.",
        "init": "Look around this machine and write a commented configuration.",
        "config": "Show, check and find the configuration.",
    },
    "Data in": {
        "ingest": "Read accounting files into the ledger.",
        "collect": "Ask the configured live systems for what is new.",
        "sources": "List the sources that can be read.",
    },
    "Answers out": {
        "query": "Answer metrics by any dimension, for any period.",
        "report": "Make a report: page, figures and tables.",
        "send": "Send reports to people; a dry run without --send.",
        "publish": "Publish reports as a site of static files; a dry run without --publish.",
        "serve": "Serve the reports as a page and an API.",
    },
    "From the earlier tools": {
        "experiment": "An experiment's DAGs and event logs: a table, figures, a live view.",
    },
    "The ledger": {
        "token": "Make, list and take back tokens for the service.",
        "store": "Look after the ledger: info, problems, check, compact, vacuum.",
        "ops": "Keep it running: schedule, watchdog, doctor.",
    },
}
"""Only what works today is listed; `tests/cli` holds every line to the verb's own help."""


def command_of(verb: str) -> Any:
    """The typer command of one verb, imported now."""
    return plain(typer.main.get_command(import_module(f"gpuledger.cli.{verb}").app))


class Verbs(TyperGroup):
    """Lists verbs without importing them, imports the one that is typed."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for panel, verbs in VERBS.items():
            for verb, line in verbs.items():
                self.add_command(TyperCommand(verb, help=line, rich_help_panel=panel))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and any(args[0] in verbs for verbs in VERBS.values()):
            self.commands[args[0]] = command_of(args[0])
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.format_commands(ctx, formatter)
        TyperCommand.format_options(self, ctx, formatter)  # type: ignore[arg-type]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        width = max(len(verb) for verbs in VERBS.values() for verb in verbs)
        for panel, verbs in VERBS.items():
            with formatter.section(panel):
                formatter.write_dl([(verb.ljust(width), line) for verb, line in verbs.items()])
