"""The forms an answer may have: chosen by suffix or Accept, made by the renderers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

from gpuledger.model.chart import Chart
from gpuledger.model.document import Document, Table
from gpuledger.model.names import unknown
from gpuledger.serve.refusals import Refused

_DRAWING = Lock()
"""Matplotlib's settings are the process's: one figure at a time."""


@dataclass(frozen=True)
class Form:
    """One form: its suffix and media type, and the block of which it is one ("" for the whole document)."""

    suffix: str
    media: str
    of: str
    make: Callable[[Document, str], bytes]
    is_file: bool = False


def chosen(suffix: str | None, accept: str) -> Form:
    """The form by suffix, else the first that Accept likes best. Raises Refused for one there is not."""
    if suffix is not None:
        if suffix not in FORMS:
            raise Refused(404, "unknown_form", unknown("form", suffix, FORMS), "name")
        return FORMS[suffix]
    for media in liked(accept):
        for form in FORMS.values():
            if media in (form.media.partition(";")[0], "*/*", f"{form.media.partition('/')[0]}/*"):
                return form
    offered = ", ".join(dict.fromkeys(form.media.partition(";")[0] for form in FORMS.values()))
    raise Refused(406, "not_acceptable", f"There is no such form; there are {offered}.")


def liked(accept: str) -> list[str]:
    """The media types of an Accept header, the best liked first; what has no weight at all is left out."""
    weighed = [(_weight(part), part.partition(";")[0].strip().lower()) for part in (accept or "*/*").split(",")]
    return [media for weight, media in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0 and media]


def _weight(part: str) -> float:
    for word in part.split(";")[1:]:
        name, _, value = word.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def block_of(document: Document, form: Form, wanted: str | None) -> str:
    """The id of the block that is meant; the only one there is needs no name. Raises Refused otherwise."""
    ids = [block.id for block in (document.tables if form.of == "table" else document.charts)] if form.of else []
    if not form.of:
        return ""
    if wanted is None and len(ids) == 1:
        return ids[0]
    if wanted is None:
        listed = f"{form.of}= one of {', '.join(ids)}" if ids else f"this report has no {form.of}"
        raise Refused(400, "bad_parameter", f"Say which {form.of}: {listed}.", form.of)
    if wanted not in ids:
        raise Refused(404, "unknown_block", unknown(form.of, wanted, ids), form.of)
    return wanted


def _json(document: Document, block: str) -> bytes:
    from gpuledger.render.json import to_json

    return to_json(document)


def _csv(document: Document, block: str) -> bytes:
    from gpuledger.render.csv import to_csv

    return to_csv(_table(document, block))


def _xlsx(document: Document, block: str) -> bytes:
    from gpuledger.render.xlsx import to_xlsx

    return to_xlsx(document)


def _png(document: Document, block: str) -> bytes:
    from gpuledger.render.figure.paper import figure, to_png
    from gpuledger.render.theme import Colours

    with _DRAWING:
        return to_png(figure(_chart(document, block), Colours(document.ranks)))


def _svg(document: Document, block: str) -> bytes:
    from gpuledger.render.figure.paper import figure, to_svg
    from gpuledger.render.theme import Colours

    chart = _chart(document, block)
    with _DRAWING:
        return to_svg(figure(chart, Colours(document.ranks)), chart.title)


def _html(document: Document, block: str) -> bytes:
    from gpuledger.render.html import page

    return page(document).encode("utf-8", "replace")


def _text(document: Document, block: str) -> bytes:
    from gpuledger.render.text import to_text

    return to_text(document).encode("utf-8", "backslashreplace")


def _table(document: Document, block: str) -> Table:
    return next(table for table in document.tables if table.id == block)


def _chart(document: Document, block: str) -> Chart:
    return next(chart for chart in document.charts if chart.id == block)


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS: Mapping[str, Form] = {
    form.suffix: form
    for form in (
        Form("json", "application/json", "", _json),
        Form("html", "text/html; charset=utf-8", "", _html),
        Form("csv", "text/csv; charset=utf-8", "table", _csv, is_file=True),
        Form("xlsx", XLSX, "", _xlsx, is_file=True),
        Form("png", "image/png", "chart", _png),
        Form("svg", "image/svg+xml", "chart", _svg),
        Form("txt", "text/plain; charset=utf-8", "", _text),
    )
}
"""By suffix, the one for programs first: `Accept: */*` gets it."""
