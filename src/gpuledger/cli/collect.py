"""`gpuledger collect`: what is new in the live systems."""

from typing import TYPE_CHECKING, Annotated

import typer

from gpuledger.cli import messages
from gpuledger.cli.options import FormOptions, spread
from gpuledger.cli.output import print_rows
from gpuledger.cli.session import Session
from gpuledger.model.errors import Busy, NoData, UsageError

if TYPE_CHECKING:
    from gpuledger.actions.collect import Polled
    from gpuledger.config import Ledger
    from gpuledger.model.document import Format

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
@spread
def collect(
    ctx: typer.Context,
    form: FormOptions,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", show_default=False, help="Names of [sources.NAME]; all when left out."),
    ] = None,
) -> None:
    """Ask the configured live systems for what is new.

    Each is asked for everything since its last successful poll, with an overlap; one cron line is all a site needs.

    \b
    Examples:
      gpuledger collect
      gpuledger collect hpg
    """
    session: Session = ctx.obj
    wanted = names or list(session.settings.sources)
    if not wanted:
        raise UsageError(
            "No source is configured; `gpuledger init` writes a configuration, or read files with `gpuledger ingest`."
        )
    with session.open() as ledger:
        polls = [_poll(ledger, name, session) for name in wanted]
    columns: dict[str, Format] = {
        "source": "text",
        "rows_read": "count",
        "accepted": "count",
        "unchanged": "count",
        "problems": "count",
        "result": "text",
    }
    print_rows([_row(poll) for poll in polls], columns, form)
    if codes := [poll.error.exit_code for poll in polls if poll.error]:
        raise typer.Exit(max(codes) if len(codes) == len(polls) else NoData.exit_code)


def _poll(ledger: "Ledger", name: str, session: Session) -> "Polled":
    """One source's poll; an error is told at once and does not keep the others from being asked."""
    from gpuledger.actions.collect import Polled
    from gpuledger.actions.collect import collect as action

    try:
        poll = action(ledger, name, session.now)
    except Busy as error:
        poll = Polled(name, None, error=error)
    for remark in dict.fromkeys(remark for answer in poll.answers for remark in answer.remarks):
        messages.warn(f"{name}: {remark}")
    if poll.error:
        messages.error(f"{name}: {poll.error}")
    messages.note("Polled a source.", **_row(poll), since=poll.since, files_removed=poll.files_removed)
    return poll


def _row(poll: "Polled") -> dict[str, object]:
    counts = {
        key: sum(getattr(answer, key) for answer in poll.answers)
        for key in ("rows_read", "accepted", "unchanged", "problems")
    }
    result = "busy" if isinstance(poll.error, Busy) else "failed" if poll.error else "done"
    return {"source": poll.source, **counts, "result": result}
