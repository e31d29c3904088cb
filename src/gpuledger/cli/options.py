"""Options that several verbs share, each group a frozen dataclass; `spread` turns a dataclass parameter into options."""

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from gpuledger.model.errors import UsageError

if TYPE_CHECKING:
    from gpuledger.model.period import Period


def spread(function: Callable[..., None]) -> Callable[..., None]:
    """The function with every parameter whose type is a dataclass replaced by one option per field."""
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}

    @functools.wraps(function)
    def call(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        function(**values)

    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in groups:
            parameters += _options(groups[parameter.name])
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name]))
    declare(call, parameters)
    return call


def declare(function: Callable[..., None], parameters: list[inspect.Parameter]) -> None:
    """Gives `function` a signature, for typer to read its options from."""
    del function.__wrapped__  # type: ignore[attr-defined]
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}


def _options(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=_default(f), annotation=hints[f.name])
        for f in fields(group)
    ]


def _default(field: "Field[Any]") -> Any:
    return inspect.Parameter.empty if field.default is MISSING else field.default


def _text(flag: str, metavar: str, help_text: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=help_text)


@dataclass(frozen=True)
class PeriodOptions:
    """Which period: one of --last, --month, --week, --day, --quarter, --year, --fiscal-year, or --from and --to."""

    start: Annotated[
        str | None, _text("--from", "TIME", "Start: 2026-05-01, 2026-05-01T08:00, or with Z or an offset.")
    ] = None
    end: Annotated[str | None, _text("--to", "TIME", "End, not included; also where --last ends.")] = None
    last: Annotated[str | None, _text("--last", "SPAN", "24h, 7d, 2w or 90min before now (or before --to).")] = None
    month: Annotated[str | None, _text("--month", "2026-05", "A month.")] = None
    week: Annotated[str | None, _text("--week", "2026-W20", "An ISO week.")] = None
    day: Annotated[str | None, _text("--day", "2026-05-01", "A day.")] = None
    quarter: Annotated[str | None, _text("--quarter", "2026-Q2", "A quarter.")] = None
    year: Annotated[str | None, _text("--year", "2026", "A year.")] = None
    fiscal_year: Annotated[str | None, _text("--fiscal-year", "FY2026", "A fiscal year, by the year it ends in.")] = (
        None
    )

    @property
    def spoken(self) -> dict[str, str]:
        """The options given, by flag, beside --from and --to."""
        named = {
            f"--{f.name.replace('_', '-')}": getattr(self, f.name)
            for f in fields(self)
            if f.name not in ("start", "end")
        }
        return {flag: value for flag, value in named.items() if value is not None}

    def period(self, now: datetime, zone: str, fiscal_start_month: int) -> "Period | None":
        """The period meant, None when none was given. Raises UsageError for two at once or a wrong spelling."""
        from gpuledger.model.period import between, last, named, parse_instant

        end = parse_instant(self.end, zone) if self.end else now
        match [*self.spoken.items()], self.start:
            case [], None if self.end is None:
                return None
            case [], None:
                raise UsageError("--to needs a beginning: add --from or --last.")
            case [], str(start):
                return between(parse_instant(start, zone).isoformat(), end.isoformat(), zone)
            case [("--last", span)], None:
                return last(span, end, zone)
            case [(flag, value)], None if self.end is None:
                return named(_calendar_name(flag, value), zone, fiscal_start_month)
            case spoken, _:
                flags = [*dict(spoken), *(["--from"] if self.start else []), *(["--to"] if self.end else [])]
                raise UsageError(f"One period at a time: {' and '.join(flags)} do not go together.")


_EXAMPLES = {
    "--month": "2026-05",
    "--week": "2026-W20",
    "--day": "2026-05-01",
    "--quarter": "2026-Q2",
    "--year": "2026",
    "--fiscal-year": "FY2026",
}


def _calendar_name(flag: str, value: str) -> str:
    """`value` when it has the shape of the flag's example, digit by digit."""
    name = f"FY{value}" if flag == "--fiscal-year" and value.isdigit() else value.strip().upper()
    if re.sub(r"\d", "0", name) != re.sub(r"\d", "0", _EXAMPLES[flag]):
        raise UsageError(f"{flag} {value!r} is not understood; write {flag} {_EXAMPLES[flag]}.")
    return name


@dataclass(frozen=True)
class FormOptions:
    """How a table is printed: for people by default, or as data."""

    is_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    is_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="FILE", help="Write a Parquet file ('-': stdout).")
    ] = None
