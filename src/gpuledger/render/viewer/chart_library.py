"""Plotly's bundle, read from its wheel: the package itself is never imported (it is slow, and its code is not needed)."""

import importlib.metadata
import importlib.util
from functools import cache
from pathlib import Path

from gpuledger.model.errors import LedgerError

STYLES = ("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o=")
"""What a policy must allow of it: the empty sheet it fills rule by rule, and the sheet of its maps. A test reads both
from the bundle.
"""


class PlotlyMissing(LedgerError):
    """The wheel that holds the chart library is not installed, or holds it elsewhere than we know."""


@cache
def plotly() -> tuple[str, bytes]:
    """The file's name with its version ("plotly-4.1.1.min.js" of wheel 4.1.1), and the bundle. Raises PlotlyMissing."""
    found = importlib.util.find_spec("plotly")
    folders = found.submodule_search_locations if found else None
    bundle = Path(folders[0]) / "package_data" / "plotly.min.js" if folders else None
    if bundle is None or not bundle.is_file():
        raise PlotlyMissing("The charts need Plotly's bundle, which is not here; install it with `pip install plotly`.")
    return f"plotly-{importlib.metadata.version('plotly')}.min.js", bundle.read_bytes()
