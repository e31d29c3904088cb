"""What is wrong with a mapping whatever the file: told when the configuration is read, as a ValueError."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gpuledger.model.errors import UsageError
from gpuledger.model.names import unknown
from gpuledger.model.period import tzinfo
from gpuledger.model.vocabulary import BY_NAME
from gpuledger.sources.jobs_csv.mapping import MAPPABLE
from gpuledger.sources.jobs_csv.states import STATES

if TYPE_CHECKING:
    from gpuledger.sources.jobs_csv import JobsCsv


def settings(source: "JobsCsv") -> None:
    """Names the first key or value that cannot be meant, and the near ones."""
    _known("column of job_attempts", source.columns, MAPPABLE)
    _known("state", source.states.values(), STATES)
    instants = [name for name in source.columns if BY_NAME[name].kind == "instant"]
    if isinstance(source.stamps, Mapping):
        _known("moment among the columns", source.stamps, instants)
    told = {source.stamps} if isinstance(source.stamps, str) else set(source.stamps.values())
    if "relative" in told and source.origin is None:
        raise ValueError('stamps = "relative" needs origin = the moment they count from, e.g. 2020-03-01T00:00:00Z')
    if len(source.delimiter) > 1 or len(source.quote) > 1:
        raise ValueError("delimiter and quote are one sign each")
    if source.duration and "started_at" not in source.columns:
        raise ValueError("duration needs columns.started_at: it is added to the start")
    if source.columns and not instants:
        raise ValueError("columns maps no moment; at least one of started_at, ended_at, submitted_at is needed")
    if source.zone:
        _zone(source.zone)


def _known(kind: str, names: Iterable[str], there: Iterable[str]) -> None:
    for name in names:
        if name not in there:
            raise ValueError(unknown(kind, name, there).rstrip("."))  # who shows it ends the sentence


def _zone(name: str) -> None:
    try:
        tzinfo(name)
    except UsageError as error:
        raise ValueError(str(error).rstrip(".")) from None
