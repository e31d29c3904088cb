"""`gpuledger ingest`: files and pipes into the ledger."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gpuledger.cli import messages
from gpuledger.cli.options import LogYear, spread
from gpuledger.cli.output import print_json, print_text
from gpuledger.cli.session import Session
from gpuledger.model.errors import NoData, UsageError

if TYPE_CHECKING:
    from gpuledger.actions.ingest import Ingested, Manner
    from gpuledger.actions.read import Outcome
    from gpuledger.actions.read import Reading as How
    from gpuledger.config import Settings

app = typer.Typer(rich_markup_mode=None, add_completion=False)

SHOWN_PROBLEMS = 5
COUNTS = ("rows_read", "accepted", "unchanged", "problems")


@dataclass(frozen=True)
class Reading:
    """How the files are to be read."""

    zone: Annotated[
        str | None,
        typer.Option("--zone", metavar="ZONE", help="Zone of stamps without one, e.g. America/Chicago. [UTC]"),
    ] = None
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="NAME", help="Cluster of the rows, where they do not name one."),
    ] = None
    fields: Annotated[
        str | None,
        typer.Option("--fields", metavar="LIST", help="Columns of a file without a header, as given to `sacct -o`."),
    ] = None
    time: Annotated[
        str | None,
        typer.Option(
            "--time", metavar="MOMENT", help="When a reading of states was made, where the file does not say so."
        ),
    ] = None
    log_year: LogYear = None
    is_hashed: Annotated[
        bool,
        typer.Option("--hash-names", help="Keep users, hosts and addresses of HTCondor's files under pseudonyms only."),
    ] = False
    is_dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print mapping, counts and problems; write nothing.")
    ] = False
    is_replay: Annotated[
        bool, typer.Option("--replay", help="Read again what was read before; without files, all that is kept.")
    ] = False
    is_suggested: Annotated[
        bool, typer.Option("--suggest", help="Print a first column mapping of one file, to be corrected; read nothing.")
    ] = False
    is_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False

    def of(self, source: str | None, session: Session) -> "How":
        """What the action needs to know."""
        from gpuledger.actions.read import Reading as How

        told = (("fields", self.fields), ("time", self.time), ("year", self.log_year))
        options = {name: str(said) for name, said in told if said}
        stdin = sys.stdin.buffer if sys.stdin else None
        return How(source, self.zone, self.cluster, options, stdin, session.name_salt(is_asked=self.is_hashed))

    def manner(self, settings: "Settings", progress: Callable[[int, int], None]) -> "Manner":
        from gpuledger.actions.ingest import Manner

        return Manner(
            is_dry_run=self.is_dry_run,
            is_copied=settings.raw == "copy",
            is_replay=self.is_replay,
            progress=progress,
        )


@app.command()
@spread
def ingest(
    ctx: typer.Context,
    reading: Reading,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE] FILE...",
            show_default=False,
            help="A source's name (recognised when left out), files, globs, - for stdin.",
        ),
    ] = None,
) -> None:
    """Read accounting files into the ledger.

    Reading a file twice, or in any order, changes nothing. A bad row is counted and kept as a problem; a bad file does
    not stop the others.

    \b
    Examples:
      gpuledger ingest slurm sacct.txt --zone America/Chicago --cluster hpg
      gpuledger ingest 'accounting/*.txt' --dry-run
      gpuledger ingest jobs-csv --suggest jobs.csv
      sacct -a -D -P --noconvert -o ALL | gpuledger ingest slurm - --cluster hpg
    """
    from gpuledger.actions.read import read, replay_all, split
    from gpuledger.cli.progress import progress

    session: Session = ctx.obj
    if not inputs and not reading.is_replay:
        raise UsageError("Name the files to read, or - for stdin: `gpuledger ingest slurm sacct.txt --cluster hpg`.")
    source, names = split(inputs, session.settings) if inputs else (None, [])
    if not names and not reading.is_replay:
        raise UsageError(f"Name the files to read as {source}: `gpuledger ingest {source} FILE...`.")
    if reading.is_suggested:
        return _suggest(source, names)
    is_new = session.loaded.origins["ledger"] == "default" and not session.is_there
    with session.open() as ledger, progress("Reading") as told:
        if names:
            outcomes = read(
                ledger, names, reading.of(source, session), session.now, reading.manner(session.settings, told)
            )
        else:
            outcomes = replay_all(ledger, source, session.now)
        finished = [_told(outcome, reading) for outcome in outcomes]
    if is_new and session.is_there:
        messages.say(f"A new ledger was made at {session.settings.ledger}.")
    return _end(finished, reading)


def _suggest(source: str | None, names: list[str]) -> None:
    from gpuledger.actions.suggest import suggest

    print_text(suggest(source, names[0]).rstrip())


def _told(outcome: "Outcome", reading: Reading) -> "Outcome":
    """Prints what became of one input, as soon as it is known."""
    if outcome.done:
        counts = {name: getattr(outcome.done, name) for name in COUNTS}
        messages.note("Read an input.", input_name=outcome.input_name, source_type=outcome.done.source_type, **counts)
    if outcome.done and not reading.is_json:
        print_text(_counts(outcome.done, reading.is_dry_run))
        for line in _details(outcome.done, reading.is_dry_run):
            messages.say(line)
    if outcome.error:
        named = outcome.input_name.removeprefix("-") in str(outcome.error)
        messages.error(f"{'' if named else outcome.input_name + ': '}{outcome.error}")
    return outcome


def _counts(done: "Ingested", is_dry_run: bool) -> str:
    rows = identity(done.rows_read, done.accepted, done.unchanged, done.problems)
    return f"{done.input_name}: {rows}{' (dry run: nothing was written)' if is_dry_run else ''}"


def identity(read: int, accepted: int, unchanged: int, problems: int) -> str:
    """The counts, as their sum."""
    rows, refused = "row" if read == 1 else "rows", "problem" if problems == 1 else "problems"
    return f"{read:,} {rows} read = {accepted:,} accepted + {unchanged:,} unchanged + {problems:,} {refused}"


def _details(done: "Ingested", is_dry_run: bool) -> Iterator[str]:
    """Mapping (dry run), remarks and the first problems."""
    if is_dry_run:
        for table, columns in done.columns.items():
            yield f"  {done.source_type} → {table}: {', '.join(columns)}"
    yield from (f"  note: {remark}" for remark in done.remarks)
    yield from (f"  line {problem.line:,}: {problem.reason}" for problem in done.first_problems[:SHOWN_PROBLEMS])
    if done.problems > SHOWN_PROBLEMS and done.first_problems:
        rest = done.problems - min(SHOWN_PROBLEMS, len(done.first_problems))
        more = f"  … {rest:,} more {'problem' if rest == 1 else 'problems'}"
        yield more if is_dry_run else f"{more}; `gpuledger store problems` lists them"


def _end(outcomes: "list[Outcome]", reading: Reading) -> None:
    """The whole as JSON where asked; the exit code."""
    if reading.is_json:
        print_json({"inputs": [_as_json(outcome) for outcome in outcomes], "is_dry_run": reading.is_dry_run})
    elif len(outcomes) > 1:
        print_text(_sum(outcomes))
    errors = [outcome.error for outcome in outcomes if outcome.error]
    if errors:
        raise typer.Exit(errors[0].exit_code if len(errors) == len(outcomes) else NoData.exit_code)
    if not outcomes:
        raise NoData("There is nothing to read again: nothing was read before.")


def _sum(outcomes: "list[Outcome]") -> str:
    done = [outcome.done for outcome in outcomes if outcome.done]
    read, accepted, unchanged, problems = (sum(getattr(one, name) for one in done) for name in COUNTS)
    failed = sum(outcome.error is not None for outcome in outcomes)
    return f"{len(outcomes)} inputs: {identity(read, accepted, unchanged, problems)}" + (
        f"; {failed} of the inputs failed" if failed else ""
    )


def _as_json(outcome: "Outcome") -> dict[str, Any]:
    counts = asdict(outcome.done) if outcome.done else {"input_name": outcome.input_name}
    counts.pop("open_attempts", None)  # only a poll has them
    return {**counts, "error": str(outcome.error) if outcome.error else None}
