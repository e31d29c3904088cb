"""Parts of a pool in words, and where a part stands in a table."""

from collections.abc import Mapping

LABELS: Mapping[str, str] = {
    "primary": "Primary job",
    "secondary": "Secondary (backfill) job",
    "idle": "Idle",
    "owner": "Held by owner",
    "drained": "Drained",
    "prevented": "Prevented",
    "unknown": "State not known",
}
"""As the theme calls them, so that a name in a table has the colour of its state in a figure."""
ACTIVE = ("primary", "secondary")
"""Parts in which a job runs."""
