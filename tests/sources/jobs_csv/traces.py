"""Five public traces in a real ledger, by the shipped examples alone."""

import json
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gpuledger.actions.ingest import Ingested, Manner
from gpuledger.actions.query import query
from gpuledger.actions.read import Reading, read
from gpuledger.config import Ledger, Settings, open_ledger
from gpuledger.model.period import Period

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Trace:
    """An example, its file and oracle in ../shared/data, and the filter for rows whose bounds are both told."""

    name: str
    folder: str
    file: str
    where: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, Any]:
        return tomllib.loads((EXAMPLES / f"{self.name}.toml").read_text())

    @property
    def period(self) -> Period:
        window = self.settings["sources"][self.name]["window"]
        return Period(window["since"], window["until"])

    def oracle(self, data: Path) -> dict[str, list[dict[str, Any]]]:
        """Rows by query, as mappings."""
        told = json.loads((data / self.folder / "oracle_excerpt.json").read_text())
        return {
            query["name"]: [dict(zip(query["columns"], row, strict=True)) for row in query["rows"]]
            for query in told["queries"]
        }


TRACES = {
    trace.name: trace
    for trace in (
        Trace("philly", "jobs_philly", "philly.csv"),
        Trace("supercloud", "slurm_supercloud", "slurm-log.csv"),
        Trace("clustercockpit", "jobs_clustercockpit", "job.db"),
        Trace("alibaba-2023", "jobs_alibaba_2023", "openb_pod_list_gpuspec33.csv"),
        Trace("alibaba-2025", "jobs_alibaba_2025", "disaggregated_DLRM_trace.csv", ("kind=whole",)),
    )
}


@contextmanager
def loaded(trace: Trace, folder: Path, files: Sequence[Path]) -> "Iterator[tuple[Ledger, list[Ingested]]]":
    """A new ledger in `folder` with the files read in turn."""
    with open_ledger(Settings(ledger=str(folder), **trace.settings)) as ledger:
        yield ledger, [ingested(ledger, trace, file) for file in files]


def ingested(ledger: Ledger, trace: Trace, file: Path) -> Ingested:
    (outcome,) = read(ledger, [str(file)], Reading(trace.name), NOW, Manner())
    assert outcome.done is not None, outcome.error
    assert outcome.error is None
    return outcome.done


def asked(ledger: Ledger, trace: Trace, *metrics: str, by: Sequence[str] = (), where: Sequence[str] = ()) -> Any:
    """The answer over the trace's whole window."""
    return query(ledger, metrics, by, [*trace.where, *where], trace.period, NOW)
