"""Looking after the ledger: what is wrong with it, what is lost, and reading lost ingests again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gpuledger.actions._anew import identity, newest_readings, source_of
from gpuledger.actions._readings import readings
from gpuledger.actions.ingest import Counted, Ledger, replay
from gpuledger.model.errors import LedgerError
from gpuledger.model.period import as_utc
from gpuledger.model.schema import unbound
from gpuledger.model.tables import PROBLEMS, RUNS
from gpuledger.raw import Entry
from gpuledger.sources import Source
from gpuledger.store import Checked, Finding


def check(
    ledger: Ledger, now: datetime, *, is_repair: bool = False, source_of: Callable[[Entry], Source] = source_of
) -> Checked:
    """Compares logs, files, runs and raw. With `is_repair` mends the store and reads lost ingests again from raw.

    `source_of` makes the source that reads an entry; by default the plugin of its type with the fields it had.
    """
    found = ledger.store.check(repair=is_repair)
    findings = [*found.findings, *_interrupted(ledger, source_of)]
    if is_repair:
        findings = _replayed(ledger, findings, now, source_of)
    return replace(found, findings=tuple(findings), checked_at=now)


def vacuum(ledger: Ledger, now: datetime, raw_days: int = 90) -> int:
    """Deletes files that nothing needs any more, and raw bytes past their time; returns their number."""
    return ledger.store.vacuum(now) + ledger.raw.expire(now, raw_days)


def problems(ledger: Ledger, limit: int) -> tuple[list[dict[str, Any]], int]:
    """The newest refused rows (time, input_name, line, reason, row), and how many there are in all."""
    refused, runs = unbound(PROBLEMS), unbound(RUNS)
    names = runs.select("ingest_id", "input_name")
    told = refused.left_join(names, "ingest_id").select(
        time=refused.time,
        input_name=names.input_name,
        line=refused.input_line,
        reason=refused.problem_reason,
        row=refused.problem_row,
        sha256=refused.input_sha256,
    )
    newest = told.order_by([told.time.desc(), told.sha256, told.line, told.reason]).limit(limit)
    count = ledger.store.ask(refused.aggregate(count=refused.count())).to_pylist()[0]["count"]
    rows = ledger.store.ask(newest.drop("sha256")).to_pylist()
    return [{name: as_utc(value) for name, value in row.items()} for row in rows], count


def _interrupted(ledger: Ledger, source_of: Callable[[Entry], Source]) -> list[Finding]:
    """Inputs whose ingest neither finished nor runs, and that nobody has read since, as they were or another way."""
    runs = _runs(ledger)
    told = {run["ingest_id"] for run in runs}
    newest: dict[tuple[str, str | None], datetime] = {}
    for run in runs:
        if run["result"] in ("done", "partial"):
            key = (run["input_sha256"], run["cluster"])
            newest[key] = max(newest.get(key, run["run_started_at"]), run["run_started_at"])
    findings = []
    for entry in ledger.raw.entries():
        since = newest.get((entry.sha256, entry.cluster))
        is_settled = since is not None and since >= entry.received_at.astimezone(UTC).replace(tzinfo=None)
        if entry.ingest_id in told or is_settled or ledger.raw.is_working(entry):
            continue
        if not _is_taken_back(ledger, entry, source_of):
            sentence = f"Ingest {entry.ingest_id} of {entry.input_name} was interrupted; replay it."
            findings.append(Finding("runs", sentence, "warning", lost_ingest_id=entry.ingest_id))
    return findings


def _is_taken_back(ledger: Ledger, entry: Entry, source_of: Callable[[Entry], Source]) -> bool:
    if len(list(ledger.raw.entries(entry.sha256))) == 1:
        return False
    return readings(ledger.store, ledger.raw, entry, source_of(entry)).is_taken_back(entry)


def _runs(ledger: Ledger) -> list[dict[str, Any]]:
    runs = unbound(RUNS)
    rows: list[dict[str, Any]] = ledger.store.ask(
        runs.select("ingest_id", "input_sha256", "cluster", "result", "run_started_at")
    ).to_pylist()
    return rows


def _replayed(
    ledger: Ledger, findings: list[Finding], now: datetime, source_of: Callable[[Entry], Source]
) -> list[Finding]:
    """The findings, with each lost ingest read again once, the way that is in force; what cannot be says why."""
    newest = {identity(entry): entry for entry in newest_readings(ledger.store, ledger.raw)}
    entries = {entry.ingest_id: newest[identity(entry)] for entry in ledger.raw.entries()}
    done: dict[str, str] = {}
    mended = []
    for finding in findings:
        if (lost := finding.lost_ingest_id) is None:
            mended.append(finding)
            continue
        if lost not in done:
            done[lost] = _replay_one(ledger, entries.get(lost), now, source_of)
        mended.append(
            replace(finding, is_mended=not done[lost], sentence=" ".join([finding.sentence, done[lost]]).strip())
        )
    return mended


def _replay_one(ledger: Ledger, entry: Entry | None, now: datetime, source_of: Callable[[Entry], Source]) -> str:
    """'' when the entry has been read again, else why not."""
    if entry is None:
        return "Its bytes are no longer in the raw zone; ingest the input again."
    try:
        replay(ledger, source_of(entry), entry, now=now)
    except Counted:
        return ""
    except LedgerError as error:
        return str(error)
    return ""
