"""The data files of the earlier rolling dashboard, so that its pages can be fed: `data_<name>.json`, one a tab.

    {"metadata": {"qos", "last_updated", "time_resolution_seconds"}, "time_idxs": ["2026-11-20T05:00:00-0500", …],
     "users": […], "observables": {"NCPUS" | "NGPUS" | "MEMORY" | "NJOBS": {user: [mean per bin, …]}},
     "thresholds": {"NCPUS": 430, …}, "nice_names": {"NCPUS": "# of CPUs", …}}

What was not observed is null, where that dashboard had no way to say it. `NJOBS` are jobs; there they were machines.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from gpuledger.model.chart import Chart, Lines
from gpuledger.model.document import Document
from gpuledger.model.errors import UsageError
from gpuledger.model.period import tzinfo
from gpuledger.render.output import Output, file_stem, save

OF_CHARTS = {
    "cpus-in-use": ("NCPUS", "# of CPUs"),
    "gpus-in-use": ("NGPUS", "# of GPUs"),
    "memory-in-use": ("MEMORY", "Memory (GB)"),
    "jobs-running": ("NJOBS", "# of Jobs"),
}
"""Charts of the report `rolling`, and what they were called."""
_TAB = re.compile(r"(.+?)(?:-(\d+))?")


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes a file for each tab that has charts. Raises UsageError for a document without those charts."""
    if document.name != "rolling":
        raise UsageError(f"The format librarian is of the report rolling; {document.name} has other ones.")
    found: dict[int, dict[str, Chart]] = {}
    for chart in document.charts:
        match = _TAB.fullmatch(chart.id)
        if match and match[1] in OF_CHARTS:
            found.setdefault(int(match[2] or 1), {})[match[1]] = chart
    names = _names(document)
    return [
        _saved(document, names[number - 1] if number <= len(names) else "all", charts, out)
        for number, charts in sorted(found.items())
    ]


def _names(document: Document) -> list[str]:
    """The tabs, in the order in which the report shows them."""
    chosen = (document.parameters.get(scope, ()) for scope in ("qos", "queue", "account"))
    return [str(name) for names in chosen if isinstance(names, tuple) for name in dict.fromkeys(names)]


def _saved(document: Document, name: str, charts: dict[str, Chart], out: Path) -> Output:
    content = json.dumps(_data(document, name, charts), ensure_ascii=True, separators=(",", ":")).replace(
        "<", "\\u003c"
    )
    stem = f"data_{name}" if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name) else f"data_{file_stem(name)}"
    return save(content.encode(), out, stem, "json", block=None, title=f"{document.title} (librarian)")


def _data(document: Document, name: str, charts: dict[str, Chart]) -> dict[str, Any]:
    first = next(iter(charts.values()))
    drawn = {OF_CHARTS[key][0]: (chart, chart.shape) for key, chart in charts.items() if isinstance(chart.shape, Lines)}
    width = first.shape.bin_seconds if isinstance(first.shape, Lines) else None
    users = dict.fromkeys(series.label for _, shape in drawn.values() for series in shape.series)
    return {
        "metadata": {
            "qos": name,
            "last_updated": _stamp(document.generated_at, document),
            "time_resolution_seconds": width,
        },
        "time_idxs": [_stamp(edge, document) for edge in first.x.values if isinstance(edge, datetime)],
        "users": list(users),
        "observables": {
            key: {series.label: [_rounded(value) for value in series.values] for series in shape.series}
            for key, (_, shape) in drawn.items()
        },
        "thresholds": {key: mark.at for key, (chart, _) in drawn.items() for mark in chart.marks if mark.axis == "y"},
        "nice_names": dict(OF_CHARTS.values()),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _stamp(moment: datetime, document: Document) -> str:
    return moment.astimezone(tzinfo(document.display_zone)).strftime("%Y-%m-%dT%H:%M:%S%z")
