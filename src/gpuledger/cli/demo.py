"""`gpuledger demo`: a site to look at, in seconds."""

from pathlib import Path
from typing import Annotated

import typer

from gpuledger.cli.output import print_text
from gpuledger.cli.session import Session

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def demo(
    ctx: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to make it in; an earlier demo there is made anew.")
    ] = Path("demo"),
    days: Annotated[int, typer.Option("--days", metavar="N", help="Days the report is about.")] = 30,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another number is another site.")] = 1,
) -> None:
    """Fill a ledger with a simulated site and make its report.

    \b
    Examples:
      gpuledger demo
      gpuledger demo --out demo --days 7
    """
    from gpuledger.cli.progress import progress
    from gpuledger.demo.tour import demo as action

    session: Session = ctx.obj
    with progress("Simulating a site"):
        made = action(out, days, seed, session.now)
    done = made.ingested
    print_text(
        f"Simulated {days} days of a site: {done.rows_read:,} rows read = {done.accepted:,} accepted"
        f" + {done.unchanged:,} unchanged + {done.problems:,} problems, in {made.seconds:.1f} s."
    )
    print_text(f"\n{made.document.title}\n{made.document.finding}\n")
    print_text(f"Ledger:  {made.ledger}\nReport:  {made.page}\n\nTry next:")
    print_text("\n".join(f"  {command}" for command in made.next_commands))
