"""Asks a living cluster about this moment. Each part may fail alone: it is told by name, the rest is kept."""

import io
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gpuledger.model.errors import SourceError
from gpuledger.sources import Fetched
from gpuledger.sources.slurm.now.limits import Association, account_lines, carried_limits, user_lines
from gpuledger.sources.slurm.now.poll import Part, Poll, Record, written
from gpuledger.sources.slurm.now.queue import waiting_ids
from gpuledger.sources.slurm.now.waiting import carried_on, gap

if TYPE_CHECKING:
    from gpuledger.sources.slurm import Slurm


class Way(Protocol):
    """How a cluster is asked. Every method raises SourceError, in one sentence, when nobody answers."""

    asked: str
    """By what, in words."""

    def parts(self) -> tuple[Part, ...]:
        """What can be asked this way."""

    def cluster(self) -> str:
        """The cluster's name; '' when it is not told."""

    def jobs(self) -> list[Record]:
        """What is read of each job of the queue that runs or waits."""

    def nodes(self) -> list[Record | str]:
        """What is read of each machine."""

    def qos(self) -> list[str]:
        """`name|GrpTRES|GrpJobs|MaxTRESPU|MaxJobsPU|MaxTRESPA|MaxJobsPA` of each QoS."""

    def associations(self) -> list[Association]:
        """Accounts of the cluster and users in them; those of partitions bind less."""


def ask(source: "Slurm", last: Poll | None, now: datetime) -> Iterator[Fetched]:
    """One document for one poll; nothing where there is nobody to ask."""
    way = _way(source)
    if way is None or not way.parts():
        return
    poll = _polled(way, last, source.period_seconds, now)
    yield Fetched(io.BytesIO(b"".join(written(poll))), f"{source.carrying}{now.isoformat()}", None, now)


def _way(source: "Slurm") -> Way | None:
    if source.rest:
        from gpuledger.sources.slurm.now.rest import Rest

        return Rest(source)
    from gpuledger.sources.slurm.now.commands import Commands

    return Commands(source)


def _polled(way: Way, last: Poll | None, period_seconds: float | None, now: datetime) -> Poll:
    poll = Poll(now, way.asked, period_seconds)
    asked: dict[Part, Callable[[], None]] = {
        "queue": lambda: poll.jobs.extend(way.jobs()),
        "nodes": lambda: poll.nodes.extend(way.nodes()),
        "limits": lambda: _take_limits(way, poll),
    }
    for part in way.parts():
        try:
            asked[part]()
            poll.told.append(part)
        except SourceError as error:
            poll.errors[part] = str(error)
    poll.cluster = _cluster(way, poll)
    before = last.seen if last else {}
    poll.seen = carried_on(waiting_ids(poll.jobs), before, now, gap(period_seconds))
    poll.held = carried_limits(poll, last.held if last else {})
    return poll


def _take_limits(way: Way, poll: Poll) -> None:
    qos, told = way.qos(), way.associations()
    poll.qos, poll.accounts, poll.users = qos, account_lines(told), user_lines(told)


def _cluster(way: Way, poll: Poll) -> str:
    """As its jobs name it, else asked for."""
    named = next((str(job["cluster"]) for job in poll.jobs if job.get("cluster")), "")
    try:
        return named or way.cluster()
    except SourceError:
        return ""
