"""What is served: one open ledger and its settings, the ways in, what was made, and the threads that make it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from threading import Event

from gpuledger.actions.catalogue import newest
from gpuledger.actions.pseudonyms import names_of, salt_of
from gpuledger.config import Ledger, Settings, ledger_folder
from gpuledger.config.serve import ServeSettings
from gpuledger.model.pseudonym import veil
from gpuledger.serve.builds import Builds
from gpuledger.serve.doors import Doors
from gpuledger.serve.kept import Kept, Made
from gpuledger.serve.refusals import unavailable
from gpuledger.serve.tokens import tokens_of
from gpuledger.serve.witness import Remembered


def clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Site:
    """One service's ledger, and what serving it takes. Close it."""

    ledger: Ledger
    is_open: bool = True
    now: Callable[[], datetime] = field(default=clock)
    is_warm: Event = field(default_factory=Event)
    """Set once what the first viewer would wait for is loaded and made (serve.warm)."""

    @property
    def settings(self) -> Settings:
        return self.ledger.settings

    @property
    def serve(self) -> ServeSettings:
        return self.settings.serve

    @cached_property
    def doors(self) -> Doors:
        return Doors(tokens_of(self.settings), self.serve, self.is_open)

    @cached_property
    def builds(self) -> Builds:
        return Builds(self.serve.builds)

    @cached_property
    def uploads(self) -> Builds:
        """One after the other: two would only wait for each other's locks."""
        return Builds(1, most=16, name="upload")

    @cached_property
    def documents(self) -> Kept[Made]:
        """What was made and may be asked for again."""
        return Kept(self.serve.cache_bytes)

    @cached_property
    def salt(self) -> bytes:
        """What pseudonyms are made with."""
        return salt_of(self.settings)

    @cached_property
    def veil(self) -> Remembered[Callable[[str], str]]:
        """What replaces every name of the ledger in a text."""
        return Remembered(self.ledger, lambda ledger: veil(self.salt, names_of(ledger.store)))

    @cached_property
    def names(self) -> Remembered[tuple[tuple[str, str], ...]]:
        """(column, name) of everybody the ledger knows."""
        return Remembered(self.ledger, lambda ledger: names_of(ledger.store))

    @cached_property
    def newest(self) -> Remembered[dict[str, datetime | None]]:
        """How far the ledger tells of what each report is about."""
        return Remembered(self.ledger, newest, math.inf)

    def require_ledger(self) -> None:
        """Raises Refused (503) when the ledger's folder is not there: an empty answer would be a lie."""
        if not ledger_folder(self.settings.ledger).is_dir():
            raise unavailable("no_ledger", "There is no ledger here now; it is not mounted, or nothing was read yet.")

    def close(self) -> None:
        self.builds.close()
        self.uploads.close()
