"""The metrics of events of devices: declarations only."""

from datetime import datetime
from typing import TYPE_CHECKING

from gpuledger.metrics import Metric
from gpuledger.metrics.relation import instant, seconds

if TYPE_CHECKING:
    import ibis.expr.types as ir

TABLE = "device_events"
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC is what metrics compute with
_NOT_HEALTHY = "A time without events is not known to be a healthy one."


def _since_epoch(moment: "ir.TimestampValue") -> "ir.FloatingValue":
    return seconds(instant(_EPOCH), moment)


METRICS: tuple[Metric, ...] = (
    Metric(
        "device_events", "Events", "count", f"Events of devices that were told. {_NOT_HEALTHY}", "event",
        lambda t: t.count(), "low", table=TABLE,
    ),
    Metric(
        "gpus_with_events", "GPUs with events", "count", "Different GPUs (cluster, host and GPU) with an event.", "event",
        lambda t: t.device.nunique(), "low", table=TABLE,
    ),
    Metric(
        "hosts_with_events", "Hosts with events", "count", "Different hosts (cluster and host) with an event.", "event",
        lambda t: t.machine.nunique(), "low", table=TABLE,
    ),
    Metric(
        "days_with_events", "Days with events", "count",
        "Different days of the display zone on which an event was told: those affected, not the span from first to last.",
        "event", lambda t: t.day_number.nunique(), "low", table=TABLE,
    ),
    Metric(
        "event_temperature_max", "Hottest event", "celsius",
        "Highest temperature told with an event; events without one do not count.", "event",
        lambda t: t.temperature_celsius.max(), "low", table=TABLE,
    ),
    Metric(
        "event_temperature_mean", "Mean temperature of events", "celsius",
        "Mean of the temperatures told with events; events without one do not count.", "event",
        lambda t: t.temperature_celsius.mean(), table=TABLE,
    ),
    Metric(
        "events_with_temperature", "Events with a temperature", "count",
        "Events with which a temperature was told: what the mean and the highest are taken of.", "event",
        lambda t: t.temperature_celsius.count(), table=TABLE,
    ),
    Metric(
        "events_without_time", "Events without a time", "count",
        "Events of which the day alone was told: each stands at noon (UTC) of it.", "event",
        lambda t: (t.time_precision == "day").fill_null(False).ifelse(1, 0).sum().fill_null(0), table=TABLE,
    ),
    Metric(
        "first_event_at", "First event", "instant", "Moment of the first event of the period.", "event",
        lambda t: _since_epoch(t.time.min()), table=TABLE,
    ),
    Metric(
        "last_event_at", "Last event", "instant", "Moment of the last event of the period.", "event",
        lambda t: _since_epoch(t.time.max()), table=TABLE,
    ),
)  # fmt: skip
