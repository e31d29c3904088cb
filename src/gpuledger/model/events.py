"""Kinds of events of devices: what happened, in one word each."""

from collections.abc import Mapping
from typing import Literal

EventKind = Literal["throttled", "thermally_failed", "xid", "ecc_uncorrected", "off_bus", "other"]
KINDS: Mapping[str, str] = {
    "throttled": "Throttled",
    "thermally_failed": "Thermally failed",
    "xid": "XID",
    "ecc_uncorrected": "Memory error",
    "off_bus": "Off the bus",
    "other": "Other",
}
"""Each kind with its name for people, in the order they are shown in."""
