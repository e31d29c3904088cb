"""A job event log from bytes to rows of job_events."""

from collections.abc import Iterable
from io import BufferedReader
from typing import TYPE_CHECKING, BinaryIO, cast

from gpuledger.model.batch import Parsed, Watermark
from gpuledger.model.errors import NoData, SourceError
from gpuledger.model.period import tzinfo
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.secrets import without_secret
from gpuledger.model.strange import strange
from gpuledger.sources import Context
from gpuledger.sources.condor_log.ads import end_of, kind_of, pages_of_ads
from gpuledger.sources.condor_log.clock import Clock, first_moment
from gpuledger.sources.condor_log.facts import READERS
from gpuledger.sources.condor_log.frames import HEADER, Damage, Event, Frame, pages
from gpuledger.sources.condor_log.telling import NO_ACCESS_POINT, Tellings, as_datetime

if TYPE_CHECKING:
    from gpuledger.sources.condor_log import CondorLog

HEAD = 1 << 16
PROVES_UTC = ("005", "009")


def has_event(head: bytes) -> bool:
    """Does an event begin within the first bytes?"""
    if kind_of(head):
        return True
    return HEADER.search(head[:HEAD].decode("latin-1")) is not None


def parse(source: "CondorLog", raw: BinaryIO, context: Context) -> Parsed:
    """Raises SourceError for what is no event log, NoData for nothing, and where stamps have no year that can be told."""
    stream = raw if hasattr(raw, "peek") else cast(BinaryIO, BufferedReader(raw))
    head: bytes = stream.peek(HEAD)[:HEAD]  # type: ignore[attr-defined]
    name = context.input_name or "The input"
    if not head.strip():
        raise NoData(f"{name} is empty.")
    if not has_event(head):
        raise SourceError(f"{name} {strange(head) or 'is no HTCondor event log: no event begins in its first 64 KiB'}.")
    zone = context.zone or source.zone
    clock = Clock(tzinfo(zone) if zone else None, _year(source, context), first_moment(head))
    kind = kind_of(head)
    frames = pages_of_ads(stream, kind, end_of(head, kind)) if kind else pages(stream)
    yield from _parse(frames, clock, Tellings(clock, context.reported_by, context.cluster or source.cluster), name)


def _year(source: "CondorLog", context: Context) -> int | None:
    return int(context.options["year"]) if "year" in context.options else source.year


def _parse(frames: Iterable[list[Frame]], clock: Clock, jobs: Tellings, name: str) -> Parsed:
    for page in frames:
        for frame in page:
            problem = _problem(frame) if isinstance(frame, Damage) else _take(frame, clock, jobs)
            if problem:
                yield problem
        yield from jobs.finished()
    yield from jobs.rest()
    yield from map(Remark, clock.remarks(name))
    if NO_ACCESS_POINT in jobs.clusters:
        yield Remark(
            f"{name} does not name its access point; its jobs are of the cluster {NO_ACCESS_POINT!r} (--cluster names it)."
        )
    if clock.first is not None and clock.last is not None:
        for cluster in sorted(jobs.clusters):
            since, until = as_datetime(min(clock.first, clock.last)), as_datetime(clock.last)
            yield Watermark(cluster, since, until, is_local=clock.is_local)


def _take(event: Event, clock: Clock, jobs: Tellings) -> Problem | None:
    """Puts one event where it belongs; a problem when it has no job or no time."""
    cluster, proc, hour, minute, fraction, zone = event.header.groups()
    try:
        moment, is_local = clock.moment(hour, minute, fraction, zone)
    except (ValueError, KeyError):
        return Problem(event.line, "the time of the event cannot be read", _shown(event.text))
    code = event.code
    reader = READERS.get(code)
    if reader is None:
        jobs.count(event)
        return None
    job = int(cluster), int(proc)
    if job[0] < 0:
        return Problem(event.line, "the event names no job", _shown(event.text))
    if zone is None and code in PROVES_UTC:
        clock.prove(moment, event.text)
    told = reader(code, event.text)
    if clock.or_else is not None and told and (lasted := _lasted(told)) and (started := jobs.started(job)):
        moment = clock.by_duration(started, lasted) or moment
    jobs.take(job, code, moment, is_local, told)
    return None


def _lasted(fact: str) -> float | None:
    """How long the run took, where the event's table of resources tells it."""
    seconds = fact.partition("\tTimeExecute=")[2].partition(",")[0]
    return float(seconds) if seconds.isdecimal() else None


def _problem(damage: Damage) -> Problem:
    return Problem(damage.line, damage.reason, _shown(damage.text), int(damage.is_event))


def _shown(text: str) -> str:
    return without_secret(text[:4000])[:2000].replace("\0", "\\x00")
