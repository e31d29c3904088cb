"""dagman.out (without it nodes.log) as a stream: which job was a try of which node, and how DAGMan says each ended."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from gpuledger.model.period import BEGINNING, ENDING, tzinfo

LARGEST = 2**63 - 1
LOST = "DAGMan lost track of it"
_LINE = re.compile(r"(\d\d/\d\d/\d\d|\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?(?: \([^)]*\))* ?(.*)")
_ID = r"\((-?\d+)\.(-?\d+)(?:\.-?\d+)?\)"
_EVENT = re.compile(rf"Event: ULOG_(\w+) for (?:HT)?Condor (?:Node|Job) (\S+) {_ID}")
_UNKNOWN = re.compile(rf"for unknown (?:Node|Job) {_ID}", re.I)
_SUBMITTING = re.compile(r"Submitting (?:(?:HT)?Condor Node|node|job) (\S+?)(?: job\(s\)\.\.\.| from |$)", re.I)
_ASSIGNED = re.compile(rf"assigned (?:HT)?Condor ID {_ID}")
_PROC = re.compile(rf"Node (\S+) job proc {_ID} (completed successfully|failed with (status|signal) (-?\d+)|\w+)")
_POST = re.compile(
    r"POST [Ss]cript (?:of|for) [Nn]ode (\S+) (completed successfully|failed with (?:status|signal) -?\d+)"
)
_STATUS = re.compile(r"Node (\S+), (?:HT)?Condor ID (\d+), status (\w+)")
_LOST = re.compile(r"lost track of node (\S+) \(ClusterId=(\d+)\)", re.I)
_TOTAL = re.compile(r"Dag contains (\d+) total (?:nodes|jobs)")
_INPUT = re.compile(r"DAG Input file is (.+\S)|Parsing (\S.*?\S) \.\.\.")
_HEADER = re.compile(r"(\d{3}) \((\d+)\.(\d+)\.\d+\) (\d{4}-\d\d-\d\d|\d\d/\d\d)[ T](\d\d:\d\d:\d\d)")
_NODE = re.compile(r'DAG Node: (\S+)|DAGNodeName = "((?:[^"\\]|\\.)*)"')
_RESULT = re.compile(r"\(return value (-?\d+)\)|\(signal (-?\d+)\)")
EVENTS: Mapping[str, str] = {
    "001": "EXECUTE", "004": "JOB_EVICTED", "005": "JOB_TERMINATED", "009": "JOB_ABORTED", "012": "JOB_HELD",
    "013": "JOB_RELEASED",
}  # fmt: skip
"""Codes of an event log that say how a try stands. A submission (000) names its node in the line below."""
_FAILED_SUBMIT = "submit attempt failed"

_STATES: Mapping[str, tuple[str, str | None]] = {
    "SUBMIT": ("pending", None),
    "EXECUTE": ("running", None),
    "JOB_EVICTED": ("pending", "evicted"),
    "JOB_HELD": ("held", "held"),
    "JOB_RELEASED": ("pending", None),
    "JOB_ABORTED": ("removed", "aborted"),
    "JOB_TERMINATED": ("other", "terminated"),
    "EXECUTABLE_ERROR": ("failed", "executable error"),
}
"""State of a try after an event, and why in words. How a terminated job ended stands in the next line."""
OVER = frozenset({"completed", "failed", "removed"})


@dataclass
class Try:
    """One submission of a node."""

    node: str
    cluster: int
    job_id: str
    state: str = "pending"
    end_reason: str | None = None
    has_ended: bool = False
    """Did DAGMan say how, by exit code or signal?"""


@dataclass
class Progress:
    """What one or several dagman.out told so far; `dag` is the DAG they name, `last` their last stamp in UTC."""

    zone: str
    tries: dict[int, Try] = field(default_factory=dict)
    last_try: dict[str, Try] = field(default_factory=dict)
    post: dict[str, str] = field(default_factory=dict)
    dag: str | None = None
    total: int | None = None
    last: datetime | None = None
    failed_submits: int = 0
    unknown: "Counter[int]" = field(default_factory=Counter)
    line_count: int = 0
    understood: int = 0
    several: dict[int, str] = field(default_factory=dict)
    """Tries that are several jobs at once (`queue 5`), and where each was seen to be."""
    told_otherwise: list[str] = field(default_factory=list)
    """Ends of jobs that were told before as another."""
    _file: str = ""
    _lines_before: int = 0
    _submitting: str | None = None
    _stamp: tuple[str, str] | None = None

    def read(self, lines: Iterable[str], name: str = "dagman.out") -> None:
        """Takes one file of this name."""
        self._file, self._lines_before = name, self.line_count
        stamped: re.Match[str] | None = None
        for line in lines:
            self.line_count += 1
            if found := _LINE.match(line):
                stamped = found
                self._take(found[3].strip())
        if stamped:
            self._stamp = (stamped[1], stamped[2])
        if self._stamp and (moment := _moment(*self._stamp, self.zone)):
            self.last = max(moment, self.last or moment)
        self._submitting = None

    def _take(self, said: str) -> None:
        for words, pattern, step in _READERS:
            if words in said and (found := pattern.search(said)):
                self.understood += 1
                step(self, found)
                return
        if _FAILED_SUBMIT in said:
            self.failed_submits += 1
            self._submitting = None

    def read_events(self, lines: Iterable[str], name: str = "nodes.log") -> None:
        """The same from nodes.log, DAGMan's copy of the event log: for a DAG whose dagman.out is gone.

        What was packed of it are some of its lines: where one stood is not known.
        """
        self._file, self._lines_before = name, -1
        job = (0, 0)
        for line in lines:
            self.line_count += 1
            if found := _HEADER.match(line):
                job, kind = (int(found[2]), int(found[3])), EVENTS.get(found[1], "")
                self._stamp = (found[4], found[5])
                self.happened(kind, self.tries[job[0]].node if job[0] in self.tries else "", *job)
            elif found := _NODE.search(line):
                self.happened("SUBMIT", found[1] or found[2], *job)
            elif (found := _RESULT.search(line)) and job[0] in self.tries:
                self._ended(self.tries[job[0]], job[1], "status" if found[1] else "signal", found[1] or found[2])
        if self._stamp and (moment := _moment(*self._stamp, self.zone)):
            self.last = max(moment, self.last or moment)

    def event(self, found: re.Match[str]) -> None:
        self.happened(found[1], found[2], int(found[3]), int(found[4]))

    def happened(self, kind: str, node: str, cluster: int, proc: int) -> None:
        """An event of the job that is a try of this node, '' where the event does not say of which."""
        one = self._try(node, cluster, proc) if node else None
        if one is None or kind not in _STATES or (one.state in OVER and kind != "SUBMIT"):
            return
        one.state, reason = _STATES[kind]
        one.end_reason = reason or (None if kind in ("SUBMIT", "EXECUTE") else one.end_reason)

    def unknown_event(self, found: re.Match[str]) -> None:
        cluster = int(found[1])
        self.unknown[cluster] += 1
        if cluster in self.tries and self.tries[cluster].state not in OVER:
            self.tries[cluster].state, self.tries[cluster].end_reason = "other", LOST

    def submitting(self, found: re.Match[str]) -> None:
        self._submitting = found[1]

    def assigned(self, found: re.Match[str]) -> None:
        """The id is of the node that was being submitted in the lines before, never of the next one."""
        if self._submitting:
            self._try(self._submitting, int(found[1]), int(found[2]))
        self._submitting = None

    def proc(self, found: re.Match[str]) -> None:
        one = self._try(found[1], int(found[2]), int(found[3]))
        if one is None:
            return
        if found[4] == "completed successfully":
            self._ended(one, int(found[3]), "status", "0")
        elif found[5]:
            self._ended(one, int(found[3]), found[5], found[6])

    def _ended(self, one: Try, proc: int, what: str, code: str) -> None:
        """By itself: with a status or by a signal. Of several jobs one that failed is enough."""
        state = "completed" if (what, code) == ("status", "0") else "failed"
        reason = f"{'exit code' if what == 'status' else 'killed by signal'} {code}"
        is_again = one.has_ended and one.cluster not in self.several
        if is_again and reason != one.end_reason:
            self.told_otherwise.append(f"job {one.job_id}, {self._here}: {reason} after {one.end_reason}")
        if is_again or not one.has_ended or state == "failed":
            one.state, one.end_reason, one.has_ended = state, reason, True

    @property
    def _here(self) -> str:
        """The line that is read."""
        where = f" line {self.line_count - self._lines_before:,}" if self._lines_before >= 0 else ""
        return f"{self._file}{where}"

    def post_script(self, found: re.Match[str]) -> None:
        """The POST script decides about the node: its word is kept for it."""
        self.post[found[1]] = found[2]

    def status(self, found: re.Match[str]) -> None:
        self._try(found[1], int(found[2]), None)

    def lost(self, found: re.Match[str]) -> None:
        one = self._try(found[1], int(found[2]), None)
        if one:
            one.state, one.end_reason = "other", LOST

    def contains(self, found: re.Match[str]) -> None:
        self.total = int(found[1])

    def named(self, found: re.Match[str]) -> None:
        self.dag = self.dag or found[1] or found[2]

    def _try(self, node: str, cluster: int, proc: int | None) -> Try | None:
        """The try with this HTCondor cluster; DAGMan writes -1 for a node that has none yet. None: it does not say which job."""
        if not 0 < cluster <= LARGEST:
            return None
        one = self.tries.get(cluster)
        if one is None:
            one = self.tries[cluster] = Try(node, cluster, f"{cluster}.{max(proc or 0, 0)}")
            self.post.pop(node, None)
        elif proc is not None and cluster not in self.several and not one.job_id.endswith(f".{max(proc, 0)}"):
            self.several[cluster] = f"node {one.node}, job {cluster}.{proc}, {self._here}"
        last = self.last_try.get(node)
        if last is None or last.cluster <= cluster:
            self.last_try[node] = one
        return one


_READERS = (
    ("Event: ULOG_", _EVENT, Progress.event),
    ("unknown ", _UNKNOWN, Progress.unknown_event),
    ("ubmitting ", _SUBMITTING, Progress.submitting),
    ("assigned ", _ASSIGNED, Progress.assigned),
    (" job proc ", _PROC, Progress.proc),
    ("POST ", _POST, Progress.post_script),
    (", status ", _STATUS, Progress.status),
    ("lost track", _LOST, Progress.lost),
    ("Dag contains", _TOTAL, Progress.contains),
    ("DAG Input file is", _INPUT, Progress.named),
    ("Parsing ", _INPUT, Progress.named),
)
"""A word that a line must hold, the pattern that reads it, and what follows from it; the first that fits."""


@lru_cache(maxsize=1024)
def _moment(day: str, clock: str, zone: str) -> datetime | None:
    """A stamp of DAGMan's as UTC. It orders readings only, so the hour that occurs twice is its first."""
    form = "%m/%d/%y %H:%M:%S" if "/" in day else "%Y-%m-%d %H:%M:%S"
    try:
        moment = datetime.strptime(f"{day} {clock}", form).replace(tzinfo=tzinfo(zone)).astimezone(UTC)
        return moment if BEGINNING <= moment < ENDING else None
    except (ValueError, OverflowError):
        return None
