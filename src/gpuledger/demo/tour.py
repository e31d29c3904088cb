"""The demo: a simulated site's accounting goes through the real source and the real ingest, and becomes a report."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from gpuledger.actions.ingest import Ingested, ingest
from gpuledger.actions.report import report
from gpuledger.config import Settings, open_ledger
from gpuledger.demo.sacct_text import sacct_text
from gpuledger.demo.site import Site, simulate
from gpuledger.model.document import Document
from gpuledger.model.errors import LedgerError, UsageError
from gpuledger.model.period import last
from gpuledger.plugins import load
from gpuledger.render import render
from gpuledger.sources import Context

FORMATS = ("html", "png", "csv", "json", "text")
MARKER = ".gpuledger-demo"
"""Says that a folder is ours to fill again."""
MOST_DAYS = 366


@dataclass(frozen=True)
class Made:
    """Where everything is, what the ingest counted, and commands worth typing next."""

    ledger: Path
    accounting: Path
    page: Path
    files: tuple[Path, ...]
    ingested: Ingested
    document: Document
    seconds: float
    next_commands: tuple[str, ...]


def demo(out: Path, days: int, seed: int, now: datetime) -> Made:
    """Fills `out` with a ledger of the `days` before `now` (and as many before, to compare with) and its report.

    `now` is cut to the hour. Equal arguments give an equal report, but for the folder's name. Raises UsageError when
    `out` holds something that is not a demo.
    """
    if not 1 <= days <= MOST_DAYS:
        raise UsageError(f"--days {days} is not between 1 and {MOST_DAYS}.")
    began, now = monotonic(), now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    accounting = _prepared(out) / "sacct.txt"
    accounting.write_bytes(sacct_text(history(days, seed, now)))
    context = Context("", zone="UTC", input_name=accounting.name)
    with open_ledger(Settings(ledger=str(out / "ledger"))) as ledger:
        done = ingest(ledger, load("sources", "slurm")(), accounting, context=context, now=now)
        declared = load("reports", "usage")
        document = report(ledger, declared, declared.parameters(), last(f"{days}d", now), (), now)
    files = tuple(render(document, FORMATS, out / "report"))
    page = out / "report" / "index.html"
    return Made(out / "ledger", accounting, page, files, done, document, monotonic() - began, _next(out, now))


def history(days: int, seed: int, now: datetime) -> Site:
    """The simulated site over twice the days, so that the report's period has one to be compared with."""
    return simulate(int((now - timedelta(days=2 * days)).timestamp()), int(now.timestamp()), seed)


def _prepared(out: Path) -> Path:
    """An empty folder of ours; what an earlier demo made goes away, anything else stays and is an error."""
    if out.exists() and not (out / MARKER).exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} exists and is not a demo of ours; choose another folder with --out.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / MARKER).touch()
        for made in ("ledger", "report"):
            shutil.rmtree(out / made, ignore_errors=True)
    except OSError as error:
        raise LedgerError(f"The demo cannot be written to {out}: {error.strerror or error}.") from error
    return out


def _next(out: Path, now: datetime) -> tuple[str, ...]:
    """Commands that work as they stand, whenever they are typed."""
    ledger, end = out / "ledger", f"--to {now:%Y-%m-%dT%H:%MZ}"
    return (
        f"gpuledger --ledger {ledger} query gpu_hours gpu_busy_ratio idle_gpu_hours --by user --last 7d {end}",
        f"gpuledger --ledger {ledger} query wait_seconds_median wait_seconds_p90 --by queue --last 30d {end} --csv",
        f"gpuledger --ledger {ledger} report usage --by gpu_model --last 7d {end} --format html,xlsx --out {out / 'week'}",
    )
