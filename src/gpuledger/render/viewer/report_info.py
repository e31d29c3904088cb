"""What the page must know of a report before it asks for one."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from gpuledger.reports import Report


def report_info(
    declared: Report, configured: Mapping[str, Any] | None = None, windows: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The report as the page lists it: `parameters` is a JSON schema, which its filter controls are made from; tabs and the
    default window follow its table of the configuration; `windows` are the ready documents of a page without a server.
    """
    said = configured or {}
    return {
        "name": declared.name,
        "title": declared.title,
        "audience": declared.audience,
        "default_last": declared.window(said),
        "parameters": declared.parameters.model_json_schema(),
        "tabs": [asdict(tab) for tab in declared.tabs(said)],
        "windows": [dict(one) for one in windows],
    }
