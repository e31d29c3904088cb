"""`gpuledger ops`: what runs by itself, what is stuck, and what should have happened and did not."""

import os
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gpuledger.cli import messages
from gpuledger.cli.options import FormOptions, spread
from gpuledger.cli.output import print_rows, print_text
from gpuledger.cli.session import Session
from gpuledger.model.errors import Findings, LedgerError

if TYPE_CHECKING:
    from gpuledger.actions.ops.diagnosis import Diagnosis
    from gpuledger.actions.ops.schedule import Machine, Schedule
    from gpuledger.actions.ops.watchdog import Act

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
UNKNOWN = 3
"""Of monitoring plugins: it could not be found out."""
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
    form: Annotated[
        Literal["cron", "scrontab", "systemd"],
        typer.Argument(metavar="FORM", help="What will run the entries: cron, scrontab or systemd."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write them to this folder instead of printing them.")
    ] = None,
) -> None:
    """Print ready entries for cron, scrontab or systemd.

    One for each source, delivery and publication, and one for the watchdog.

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


@app.command()
@spread
def watchdog(
    ctx: typer.Context,
    form: FormOptions,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Only say what is stuck.")] = False,
    wait_seconds: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long a released job is given to start.")
    ] = 5.0,
) -> None:
    """Free scrontab jobs of ours that Slurm could not start.

    It releases them, and cancels those that are still stuck: scrontab starts them again. A job that somebody holds is
    never touched.

    \b
    Examples:
      gpuledger ops watchdog --dry-run
      gpuledger ops watchdog
    """
    import time

    from gpuledger.actions._memory import of_watchdog
    from gpuledger.actions.ops.entries import job_names
    from gpuledger.actions.ops.watchdog import watch

    session: Session = ctx.obj
    memory, acts = of_watchdog(session.settings), []
    with memory.alone():
        for act in watch(job_names(session.settings), lambda: time.sleep(wait_seconds), is_dry=is_dry):
            acts.append(act)
            _log(act)
        if not is_dry:
            memory.write({"looked_at": session.now.isoformat()})
    rows = [{**asdict(act.stuck), "done": act.done, "said": act.said} for act in acts]
    if rows or form.is_json:
        print_rows(rows, dict.fromkeys(("job", "name", "reason", "done", "said"), "text"), form)
    else:
        messages.say("Nothing is stuck.")
    if any(act.done == "failed" for act in acts):
        raise typer.Exit(1)


@app.command()
@spread
def doctor(
    ctx: typer.Context,
    form: FormOptions,
    is_nagios: Annotated[
        bool,
        typer.Option("--nagios", help="One line for monitoring; exit codes 0 ok, 1 warning, 2 critical, 3 unknown."),
    ] = False,
) -> None:
    """Say what is stale, missing, failing or misconfigured.

    Names everything that should have happened by its schedule and did not. Exits with 4 when something needs a look.

    \b
    Examples:
      gpuledger ops doctor
      gpuledger ops doctor --nagios
    """
    session: Session = ctx.obj
    if is_nagios:
        _nagios(session)
        return
    found = _examined(session)
    rows = [asdict(one) for one in found]
    print_rows(rows, dict.fromkeys(("part", "level", "sentence"), "text"), form)
    if bad := sum(one.level != "ok" for one in found):
        raise Findings(f"{bad} of {len(found)} parts need a look." if bad > 1 else "1 part needs a look.")


def _examined(session: Session) -> "list[Diagnosis]":
    from gpuledger.actions.ops.doctor import Patient, examine

    return list(examine(Patient(session.settings, session.loaded.file, session.now)))


def _nagios(session: Session) -> None:
    """A plugin answers in one line whatever happens."""
    from gpuledger.actions.ops.doctor import nagios

    try:
        line, code = nagios(_examined(session))
    except Exception as error:  # noqa: BLE001 - monitoring must hear of it
        line, code = (
            f"GPULEDGER UNKNOWN - {' '.join(str(error).replace('|', '/').split()) or type(error).__name__}",
            UNKNOWN,
        )
    print_text(line)
    if code:
        raise typer.Exit(code)


def _log(act: "Act") -> None:
    """Each act, in the log file too."""
    messages.note(
        f"Stuck job {act.done}.", job=act.stuck.job, job_name=act.stuck.name, why=act.stuck.reason, said=act.said
    )


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
    from gpuledger.config.publications import state_folder

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
