"""A report turns answers of metrics into a Document: words, cards, tables and charts as typed values, no markup."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from gpuledger.model.document import Document

if TYPE_CHECKING:
    from gpuledger.metrics import Ask
    from gpuledger.metrics.newest import Subject


def _is_length(text: str | None) -> str | None:
    if text is not None and not re.fullmatch(r"[1-9][0-9]{0,8}\s*(min|h|d|w)", text.strip()):
        raise ValueError(f"{text!r} is not a length of time; write 24h, 7d, 2w or 90min")
    return text


class Parameters(BaseModel):
    """What may be chosen of a report beside period and filters; `[reports.NAME]` says what holds when nobody chooses.

    `last` is of the configuration alone: who asks gives a period.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    last: SkipJsonSchema[Annotated[str | None, AfterValidator(_is_length)]] = Field(
        None, exclude=True, description="Window when no period is asked for."
    )


@dataclass(frozen=True)
class Tab:
    """One of several views of a report that a site is configured to show, with the parameters that choose it."""

    label: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def _no_tabs(configured: Mapping[str, Any]) -> tuple[Tab, ...]:
    return ()


@dataclass(frozen=True)
class Report:
    """One report as declared: the CLI's flags, the API's parameters and the page's filters come from `parameters`.

    `name` is the file's name and the entry point's name; `audience` says who reads it and for what. `default_last` is
    the period when none is given ("30d"). `build` asks metrics and computes every number and sentence; it raises
    NoData when the ledger holds nothing in the period. `tabs` are those of the configured parameters (`[reports.NAME]`).
    `together` gives a `build` for many parameters of one ask: what they have in common is asked once. `is_of_people`:
    its numbers can be told apart by user; who may see only their own rows is not offered a report that is nobody's own.
    `subject` asks for the newest moment of what it is about, so that a page knows without asking for it that a report is
    empty; without it, that shows when it is asked for.
    """

    name: str
    title: str
    audience: str
    parameters: type[Parameters]
    build: "Callable[[Ask, Any], Document]"
    default_last: str = "30d"
    tabs: Callable[[Mapping[str, Any]], tuple[Tab, ...]] = _no_tabs
    together: "Callable[[Ask], Callable[[Any], Document]] | None" = None
    is_of_people: bool = True
    subject: "Subject | None" = None

    def window(self, configured: Mapping[str, Any]) -> str:
        """How far back the report goes when no period is given: `last` of the configured parameters, else its own."""
        return str(configured.get("last") or self.default_last)
