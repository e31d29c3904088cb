"""What one run of the command knows: what was typed, the settings, the moment, the ledger. Only here are clock and environment read."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gpuledger.cli import messages
from gpuledger.model.errors import NoData

if TYPE_CHECKING:
    from gpuledger.config import Ledger, Settings
    from gpuledger.config.loading import Loaded
    from gpuledger.model.choice import PeriodChoice
    from gpuledger.model.period import Period


@dataclass(frozen=True)
class Typed:
    """The global options as typed."""

    ledger: Annotated[
        str | None,
        typer.Option("--ledger", metavar="DIR_OR_URL", help="The ledger (or GPULEDGER_LEDGER, or the configuration)."),
    ] = None
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The configuration file.")] = None
    display_zone: Annotated[
        str | None,
        typer.Option("--display-zone", metavar="ZONE", help="Zone of the days and months that are typed or shown."),
    ] = None
    log_file: Annotated[
        Path | None, typer.Option("--log-file", metavar="FILE", help="Also log to this file, one JSON object a line.")
    ] = None
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose", "-v", count=True, metavar="", show_default=False, help="Say more on stderr; -vv says all."
        ),
    ] = 0
    is_quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only errors on stderr.")] = False
    is_debug: Annotated[bool, typer.Option("--debug", help="Log all, and show the traceback of an error.")] = False

    @property
    def flags(self) -> dict[str, Any]:
        """The settings among them."""
        values = {
            "ledger": self.ledger,
            "display_zone": self.display_zone,
            "log_file": self.log_file,
            "log_level": self._log_level,
        }
        return {key: value for key, value in values.items() if value is not None}

    @property
    def _log_level(self) -> str | None:
        if self.is_debug or self.verbose > 1:
            return "debug"
        return "info" if self.verbose else "error" if self.is_quiet else None


@dataclass
class Session:
    """One run: settings are read when first needed, so `--help` and `config path` work with a broken file."""

    typed: Typed = field(default_factory=Typed)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    left_out: list[str] = field(default_factory=list)
    """Sentences on what of the inputs could not be read, though the rest was."""

    def name_salt(self, *, is_asked: bool) -> bytes | None:
        """What users, hosts and addresses are hashed with: the salt of the ledger; None where nobody asks for it."""
        from gpuledger.actions.pseudonyms import salt_of

        return salt_of(self.settings) if is_asked else None

    def end(self) -> None:
        """Raises NoData where what was made is not of the whole input."""
        if self.left_out:
            raise NoData(f"What was made may not be whole. {' '.join(self.left_out)}")

    @cached_property
    def loaded(self) -> "Loaded":
        """Settings with their origins; logging is set up with them."""
        from gpuledger.config.loading import load, unknown_variables

        loaded = load(self.typed.flags, os.environ, Path.cwd(), self.typed.config)
        messages.log_to(loaded.settings.log_level, loaded.settings.log_file)
        messages.note("Settings are read.", configuration=str(loaded.file or ""))
        for sentence in unknown_variables(os.environ):
            messages.warn(sentence)
        return loaded

    @property
    def without_file(self) -> "Settings":
        """The settings that flags and environment alone give: what `init` starts from."""
        from gpuledger.config.loading import load

        return load(self.typed.flags, {k: v for k, v in os.environ.items() if k != "GPULEDGER_CONFIG"}, None).settings

    @property
    def settings(self) -> "Settings":
        return self.loaded.settings

    def open(self) -> "Ledger":
        """The ledger of the settings, to write to; use `with`."""
        from gpuledger.config import open_ledger

        return open_ledger(self.settings)

    def open_existing(self, *, may_be_empty: bool = False) -> "Ledger":
        """The ledger, to read. Raises NoData when nothing was ever written there: a mistyped name is not an empty ledger.

        `may_be_empty`: a folder that is there will do, for whoever records that there was nothing.
        """
        from gpuledger.config import ledger_folder

        place = self.settings.ledger
        folder = ledger_folder(place)
        if _is_ledger(folder):
            return self.open()
        if _is_ledger(folder / "ledger"):
            raise NoData(
                f"{place} holds no accounting, but the folder in it does: --ledger {place.rstrip('/')}/ledger."
            )
        if may_be_empty and folder.is_dir():
            return self.open()
        there = f"The ledger {place} is empty" if folder.is_dir() else f"There is no ledger at {place}"
        raise NoData(
            f"{there}; `gpuledger ingest FILE...` fills it, `gpuledger demo` makes one to look at. Another is chosen by"
            " --ledger, GPULEDGER_LEDGER or `ledger` in gpuledger.toml."
        )

    @property
    def is_there(self) -> bool:
        """Has anything been written to the ledger?"""
        from gpuledger.config import ledger_folder

        return _is_ledger(ledger_folder(self.settings.ledger))

    @property
    def of_tokens(self) -> "Settings":
        """Where the ledger and its tokens are: a mistake in another part of the file keeps no token from being taken back."""
        from gpuledger.config.loading import load
        from gpuledger.model.errors import ConfigError

        try:
            return self.settings
        except ConfigError as error:
            found = load(self.typed.flags, os.environ, Path.cwd(), self.typed.config, only=("ledger", "serve"))
            messages.warn(f"These are the tokens of {found.settings.ledger}; the other settings were not read. {error}")
            return found.settings

    def period(self, when: "PeriodChoice", default_last: str) -> "Period":
        """The period that was typed, in the display zone, else the last `default_last`."""
        settings = self.settings
        return when.period(self.now, settings.display_zone, settings.fiscal_start_month, default_last)


def _is_ledger(folder: Path) -> bool:
    """Has anything been written there?"""
    return any(folder.glob("*/_delta_log"))
