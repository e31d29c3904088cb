"""The answer of one poll as kept: JSON lines that say what was asked when, each record, and that nothing is missing.

    {"gpuledger": "slurm poll", "time": "2026-11-20T10:15:00+00:00", "period_seconds": null, "asked": "commands"}
    {"cluster": "lab"}
    {"part": "queue", "error": null}
    {"job": {"job_id": 7, "job_state": "PENDING", …}}          a record of JSON, or {"JobIDRaw": …} of text
    {"part": "nodes", "error": "scontrol did not answer"}
    {"node": "NodeName=a100n1 …"}                               text, or a record of JSON
    {"qos": "physics|cpu=64,gres/gpu=8,mem=400G|"}              name, then pairs (`limits.PAIRS`); {"account": …}, {"user": …}
    {"since": "7@1795169722", "first": …, "last": …}            since when a job is seen waiting
    {"held": ["qos", "physics", "cpu"], "from": …, "count": 64, "unit": ""}     since when a limit holds
    {"end": true}

The last two carry intervals on: the next poll needs no more than this document.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Literal

from gpuledger.model.errors import SourceError

Part = Literal["queue", "nodes", "limits"]
Record = Mapping[str, Any]
LimitKey = tuple[str, str, str]
"""Scope, name, resource."""


@dataclass(frozen=True)
class Seen:
    """When a job was first and last found waiting, in the interval that may still go on."""

    first: datetime
    last: datetime


@dataclass(frozen=True)
class Held:
    """A limit and since when it is as it is; `count` null: there is none."""

    since: datetime
    count: float | None
    unit: str


@dataclass
class Poll:
    """What a cluster told at one moment. `errors` say which part is missing, and why."""

    time: datetime
    asked: str
    period_seconds: float | None = None
    cluster: str = ""
    jobs: list[Record] = field(default_factory=list)
    nodes: list[Record | str] = field(default_factory=list)
    qos: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    told: list[Part] = field(default_factory=list)
    errors: dict[Part, str] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    held: dict[LimitKey, Held] = field(default_factory=dict)


def written(poll: Poll) -> Iterator[bytes]:
    """The document, line by line."""
    head = {"gpuledger": "slurm poll", "time": poll.time.isoformat(), "period_seconds": poll.period_seconds}
    yield _line({**head, "asked": poll.asked})
    yield _line({"cluster": poll.cluster})
    yield from (_line({"part": part, "error": None}) for part in poll.told)
    yield from (_line({"part": part, "error": error}) for part, error in poll.errors.items())
    told: dict[str, list[Any]] = {
        "job": poll.jobs,
        "node": poll.nodes,
        "qos": poll.qos,
        "account": poll.accounts,
        "user": poll.users,
    }
    for name, records in told.items():
        yield from (_line({name: record}) for record in records)
    for job, seen in poll.seen.items():
        yield _line({"since": job, "first": seen.first.isoformat(), "last": seen.last.isoformat()})
    for key, held in poll.held.items():
        yield _line({"held": list(key), "from": held.since.isoformat(), "count": held.count, "unit": held.unit})
    yield _line({"end": True})


def read(content: Iterable[bytes], name: str) -> Poll:
    """The poll again. Raises SourceError for a document that is cut off or is none."""
    try:
        return _poll(json.loads(line) for line in content)
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise SourceError(f"{name} is no whole answer of a poll ({type(error).__name__}); poll again.") from error


def before(last: BinaryIO | None) -> Poll | None:
    """The last poll; None when there is none, or what is there is damaged."""
    try:
        return read(last, "The last answer") if last else None
    except SourceError:
        return None


def _poll(lines: Iterator[dict[str, Any]]) -> Poll:
    head = next(lines)
    poll = Poll(datetime.fromisoformat(head["time"]), head["asked"], head["period_seconds"])
    for line in lines:
        match line:
            case {"job": record}:
                poll.jobs.append(record)
            case {"node": record}:
                poll.nodes.append(record)
            case {"qos": text}:
                poll.qos.append(text)
            case {"account": text}:
                poll.accounts.append(text)
            case {"user": text}:
                poll.users.append(text)
            case {"since": job, "first": first, "last": last}:
                poll.seen[job] = Seen(datetime.fromisoformat(first), datetime.fromisoformat(last))
            case {"held": [scope, name, resource], "from": since, "count": count, "unit": unit}:
                poll.held[scope, name, resource] = Held(datetime.fromisoformat(since), count, unit)
            case {"end": True}:
                return poll
            case _:
                _note(poll, line)
    raise ValueError("no end")


def _note(poll: Poll, line: dict[str, Any]) -> None:
    """What is told of the poll itself."""
    match line:
        case {"cluster": cluster}:
            poll.cluster = cluster
        case {"part": part, "error": None}:
            poll.told.append(part)
        case {"part": part, "error": error}:
            poll.errors[part] = error


def _line(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"
