"""Which kind of event a reason stands for. Letters large or small, blanks, dashes and underscores make no difference."""

import re
from collections.abc import Mapping

_KNOWN: Mapping[str, str] = {
    **dict.fromkeys(
        ("throttled", "throttling", "thermal throttled", "thermal throttling", "thermal throttle", "thermally throttled"),
        "throttled",
    ),
    **dict.fromkeys(("failed", "thermally failed", "thermal failed", "thermal failure"), "thermally_failed"),
}  # fmt: skip


def kind_of(reason: str, more: Mapping[str, str]) -> str | None:
    """The kind of event, None for a reason that nobody explained. `more` are those of the configuration."""
    said = _folded(reason)
    mine = {_folded(name): kind for name, kind in more.items()}
    return mine.get(said) or _KNOWN.get(said)


def _folded(reason: str) -> str:
    return re.sub(r"[\s_-]+", " ", reason).strip().casefold()
