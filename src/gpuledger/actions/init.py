"""`init`: looks around this machine and writes a commented configuration; never over an existing file."""

import json
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from gpuledger.config import Settings
from gpuledger.config.sources import meanings
from gpuledger.model.errors import LedgerError, UsageError
from gpuledger.plugins import load, names


@dataclass(frozen=True)
class Found:
    """A system this machine has: the command that showed it, and the source that reads it (None: not in this version)."""

    command: str
    path: str
    source: str | None


LOOKED_FOR = {"sacct": "slurm", "condor_status": "htcondor", "nvidia-smi": "nvml"}
"""Commands that tell of a system, and the source that would read it."""
EXAMPLES = {
    "log_file": '"gpuledger.log"', "outbox": '"outbox"', "cluster": '"hpc"', "zone": '"America/Chicago"',
    "fields": '"JobIDRaw,State,Start,End"', "queue_command": '"squeue"', "control_command": '"scontrol"',
    "limits_command": '"sacctmgr"', "rest": '"http://127.0.0.1:6820"', "rest_user": '"slurm"',
    "token": '"/etc/gpuledger/slurm-token"', "collector": '"cm.example.edu"', "period_seconds": "300",
}  # fmt: skip
"""Values of settings and keys that have no default."""
SITES = '{ rules = { "tacc.utexas.edu" = "frontera" }, names = { frontera = "Frontera" } }'


def init(file: Path, ledger: str, zone: str, which: Callable[[str], str | None]) -> list[Found]:
    """Writes the configuration to `file` and returns what was found on this machine.

    Raises UsageError when the file exists, LedgerError when it cannot be written.
    """
    found = look(which)
    try:
        with file.open("x", encoding="utf-8") as text:
            text.write(written(ledger, zone, found))
    except FileExistsError:
        raise UsageError(
            f"{file} exists and is left as it is; move it away, or give another name with --config."
        ) from None
    except OSError as error:
        raise LedgerError(f"{file} cannot be written: {error.strerror}.") from error
    return found


def look(which: Callable[[str], str | None]) -> list[Found]:
    """The systems whose commands are on the path."""
    there = names("sources")
    return [
        Found(command, path, source if source in there else None)
        for command, source in LOOKED_FOR.items()
        if (path := which(command))
    ]


def written(ledger: str, zone: str, found: list[Found]) -> str:
    """The text of the configuration."""
    return "\n".join(_lines(ledger, zone, found)) + "\n"


def _lines(ledger: str, zone: str, found: list[Found]) -> Iterator[str]:
    yield "# gpuledger: flags and GPULEDGER_... variables win over this file."
    yield "# Check it with `gpuledger config validate`, see what is in force with `gpuledger config show`."
    yield "# Lines that begin with # show a default, or an example where there is none. Mail, publications, the service and"
    yield "# the pool have tables of their own: docs/reference/configuration.md."
    yield f"ledger = {json.dumps(ledger, ensure_ascii=False)}"
    yield f"display_zone = {json.dumps(zone)}"
    yield "\n".join(_defaults())
    yield f"# sites = {SITES}  # {Settings.model_fields['sites'].description}"
    for one in found:
        yield f"\n# {one.path} is on this machine."
        yield from (
            _source(one.source)
            if one.source
            else [f"# This version has no source for it ({', '.join(names('sources'))})."]
        )
    if not any(one.source for one in found):
        yield "\n# No live system was found here. One looks like this:"
        yield from (f"# {line}" for name in names("sources")[:1] for line in _source(name))


def _defaults() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        if name in ("ledger", "display_zone") or not isinstance(field.default, str | int | None):
            continue  # the first two are told above; tables have their own place
        value = EXAMPLES.get(name) or json.dumps(field.default)
        yield f"# {name} = {value}  # {field.description}"


def _source(name: str) -> Iterator[str]:
    """A table for the source, its other keys as comments with their meaning and defaults."""
    kind = load("sources", name)
    yield f"[sources.{name}]"
    yield f'type = "{name}"'
    told = meanings(kind)
    for field in fields(kind):
        default = field.default if field.default is not MISSING else None
        value = EXAMPLES.get(field.name) if default is None else None
        yield f"# {field.name} = {value or _toml(default)}  # {told.get(field.name, '')}".rstrip(" #")


def _toml(value: Any) -> str:
    """A default as TOML; '' where there is none."""
    return json.dumps(
        list(value) if isinstance(value, tuple | frozenset) else "" if value is None else value, default=str
    )
