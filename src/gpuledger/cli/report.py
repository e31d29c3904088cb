"""`gpuledger report NAME`: one command a report, its flags generated from the report's parameters."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from inspect import Parameter
from pathlib import Path
from tempfile import TemporaryDirectory
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

import typer
from typer.core import TyperGroup

from gpuledger.cli import messages
from gpuledger.cli.messages import escaped
from gpuledger.cli.options import plain, spread_with, words
from gpuledger.cli.session import Session
from gpuledger.model.choice import PeriodChoice
from gpuledger.model.errors import NoData, UsageError
from gpuledger.model.names import unknown
from gpuledger.plugins import load, names
from gpuledger.render import FORMATS, Write, render

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from gpuledger.model.document import Document
    from gpuledger.reports import Report

PRINTABLE = ("text", "json")
"""Formats that are one text and may go to stdout."""

ANSWERS = {
    "experiment": "An experiment's workflow: what it took, what was lost and why.",
    "health": "Which GPUs throttle or fail by heat, where, how often.",
    "pool": "How many GPUs of a pool were allocated, and what kept the rest.",
    "pool-backfill": "How long idle GPUs wait for secondary jobs, how those end.",
    "pool-host": "Who used a host's or a project's GPUs, how evenly, who waited.",
    "pool-hosts": "Every host by model: what its GPUs did, which are left out.",
    "pool-pressure": "How long the queue is, whose GPUs are short, who waits.",
    "pool-snapshot": "Each GPU of a model at one moment, and who had it.",
    "pool-unused": "GPUs and hosts that nobody used, and since when.",
    "rolling": "What a QoS, queue or account holds now and held, by user.",
    "usage": "Who held what on a cluster, how well it was used, who waited.",
}
"""What each of our reports answers, for the list in help: a report takes long to import."""


class Commands(Mapping[str, Any]):
    """The reports there are, own and installed, as commands; one is imported when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        if name not in names("reports"):
            raise KeyError(name)
        return _command(name)

    def __iter__(self) -> Iterator[str]:
        return iter(names("reports"))

    def __len__(self) -> int:
        return len(names("reports"))


class Reports(TyperGroup):
    """A command a report."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Commands()  # type: ignore[assignment]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Each report with what it answers; our own are not imported for that."""
        with formatter.section("Reports"):
            formatter.write_dl([(name, ANSWERS.get(name) or _title(name)) for name in names("reports")])


def _title(name: str) -> str:
    return f"{load('reports', name).title}."


app = typer.Typer(cls=Reports, rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def report() -> None:
    """Make a report: page, figures and tables.

    \b
    Examples:
      gpuledger report usage
      gpuledger report usage --month 2026-05 --format html,csv,json --out out
    """


WHERE = Annotated[
    list[str] | None,
    typer.Option(
        "--where", metavar="DIM=VALUE", help="Keep only what matches; DIM!=VALUE leaves it out; commas join values."
    ),
]


@dataclass(frozen=True)
class Delivery:
    """What is made and where it goes."""

    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMATS",
            help=f"{', '.join(FORMATS)}; several joined with commas. [html with --out, else text]",
            show_default=False,
        ),
    ] = None
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder to write to, with an index; without it, text or json is printed."
        ),
    ] = None
    interactive: Annotated[
        bool,
        typer.Option(
            "--interactive", help="Make the html one file to explore (zoom, hide, sort, search); needs --out."
        ),
    ] = False

    @property
    def chosen(self) -> list[str]:
        """The formats as names. Raises UsageError for one there is not, or that needs a folder where none is given."""
        formats = words([self.formats or ("html" if self.out else "text")])
        for name in formats:
            if name not in FORMATS:
                raise UsageError(unknown("format", name, FORMATS))
        if self.out is None and (len(formats) != 1 or formats[0] not in PRINTABLE):
            raise UsageError(
                f"{', '.join(formats)} needs a folder: add --out DIR (without it --format is text or json)."
            )
        if self.interactive and "html" not in formats:
            raise UsageError("--interactive makes the html: add html to --format (and --out DIR).")
        return formats


@cache
def _command(name: str) -> Any:
    """The command of one report."""
    declared: Report = load("reports", name)
    flags = list(_flags(declared))

    @spread_with(flags)
    def make(
        ctx: typer.Context, when: PeriodChoice, delivery: Delivery, where: WHERE = None, **parameters: Any
    ) -> None:
        _make(ctx.obj, declared, when, delivery, where or [], parameters)

    make.__doc__ = f"""{declared.title}. {_for(declared.audience)}

    \b
    Examples:
      gpuledger report {name} --last {declared.default_last}
      gpuledger report {name} --month 2026-05 --format html,csv,json --out out
    """
    single = typer.Typer(rich_markup_mode=None, add_completion=False)
    single.command(name)(make)
    return plain(typer.main.get_command(single))


def _for(audience: str) -> str:
    """Who reads it and for what, as a sentence: "For operators of a pool: …"."""
    is_acronym = audience[1:2].isupper()
    return f"For {audience if is_acronym else audience[:1].lower() + audience[1:]}"


def _make(
    session: Session,
    declared: "Report",
    when: PeriodChoice,
    delivery: Delivery,
    where: list[str],
    typed: dict[str, Any],
) -> None:
    from gpuledger.actions.report import report as action
    from gpuledger.config.check import parameters

    formats = delivery.chosen
    configured = session.settings.reports.get(declared.name, {})
    given = {name: value for name, value in typed.items() if value is not None}
    said = parameters(declared.parameters, configured | given, f"report {declared.name}")
    period = session.period(when, declared.window(configured))
    with session.open_existing() as ledger:
        document = action(ledger, declared, said, period, where, session.now)
    if delivery.out is None:
        _print(document, formats[0])
    else:
        for file in render(document, formats, delivery.out, _page(declared) if delivery.interactive else None):
            print(file)
    _say_stale(document, session)


def _page(declared: "Report") -> Write:
    from gpuledger.render.viewer import page_of

    return page_of(declared)


def _say_stale(document: "Document", session: Session) -> None:
    """Raises NoData when the report is about now and the data is not; of a past period it is a warning."""
    for note in document.banners:
        if note.level == "stale" and document.period.end >= session.now:
            raise NoData(note.sentence)
        messages.warn(note.sentence)


def _print(document: "Document", form: str) -> None:
    """One text on stdout, made as the file would be."""

    with TemporaryDirectory() as folder:
        [made] = [file for file in render(document, [form], Path(folder)) if file.stem != "index"]
        text = made.read_text(encoding="utf-8")
    sys.stdout.write(escaped(text) if sys.stdout.isatty() else text)


def _flags(declared: "Report") -> Iterator[Parameter]:
    """One option per parameter of the report; None means "not typed", so that the configuration may say it.

    Tables, and what the period's own flags say, are of the configuration alone.
    """
    of_period = {field.name for field in fields(PeriodChoice)}
    for name, field in declared.parameters.model_fields.items():
        if name in of_period or get_origin(field.annotation) is dict:
            continue
        kind = _typed(field)
        flag = f"--{name.replace('_', '-')}"
        option = typer.Option(flag, metavar=_METAVARS.get(kind), help=_meaning(field), show_default=False)
        yield Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option])


_METAVARS: Mapping[Any, str] = {Path: "FILE", list[str]: "NAME", str: "TEXT", int: "N", float: "N"}
"""What help shows for a kind of value; a choice shows its words."""


def _typed(field: "FieldInfo") -> Any:
    """The type on the command line: what may be None is the rest, several values are a list."""
    is_union = get_origin(field.annotation) in (Union, UnionType)
    kinds = [kind for kind in get_args(field.annotation) if kind is not NoneType] if is_union else [field.annotation]
    return list[str] if get_origin(kinds[0]) in (tuple, list, frozenset, set) else kinds[0]


def _meaning(field: "FieldInfo") -> str:
    default = field.get_default(call_default_factory=True) if not field.is_required() else None
    return f"{field.description or ''}{f' [{default}]' if default not in (None, (), [], False) else ''}"
