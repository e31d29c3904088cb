"""What OpenAPI is told beside what FastAPI sees itself: the parameters of a report, the forms of an answer."""

from dataclasses import fields
from typing import Any

from gpuledger.model.choice import PeriodChoice
from gpuledger.serve.asked import ENDS
from gpuledger.serve.forms import FORMS


def _query(name: str, meaning: str, example: str | None = None, **schema: Any) -> dict[str, Any]:
    told = {
        "name": name,
        "in": "query",
        "required": False,
        "description": meaning,
        "schema": schema or {"type": "string"},
    }
    return told | ({"example": example} if example else {})


def period_parameters() -> list[dict[str, Any]]:
    """The ways to say a period: at most one of them."""
    spelt = {ours: theirs for theirs, ours in ENDS.items()}
    return [_query(spelt.get(f.name, f.name), f.metadata["meaning"].replace("--", "")) for f in fields(PeriodChoice)]


WHERE = _query("where", "Keep only these: DIM=VALUE, DIM!=VALUE, commas join values. May be given several times.",
               type="array", items={"type": "string"})  # fmt: skip
_OWN: dict[str, Any] = {
    "name": "parameters", "in": "query", "required": False, "style": "form", "explode": True,
    "description": "The report's own parameters, as /api/v1/reports describes them.",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}  # fmt: skip
REPORT_PARAMETERS: dict[str, Any] = {
    "parameters": [
        *period_parameters(),
        WHERE,
        _query("table", "For .csv: the id of the table."),
        _query("chart", "For .png and .svg: the id of the chart."),
        _OWN,
    ]
}
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report. As JSON it is a Document, described by render/document.schema.json.",
        "content": {
            form.media.partition(";")[0]: ({"schema": {"type": "object"}} if form.suffix == "json" else _TEXT)
            for form in FORMS.values()
        },
    },
}
