"""Options that several verbs share, each group a frozen dataclass; `spread` turns a dataclass parameter into options."""

import functools
import inspect
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from gpuledger.model.errors import UsageError

Command = Callable[..., None]
LogYear = Annotated[
    int | None,
    typer.Option(
        "--log-year", metavar="YYYY", min=1970, max=9998, help="Year of the first stamp, where stamps have none."
    ),
]
"""Of a log whose stamps have no year."""


@dataclass(frozen=True)
class FormOptions:
    """How a table is printed: for people by default, or as data."""

    is_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    is_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="FILE", help="Write a Parquet file ('-': stdout).")
    ] = None

    def __post_init__(self) -> None:
        """Raises UsageError for two forms on one stdout."""
        if self.is_json and self.is_csv:
            raise UsageError("--json and --csv do not go together; choose one.")


def spread(function: Command) -> Command:
    """The function with every parameter whose type is a dataclass replaced by one option per field."""
    return spread_with(())(function)


def spread_with(more: Iterable[Parameter]) -> Callable[[Command], Command]:
    """The same, with `more` options that arrive as the function's `**` parameter."""

    def decorate(function: Command) -> Command:
        hints = get_type_hints(function, include_extras=True)
        groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}

        @functools.wraps(function)
        def call(**values: Any) -> None:
            for name, group in groups.items():
                values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
            function(**values)

        del call.__wrapped__
        parameters = [option for p in inspect.signature(function).parameters.values() for option in _options(p, hints)]
        call.__signature__ = inspect.Signature([*parameters, *more])  # type: ignore[attr-defined]
        call.__annotations__ = {p.name: p.annotation for p in (*parameters, *more)}
        return call

    return decorate


def plain(command: Any) -> Any:
    """The command, and those in it, with every argument shown in help by its word alone: no type of Python beside it,
    and in brackets only when it may be left out.

    Commands that are imported when they are looked up are plain already.
    """
    held = getattr(command, "commands", {})
    for inner in held.values() if isinstance(held, dict) else ():
        plain(inner)
    for parameter in command.params:
        if parameter.param_type_name == "argument" and parameter.metavar:
            parameter.display_type_rich = lambda ctx: None
            word = parameter.metavar
            shown = word if parameter.required or word.startswith("[") else f"[{word}]"
            parameter.get_usage_pieces = lambda ctx, shown=shown: [shown]
    return command


def _options(parameter: Parameter, hints: dict[str, Any]) -> list[Parameter]:
    """The options one parameter of a function becomes."""
    hint = hints.get(parameter.name)
    if parameter.kind is Parameter.VAR_KEYWORD:
        return []
    if not is_dataclass(hint):
        return [parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hint)]
    inner = get_type_hints(hint, include_extras=True)
    return [
        Parameter(f.name, Parameter.KEYWORD_ONLY, default=_default(f), annotation=_annotation(f, inner[f.name]))
        for f in fields(hint)
    ]


def _default(field: "Field[Any]") -> Any:
    return Parameter.empty if field.default is MISSING else field.default


def _annotation(field: "Field[Any]", hint: Any) -> Any:
    """The field's type; where it is described by metadata (flag, example, meaning) that becomes its option."""
    if not field.metadata:
        return hint
    said = field.metadata
    return Annotated[hint, typer.Option(said["flag"], metavar=said["example"], help=said["meaning"])]


def words(given: list[str] | None) -> list[str]:
    """`--by user,day --by queue` as three names."""
    return [word.strip() for each in given or [] for word in each.split(",") if word.strip()]
