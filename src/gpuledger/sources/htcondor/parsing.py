"""Ads to rows: those of one moment are a reading, and a reading is told whole."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BufferedReader
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pyarrow as pa

from gpuledger.model.batch import Batch, Parsed
from gpuledger.model.errors import BrokenOff, NoData, SourceError
from gpuledger.model.period import parse_instant
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.strange import strange
from gpuledger.model.tables import GPU_STATES, PENDING, SNAPSHOTS
from gpuledger.sources import Context
from gpuledger.sources.htcondor.ads import ads
from gpuledger.sources.htcondor.attributes import number
from gpuledger.sources.htcondor.document import Poll, read
from gpuledger.sources.htcondor.fold import Slot, fold
from gpuledger.sources.htcondor.sniff import is_json, is_poll, is_text
from gpuledger.sources.htcondor.values import Expression
from gpuledger.sources.htcondor.waiting import Seen, carried_on, gap, is_waiting, rows

if TYPE_CHECKING:
    from gpuledger.sources.htcondor import HTCondor

HEAD_BYTES = 65536
REASON = "PreventJobsReason"
MOMENTS = ("LastHeardFrom", "MyCurrentTime", "ServerTime")
"""When an ad was as it says: by the collector's clock, the machine's, the access point's."""
NO_CLUSTER = "htcondor"
LAST_SECOND = 2**33
"""Nobody's clock shows more: year 2242."""
Ad = Mapping[str, Any]


@dataclass
class Reading:
    """What a pool told at one moment."""

    time: datetime | None = None
    slots: list[Slot] = field(default_factory=list)
    jobs: list[Ad] = field(default_factory=list)
    others: int = 0
    """Ads that say nothing of a GPU or of a job that waits for one."""
    seen: dict[str, Seen] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    is_queue_told: bool = False
    is_pool_told: bool = False
    has_reasons: bool = False
    unevaluated: set[str] = field(default_factory=set)
    """Attributes told as an expression, which only HTCondor evaluates."""
    errors: list[str] = field(default_factory=list)


def parse(source: "HTCondor", raw: BinaryIO, context: Context) -> Parsed:
    """See `HTCondor.parse`."""
    content = raw if isinstance(raw, BufferedReader) else BufferedReader(cast(Any, raw), 1 << 20)
    head = content.peek(HEAD_BYTES)[:HEAD_BYTES]
    name = context.input_name or "The input"
    if not head.strip():
        raise NoData(f"{name} is empty.")
    told = _Told(source, context)
    if not told.is_named:
        yield Remark(f"The ads do not name their pool; it is called {NO_CLUSTER!r}. Name it with --cluster.")
    if is_poll(head):
        yield from told.poll(read(cast(BinaryIO, content), name))
    elif is_json(head) or is_text(head):
        yield from told.file(ads(content, head), name)
    else:
        raise SourceError(f"{name} {strange(head) or 'is neither `condor_status -long` nor `-json` output'}.")


class _Told:
    """Rows in the name of one source."""

    def __init__(self, source: "HTCondor", context: Context) -> None:
        self._source = source
        self._is_file = context.reported_by.startswith("file:") or not context.reported_by
        self._name = source.name if self._is_file else context.reported_by
        self._cluster = context.cluster or source.cluster or (NO_CLUSTER if self._is_file else self._name)
        self.is_named = bool(context.cluster or source.cluster) or not self._is_file
        self._period = source.period_seconds
        self._given_time, self._zone = context.options.get("time"), context.zone or "UTC"

    def poll(self, poll: Poll) -> Parsed:
        """One poll is one reading; who did not answer is told with it."""
        self._period = poll.period_seconds
        reading = Reading(poll.time, seen=poll.seen, errors=poll.errors, has_reasons=True, is_pool_told=True)
        for position, ad in enumerate(poll.slots, 1):
            yield from _taken(reading, ad, position)
        reading.is_queue_told = any(schedd.error is None for schedd in poll.schedds)
        for position, ad in enumerate(poll.jobs, len(poll.slots) + 1):
            yield from _taken_job(reading, {"JobStatus": 1, **ad}, position)
        yield from (Remark(f"An access point did not answer: {error}") for error in poll.errors)
        yield from self._rows(reading)

    def file(self, placed: Iterable[tuple[int, Ad]], name: str) -> Parsed:
        """Ads of one or more readings: a slot or job told again begins the next."""
        reading, seen, broken = Reading(), dict[str, Seen](), None
        try:
            for position, ad in placed:
                told = str(ad.get("Name") or ad.get("GlobalJobId") or "")
                if told and told in reading.names:
                    seen = self._dated(reading, seen, name)
                    yield from self._rows(reading)
                    reading = Reading()
                reading.names.add(told)
                _look(reading, ad)
                yield from _taken_job(reading, ad, position) if _is_job(ad) else _taken(reading, ad, position)
        except BrokenOff as error:
            if reading.time is None:
                raise
            broken = error
            reading.errors.append(str(error))
        self._dated(reading, seen, name)
        yield from self._rows(reading)
        if broken:
            raise broken

    def _dated(self, reading: Reading, before: Mapping[str, Seen], name: str) -> dict[str, Seen]:
        """The reading's own moment; the intervals of waiting jobs so far. The clock is never asked."""
        if reading.time is None and self._given_time:
            reading.time = parse_instant(self._given_time, self._zone)
        if reading.time is None:
            raise SourceError(
                f"{name} does not say when it was made: no ad has {MOMENTS[0]} or {MOMENTS[1]}. Ask for one of them too, "
                "or say the moment: --time 2026-11-20T09:00Z."
            )
        jobs = (str(ad["GlobalJobId"]) for ad in reading.jobs)
        reading.seen = carried_on(jobs, before, reading.time, gap(self._period))
        return reading.seen

    def _rows(self, reading: Reading) -> Parsed:
        """Rows first, the snapshot last: where it stands, all of them do."""
        for name in sorted(reading.unevaluated):
            yield Remark(f"{name} is an expression in some ads; only HTCondor evaluates it, so there it is not known.")
        states = list(fold(reading.slots, reading.has_reasons))
        key = {"cluster": self._cluster, "source": self._name, "time": reading.time}
        if states:
            first = Counter((slot.host or "", slot.gpus[0]) for slot in reading.slots)
            weights = [first[row["host"], row["gpu"]] for row in states]
            yield Batch(GPU_STATES, pa.Table.from_pylist([{**key, **row} for row in states]), pa.array(weights))
        if reading.jobs:
            waiting = rows((ad, reading.seen[str(ad["GlobalJobId"])]) for ad in reading.jobs)
            yield Batch(PENDING, pa.Table.from_pylist([{"cluster": self._cluster, **row} for row in waiting]))
        yield Batch(
            SNAPSHOTS,
            pa.Table.from_pylist([{**key, **self._snapshot(reading, len(states))}]),
            pa.array([reading.others]),
        )

    def _snapshot(self, reading: Reading, count: int) -> dict[str, Any]:
        is_empty = reading.is_pool_told and not count
        tables = [*["gpu_states"] * reading.is_pool_told, *["pending"] * reading.is_queue_told]
        return {
            "status": "partial" if reading.errors else "empty" if is_empty else "complete",
            "row_count": count,
            "period_seconds": float(self._period),
            "error": "; ".join(reading.errors)[:2000] or None,
            "told_tables": tables,
        }


def _is_job(ad: Ad) -> bool:
    return ad.get("MyType") == "Job" or "GlobalJobId" in ad and "State" not in ad and "Name" not in ad


def _taken(reading: Reading, ad: Ad, position: int) -> Iterator[Problem]:
    """A slot into the reading, or why it cannot be."""
    slot = Slot(ad, position)
    reading.is_pool_told = True
    reading.has_reasons = reading.has_reasons or REASON in ad
    if reason := _fault(slot):
        yield _problem(position, reason, ad)
    elif slot.gpus:
        reading.slots.append(slot)
    else:
        reading.others += 1


def _fault(slot: Slot) -> str | None:
    if not slot.name or not slot.host:
        return "the ad of a slot has no Name or no Machine"
    if slot.has_gpus and not slot.gpus:
        return "the slot has GPUs but names none in AssignedGPUs or AvailableGPUs"
    return None


def _taken_job(reading: Reading, ad: Ad, position: int) -> Iterator[Problem]:
    """A waiting job into the reading; others are only counted."""
    reading.is_queue_told = True
    if not is_waiting(ad):
        reading.others += 1
    elif not isinstance(ad.get("GlobalJobId"), str):
        yield _problem(position, "the ad of a job has no GlobalJobId", ad)
    else:
        reading.jobs.append(ad)


def _look(reading: Reading, ad: Ad) -> None:
    """What an ad of a file says of the whole: the newest moment any ad tells is that of the reading."""
    reading.unevaluated |= {name for name, told in ad.items() if isinstance(told, Expression)}
    told = [seconds for name in MOMENTS if (seconds := number(ad, name)) and 0 < seconds < LAST_SECOND]
    if told:
        moment = datetime.fromtimestamp(max(told), UTC)
        reading.time = moment if reading.time is None else max(moment, reading.time)


def _problem(position: int, reason: str, ad: Ad) -> Problem:
    row = "; ".join(f"{name} = {told}" for name, told in ad.items())
    return Problem(position, reason, row[:2000])
