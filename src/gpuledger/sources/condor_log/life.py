"""The life of a job as a state machine: its events in order → its attempts.

An attempt is one match: from the start of its input transfer (040) or its execution (001) to 004, 005, 009, a hold
while it is open, a lost connection (024), a shadow's exception (007), or the next match. It may never have executed.
A job that was never matched is one attempt that only waited: a hold that nothing released ends it too.
Time on hold is that from a hold (012) to its release (013); of a hold that was never released nothing tells it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

SOON_SECONDS = 5
"""An eviction is told up to this long after what ended the attempt."""
REMOVED_CODE = "1023"
"""Code of an eviction because the job is being removed."""
LATE_SECONDS = 60
"""An eviction is told up to this long after the lost connection that it is the end of."""
LOSSES = ("007", "012", "024")
_SLOT = re.compile(r"\b(?:from|on|at execution point) (\S+@[^\s:;,]+)")
"""Where a sentence names the slot that it is about."""
_USES = ("Cpus", "Memory", "Disk", "GPUs", "GpusMemory")
UNTOLD = "a new match began; the log does not tell how this one ended"


class Fact(NamedTuple):
    """One event: epoch seconds, code, values by key, and its GPUs (a key that repeats)."""

    time: float
    code: str
    told: dict[str, str]
    gpus: tuple[str, ...] = ()


@dataclass(slots=True)
class Happening:
    """Something in the life of an attempt, to become a row of attempt_events."""

    time: float
    kind: str
    message: str | None = None
    code: str | None = None
    subcode: str | None = None
    host: str | None = None
    until: float | None = None


@dataclass(slots=True)
class Attempt:
    """One match, as far as it is told. Times are epoch seconds."""

    matched: float | None = None
    started: float | None = None
    ended: float | None = None
    ended_by: str = ""
    """Code of the event that ended it."""
    submitted: float | None = None
    eligible: float | None = None
    node: str | None = None
    batch: str | None = None
    state: str = "running"
    word: str = "running"
    end: dict[str, str] = field(default_factory=dict)
    place: dict[str, str] = field(default_factory=dict)
    gpus: tuple[str, ...] = ()
    happenings: list[Happening] = field(default_factory=list)
    transfer_in: float | None = None
    transfer_out: float | None = None
    failed_transfer: float | None = None
    held: float | None = None
    suspended: float | None = None

    @property
    def began(self) -> float | None:
        """The moment that names the attempt: of its match, else since when it waited for one, else the first one told."""
        waited = self.eligible if self.ended_by else None
        moments = (self.matched, self.started, waited, self.submitted, self.ended)
        return next((moment for moment in moments if moment is not None), None)

    @property
    def ran(self) -> float | None:
        """Seconds it executed, None where its start or end is not told."""
        return None if self.started is None or self.ended is None else self.ended - self.started


class Life:
    """Feeds on facts in their order; `attempts` are the result once `close` was called."""

    def __init__(self, checkpoint_codes: Iterable[int] = ()) -> None:
        self.attempts: list[Attempt] = []
        self._open: Attempt | None = None
        self._checkpoints = {str(code) for code in checkpoint_codes}
        self._submitted: float | None = None
        self._waits_since: float | None = None
        self._names: dict[str, str] = {}
        self._hold: Happening | None = None
        self._unreleased: Fact | None = None
        self._early: list[Happening] = []
        self._early_held: float | None = None
        self._is_removed: Fact | None = None
        self._lost: Fact | None = None

    def take(self, fact: Fact) -> None:
        STEPS[fact.code](self, fact)

    def close(self) -> list[Attempt]:
        """The attempts; a job that never was matched is one that waited."""
        if not self.attempts and (self._submitted is not None or self._is_removed or self._early):
            self._never_matched()
        return self.attempts

    def submitted(self, fact: Fact) -> None:
        if self._submitted is not None and self._open is None and not self.attempts and fact.told == self._names:
            return
        self._submitted = self._waits_since = fact.time
        self._names = fact.told

    def transferring(self, fact: Fact) -> None:
        step = fact.told["step"]
        if step in ("in-queue", "in-start") and not self._is_waiting_for_input(step):
            self._match(fact)
        here = self._open
        if here is None:
            return
        if "host" in fact.told:
            here.place |= {key: fact.told[key] for key in ("host", "ccb") if key in fact.told}
        direction, _, what = step.partition("-")
        if what == "start":
            here.happenings.append(Happening(fact.time, f"transfer_{direction}", host=fact.told.get("host")))
        elif what == "end" and (began := _last(here, f"transfer_{direction}")):
            began.until = fact.time

    def _is_waiting_for_input(self, step: str) -> bool:
        here = self._open
        if here is None or here.started is not None:
            return False
        return step == "in-start" and not _last(here, "transfer_in")

    def executing(self, fact: Fact) -> None:
        if self._open is None or self._open.started is not None:
            self._match(fact)
        here = self._open
        assert here
        here.started = fact.time
        here.place |= fact.told
        here.gpus = fact.gpus
        transfer = _last(here, "transfer_in")
        if transfer and transfer.until is None:
            transfer.until = fact.time
        here.transfer_in = transfer.until - transfer.time if transfer and transfer.until else None

    def terminated(self, fact: Fact) -> None:
        code = fact.told.get("exit")
        self._end(fact, *_termination(code, fact.told.get("signal"), self._checkpoints))
        if code in self._checkpoints:
            self._note(fact, "checkpoint", at=self.attempts[-1])

    def evicted(self, fact: Fact) -> None:
        """004: with no match open it tells again what ended the last one, or ends a match of which nothing else is told.

        DAGMan's copy of a log leaves out transfers, so that a match that never executed is told by its eviction alone.
        """
        last = self._last_attempt()
        if self._open is None and last and self._is_told_again(last, fact):
            last.end = {**fact.told, **last.end} if "cpu" in last.end else {**last.end, **fact.told}
            if last.ended is not None and fact.time - last.ended <= SOON_SECONDS:
                last.ended = fact.time
        else:
            self._end(fact if self._open else self._of_unseen_match(fact, last), "preempted", "evicted")
        self._note(fact, "evict", at=self.attempts[-1])

    def _is_told_again(self, last: Attempt, fact: Fact) -> bool:
        """Is an eviction that of the attempt that has ended? It follows a loss or a hold; else one moment or one run shows it."""
        if last.ended is None:
            return False
        since = fact.time - last.ended
        if last.ended_by in LOSSES:
            return since <= LATE_SECONDS or self._hold is not None
        names = {told.get("assigned", "") for told in (last.end, fact.told)} - {""}
        return since <= SOON_SECONDS or (_is_use_of(last, fact) and len(names) < 2)

    def _of_unseen_match(self, fact: Fact, last: Attempt | None) -> Fact:
        """Begins the match that an eviction ends; without use that is of the attempt before, with the slot that was lost."""
        told, lost = fact.told, self._lost
        if last and _is_use_of(last, fact):
            told = {name: f",{cells.partition(',')[2]}" if name in _USES else cells for name, cells in told.items()}
        if lost and fact.time - lost.time <= LATE_SECONDS:
            told = {**told, "slot": lost.told["slot"]}
        self._match(Fact(fact.time, "", {}))
        return fact._replace(told=told)

    def lost(self, fact: Fact) -> None:
        """007, 024: the connection or the shadow is gone, and with it the attempt."""
        self._lost = fact if self._open is None and "slot" in fact.told else None
        if self._open:
            self._note(fact, "reconnect_failed" if fact.code == "024" else "shadow_exception")
            self._end(fact, "preempted", "evicted")

    def removed(self, fact: Fact) -> None:
        last = self._last_attempt()
        self._release(fact.time)
        if self._open:
            self._end(fact, "removed", "aborted")
        elif last and _was_evicted_to_be_removed(last, fact.time):
            last.state, last.word = "removed", "aborted"
            last.end = {**last.end, "text": last.end.get("text") or fact.told.get("text", "")}
        if self.attempts:
            self._note(fact, "remove", at=self.attempts[-1])
        self._is_removed = fact

    def held(self, fact: Fact) -> None:
        if self._open:
            self._end(fact, "held", "held")
        self._hold, self._unreleased = self._note(fact, "hold", at=self._last_attempt()), fact

    def released(self, fact: Fact) -> None:
        if self._hold:
            self._add_held(fact.time - self._hold.time)
        self._unreleased = None
        self._release(fact.time)
        self._waits_since = fact.time
        self._note(fact, "release", at=self._last_attempt())

    def told_by_starter(self, fact: Fact) -> None:
        if self._open is None:
            return
        if slot := fact.told.get("slot"):
            self._open.place.setdefault("slot", slot)
        if fact.told.get("kind") == "error":
            self._note(fact, "error")
            self._open.end = {**self._open.end, "error": fact.told.get("text", "")}

    def disconnected(self, fact: Fact) -> None:
        self._note(fact, "disconnect")

    def reconnected(self, fact: Fact) -> None:
        if self._open and (began := _last(self._open, "disconnect")):
            began.until = fact.time
        self._note(fact, "reconnect")

    def checkpointed(self, fact: Fact) -> None:
        self._note(fact, "checkpoint")

    def suspended(self, fact: Fact) -> None:
        self._note(fact, "suspend")
        if self._open:
            self._open.state = self._open.word = "suspended"

    def unsuspended(self, fact: Fact) -> None:
        here = self._open
        if here and (began := _last(here, "suspend")) and began.until is None:
            began.until = fact.time
            here.suspended = (here.suspended or 0.0) + fact.time - began.time
            here.state = here.word = "running"

    def _match(self, fact: Fact) -> None:
        if self._open:
            self._end(Fact(fact.time, fact.code, {"text": UNTOLD}), "preempted", "evicted")
        self._release(fact.time)
        names = self._names
        here = Attempt(
            submitted=self._submitted, eligible=self._waits_since, node=names.get("node"), batch=names.get("batch")
        )
        if fact.code == "040":
            here.matched = fact.time
        here.happenings, self._early = self._early, []
        here.held, self._early_held = self._early_held, None
        self._is_removed = None
        self._open = here
        self.attempts.append(here)

    def _end(self, fact: Fact, state: str, word: str) -> None:
        """Ends the attempt that is open; an end of which nothing went before is an attempt of its own."""
        if self._open is None:
            last = self._last_attempt()
            if (
                last
                and last.ended is not None
                and last.state == state
                and last.end.get("exit") == fact.told.get("exit")
            ):
                return
            self._match(Fact(fact.time, "", {}))
        here = self._open
        assert here
        here.ended, here.ended_by, here.state, here.word = fact.time, fact.code, state, word
        here.end = {**here.end, **fact.told}
        if slot := _slot(fact):
            here.place = {"slot": slot, **here.place}
        _settle_transfers(here)
        self._open = None
        self._waits_since = fact.time

    def _note(self, fact: Fact, kind: str, at: Attempt | None = None) -> Happening:
        told = fact.told
        happening = Happening(fact.time, kind, told.get("text"), told.get("code"), told.get("subcode"))
        where = at or self._open
        (where.happenings if where else self._early).append(happening)
        return happening

    def _release(self, time: float) -> None:
        """Ends the hold."""
        if self._hold:
            self._hold.until = time
        self._hold = None

    def _add_held(self, seconds: float) -> None:
        """Time on hold belongs to the attempt before it, without one to the next."""
        if last := self._last_attempt():
            last.held = (last.held or 0.0) + seconds
        else:
            self._early_held = (self._early_held or 0.0) + seconds

    def _last_attempt(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None

    def _never_matched(self) -> None:
        names, over = self._names, self._unreleased or self._is_removed
        state, word = ("held", "held") if self._unreleased else ("removed", "aborted") if over else ("pending", "idle")
        waited = Attempt(
            submitted=self._submitted, eligible=self._waits_since, node=names.get("node"), batch=names.get("batch"),
            state=state, word=word, ended=over.time if over else None, end=over.told if over else {}, happenings=self._early,
            held=self._early_held,
        )  # fmt: skip
        self.attempts.append(waited)


def _termination(code: str | None, signal: str | None, checkpoints: set[str]) -> tuple[str, str]:
    """(our state, the word of the log)."""
    if code in checkpoints:
        return "requeued", "checkpointed"
    if code is None and signal is None:
        return "other", "terminated"
    return ("completed", "completed") if code == "0" else ("failed", "failed")


def _slot(fact: Fact) -> str | None:
    """The slot that an end names, by itself or in its sentence."""
    found = _SLOT.search(fact.told.get("text", ""))
    return fact.told.get("slot") or (found[1] if found else None)


def _is_use_of(last: Attempt, fact: Fact) -> bool:
    """Does the table of resources tell how long the attempt before executed?"""
    seconds = fact.told.get("TimeExecute", "").partition(",")[0]
    return last.ran is not None and seconds.isdecimal() and abs(int(seconds) - last.ran) <= SOON_SECONDS


def _was_evicted_to_be_removed(last: Attempt, time: float) -> bool:
    if last.ended is None or last.state != "preempted":
        return False
    return time - last.ended <= (60 if last.end.get("code") == REMOVED_CODE else 1)


def _settle_transfers(here: Attempt) -> None:
    """What was under way when the attempt ended has ended too; input for an attempt that never executed was in vain."""
    for happening in here.happenings:
        if happening.kind.startswith("transfer_") and happening.until is None:
            happening.until = here.ended
    into, out = _last(here, "transfer_in"), _last(here, "transfer_out")
    if into and into.until is not None and here.started is None:
        here.failed_transfer = into.until - into.time
    if out and out.until is not None:
        here.transfer_out = out.until - out.time


def _last(here: Attempt, kind: str) -> Happening | None:
    for happening in reversed(here.happenings):
        if happening.kind == kind:
            return happening
    return None


STEPS: dict[str, Callable[[Life, Fact], None]] = {
    "000": Life.submitted, "001": Life.executing, "003": Life.checkpointed, "004": Life.evicted, "005": Life.terminated,
    "007": Life.lost, "009": Life.removed, "010": Life.suspended, "011": Life.unsuspended, "012": Life.held,
    "013": Life.released, "021": Life.told_by_starter, "022": Life.disconnected, "023": Life.reconnected,
    "024": Life.lost, "040": Life.transferring,
}  # fmt: skip
