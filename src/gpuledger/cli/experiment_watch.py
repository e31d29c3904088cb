"""`gpuledger experiment watch`: how the jobs of event logs stand, live on a terminal, as lines in a pipe."""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gpuledger.cli import messages
from gpuledger.cli.messages import escaped
from gpuledger.cli.options import LogYear, spread
from gpuledger.model.errors import UsageError

if TYPE_CHECKING:
    from gpuledger.actions.experiment.watch import Standing, Watch
    from gpuledger.config.sites import SiteSettings

HEADS = ("run", "step", "node", "job", "site", "duration", "state", "retries")
FIRST = ("running", "suspended", "transferring", "held", "evicted", "checkpointed", "idle")
"""States in the order they are shown; what is over comes last."""
MARGIN = 6
"""Lines of the terminal that are not the table's rows."""


@dataclass(frozen=True)
class Manner:
    """How to watch."""

    dags: Annotated[
        list[Path] | None,
        typer.Option("--dag", metavar="FILE", help="DAGs that tell runs and steps. [every *.dag here]"),
    ] = None
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="ZONE", help="Zone of the log's stamps. [that of this machine]")
    ] = None
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="NAME", help="Access point, where no log names it.")
    ] = None
    log_year: LogYear = None
    is_once: Annotated[bool, typer.Option("--once", help="Print the table once and end.")] = False
    is_all: Annotated[bool, typer.Option("--all", help="Show jobs that are over too.")] = False
    interval: Annotated[float, typer.Option("--interval", metavar="SECONDS", help="Time between two looks.")] = 2.0


@spread
def watch(
    ctx: typer.Context,
    manner: Manner,
    logs: Annotated[
        list[Path] | None, typer.Argument(metavar="[LOG]...", show_default=False, help="Event logs. [metl.log]")
    ] = None,
) -> None:
    """Show how jobs stand, live.

    Run, step, job, site, duration, state and retries.

    Logs are read on from where the last look ended; Ctrl-C ends. In a pipe each change is a line.

    \b
    Examples:
      gpuledger experiment watch metl.log
      gpuledger experiment watch metl.log --once --all
    """
    if manner.interval <= 0:
        raise UsageError("--interval needs seconds above 0, e.g. --interval 5.")
    watched = _watch(logs or [Path("metl.log")], manner, ctx.obj.settings.sites)
    if manner.is_once:
        _once(watched, manner)
        ctx.obj.left_out += watched.damage
        ctx.obj.end()
        return
    with suppress(KeyboardInterrupt):
        (_live if sys.stdout.isatty() else _stream)(watched, manner)


def _once(watched: "Watch", manner: Manner) -> None:
    standings = watched.look(_now())
    _print(_shown(standings, manner))
    print(_counts(standings) or "The logs tell of no job yet.")


def _watch(logs: Sequence[Path], manner: Manner, sites: "SiteSettings") -> "Watch":
    from gpuledger.actions.experiment.watch import Watch

    dags = manner.dags or sorted(Path().glob("*.dag"))
    return Watch(tuple(logs), manner.zone or local_zone(), manner.cluster, tuple(dags), sites, manner.log_year)


def _live(watched: "Watch", manner: Manner) -> None:
    """A table that stays in its place; the terminal is as before when it ends."""
    from rich.console import Console
    from rich.live import Live

    console = Console()
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            standings = watched.look(_now())
            live.update(_table(standings, manner, console.height - MARGIN, watched.damage), refresh=True)
            time.sleep(manner.interval)


def _stream(watched: "Watch", manner: Manner) -> None:
    """The table once, then a line for each job that stands otherwise than before."""
    before: dict[str, str] = {}
    warned: set[str] = set()
    while True:
        standings = watched.look(_now())
        news = [sentence for sentence in watched.damage if sentence not in warned]
        warned.update(news)
        for sentence in news:
            messages.warn(sentence)
        changed = [one for one in standings if before.get(one.job) != one.state]
        _print(_shown(standings, manner) if not before else changed, is_headed=not before)
        sys.stdout.flush()
        before = {one.job: one.state for one in standings}
        time.sleep(manner.interval)


def _table(standings: "Sequence[Standing]", manner: Manner, height: int, damage: Sequence[str]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = _shown(standings, manner)
    left = len(shown) - max(height, 1)
    foot = f"{_counts(standings)}{f' · {left:,} more jobs have no room here' if left > 0 else ''} · Ctrl-C ends"
    foot = escaped(" ".join([*damage, foot]))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption=Text(foot), caption_justify="left")
    for head in HEADS:
        table.add_column(head, justify="right" if head in ("duration", "retries") else "left", no_wrap=True)
    for one in shown[: max(height, 1)]:
        table.add_row(*(Text(escaped(text)) for text in _cells(one)))
    return table


def _print(standings: "Sequence[Standing]", *, is_headed: bool = True) -> None:
    lines = [HEADS] * is_headed + [_cells(one) for one in standings]
    if not lines:
        return
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEADS))]
    for line in lines:
        print(escaped("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()))


def _shown(standings: "Sequence[Standing]", manner: Manner) -> "list[Standing]":
    """What is under way first, then (where asked) what is over, the newest first."""
    under_way = [one for one in standings if not one.is_over]
    over = [one for one in standings if one.is_over] if manner.is_all else []
    by_state = sorted(under_way, key=lambda one: FIRST.index(one.state) if one.state in FIRST else len(FIRST))
    return [*by_state, *sorted(over, key=lambda one: one.told_at, reverse=True)]


def _cells(one: "Standing") -> tuple[str, ...]:
    state = f"last told {one.state} {one.told_at:%Y-%m-%d %H:%M}Z" if one.is_stale else one.state
    duration = "" if one.seconds is None else str(timedelta(seconds=round(one.seconds)))
    told = (one.run or one.dag, one.step, one.node, one.job, one.site, duration, state, str(one.retries))
    return tuple(text or "" for text in told)


def _counts(standings: "Iterable[Standing]") -> str:
    counts = Counter(f"{'last told ' if one.is_stale else ''}{one.state}" for one in standings)
    return " · ".join(f"{count:,} {state}" for state, count in counts.most_common())


def _now() -> datetime:
    return datetime.now(UTC)


def local_zone() -> str:
    """The name of this machine's zone; UTC where it cannot be told."""
    link = Path("/etc/localtime")
    target = str(link.readlink()) if link.is_symlink() else ""
    return (os.environ.get("TZ") or "").lstrip(":") or target.partition("zoneinfo/")[2] or "UTC"
