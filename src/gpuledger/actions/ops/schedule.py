"""Entries ready to be put into cron, scrontab or systemd: absolute paths, a log, nothing taken from the environment."""

import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gpuledger.actions.ops.clock import by_clock_of, calendar
from gpuledger.actions.ops.entries import Entry, entries, require_some
from gpuledger.config import Settings

USUAL = ("/usr/bin", "/bin")
"""Where cron and Slurm look for programs."""
TIME_LIMIT = "00:30:00"


@dataclass(frozen=True)
class Machine:
    """Where the entries will run: how we are called, by which clock, and what is not in its usual place.

    `program` is the command with its global options; `path` is searched for the programs that sources and places run.
    """

    program: tuple[str, ...]
    zone: str
    folder: Path
    path: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Schedule:
    """Everything that runs on a machine, ready to be printed in three ways."""

    settings: Settings
    machine: Machine
    now: datetime
    entries: tuple[Entry, ...]

    @property
    def log_file(self) -> Path:
        return (self.settings.log_file or self.machine.folder / "gpuledger.jsonl").expanduser().absolute()

    def command(self, entry: Entry) -> list[str]:
        """The words of one entry's command line."""
        env = [f"{name}={value}" for name, value in self._variables(entry).items()]
        options = ["-q", "--log-file", str(self.log_file)]
        return [*(["/usr/bin/env", *env] if env else []), *self.machine.program, *options, *entry.command]

    def _variables(self, entry: Entry) -> dict[str, str]:
        folders = [folder for folder in self._folders(entry) if folder not in USUAL]
        path = {"PATH": ":".join([*dict.fromkeys(folders), *USUAL])} if folders else {}
        return {**path, **self.machine.variables}

    def _folders(self, entry: Entry) -> Iterator[str]:
        """Folders of the programs an entry runs, where they are found today."""
        for program in _programs(self.settings, entry):
            if found := shutil.which(program, path=self.machine.path or None):
                yield str(Path(found).parent)

    def moment(self, entry: Entry) -> tuple[str, str]:
        """When cron must ask by this machine's clock, and why so often."""
        return by_clock_of(self.machine.zone, entry.at, entry.zone, self.now) if entry.zone else (entry.at, "")


def schedule(settings: Settings, machine: Machine, now: datetime) -> Schedule:
    """What the configuration asks for on this machine. Raises UsageError when nothing would run."""
    return Schedule(settings, machine, now, tuple(require_some(entries(settings))))


def _programs(settings: Settings, entry: Entry) -> Iterable[str]:
    """The outside programs one entry needs."""
    match entry.command:
        case ("collect", name):
            command = settings.sources[name].fields.get("command")
            usual = ["sacct"] if settings.sources[name].type == "slurm" else []
            return shlex.split(command)[:1] if isinstance(command, str) and command else usual
        case ("publish", name, *_):
            return {"git": ["git", "ssh"], "rsync": ["rsync", "ssh"], "scp": ["scp", "ssh"]}.get(
                settings.publish[name].type, []
            )
        case ("ops", "watchdog"):
            return ["squeue", "scontrol", "scancel"]
        case _:
            return []


HEAD = (
    "# What gpuledger runs by itself; written by `gpuledger ops schedule`: after a change of the configuration, again.",
    "# Each command holds its own lock: of two at once the second does nothing and ends with 75.",
)


def cron(told: Schedule) -> str:
    """Lines for `crontab -e`."""
    return "\n".join([*HEAD, *(line for entry in _where_slurm(told) for line in _cron_lines(told, entry))]) + "\n"


def _cron_lines(told: Schedule, entry: Entry) -> list[str]:
    at, why = told.moment(entry)
    # In a crontab "%" ends the command.
    command = shlex.join(told.command(entry)).replace("%", r"\%")
    return ["", f"# {entry.name}: {_meaning(entry, why)}", f"{at} {command} >/dev/null"]


def _meaning(entry: Entry, why: str) -> str:
    """On one line, whatever a name holds."""
    return " ".join(f"{entry.meaning} {f'({why})' if why else ''}".split())


def _where_slurm(told: Schedule) -> Iterator[Entry]:
    """The watchdog is of use only where there are scrontab jobs to look after."""
    has_slurm = bool(told.settings.ops.jobs) or any(source.type == "slurm" for source in told.settings.sources.values())
    return (entry for entry in told.entries if has_slurm or entry.command[0] != "ops")


def scrontab(told: Schedule) -> str:
    """Lines for `scrontab -e`: each job is named, so that the watchdog knows it."""
    return "\n".join([*HEAD, *(line for entry in told.entries for line in _scron_lines(told, entry))]) + "\n"


def _scron_lines(told: Schedule, entry: Entry) -> list[str]:
    at, why = told.moment(entry)
    # In names of files Slurm reads %j, %x …; one whose folder is not there keeps the job from starting.
    output = shlex.quote(str(told.log_file.with_name(f"{entry.name}.out")).replace("%", "%%"))
    options = [
        f"--job-name={entry.name}",
        "--export=NONE",
        f"--time={TIME_LIMIT}",
        f"--output={output}",
        "--open-mode=truncate",
    ]
    lines = [f"#SCRON {option}" for option in options]
    return ["", f"# {_meaning(entry, why)}", *lines, f"{at} {shlex.join(told.command(entry))}"]


def systemd(told: Schedule) -> dict[str, str]:
    """Units by file name: a service and a timer each."""
    units: dict[str, str] = {}
    for entry in _where_slurm(told):
        command = " ".join(_word(word) for word in told.command(entry))
        units[f"{entry.name}.service"] = (
            f"[Unit]\nDescription=gpuledger: {_meaning(entry, '').replace('%', '%%')}\n\n"
            f"[Service]\nType=oneshot\nExecStart={command}\nSuccessExitStatus=75\n"
        )
        when = "".join(f"OnCalendar={line}\n" for line in calendar(entry.at, entry.zone))
        units[f"{entry.name}.timer"] = (
            f"[Unit]\nDescription=When {entry.name} runs\n\n"
            f"[Timer]\n{when}Persistent=true\n\n[Install]\nWantedBy=timers.target\n"
        )
    return units


def _word(word: str) -> str:
    """One word of ExecStart: systemd reads %, $, quotes and backslashes itself."""
    told = word.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$").replace('"', '\\"')
    return f'"{told}"' if not told or any(c in told for c in " '\";\\") else told
