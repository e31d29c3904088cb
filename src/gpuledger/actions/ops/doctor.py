"""What is stale, missing, failing or misconfigured, on one page; and what should have happened by its schedule and did not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gpuledger.actions.ops import _files, _runs
from gpuledger.actions.ops.diagnosis import LEVELS, Diagnosis, Level
from gpuledger.config import Ledger, Settings, ledger_folder, open_ledger
from gpuledger.config.check import checked
from gpuledger.model.errors import LedgerError


@dataclass(frozen=True)
class Patient:
    """What is looked at: the settings with the file they came from, and the moment."""

    settings: Settings
    file: Path | None
    now: datetime


def examine(patient: Patient) -> Iterator[Diagnosis]:
    """Every part of the site; one that cannot be looked at keeps no other from being looked at."""
    yield _configuration(patient.settings)
    yield from _files.secrets(patient.settings, patient.file)
    yield from _files.disks(patient.settings)
    if not ledger_folder(patient.settings.ledger).is_dir():
        yield Diagnosis("ledger", "critical", f"There is no ledger at {patient.settings.ledger}.")
        return
    try:
        with open_ledger(patient.settings) as ledger:
            yield _ledger(ledger)
            yield from _runs.everything(ledger, patient.now)
    except (LedgerError, OSError) as error:
        yield Diagnosis("ledger", "critical", f"The ledger cannot be read: {error}")


def _configuration(settings: Settings) -> Diagnosis:
    try:
        parts = checked(settings)
    except LedgerError as error:
        return Diagnosis("configuration", "critical", str(error))
    return Diagnosis("configuration", "ok", f"Every part can be used ({len(parts)}).")


def _ledger(ledger: Ledger) -> Diagnosis:
    rows = sum(table.rows for table in ledger.store.info())
    return Diagnosis("ledger", "ok" if rows else "warning", f"{rows:,} rows." if rows else "It is empty.")


def worst(found: list[Diagnosis]) -> Level:
    """The level of the page."""
    return max((one.level for one in found), key=LEVELS.index, default="ok")


def nagios(found: list[Diagnosis]) -> tuple[str, int]:
    """One line as monitoring plugins write it, and its exit code (0 ok, 1 warning, 2 critical)."""
    level = worst(found)
    told = [f"{one.part}: {one.sentence}" for each in reversed(LEVELS[1:]) for one in found if one.level == each]
    counts = " ".join(f"{each}={sum(one.level == each for one in found)}" for each in LEVELS)
    # "|" begins the numbers of a plugin's line.
    words = " ".join("; ".join(told).replace("|", "/").split()) or f"{len(found)} parts are well"
    return f"GPULEDGER {level.upper()} - {words} | {counts}", LEVELS.index(level)
