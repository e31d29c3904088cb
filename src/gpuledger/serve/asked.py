"""What a query string asks for: a period, filters, and a report's own parameters."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from gpuledger.actions.catalogue import kinds, public
from gpuledger.config import Settings
from gpuledger.model.choice import PeriodChoice
from gpuledger.model.errors import UsageError
from gpuledger.model.names import unknown
from gpuledger.model.period import Period
from gpuledger.reports import Report
from gpuledger.serve.refusals import Refused, as_parameters

Pairs = Sequence[tuple[str, str]]
ENDS = {"from": "start", "to": "end"}
"""How the ends of a period are spelt in a URL, and in `PeriodChoice`."""
PERIOD = tuple({v: k for k, v in ENDS.items()}.get(f.name, f.name) for f in fields(PeriodChoice))
ALL = "all"
"""Everything: for what has no other window of its own."""
_SECONDS_OF_DAY = 86_400


@dataclass(frozen=True)
class Calendar:
    """What periods are read by."""

    now: datetime
    settings: Settings

    def period(self, pairs: Pairs, default_last: str) -> Period:
        """The period that was asked for. Raises Refused naming the parameter that is wrong, or for one too long."""
        given = dict(_once((name, value) for name, value in pairs if name in PERIOD))
        for name, value in given.items():
            if len(given) > 1 and name != "to":
                self._read({name: value}, default_last, name)
        period = self._read(given, default_last, next(iter(given), None))
        is_everything = period.kind == "all" and default_last == ALL
        if not is_everything and period.seconds > self.settings.serve.longest_days * _SECONDS_OF_DAY:
            longest = f"The longest period is {self.settings.serve.longest_days:,} days"
            raise Refused(400, "too_long", f"{longest}; ask for less at a time.", next(iter(given), None))
        return period

    def _read(self, given: dict[str, str], default_last: str, name: str | None) -> Period:
        choice = PeriodChoice(**{ENDS.get(key, key): value for key, value in given.items()})
        settings = self.settings
        try:
            return choice.period(self.now, settings.display_zone, settings.fiscal_start_month, default_last)
        except UsageError as error:
            raise Refused(400, "bad_parameter", as_parameters(str(error)), name) from None


def _once(pairs: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each name once. Raises Refused for one that is given twice."""
    seen: set[str] = set()
    for name, value in pairs:
        if name in seen:
            raise Refused(400, "bad_parameter", f"{name} is given twice.", name)
        seen.add(name)
        yield name, value


def require_known(pairs: Pairs, names: Iterable[str]) -> None:
    """Raises Refused for a parameter that is neither one of these nor a way to say a period: a typo is no answer."""
    known = (*names, *PERIOD)
    for name, _ in pairs:
        if name not in known:
            raise Refused(400, "unknown_parameter", unknown("parameter", name, known), name)


def filters(pairs: Pairs) -> tuple[str, ...]:
    """The filters as typed. Raises Refused for one that is none."""
    from gpuledger.metrics.filters import parse

    wanted = tuple(value for name, value in pairs if name == "where")
    for text in wanted:
        try:
            parse(text)
        except UsageError as error:
            raise Refused(400, "bad_parameter", str(error), "where") from None
    return wanted


def parameters(declared: Report, pairs: Pairs, configured: dict[str, Any]) -> BaseModel:
    """The report's own parameters: those asked for over those configured. Raises Refused naming the wrong one.

    A parameter that names a file of this machine is the operator's alone.
    """
    kind = declared.parameters
    many = {name for name, field in kind.model_fields.items() if takes_many(field.annotation)}
    given: dict[str, Any] = {name: _listed(v for n, v in pairs if n == name) for name in many if name in dict(pairs)}
    given |= dict(_once((name, value) for name, value in pairs if name not in many))
    require_known(list(given.items()), [*public(kind), "where"])
    try:
        return kind.model_validate(configured | given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        wrong = str(first["loc"][0]) if first["loc"] else None
        raise Refused(400, "bad_parameter", f"{wrong}: {first['msg'].removeprefix('Value error, ')}.", wrong) from None


def _listed(values: Iterable[str]) -> list[str]:
    """Commas part values, as on the command line; an empty one is none."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def takes_many(annotation: Any) -> bool:
    """Is it a list of values?"""
    return any(get_origin(kind) in (tuple, list, frozenset, set) for kind in kinds(annotation))
