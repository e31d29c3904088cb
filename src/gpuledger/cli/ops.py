"""`gpuledger ops`: what runs by itself, what is stuck, and what should have happened and did not."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gpuledger.cli import messages
from gpuledger.cli.session import Session
from gpuledger.model.errors import LedgerError

if TYPE_CHECKING:
    from gpuledger.actions.ops.schedule import Machine, Schedule

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
CARRIED = ("SLURM_CONF",)
"""Variables that a command needs where it runs by itself, when they are set here."""


@app.callback()
def ops() -> None:
    """Keep it running: schedule, watchdog, doctor.

    \b
    Examples:
      gpuledger ops schedule cron
      gpuledger ops doctor
    """


@app.command()
def schedule(
    ctx: typer.Context,
    form: Annotated[Literal["cron", "scrontab", "systemd"], typer.Argument(help="What will run the entries.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write them there instead of printing them.")
    ] = None,
) -> None:
    """Print ready entries: one a source, delivery and publication, and the watchdog.

    \b
    Examples:
      gpuledger ops schedule cron
      gpuledger ops schedule scrontab
      gpuledger ops schedule systemd --out units
    """
    from gpuledger.actions.ops import schedule as action

    session: Session = ctx.obj
    told = action.schedule(session.settings, _machine(session), session.now)
    _warn_of_environment(session)
    files = _files(told, form)
    if out:
        _write(files, out)
    elif form == "systemd":
        sys.stdout.write("\n".join(f"# ---- {name}\n{content}" for name, content in files.items()))
    else:
        sys.stdout.write(files[form])
    if not told.log_file.parent.is_dir():
        messages.warn(f"Make the folder {told.log_file.parent} first: what the entries do is logged in it.")


def _files(told: "Schedule", form: str) -> dict[str, str]:
    from gpuledger.actions.ops import schedule as action

    if form == "systemd":
        return action.systemd(told)
    return {form: action.cron(told) if form == "cron" else action.scrontab(told)}


def _write(files: dict[str, str], out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (out / name).write_text(content, encoding="utf-8")
            print(out / name)
    except OSError as error:
        raise LedgerError(f"The entries cannot be written to {out}: {error.strerror}.") from error


def _machine(session: Session) -> "Machine":
    """This machine, as the entries will find it."""
    from gpuledger.actions.ops.schedule import Machine
    from gpuledger.config.sites import state_folder

    loaded = session.loaded
    options = ["--config", str(loaded.file.absolute())] if loaded.file else []
    if loaded.origins.get("ledger") in ("default", "environment", "command line") or not loaded.file:
        options += ["--ledger", _absolute(loaded.settings.ledger)]
    carried = {name: os.environ[name] for name in CARRIED if os.environ.get(name)}
    folder = state_folder(loaded.settings).parent
    return Machine((*_program(), *options), _zone(), folder, os.environ.get("PATH", ""), carried)


def _absolute(ledger: str) -> str:
    return ledger if "://" in ledger else str(Path(ledger).expanduser().absolute())


def _program() -> list[str]:
    """How we are called from anywhere."""
    beside = Path(sys.executable).absolute().with_name("gpuledger")
    return [str(beside)] if beside.is_file() else [str(Path(sys.executable).absolute()), "-m", "gpuledger"]


def _zone() -> str:
    """The zone of this machine's clock, which cron goes by."""
    from gpuledger.model.errors import UsageError
    from gpuledger.model.period import tzinfo

    target = os.path.realpath("/etc/localtime")
    for name in (os.environ.get("TZ", "").lstrip(":"), target.partition("zoneinfo/")[2]):
        with suppress(UsageError):
            if name:
                return str(tzinfo(name))
    return "UTC"


def _warn_of_environment(session: Session) -> None:
    """Settings of this shell that nothing will know when it runs by itself."""
    said = sorted(key for key, origin in session.loaded.origins.items() if origin == "environment" and key != "ledger")
    if said:
        messages.warn(
            f"Only this shell says {', '.join(said)}; write it into the configuration, or a .env file beside it."
        )
