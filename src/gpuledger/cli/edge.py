"""The edge: every way a run can stop becomes one sentence on stderr and an exit code."""

import errno
import os
import sys
import traceback
from typing import Any

import typer

from gpuledger.cli import messages
from gpuledger.cli.app import app, hoisted
from gpuledger.model.errors import LedgerError

INTERRUPTED = 130
BROKEN_PIPE = 141
ELSEWHERE = {
    "report": dict.fromkeys(
        ("--html", "--text", "--json", "--csv", "--xlsx", "--parquet", "--png", "--svg"),
        "a report's forms are chosen with --format, e.g. --format json, or --format html,csv --out DIR",
    ),
    "query": dict.fromkeys(
        ("--html", "--xlsx", "--png", "--svg", "--format"),
        "a query prints --csv, --json or --parquet FILE; `gpuledger report usage --format xlsx --out DIR` makes other forms",
    ),
}
"""Options that are looked for where they are not, by verb: what there is instead."""


def run(args: list[str]) -> int:
    """Runs one command line and returns its exit code; raises nothing."""
    try:
        code = typer.main.get_command(app).main(hoisted(args), prog_name="gpuledger", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except BaseException as error:  # noqa: BLE001 — nothing may leave without a sentence and a code
        if "--debug" in args and not isinstance(error, SystemExit | typer.TyperException):
            traceback.print_exception(error)
        return _told(error)
    finally:
        messages.close_logs()


def _told(error: BaseException) -> int:
    """Says what stopped us; the exit code."""
    match error:
        case SystemExit() if isinstance(error.__context__, BrokenPipeError):
            return _pipe_closed()  # typer has made an exit of it
        case SystemExit():
            return error.code if isinstance(error.code, int) else 1
        case KeyboardInterrupt():
            messages.error("Interrupted.")
            return INTERRUPTED
        case LedgerError():
            messages.error(str(error))
            return error.exit_code
        case typer.TyperException():
            return _usage(error)
        case OSError() if error.errno == errno.EPIPE:
            return _pipe_closed()
        case OSError():
            messages.error(_os_sentence(error))
            return 1
        case _:
            messages.error(f"{_name(error)}; run it again with --debug to see where, and please report it.")
            return 1


def _usage(error: Any) -> int:
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(error.format_message(), err=True)
        return int(error.exit_code)
    hint = f" Try `{context.command_path} --help`." if context else ""
    sentence = _elsewhere(error, context) or error.format_message().replace(": Value error, ", ": ")
    messages.error(f"{sentence.rstrip('.')}{'' if sentence.endswith('?') else '.'}{hint}")
    return int(error.exit_code)


def _elsewhere(error: Any, context: Any) -> str:
    """What to type instead of an option another verb has; '' for any other mistake."""
    verb = context.command_path.split()[1:2] if context else []
    option = getattr(error, "option_name", "")
    instead = ELSEWHERE.get("".join(verb), {}).get(option)
    return f"No such option: {option}; {instead}" if instead else ""


def _os_sentence(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "No space is left on the disk; free some and run it again; what was written is whole."
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}."


def _pipe_closed() -> int:
    """The reader went away (`| head`): quiet, as if SIGPIPE had ended us."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _name(error: BaseException) -> str:
    """The kind of a surprise and its first line; a Rust panic of a library is one of them."""
    lines = str(error).splitlines() or ["no message"]
    return f"Unexpected {type(error).__name__}: {lines[0][:300]}"
