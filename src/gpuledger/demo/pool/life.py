"""What happens in the simulated pool: jobs of two sides, drained and blocked hosts, a collector that is down for a night."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import pi, sin
from random import Random

from gpuledger.demo.pool.hosts import DOMAIN, HOSTS, Host

STEP = timedelta(minutes=30)
_USERS = (
    "okafor",
    "lindqvist",
    "tanaka",
    "rossi",
    "haddad",
    "petrova",
    "nguyen",
    "alvarez",
    "mbeki",
    "kim",
    "garcia",
    "novak",
)
_REASONS = (
    "INF-4117 cooling work in room B2 <until Friday>",
    "nvidia-smi shows ECC errors & a lost GPU",
    "Course CS 759",
)
_DEMAND = {"owned": 0.42, "open": 0.86, "interactive": 0.3}


@dataclass
class Claim:
    """One job on some GPUs of a host, until a step."""

    user: str
    job: str
    until: int


@dataclass
class Gpu:
    """What one GPU does: at most one primary job, and a secondary one only beside none."""

    host: Host
    name: str
    primary: Claim | None = None
    secondary: Claim | None = None


@dataclass(frozen=True)
class Trouble:
    """A host that is drained, blocked for a reason, or away in [first, last)."""

    host: str
    kind: str
    first: int
    last: int
    reason: str = ""


@dataclass
class Reading:
    """The pool at one moment: every GPU of every host that answers, and each host's trouble."""

    time: datetime
    gpus: list[Gpu]
    drained: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)


class Pool:
    """Plays the pool step by step; equal seeds give equal histories."""

    def __init__(self, seed: int, start: datetime, end: datetime) -> None:
        self._random = Random(f"pool {seed}")
        self._start, self._steps = start, int((end - start) / STEP)
        self._gpus = [Gpu(host, name) for host in HOSTS for name in host.gpus]
        self._by_host = {host.name: [gpu for gpu in self._gpus if gpu.host is host] for host in HOSTS}
        self._jobs = 400_000
        self._troubles = list(self._all_troubles())

    def readings(self) -> Iterator[Reading]:
        """What the collector tells: nothing in the night it is down, and never at a few moments it missed."""
        silent = range(int(self._steps * 0.71), int(self._steps * 0.71) + 13)
        for step in range(-96, self._steps):  # two days to fill the pool
            troubles = [one for one in self._troubles if one.first <= step < one.last]
            self._play(step, {one.host: one.kind for one in troubles})
            is_missed = step in silent or self._random.random() < 0.004
            if step >= 0 and not is_missed:
                yield self._reading(step, troubles)

    def _reading(self, step: int, troubles: list[Trouble]) -> Reading:
        away = {one.host for one in troubles if one.kind == "away"}
        moment = self._start + step * STEP + timedelta(seconds=self._random.randrange(8, 22))
        return Reading(
            moment,
            [gpu for gpu in self._gpus if gpu.host.name not in away],
            {one.host for one in troubles if one.kind == "drained"},
            {one.host: one.reason for one in troubles if one.kind == "blocked"},
        )

    def _all_troubles(self) -> Iterator[Trouble]:
        """About two drains and one block a week, an absence a fortnight; one drain and one block last to the end."""
        names = [host.name for host in HOSTS]
        weeks = max(1, round(self._steps * STEP / timedelta(days=7)))
        for kind, count, hours in (
            ("drained", 2 * weeks, (3, 30)),
            ("blocked", weeks, (8, 90)),
            ("away", weeks // 2, (2, 20)),
        ):
            for number in range(count):
                first, lasts = self._random.randrange(self._steps), 2 * self._random.randint(*hours)
                yield Trouble(self._random.choice(names), kind, first, first + lasts, _REASONS[number % 3])
        yield Trouble(f"optics02.{DOMAIN}", "drained", self._steps - 31, self._steps)
        yield Trouble(f"genome03.{DOMAIN}", "blocked", self._steps - 40, self._steps, _REASONS[1])

    def _play(self, step: int, troubles: dict[str, str]) -> None:
        for name, gpus in self._by_host.items():
            self._end(gpus, step, is_away=troubles.get(name) == "away")
            if name not in troubles:
                self._start_primary(gpus, step)
                self._start_secondary(gpus, step)

    @staticmethod
    def _end(gpus: list[Gpu], step: int, *, is_away: bool) -> None:
        for gpu in gpus:
            if gpu.primary and (is_away or gpu.primary.until <= step):
                gpu.primary = None
            if gpu.secondary and (is_away or gpu.secondary.until <= step):
                gpu.secondary = None

    def _start_primary(self, gpus: list[Gpu], step: int) -> None:
        """A job of one or several GPUs; it evicts what was lent."""
        host = gpus[0].host
        wanted = _DEMAND["interactive" if host.is_interactive else "open" if host.is_open else "owned"]
        wanted *= 1 + 0.25 * sin((step % 48 - 18) / 48 * 2 * pi)
        free = [gpu for gpu in gpus if gpu.primary is None]
        if len(gpus) - len(free) >= wanted * len(gpus) or self._random.random() > 0.35:
            return
        count = min(len(free), self._random.choice((1, 1, 2, 4)))
        claim = self._claim(step, hours=9, users=_USERS if host.is_open else _users_of(host))
        for gpu in free[:count]:
            gpu.primary, gpu.secondary = claim, None

    def _start_secondary(self, gpus: list[Gpu], step: int) -> None:
        for gpu in gpus:
            if gpu.host.lends and not gpu.primary and not gpu.secondary and self._random.random() < 0.18:
                gpu.secondary = self._claim(step, hours=3, users=_USERS[6:])

    def _claim(self, step: int, hours: float, users: tuple[str, ...]) -> Claim:
        self._jobs += 1
        lasts = max(1, round(self._random.lognormvariate(0, 0.9) * hours * 2))
        user = users[min(int(self._random.paretovariate(0.9)) - 1, len(users) - 1)]
        moment = int((self._start + step * STEP).astimezone(UTC).timestamp())
        return Claim(f"{user}@{DOMAIN}", f"submit01.{DOMAIN}#{self._jobs}.0#{moment}", step + lasts)


def _users_of(host: Host) -> tuple[str, ...]:
    """A lab's own three people."""
    first = sum(map(ord, host.projects)) % (len(_USERS) - 3)
    return _USERS[first : first + 3]
