"""The demo: a simulated site's accounting goes through the real source and the real ingest, and becomes a report."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from gpuledger.actions.ingest import Ingested, ingest
from gpuledger.actions.report import report
from gpuledger.config import Ledger, Settings, open_ledger
from gpuledger.config.pool import PoolSettings
from gpuledger.demo.pool.hosts import CLUSTER, MASKED, OWNED
from gpuledger.demo.pool.life import STEP, Pool
from gpuledger.demo.pool.month_files import month_files
from gpuledger.demo.sacct_text import sacct_text
from gpuledger.demo.site import Site, simulate
from gpuledger.model.document import Document
from gpuledger.model.errors import LedgerError, UsageError
from gpuledger.model.period import last
from gpuledger.plugins import load
from gpuledger.render import render
from gpuledger.render.mail import mail, preview
from gpuledger.sources import Context

FOLDERS = {"usage": "report", "pool": "pool-report"}
"""Where each report is written."""
FORMATS = ("html", "png", "csv", "json", "text")
MARKER = ".gpuledger-demo"
"""Says that a folder is ours to fill again."""
MOST_DAYS = 366


@dataclass(frozen=True)
class Made:
    """Where everything is, what the ingests counted, and commands worth typing next.

    `ingested` are the cluster's accounting and the pool's month files; `documents` the reports `usage` and `pool`,
    `pages` their HTML; `mail` is what the operators of the pool would get.
    """

    ledger: Path
    accounting: Path
    pages: tuple[Path, ...]
    mail: Path
    files: tuple[Path, ...]
    ingested: tuple[Ingested, ...]
    documents: tuple[Document, ...]
    seconds: float
    next_commands: tuple[str, ...]


def demo(out: Path, days: int, seed: int, now: datetime) -> Made:
    """Fills `out` with a ledger of the `days` before `now` (and as many before, to compare with) and its reports.

    `now` is cut to the hour. Equal arguments give equal reports, but for the folder's name. Raises UsageError when
    `out` holds something that is not a demo.
    """
    if not 1 <= days <= MOST_DAYS:
        raise UsageError(f"--days {days} is not between 1 and {MOST_DAYS}.")
    began, now = monotonic(), now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    accounting, pool = _simulated(_prepared(out), days, seed, now)
    with open_ledger(_settings(out, days)) as ledger:
        done = (
            _read(ledger, "slurm", accounting, "", now),
            *(_read(ledger, "gpu-state", f, CLUSTER, now) for f in pool),
        )
        documents = (_report(ledger, "usage", f"{days}d", now), _report(ledger, "pool", "24h", now))
    files = [file for document in documents for file in render(document, FORMATS, out / FOLDERS[document.name])]
    pages = tuple(out / FOLDERS[document.name] / "index.html" for document in documents)
    letter = _mail(documents[1], out / FOLDERS["pool"])
    seconds = monotonic() - began
    return Made(out / "ledger", accounting, pages, letter, (*files, letter), done, documents, seconds, _next(out, now))


def _simulated(out: Path, days: int, seed: int, now: datetime) -> tuple[Path, tuple[Path, ...]]:
    """The files a site would have: accounting of its cluster, and the pool's month files up to a reading of now."""
    accounting = out / "sacct.txt"
    accounting.write_bytes(sacct_text(history(days, seed, now)))
    readings = Pool(seed, now - timedelta(days=2 * days), now + STEP).readings()
    return accounting, month_files(readings, out / "pool")


def _settings(out: Path, days: int) -> Settings:
    """The settings that `gpuledger.toml`, written beside the ledger, says too: pages open on what was simulated."""
    hosts = ", ".join(f'"{host}"' for host in OWNED)
    masked = "\n".join(f'{host} = "{reason}"' for host, reason in MASKED.items())
    rolling = f'[reports.rolling]\nlast = "{days}d"\nqueue = ["a100", "h100", "h200", "l40s"]'
    pool = f"[pool]\nowned_hosts = [{hosts}]\n\n[pool.masked_hosts]\n{masked}"
    said = f'ledger = "ledger"\n\n{rolling}\n\n[reports.usage]\nlast = "{days}d"\n\n{pool}\n'
    (out / "gpuledger.toml").write_text(said, encoding="utf-8")
    return Settings(ledger=str(out / "ledger"), pool=PoolSettings(owned_hosts=OWNED, masked_hosts=dict(MASKED)))


def _read(ledger: Ledger, source: str, file: Path, cluster: str, now: datetime) -> Ingested:
    context = Context("", zone="UTC", cluster=cluster or None, input_name=file.name)
    return ingest(ledger, load("sources", source)(), file, context=context, now=now)


def _report(ledger: Ledger, name: str, span: str, now: datetime) -> Document:
    declared = load("reports", name)
    return report(ledger, declared, declared.parameters(), last(span, now), (), now)


def _mail(document: Document, folder: Path) -> Path:
    """The mail of a report as a page to look at, its figures inside."""
    file = folder / "mail.html"
    file.write_text(preview(mail(document)), encoding="utf-8")
    return file


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
        for made in ("ledger", "pool", *FOLDERS.values()):
            shutil.rmtree(out / made, ignore_errors=True)
        (out / "pool").mkdir()
    except OSError as error:
        raise LedgerError(f"The demo cannot be written to {out}: {error.strerror or error}.") from error
    return out


def _next(out: Path, now: datetime) -> tuple[str, ...]:
    """Commands that work as they stand, whenever they are typed."""
    ledger, end = out / "ledger", f"--to {now:%Y-%m-%dT%H:%MZ}"
    config = out / "gpuledger.toml"
    return (
        f"gpuledger --ledger {ledger} query gpu_hours gpu_busy_ratio idle_gpu_hours --by user --last 7d {end}",
        f"gpuledger --ledger {ledger} query wait_seconds_median wait_seconds_p90 --by queue --last 30d {end} --csv",
        f"gpuledger --ledger {ledger} report usage --by gpu_model --last 7d {end} --format html,xlsx --out {out / 'week'}",
        f"gpuledger --config {config} report pool --last 7d {end} --format html,csv --out {out / 'pool-week'}",
        f"gpuledger --config {config} query present_gpus allocated_ratio in_use_ratio --by class --last 7d {end}",
    )
