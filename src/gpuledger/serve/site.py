"""What is served: one open ledger, its settings, and the moment."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gpuledger.config import Ledger, Settings
from gpuledger.config.serve import ServeSettings


def clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Site:
    """One service's ledger and settings."""

    ledger: Ledger
    now: Callable[[], datetime] = field(default=clock)

    @property
    def settings(self) -> Settings:
        return self.ledger.settings

    @property
    def serve(self) -> ServeSettings:
        return self.settings.serve
