"""One message to those of its recipients that lack it, again after a while, until all is said or patience ends."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_exponential_jitter

from gpuledger.deliver import Channel, ChannelError, Delivered
from gpuledger.deliver.outbox import Spooled


@dataclass(frozen=True)
class Patience:
    """How often one run tries, and how long it waits after the first try (each further wait doubles)."""

    tries: int = 4
    wait_seconds: float = 2.0
    longest_seconds: float = 60.0


def dispatch(spooled: Spooled, channel: Channel, patience: Patience, now: datetime) -> dict[str, Delivered]:
    """Sends to whoever lacks the message and records each answer; what is known of every recipient then."""
    began = time.monotonic()

    def once() -> bool:
        """Whether another try may help."""
        answers, is_passing = _sent(channel, spooled)
        spooled.record(answers, now + timedelta(seconds=time.monotonic() - began))
        return is_passing and bool(spooled.remaining)

    if spooled.remaining:
        Retrying(
            stop=stop_after_attempt(patience.tries),
            wait=wait_exponential_jitter(patience.wait_seconds, patience.longest_seconds, jitter=patience.wait_seconds),
            retry=retry_if_result(bool),
            retry_error_callback=lambda state: None,
        )(once)
    return spooled.last_answers()


def _sent(channel: Channel, spooled: Spooled) -> tuple[dict[str, Delivered], bool]:
    remaining = spooled.remaining
    try:
        return {one: told for one, told in channel.send(spooled.message, remaining).items() if one in remaining}, True
    except ChannelError as error:
        return dict.fromkeys(remaining, Delivered("waiting", str(error))), error.is_passing
    except Exception as error:  # noqa: BLE001 - a stranger's channel must not keep other messages from leaving
        said = f"{channel.name} failed unexpectedly: {type(error).__name__}: {error}"
        return dict.fromkeys(remaining, Delivered("waiting", said)), False
