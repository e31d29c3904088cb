"""What the page must know of a report before it asks for one."""

from collections.abc import Iterable, Mapping
from typing import Any

from gpuledger.reports import Report


def report_info(
    declared: Report, tabs: Iterable[Mapping[str, Any]] = (), windows: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The report as the page lists it: `parameters` is a JSON schema, which its filter controls are made from; `tabs` are
    `{"label", "parameters"}`; `windows` are the ready documents of a page without a server.
    """
    return {
        "name": declared.name,
        "title": declared.title,
        "audience": declared.audience,
        "default_last": declared.default_last,
        "parameters": declared.parameters.model_json_schema(),
        "tabs": [dict(one) for one in tabs],
        "windows": [dict(one) for one in windows],
    }
