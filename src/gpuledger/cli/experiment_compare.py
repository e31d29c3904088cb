"""`gpuledger experiment compare`: two tables, two runs or two DAGs side by side."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from gpuledger.cli.experiment_files import Inputs, filled_from, in_their_zone
from gpuledger.cli.experiment_report import document_of, reading
from gpuledger.cli.options import spread, words
from gpuledger.cli.output import print_text
from gpuledger.cli.session import Session
from gpuledger.model.choice import PeriodChoice
from gpuledger.model.errors import UsageError

if TYPE_CHECKING:
    from gpuledger.actions.experiment.compare import Side
    from gpuledger.model.document import Document


@dataclass(frozen=True)
class Sides:
    """The two, where they are no two tables."""

    runs: Annotated[list[str] | None, typer.Option("--run", metavar="UUID", help="Compare this run; give two.")] = None
    dags: Annotated[list[str] | None, typer.Option("--dag", metavar="NAME", help="Compare this DAG; give two.")] = None

    @property
    def wheres(self) -> list[tuple[str, str]]:
        """(name, filter) of each."""
        dags = [name.removesuffix(".dag") for name in words(self.dags)]
        return [
            *((name, f"workflow_run={name}") for name in words(self.runs)),
            *((name, f"workflow={name}") for name in dags),
        ]


@dataclass(frozen=True)
class Made:
    """What is made of it."""

    folder: Annotated[
        Path | None,
        typer.Option("--output-dir", "-o", metavar="DIR", help="Folder for files; without it text is printed."),
    ] = None
    formats: Annotated[
        str, typer.Option("--format", metavar="FORMATS", help="What is made in the folder; commas join them.")
    ] = "text,html,xlsx,json,csv"


@spread
def compare(
    ctx: typer.Context,
    inputs: Inputs,
    when: PeriodChoice,
    sides: Sides,
    made: Made,
    tables: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[CSV] [CSV]", show_default=False, help="Two tables, or one that holds both."),
    ] = None,
) -> None:
    """Compare two tables, two runs or two DAGs.

    Every number and its difference.

    \b
    Examples:
      gpuledger experiment compare spring.csv autumn.csv
      gpuledger experiment compare job_summary.csv --run 2265b1f5 --run 2adf559a
    """
    from gpuledger.actions.experiment.compare import compare as action
    from gpuledger.render import render

    compared = action(*_two(in_their_zone(ctx.obj, inputs), tables or [], (inputs, when), sides.wheres))
    if made.folder is None:
        _print(compared)
        return
    for file in render(compared, words([made.formats]), made.folder):
        print(file)


def _two(
    session: Session, tables: list[Path], how: tuple[Inputs, PeriodChoice], wheres: list[tuple[str, str]]
) -> "list[Side]":
    """Raises UsageError for more or fewer than two sides."""
    if len(tables) == 2 and not wheres:
        return _of_tables(session, tables, *how)
    if len(wheres) == 2 and len(tables) < 2:
        return _of_one(session, next(iter(tables), None), *how, wheres)
    raise UsageError("Name two tables, or one with two runs (--run A --run B) or two DAGs (--dag A --dag B).")


def _of_tables(session: Session, tables: list[Path], inputs: Inputs, when: PeriodChoice) -> "list[Side]":
    """Each table in a ledger of its own: two tables of one experiment may hold the same attempts."""
    from gpuledger.actions.experiment.compare import Side

    names = _told_apart(tables)
    sides = []
    for name, table in zip(names, tables, strict=True):
        with filled_from(session, [table], inputs.how, is_own=True) as ledger:
            sides.append(Side(name, document_of(session, ledger, when, [])))
    return sides


def _told_apart(tables: list[Path]) -> list[str]:
    names = [table.stem for table in tables]
    return names if len(set(names)) == len(names) else [str(table) for table in tables]


def _of_one(
    session: Session, table: Path | None, inputs: Inputs, when: PeriodChoice, wheres: list[tuple[str, str]]
) -> "list[Side]":
    from gpuledger.actions.experiment.compare import Side

    with reading(session, table, inputs) as ledger:
        return [Side(name, document_of(session, ledger, when, [where])) for name, where in wheres]


def _print(compared: "Document") -> None:
    from gpuledger.render import render

    with TemporaryDirectory() as folder:
        [made] = [file for file in render(compared, ["text"], Path(folder)) if file.stem != "index"]
        print_text(made.read_text(encoding="utf-8").rstrip())
