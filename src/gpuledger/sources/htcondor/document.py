"""The answer of one poll as kept: JSON lines that say what was asked when, each ad, and that nothing is missing.

    {"gpuledger": "htcondor poll", "time": "2026-11-20T09:00:00+00:00", "period_seconds": 300, "asked": "htcondor2 …"}
    {"slot": {"Name": "slot1_3@gpu2003.example.edu", "State": "Claimed", …}}
    {"job": {"GlobalJobId": …}, "schedd": "ap1.example.edu", "first_seen": "2026-11-20T08:10:00+00:00"}
    {"seen": "ap1.example.edu#7.0#1795165400", "first_seen": …, "last_seen": …}
    {"schedd": "ap2.example.edu", "error": "it did not answer"}
    {"end": true}

`seen` are jobs of earlier polls that this one does not show, and whose interval may still go on: the next poll
needs no more than this document to carry all intervals on.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from gpuledger.model.errors import SourceError
from gpuledger.sources.htcondor.waiting import Seen

HEAD = b'{"gpuledger": "htcondor poll"'
Ad = Mapping[str, Any]


@dataclass(frozen=True)
class Schedd:
    """What one access point answered; `error` says why it did not."""

    name: str
    jobs: tuple[Ad, ...] = ()
    error: str | None = None


@dataclass
class Poll:
    """What a pool told at one moment. `seen` are the intervals of waiting jobs after it."""

    time: datetime
    period_seconds: float
    asked: str
    slots: list[Ad] = field(default_factory=list)
    schedds: list[Schedd] = field(default_factory=list)
    seen: dict[str, Seen] = field(default_factory=dict)

    @property
    def jobs(self) -> Iterator[Ad]:
        return (job for schedd in self.schedds for job in schedd.jobs)

    @property
    def errors(self) -> list[str]:
        return [f"{schedd.name}: {schedd.error}" for schedd in self.schedds if schedd.error]


def written(poll: Poll) -> Iterator[bytes]:
    """The document, line by line."""
    head = {"gpuledger": "htcondor poll", "time": poll.time.isoformat(), "period_seconds": poll.period_seconds}
    yield _line({**head, "asked": poll.asked})
    for ad in poll.slots:
        yield _line({"slot": ad})
    for schedd in poll.schedds:
        yield _line({"schedd": schedd.name, "error": schedd.error} if schedd.error else {"schedd": schedd.name})
        for job in schedd.jobs:
            seen = poll.seen.get(str(job.get("GlobalJobId")))
            yield _line({"job": job, "schedd": schedd.name, **({"first_seen": seen.first.isoformat()} if seen else {})})
    told = {str(job.get("GlobalJobId")) for job in poll.jobs}
    for job_id, seen in poll.seen.items():
        if job_id not in told:
            yield _line({"seen": job_id, "first_seen": seen.first.isoformat(), "last_seen": seen.last.isoformat()})
    yield _line({"end": True})


def read(content: BinaryIO, name: str) -> Poll:
    """The poll again. Raises SourceError for a document that is cut off or is none."""
    try:
        return _poll(json.loads(line) for line in content)
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise SourceError(f"{name} is no whole answer of a poll ({type(error).__name__}); poll again.") from error


def seen_before(last: BinaryIO) -> Mapping[str, Seen]:
    """The intervals that may go on after the last answer; none when that was another source's, or is damaged."""
    try:
        return read(last, "The last answer").seen
    except SourceError:
        return {}


def _poll(lines: Iterable[dict[str, Any]]) -> Poll:
    rest = iter(lines)
    head = next(rest)
    poll = Poll(datetime.fromisoformat(head["time"]), head["period_seconds"], head["asked"])
    jobs: dict[str, list[Ad]] = {}
    errors: dict[str, str | None] = {}
    for line in rest:
        match line:
            case {"slot": ad}:
                poll.slots.append(ad)
            case {"job": ad, "schedd": schedd}:
                jobs[schedd].append(ad)
                if first := line.get("first_seen"):
                    poll.seen[str(ad["GlobalJobId"])] = Seen(datetime.fromisoformat(first), poll.time)
            case {"seen": job_id, "first_seen": first, "last_seen": last}:
                poll.seen[job_id] = Seen(datetime.fromisoformat(first), datetime.fromisoformat(last))
            case {"schedd": schedd}:
                jobs[schedd], errors[schedd] = [], line.get("error")
            case {"end": True}:
                poll.schedds = [Schedd(each, tuple(ads), errors[each]) for each, ads in jobs.items()]
                return poll
    raise ValueError("no end")


def _line(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"
