"""Filters as people type them: `queue=gpu`, `queue!=gpu`, `queue=gpu,debug`, `account=not known`."""

from typing import Literal

from gpuledger.metrics import NOT_KNOWN, Filter
from gpuledger.metrics.registry import check
from gpuledger.model.errors import UsageError


def parse(text: str) -> Filter:
    """One filter. Commas part values; `not known` stands for the missing value, nothing for the empty one.

    Raises UsageError for a text without `=` and for a name that is no dimension.
    """
    name, equals, values = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} is not a filter; write queue=gpu, queue!=gpu or queue=gpu,debug.")
    op: Literal["=", "!="] = "!=" if name.endswith("!") else "="
    parts = tuple(None if value.strip() == NOT_KNOWN else value.strip() for value in values.split(","))
    return check([Filter(name.removesuffix("!").strip(), op, parts)])[0]
