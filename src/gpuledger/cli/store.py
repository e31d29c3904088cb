"""`gpuledger store`: looks after the ledger."""

from typing import TYPE_CHECKING, Annotated

import typer

from gpuledger.cli.options import FormOptions, spread
from gpuledger.cli.session import Session
from gpuledger.model.errors import Findings

if TYPE_CHECKING:
    from gpuledger.model.document import Format

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def store() -> None:
    """Look after the ledger: info, problems, check, compact, vacuum.

    `collect` compacts by itself the days that it closes; these commands are for a look and for repairs.

    \b
    Examples:
      gpuledger store info
      gpuledger store problems
      gpuledger store check --repair
    """


@app.command()
@spread
def info(ctx: typer.Context, form: FormOptions) -> None:
    """Print the size of every table.

    \b
    Examples:
      gpuledger store info
      gpuledger store info --json
    """
    from dataclasses import asdict

    from gpuledger.cli.output import print_rows

    session: Session = ctx.obj
    with session.open_existing() as ledger:
        rows = [asdict(table) for table in ledger.store.info()]
    columns: dict[str, Format] = {
        "name": "text",
        "rows": "count",
        "files": "count",
        "bytes": "byte",
        "version": "count",
        "first": "text",
        "last": "text",
    }
    print_rows(rows, columns, form, session.settings.display_zone)


@app.command()
@spread
def problems(
    ctx: typer.Context,
    form: FormOptions,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Most rows printed.")] = 50,
) -> None:
    """List the input rows that were refused, newest first.

    \b
    Examples:
      gpuledger store problems
      gpuledger store problems --limit 1000 --csv
    """
    from gpuledger.actions.store import problems as action
    from gpuledger.cli import messages
    from gpuledger.cli.output import print_rows

    session: Session = ctx.obj
    with session.open_existing() as ledger:
        rows, count = action(ledger, limit)
    columns: dict[str, Format] = {
        "time": "instant",
        "input_name": "text",
        "line": "count",
        "reason": "text",
        "row": "text",
    }
    rows = [{**row, "row": messages.escaped(row["row"] or "")} for row in rows]
    print_rows(rows, columns, form, session.settings.display_zone)
    if len(rows) < count:
        messages.say(f"{len(rows):,} of {count:,} refused rows; --limit {count} shows all.")


@app.command()
def compact(ctx: typer.Context) -> None:
    """Turn the many small files of closed days into few.

    \b
    Examples:
      gpuledger store compact
    """
    from gpuledger.cli.output import print_text

    session: Session = ctx.obj
    with session.open_existing() as ledger:
        print_text(f"{ledger.store.compact(session.now):,} files were replaced by larger ones.")


@app.command()
def vacuum(ctx: typer.Context) -> None:
    """Delete what nothing needs any more.

    Files that no version of the last day names, and raw bytes past their time (`raw_days`).

    \b
    Examples:
      gpuledger store vacuum
    """
    from gpuledger.actions.store import vacuum as action
    from gpuledger.cli.output import print_text

    session: Session = ctx.obj
    with session.open_existing() as ledger:
        print_text(f"{action(ledger, session.now):,} files were deleted.")


@app.command()
@spread
def check(
    ctx: typer.Context,
    form: FormOptions,
    is_repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be mended and read lost ingests again.")
    ] = False,
) -> None:
    """Compare logs, files and runs.

    With --repair, what can be mended is mended, and ingests that were lost are read again. Exits with 4 when something
    remains to be mended.

    \b
    Examples:
      gpuledger store check
      gpuledger store check --repair
    """
    from gpuledger.actions.store import check as action
    from gpuledger.cli import messages
    from gpuledger.cli.output import print_rows

    session: Session = ctx.obj
    with session.open_existing() as ledger:
        found = action(ledger, session.now, is_repair=is_repair).findings
    rows = [{"table": f.table, "level": f.level, "is_mended": f.is_mended, "finding": f.sentence} for f in found]
    open_findings = [f for f in found if not f.is_mended]
    if rows or form.is_json or form.is_csv:
        print_rows(rows, {"table": "text", "level": "text", "is_mended": "text", "finding": "text"}, form)
    if open_findings:
        raise Findings(
            f"{len(open_findings)} of {len(found)} findings are not mended{'' if is_repair else '; `gpuledger store check --repair` mends what it can'}."
        )
    messages.say(f"The ledger is whole{f'; {len(found)} findings were mended' if found else ''}.")
