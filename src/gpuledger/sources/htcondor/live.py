"""Asks a living pool: the collector for its GPU slots, each access point for its idle GPU jobs."""

import io
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.util import find_spec
from shutil import which
from typing import TYPE_CHECKING, Protocol

from gpuledger.model.errors import SourceError
from gpuledger.sources import Fetched
from gpuledger.sources.htcondor.document import Ad, Poll, Schedd, written
from gpuledger.sources.htcondor.waiting import Seen, carried_on, gap

if TYPE_CHECKING:
    from gpuledger.sources.htcondor import HTCondor

QUEUE_OF_NOBODY = "access points"


class Pool(Protocol):
    """A way to ask. Every method raises SourceError, in one sentence, when nobody answers."""

    asked: str
    """By what and whom, in words."""

    def slots(self) -> list[Ad]:
        """What is read of each slot that has GPUs."""

    def schedds(self) -> list[str]:
        """Names of the access points that the collector knows."""

    def idle_jobs(self, schedd: str) -> list[Ad]:
        """What is read of each idle GPU job of an access point."""


def ask(source: "HTCondor", before: Mapping[str, Seen], now: datetime) -> Iterator[Fetched]:
    """One document for one poll. Raises SourceError when the collector does not answer; a silent schedd is told in it."""
    content = b"".join(written(poll(source, pool(source), before, now)))
    yield Fetched(io.BytesIO(content), f"poll of {source.collector or 'the pool'} at {now.isoformat()}", None, now)


def poll(source: "HTCondor", pool: Pool, before: Mapping[str, Seen], now: datetime) -> Poll:
    """Everything the pool tells now, and how long its jobs have been seen waiting."""
    told = Poll(now, source.period_seconds, pool.asked, pool.slots())
    told.schedds = list(_schedds(source, pool)) if source.is_queue_asked else []
    jobs = (str(job["GlobalJobId"]) for job in told.jobs if "GlobalJobId" in job)
    told.seen = carried_on(jobs, before, now, gap(source.period_seconds))
    return told


def pool(source: "HTCondor") -> Pool:
    """The bindings where they are installed, else HTCondor's commands. Raises SourceError where there are neither."""
    has_bindings = find_spec("htcondor2") is not None
    if source.way == "bindings" or (source.way == "auto" and has_bindings):
        if not has_bindings:
            raise SourceError("HTCondor's Python bindings are not installed: pip install 'gpuledger[condor]'.")
        from gpuledger.sources.htcondor.bindings import Bindings

        return Bindings(source)
    from gpuledger.sources.htcondor.commands import Commands

    if source.way == "auto" and which(shlex.split(source.status_command)[0]) is None:
        raise SourceError(
            "There are neither HTCondor's Python bindings nor its commands here: pip install 'gpuledger[condor]', "
            "or set status_command and queue_command."
        )
    return Commands(source)


def _schedds(source: "HTCondor", pool: Pool) -> Iterator[Schedd]:
    """One that does not answer says nothing about the others."""
    try:
        names = list(source.schedds) or pool.schedds()
    except SourceError as error:
        yield Schedd(QUEUE_OF_NOBODY, error=str(error))
        return
    for name in names:
        try:
            yield Schedd(name, tuple(pool.idle_jobs(name)))
        except SourceError as error:
            yield Schedd(name, error=str(error))
