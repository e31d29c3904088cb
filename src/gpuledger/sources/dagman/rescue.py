"""Rescue files and metrics: what DAGMan itself says is done, to mark nodes and to check what the other files say."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gpuledger.model.period import BEGINNING, ENDING
from gpuledger.model.problems import Problem

_CREATED = re.compile(r"# Created (\d+)/(\d+)/(\d+) (\d+):(\d+):(\d+) UTC")
_PREMARKED = re.compile(r"# Nodes premarked DONE: (\d+)")
_TOTAL = re.compile(r"# Total number of Nodes: (\d+)")
_NUMBER = re.compile(r"\.rescue(\d+)$")
LONGEST_ROW = 2_000


@dataclass
class Rescue:
    """One rescue file."""

    name: str
    created_at: datetime | None = None
    total: int | None = None
    premarked: int | None = None
    done: set[str] = field(default_factory=set)
    retries: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def number(self) -> int:
        """Its number: the highest is the newest."""
        found = _NUMBER.search(self.name)
        return int(found[1]) if found else 0


def rescue(name: str, text: str) -> Rescue:
    """What a rescue file says. `Created` is in UTC, unlike every log."""
    told = Rescue(name)
    for line, raw in enumerate(text.splitlines(), 1):
        words = raw.split()
        if raw.startswith("#"):
            _comment(told, raw)
        elif len(words) == 2 and words[0].upper() == "DONE":
            told.done.add(words[1])
        elif len(words) >= 3 and words[0].upper() == "RETRY" and words[2].isdecimal() and len(words[2]) <= 18:
            told.retries[words[1]] = int(words[2])
        elif words:
            told.problems.append(Problem(line, "the line is neither DONE nor RETRY", f"{name}: {raw}"[:LONGEST_ROW]))
    return told


def _comment(told: Rescue, line: str) -> None:
    if found := _CREATED.match(line):
        month, day, year, hour, minute, second = (int(part) for part in found.groups())
        try:
            told.created_at = _plausible(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
        except ValueError:
            told.problems.append(Problem(1, "the moment it was created is no time", f"{told.name}: {line}"))
    elif found := _PREMARKED.match(line):
        told.premarked = int(found[1])
    elif found := _TOTAL.match(line):
        told.total = int(found[1])


@dataclass(frozen=True)
class Metrics:
    """Totals of a `.metrics` file: nodes, those that succeeded and failed, with SUBDAG nodes, without service nodes."""

    nodes: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    ended_at: datetime | None = None

    @property
    def is_all_done(self) -> bool:
        """Did every node succeed?"""
        return bool(self.nodes and (self.succeeded or 0) >= self.nodes and not self.failed)


def metrics(text: str) -> Metrics | None:
    """None for what is no metrics file. HTCondor before 24 calls nodes jobs."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    word = "nodes" if "nodes" in told else "jobs"
    return Metrics(
        _sum(told, word, f"dag_{word}"),
        _sum(told, f"{word}_succeeded", f"dag_{word}_succeeded"),
        _sum(told, f"{word}_failed", f"dag_{word}_failed"),
        _instant(told.get("end_time")),
    )


def _sum(told: dict[str, Any], *names: str) -> int | None:
    values = [told[name] for name in names if isinstance(told.get(name), int)]
    return sum(values) if isinstance(told.get(names[0]), int) else None


def _instant(seconds: Any) -> datetime | None:
    try:
        return _plausible(datetime.fromtimestamp(seconds, UTC)) if isinstance(seconds, (int, float)) else None
    except (ValueError, OverflowError, OSError):
        return None


def _plausible(moment: datetime) -> datetime:
    """Raises ValueError for a moment that no clock shows."""
    if not BEGINNING <= moment < ENDING:
        raise ValueError(moment)
    return moment
