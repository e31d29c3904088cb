"""Channels and deliveries as configured, and where their messages are kept."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from gpuledger.config import Settings, ledger_folder
from gpuledger.config.deliveries import DeliverySettings
from gpuledger.config.plugged import built
from gpuledger.model.errors import ConfigError, UsageError
from gpuledger.model.names import unknown
from gpuledger.render import FORMATS

if TYPE_CHECKING:
    from gpuledger.deliver import Channel


def channel_named(settings: Settings, name: str) -> "Channel":
    """The channel configured as `[channels.NAME]`. Raises ConfigError for a wrong key or value, UsageError for no such."""
    if name not in settings.channels:
        hint = "none is configured: add [channels.NAME] to the configuration"
        raise UsageError(unknown("channel", name, settings.channels, "" if settings.channels else hint))
    configured = settings.channels[name]
    return cast("Channel", built("channels", f"[channels.{name}]", configured.type, configured.fields))


def require_whole(settings: Settings, name: str, delivery: DeliverySettings) -> None:
    """Raises ConfigError where a delivery and its channel do not fit together."""
    place = f"[deliveries.{name}]" if name in settings.deliveries else f"send {name}"
    if not delivery.channel and settings.channels:
        raise UsageError(f"{place}: say by which channel: --channel {' or '.join(settings.channels)}.")
    if not delivery.channel:
        raise ConfigError(f"{place}: no channel is configured; add [channels.NAME] to the configuration.")
    if delivery.channel not in settings.channels:
        raise ConfigError(f"{place}: {unknown('channel', delivery.channel, settings.channels)}")
    if not channel_named(settings, delivery.channel).targets and not delivery.everyone:
        raise ConfigError(f'{place}: nobody gets it; add recipients = ["name@example.edu"], or by hand --recipient.')
    if delivery.mode == "test" and not delivery.test_recipient:
        raise ConfigError(f"{place}: mode is test and there is no test_recipient.")
    for form in delivery.formats:
        if form not in FORMATS:
            raise ConfigError(f"{place}: {unknown('format', form, FORMATS)}")
    if delivery.templates and not delivery.templates.is_dir():
        raise ConfigError(f"{place}: there is no folder {str(delivery.templates)!r}; see `gpuledger send --templates`.")


def outbox_folder(settings: Settings) -> Path:
    """Where messages on their way are kept: on this machine, also when the ledger is not."""
    if settings.outbox:
        return settings.outbox.expanduser().absolute()
    if "://" in settings.ledger and not settings.ledger.startswith("file://"):
        raise ConfigError('The ledger is not a folder; say where messages wait: outbox = "/var/lib/gpuledger/outbox".')
    return ledger_folder(settings.ledger) / "outbox"
