"""Attempts as columns, with what became of each: the basis of every number of an experiment.

Of each node the *kept* attempt is the longest that ended with exit code 0: where a node succeeded again (a resume of
minutes, a repeated run) the work was done by the longest; the others are *repeated*: they succeeded, and their time is lost.
A *checkpoint* is an attempt that stopped itself (exit code 85) before the kept one began. Where nothing tells how an attempt
ended that is over (advertisements without an exit code), its outcome is *not told*: it is neither good nor lost, and in no
ratio. Everything else that is over is *lost*, with one cause.
So of the time of attempts that are over

    kept + checkpoint + lost (repeated among it) + not told = all.

An attempt without an end is *open*: the log ends while it runs, and nobody knows whether it still does. Its hours, as far
as the log that tells of it goes, are told apart and are in no sum.

An epoch is credited to the attempt that did the work: where the kept attempt is a short resume, to the longest checkpoint.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from gpuledger.metrics import NOT_KNOWN
from gpuledger.metrics.workflows.causes import NOT_TOLD, RESCUED, Cause, End, Kind, cause_of
from gpuledger.metrics.workflows.names import Names, distinct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gpuledger.metrics.events import Floats, Whole
    from gpuledger.model.period import Period

HOUR_US = 3.6e9
SHORT_RESUME = 0.25
"""A success that ran for less than this part of a checkpoint before it only finished that checkpoint's work."""
OPEN_STATES = ("running", "pending", "suspended", "other", NOT_KNOWN)
KEPT, REPEATED, CHECKPOINT, LOST, OPEN, UNTOLD = range(6)
FATES = ("result kept", "success repeated", "checkpoint used", "lost", "no end in the log", NOT_TOLD.label)
_CODES = ("exit_code", "signal", "end_code", "end_subcode")
_TIMELESS = (
    "is_executed", "is_open", "is_success", "is_untold", "is_good", "is_lost", "ran_seconds", "queue_seconds", "kept", "credited", "fate",
    "cause", "kind",
)  # fmt: skip
"""What is the same whatever the period."""
Flags = "np.ndarray[tuple[int], np.dtype[np.bool_]]"


@dataclass(frozen=True, eq=False)
class Parts:
    """Attempts by GPU: `rows` the attempt, `weights` its part; parts of one attempt add up to 1.

    `gpus` are named with their host; not known where GPUs were not told one by one.
    """

    rows: "Whole"
    weights: "Floats"
    models: Names
    capabilities: Names
    gpus: Names


@dataclass(frozen=True, eq=False)
class Tries:
    """`amounts` are doubles by column (not a number: not known), `names` what rows are told apart by.

    `reasons` are the ends in the log's own words.
    """

    period: "Period"
    amounts: "Mapping[str, Floats]"
    names: "Mapping[str, Names]"
    reasons: Names
    parts: Parts

    def __len__(self) -> int:
        return len(self.reasons)

    def __getitem__(self, name: str) -> "Floats":
        return self.amounts[name]

    def is_state(self, *states: str) -> Any:
        """Rows whose state is one of these."""
        return self.names["state"].is_one_of(*states)

    def within(self, period: "Period") -> "Tries":
        """The same attempts looked at through another period; what became of them does not depend on it."""
        offset = (period.start - self.period.start).total_seconds() * 1e6
        amounts = {name: held - offset if name.endswith("_us") else held for name, held in self.amounts.items()}
        there = Tries(period, amounts, self.names, self.reasons, self.parts)
        there.__dict__.update({name: getattr(self, name) for name in _TIMELESS})
        return there

    @cached_property
    def length_us(self) -> float:
        return self.period.seconds * 1e6

    @cached_property
    def is_executed(self) -> Any:
        return ~np.isnan(self["started_us"])

    @cached_property
    def is_open(self) -> Any:
        return np.isnan(self["ended_us"]) & self.is_state(*OPEN_STATES)

    @cached_property
    def is_success(self) -> Any:
        """Completed with exit code 0, where a code is told."""
        code = self["exit_code"]
        return self.is_executed & self.is_state("completed") & ((code == 0) | np.isnan(code))

    @cached_property
    def is_untold(self) -> Any:
        """Over, and neither a state nor a code nor a signal tells how."""
        codes = (self["exit_code"], self["signal"], self["end_code"])
        says_nothing = np.all([np.isnan(code) for code in codes], axis=0) & ~self.names["state_raw"].is_one_of(RESCUED)
        return self.is_state("other", NOT_KNOWN) & says_nothing & ~self.is_open

    @cached_property
    def ran_seconds(self) -> "Floats":
        """Whole time from start to end (of an open one as far as is known), whatever the period; not a number where
        it is over and nothing tells since when or until when."""
        ran = np.maximum(self["counted_us"] - self["started_us"], 0.0) / 1e6
        return np.where(self.is_open | ~np.isnan(self["ended_us"]), ran, np.nan)

    @cached_property
    def _hours(self) -> "Floats":
        """Hours from start to end (of an open one as far as is told) inside the period; 0 of what never executed."""
        since = np.maximum(self["started_us"], 0.0)
        until = np.minimum(self["counted_us"], self.length_us)
        hours: Floats = np.nan_to_num(np.maximum(until - since, 0.0)) / HOUR_US
        return hours

    @cached_property
    def wall_hours(self) -> "Floats":
        """Hours from start to end inside the period; 0 of what never executed and of what has no end."""
        hours: Floats = np.where(self.is_open, 0.0, self._hours)
        return hours

    @cached_property
    def open_hours(self) -> "Floats":
        """Hours so far of what has no end, inside the period; 0 of what is over."""
        hours: Floats = np.where(self.is_open, self._hours, 0.0)
        return hours

    @cached_property
    def gpu_hours(self) -> "Floats":
        """Wall hours × GPUs; not a number where the number of GPUs is not known."""
        return self.wall_hours * self["gpu_count"]

    @cached_property
    def began_us(self) -> "Floats":
        """The first moment told: match, start, submission or end."""
        first = self["matched_us"]
        for name in ("started_us", "submitted_us", "ended_us"):
            first = np.where(np.isnan(first), self[name], first)
        return first

    @cached_property
    def is_inside(self) -> Any:
        """Attempts of the period: that ended in it, or are without an end and were there in it.

        So months add up, whatever runs over their edges; hours are counted by their overlap.
        """
        ended, length = self["ended_us"], self.length_us
        is_over = ~np.isnan(ended)
        last = np.where(np.isnan(self["counted_us"]), self.began_us, self["counted_us"])
        return np.where(is_over, (ended >= 0) & (ended < length), (self.began_us < length) & (last >= 0))

    @cached_property
    def kept(self) -> "Whole":
        """Per node the row of the attempt whose result was kept, -1 where none succeeded."""
        node = self.names["node"]
        rows = np.flatnonzero(self.is_success)
        order = rows[np.lexsort((self["ended_us"][rows], -self.ran_seconds[rows], node.codes[rows]))]
        first = np.full(len(node.labels), -1, dtype=np.int64)
        codes, places = np.unique(node.codes[order], return_index=True)
        first[codes] = order[places]
        return first

    @cached_property
    def credited(self) -> "Whole":
        """Per node the row of the attempt that did the work, -1 where none succeeded."""
        codes, best = self.names["node"].codes, self.kept.copy()
        for row in np.flatnonzero(self.fate == CHECKPOINT).tolist():
            kept, ran = self.kept[codes[row]], self.ran_seconds
            longest = ran[best[codes[row]]] if best[codes[row]] != kept else ran[kept] / SHORT_RESUME
            if ran[row] > longest:
                best[codes[row]] = row
        return best

    @cached_property
    def fate(self) -> "Whole":
        """One of KEPT, REPEATED, CHECKPOINT, LOST, OPEN, UNTOLD for each attempt."""
        node = self.names["node"].codes
        kept = self.kept[node]
        fate = np.full(len(self), LOST, dtype=np.int64)
        fate[self.is_untold] = UNTOLD
        fate[self.is_open] = OPEN
        fate[self.is_success] = REPEATED
        fate[kept[kept >= 0]] = KEPT
        begun = np.where(kept >= 0, self["started_us"][kept], np.nan)
        fate[self.is_state("requeued") & (begun >= self["ended_us"])] = CHECKPOINT
        return fate

    @cached_property
    def is_good(self) -> Any:
        """The one success of its node whose result was kept."""
        return self.fate == KEPT

    @cached_property
    def is_lost(self) -> Any:
        """Its time brought nothing: it failed, or its node has the result of another success."""
        return (self.fate == LOST) | (self.fate == REPEATED)

    @cached_property
    def _why(self) -> tuple["Whole", list[Cause]]:
        """Which of the different causes each attempt has: of one that is lost, why; of others what became of it."""
        codes = [np.unique(self[name], return_inverse=True)[1] for name in _CODES]
        said = (self.names["state"].codes, self.names["state_raw"].codes, self.reasons.codes)
        is_lost = self.fate == LOST
        first, found = distinct(self.fate, *(np.where(is_lost, each, 0) for each in (*codes, *said)))
        return found, [self._cause(row) for row in first.tolist()]

    def _cause(self, row: int) -> Cause:
        if (fate := int(self.fate[row])) != LOST:
            return Cause(FATES[fate], cast(Kind, FATES[fate]))
        state, word, reason = (
            told.labels[told.codes[row]] for told in (self.names["state"], self.names["state_raw"], self.reasons)
        )
        exit_code, signal, code, subcode = (_code(self[name][row]) for name in _CODES)
        return cause_of(End(state, exit_code, signal, code, subcode, reason, word if state == "other" else ""))

    @cached_property
    def cause(self) -> Names:
        """Why an attempt was lost, else what became of it."""
        found, causes = self._why
        return Names(found, ()).renamed([cause.label for cause in causes])

    @cached_property
    def kind(self) -> Names:
        """The kind of that cause; of what is not lost, its fate."""
        found, causes = self._why
        return Names(found, ()).renamed([cause.kind for cause in causes])

    @cached_property
    def queue_seconds(self) -> "Floats":
        """Idle time before the match: since submission, release or the end of the attempt before it."""
        since = np.where(np.isnan(self["eligible_us"]), self._idle_since, self["eligible_us"])
        until = np.where(np.isnan(self._matched), self["counted_or_ended_us"], self._matched)
        waited = (until - since) / 1e6
        return np.where(waited >= 0, waited, np.nan)

    @cached_property
    def _matched(self) -> "Floats":
        """When a slot was found for it, else its start."""
        return np.where(np.isnan(self["matched_us"]), self["started_us"], self["matched_us"])

    @cached_property
    def _idle_since(self) -> "Floats":
        """Submission, else the end of the job's attempt before or the release from its hold, the later; not a number
        where neither is told: nobody knows since when the job waited again."""
        jobs, began = self.names["job"].codes, self.began_us
        order = np.lexsort((began, jobs))
        since = self["submitted_us"].copy()
        same = np.flatnonzero(jobs[order][1:] == jobs[order][:-1]) + 1
        later, before = order[same], order[same - 1]
        released = self["released_us"][before]
        released = np.where(released <= self._matched[later], released, np.nan)
        since[later] = np.fmax(self["ended_us"][before], released)
        return since


def _code(value: float) -> int | None:
    """A code as it is told; None where it is not."""
    return None if np.isnan(value) else int(value)
