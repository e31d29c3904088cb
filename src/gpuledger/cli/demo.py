"""`gpuledger demo`: a site to look at, in seconds."""

from pathlib import Path
from typing import Annotated

import typer

from gpuledger.cli.output import print_text
from gpuledger.cli.session import Session

COUNTED = ("rows_read", "accepted", "problems")
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def demo(
    ctx: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to make it in; an earlier demo there is made anew.")
    ] = Path("demo"),
    days: Annotated[int, typer.Option("--days", metavar="N", help="Days the report is about.")] = 30,
    is_served: Annotated[
        bool, typer.Option("--serve", help="Then serve it as a page, at http://127.0.0.1:8000/ or a free port.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another number is another site.")] = 1,
) -> None:
    """Fill a ledger with a simulated site and make its reports.

    \b
    Examples:
      gpuledger demo
      gpuledger demo --out demo --days 7
      gpuledger demo --serve
    """
    from gpuledger.cli.progress import progress
    from gpuledger.demo.tour import demo as action

    session: Session = ctx.obj
    with progress("Simulating a site"):
        made = action(out, days, seed, session.now)
    rows, accepted, problems = (sum(getattr(one, name) for one in made.ingested) for name in COUNTED)
    print_text(
        f"Simulated {days} days of a site: {rows:,} rows read = {accepted:,} accepted"
        f" + {rows - accepted - problems:,} unchanged + {problems:,} problems, in {made.seconds:.1f} s."
    )
    for document, page in zip(made.documents, made.pages, strict=True):
        print_text(f"\n{document.title}\n{document.finding}\n  {page}")
    print_text(f"\nLedger:  {made.ledger}\nMail:    {made.mail}\n\nTry next:")
    print_text("\n".join(f"  {command}" for command in made.next_commands))
    if is_served:
        _serve(out)


def _serve(folder: Path) -> None:
    """The page of the demo's ledger with its configuration, until Ctrl-C."""
    from gpuledger.cli.serve import free_port, listen
    from gpuledger.config import open_ledger
    from gpuledger.config.loading import load

    print_text("")
    with open_ledger(load({}, {}, folder).settings) as opened:
        listen(opened, port=free_port(8000))
