"""`gpuledger demo`: a site to look at, in seconds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpuledger.cli.output import print_text
from gpuledger.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpuledger.actions.ingest import Ingested

COUNTED = ("rows_read", "accepted", "problems")
UNTOLD = ("snapshots", "problems", "runs")
"""Tables of how it was read."""
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def demo(
    ctx: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to make it in; an earlier demo there is replaced.")
    ] = Path("demo"),
    days: Annotated[int, typer.Option("--days", metavar="N", help="Days the report is about.")] = 30,
    is_served: Annotated[
        bool, typer.Option("--serve", help="Then serve it as a page, at http://127.0.0.1:8000/ or on a free port.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another number makes another site.")] = 1,
) -> None:
    """Fill a ledger with a simulated site and make its reports.

    \b
    Examples:
      gpuledger demo
      gpuledger demo --out demo --days 7
      gpuledger demo --serve
    """
    from gpuledger.cli.ingest import identity
    from gpuledger.cli.progress import progress
    from gpuledger.cli.serve import require
    from gpuledger.demo.tour import demo as action

    session: Session = ctx.obj
    if is_served:
        require()
    with progress("Simulating a site"):
        made = action(out, days, seed, session.now)
    rows, accepted, problems = (sum(getattr(one, name) for one in made.ingested) for name in COUNTED)
    counts = identity(rows, accepted, rows - accepted - problems, problems)
    print_text(f"Simulated {days} days of a site and the {days} before them: {counts}, in {made.seconds:.1f} s.")
    print_text(f"The ledger holds {_kept(made.ingested)}; one of these may be told by several rows.")
    for document, page in zip(made.documents, made.pages, strict=True):
        print_text(f"\n{document.title}\n{document.finding}\n  {page}")
    print_text(f"\nLedger:  {made.ledger}\nMail:    {made.mail}\n\nTry next:")
    print_text("\n".join(f"  {command}" for command in made.next_commands))
    if is_served:
        _serve(out)


def _kept(done: "Sequence[Ingested]") -> str:
    """What the reading left in the ledger, by table."""
    tables = dict.fromkeys(name for one in done for name in one.tables if name not in UNTOLD)
    sums = {name: sum(one.tables[name].inserted for one in done if name in one.tables) for name in tables}
    return ", ".join(f"{count:,} {name}" for name, count in sums.items() if count)


def _serve(folder: Path) -> None:
    """The page of the demo's ledger with its configuration, until Ctrl-C."""
    from gpuledger.cli.serve import free_port, listen
    from gpuledger.config import open_ledger
    from gpuledger.config.loading import load

    print_text("")
    with open_ledger(load({}, {}, folder).settings) as opened:
        listen(opened, port=free_port(8000))
