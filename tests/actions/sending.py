"""A small ledger with deliveries to a real mail server, and a moment to send at."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gpuledger.actions._orders import due
from gpuledger.actions.send import Sent, send
from gpuledger.config import Ledger, Settings, open_ledger
from gpuledger.model.tables import RUNS
from tests.deliver.mail_server import MailServer
from tests.reports.ledgers import START, attempt, ledger, snapshot
from tests.test_plugins import stranger

NOW = datetime(2026, 5, 20, 5, 45, tzinfo=UTC)
"""A quarter of an hour after the delivery is due."""
PEOPLE = ("ann@x.edu", "bob@x.edu", "cyd@x.edu")


CHECKED = """
from datetime import UTC, datetime
from pydantic import BaseModel
from gpuledger.model.document import Coverage, Document, Note, Section
from gpuledger.reports import Report

class Parameters(BaseModel):
    level: str = "ok"

def build(ask, parameters):
    if parameters.level == "broken":
        raise KeyError("surprise")
    note = Note("invariant-total", parameters.level, "invariant", "The parts miss 17 of 752 GPUs.")
    coverage = Coverage(None, None, 1.0, None, "All was seen.")
    section = Section("quality", "Data quality", (note,))
    return Document("sums", "Sums", "", ask.period, {}, ask.now, ask.display_zone, coverage, (section,))

REPORT = Report("sums", "Sums", "Tests.", Parameters, build)
"""
"""A stranger's report that asks nothing, and whose check fails as it is told."""


def installed(folder: Path) -> Path:
    """The folder with that report's package in it."""
    return stranger(folder, "gpuledger_sums", "[gpuledger.reports]\nsums = gpuledger_sums:REPORT\n", CHECKED)


def usage(**said: Any) -> dict[str, Any]:
    """The same of a report that looks into the ledger."""
    return nightly(report="usage", **said)


def nightly(**said: Any) -> dict[str, Any]:
    """A delivery of the quick report."""
    told = {
        "report": "sums", "channel": "mail", "last": "24h", "at": "30 5 * * *", "recipients": list(PEOPLE[:2]),
        "bcc": [PEOPLE[2]], "operator": "op@x.edu", "test_recipient": "me@x.edu", "formats": [],
    }  # fmt: skip
    return told | said


def filled(folder: Path, until: datetime = NOW) -> Path:
    """A ledger that knows all until `until`: two attempts a day."""
    hours = range(0, int((until - START).total_seconds() / 3600) - 6, 12)
    rows = [
        attempt(n, submitted_at=(t := START + timedelta(hours=n)), started_at=t, ended_at=t + timedelta(hours=5))
        for n in hours
    ]
    ledger(folder / "led", rows, [snapshot(until=until)]).close()
    return folder / "led"


@contextmanager
def opened(place: Path, server: MailServer, deliveries: dict[str, Any], **said: Any) -> Iterator[Ledger]:
    mail = {
        "type": "email", "host": "127.0.0.1", "port": server.port, "tls": "none", "timeout_seconds": 60,
        "sender": "GPU reports <gpu@example.edu>", "tries": 2, "wait_seconds": 0.01,
    }  # fmt: skip
    told = {"ledger": str(place), "channels": {"mail": mail}, "deliveries": deliveries} | said
    with open_ledger(Settings.model_validate(told)) as opened:
        yield opened


def send_due(ledger: Ledger, now: datetime = NOW) -> list[Sent]:
    return list(send(ledger, lambda outbox: due(ledger, outbox, now), now))


def runs(ledger: Ledger) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ledger.store.matching(RUNS, run_kind="send").to_pylist()
    return sorted(rows, key=lambda row: (row["run_started_at"], row["ingest_id"]))
