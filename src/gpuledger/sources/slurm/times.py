"""When each job was submitted, eligible, started and ended, and why a row's times cannot be believed."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.sources.slurm.fields import STAMPS
from gpuledger.sources.slurm.hostlist import NOBODY
from gpuledger.sources.slurm.sheet import Sheet
from gpuledger.sources.slurm.stamps import NONE, TOLERANCE_SECONDS, Seconds, Stamps, Way, stamps, told_apart
from gpuledger.sources.slurm.states import LIVE, PENDING, state
from gpuledger.sources.slurm.values import Flags, Floats, Numbers, durations, numbers, whole
from gpuledger.sources.slurm.values import duration as seconds_of

TWICE = (
    "its times fall into the hour that occurs twice in {zone}, and nothing tells which of the two is meant:"
    " export them again with SLURM_TIME_FORMAT=%s"
)


@dataclass
class Times:
    """Epoch seconds (`NONE`: not known), `elapsed` in seconds (NaN: not told), and the rows to refuse by reason."""

    submitted: Seconds
    eligible: Seconds
    started: Seconds
    ended: Seconds
    elapsed: Floats
    unsure: Flags
    """Rows of which submit or eligible fall into the hour that occurs twice, and either reading would do."""
    has_local: bool = False
    disagreements: int = 0
    refused: list[tuple[Flags, str]] = field(default_factory=list)

    @property
    def observed(self) -> Seconds:
        """The moment each reading describes: its end, how far a running record had come, else when it began to wait."""
        ran = np.nan_to_num(self.elapsed).astype(np.int64)
        open_ended = np.where(self.started != NONE, self.started + ran, self.submitted)
        return np.where(self.ended != NONE, self.ended, open_ended)

    @property
    def running_until(self) -> Seconds:
        """How far running records say they had come: the moment Slurm was asked."""
        tells = (self.ended == NONE) & (self.started != NONE) & ~np.isnan(self.elapsed)
        return np.where(tells, self.observed, NONE)

    @property
    def first_known(self) -> Seconds:
        """The first known of submitted, eligible, started, ended."""
        first = self.submitted
        for other in (self.eligible, self.started, self.ended):
            first = np.where(first != NONE, first, other)
        return first


def times(jobs: Sheet, zone: str) -> Times:
    """The four instants of each job row, the repeated hour of a DST night told apart where it can be."""
    read = [stamps(jobs.text(name), zone) for name in STAMPS]
    elapsed, suspended = _elapsed(jobs), numbers(jobs, "Suspended", seconds_of)
    refused = [(column.is_bad, f"{name} is not a time") for name, column in zip(STAMPS, read, strict=True)]
    refused += [
        (column.is_skipped, f"{name} is in the hour the clock skipped in {zone}")
        for name, column in zip(STAMPS, read, strict=True)
    ]
    refused.append((elapsed.is_bad, "the elapsed time cannot be read"))
    refused.append((elapsed.values < 0, "the elapsed time is negative"))
    instants, unclear, unsure = _resolved(_happened(read, jobs), elapsed.values, suspended.values)
    refused.append((unclear, TWICE.format(zone=zone)))
    submitted, eligible, started, ended = instants
    has_local = any(column.has_local for column in read)
    known = Times(submitted, eligible, started, ended, elapsed.values, unsure, has_local, refused=refused)
    _settle(known, jobs, np.nan_to_num(suspended.values))
    return known


def _elapsed(jobs: Sheet) -> Numbers:
    if jobs.has("ElapsedRaw"):
        return whole(jobs, "ElapsedRaw")
    return durations(jobs, "Elapsed")


def _happened(read: list[Stamps], jobs: Sheet) -> list[Stamps]:
    """The stamps without starts that were estimates and ends that are still to come."""
    submitted, eligible, started, ended = read
    ended = ended.without(_in_states(jobs, LIVE))
    started = started.without(_in_states(jobs, PENDING))
    started = started.without((started.early == ended.early) & _held_nothing(jobs))
    return [submitted, eligible, started, ended]


def _resolved(read: list[Stamps], elapsed: Floats, suspended: Floats) -> tuple[list[Seconds], Flags, Flags]:
    """One instant for each stamp; the rows where the repeated hour leaves more than one span from start to end, and
    those where it leaves one, but more than one submit or eligible time."""
    instants = [column.early.copy() for column in read]
    twice = np.logical_or.reduce([column.early != column.late for column in read])
    unclear, unsure = np.zeros(len(twice), bool), np.zeros(len(twice), bool)
    for row in np.flatnonzero(twice):
        choices: tuple[Way, ...] = tuple((int(column.early[row]), int(column.late[row])) for column in read)
        lengths = (elapsed[row], elapsed[row] + np.nan_to_num(suspended[row]))
        way, is_certain = told_apart(choices, lengths)
        unclear[row], unsure[row] = way is None, way is not None and not is_certain
        for column, moment in zip(instants, way or (), strict=False):
            column[row] = moment
    return instants, unclear, unsure


def _settle(known: Times, jobs: Sheet, suspended: Floats) -> None:
    """Adds the end that follows from start and length, and tells rows whose times contradict each other."""
    live = _in_states(jobs, LIVE)
    has_elapsed = ~np.isnan(known.elapsed)
    has_both = (known.started != NONE) & (known.ended != NONE)
    lasted = known.ended - known.started
    known.refused.append((has_both & (lasted < 0), "End is before Start"))
    off = np.abs(np.where(has_both & has_elapsed, lasted - np.nan_to_num(known.elapsed), 0))
    known.disagreements = int(np.sum((off > TOLERANCE_SECONDS) & (np.abs(off - suspended) > TOLERANCE_SECONDS)))
    unended = ~live & (known.started != NONE) & (known.ended == NONE)
    known.ended = np.where(
        unended & has_elapsed, known.started + np.nan_to_num(known.elapsed).astype(np.int64), known.ended
    )
    known.refused.append((unended & ~has_elapsed, "it has ended, but neither its end nor its length is told"))


def _in_states(jobs: Sheet, states: frozenset[str]) -> Flags:
    return flags(jobs.map("State", lambda text: state(text) in states, pa.bool_()))


def _held_nothing(jobs: Sheet) -> Flags:
    """Cancelled before it started: Slurm 22.05 prints a Start equal to the End though nothing was allocated."""
    nothing = np.zeros(len(jobs), bool)
    for name, values in (("NodeList", NOBODY), ("AllocTRES", {""})):
        if jobs.has(name):
            nothing |= flags(pc.is_in(jobs.text(name), pa.array(sorted(values), pa.string())))
    return nothing


def flags(column: Any) -> Flags:
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), bool)
