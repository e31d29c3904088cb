"""The people of the simulated site and what each is in the habit of running."""

from dataclasses import dataclass, replace
from typing import Literal

Rhythm = Literal["always", "office", "night"]


@dataclass(frozen=True)
class Habit:
    """One kind of work of one person.

    `per_day` submissions a day on average (an array is one submission of `array` tasks). `gpus` and `nodes` are drawn
    evenly from what is listed, GPUs a node. Run times are log-normal about `minutes`. `busy` is the mean busy ratio of
    its GPUs, None where nothing measures it (MIG). `active` is the part of the history in which it happens.
    """

    name: str
    queue: str
    per_day: float
    minutes: float
    gpus: tuple[int, ...] = (0,)
    nodes: tuple[int, ...] = (1,)
    spread: float = 0.9
    array: int = 1
    cpus: int = 8
    memory_gib: int = 64
    busy: float | None = 0.75
    failing: float = 0.06
    rhythm: Rhythm = "always"
    qos: str = "normal"
    active: tuple[float, float] = (0.0, 1.0)
    mixed: bool = False
    het: bool = False


@dataclass(frozen=True)
class Person:
    name: str
    uid: int
    account: str
    habits: tuple[Habit, ...]


_TRAIN = Habit("pretrain", "h100", 1, 900, gpus=(4,), cpus=12, memory_gib=120, busy=0.86, failing=0.08)
_SWEEP = Habit("sweep", "a100", 1, 55, gpus=(1,), cpus=6, memory_gib=40, busy=0.62, array=10)
_NOTEBOOK = Habit("jupyter", "dev", 1, 210, gpus=(1,), cpus=4, memory_gib=32, busy=0.07, spread=0.6, rhythm="office",
                  qos="interactive", failing=0.02)  # fmt: skip
_SLICE = replace(_NOTEBOOK, queue="slices", minutes=300, busy=None, cpus=2, memory_gib=12)
_DYNAMICS = Habit("gmx_md", "a100", 1, 1300, gpus=(1,), spread=0.5, busy=0.93, memory_gib=24)
_SERIAL = Habit("align", "cpu", 1, 40, cpus=4, memory_gib=12, array=20, busy=None)

_WORK: tuple[tuple[str, str, Habit], ...] = (
    ("okafor", "language", replace(_TRAIN, queue="h200", per_day=0.62, gpus=(8, 8, 4), minutes=1300)),
    ("okafor", "language", replace(_SWEEP, queue="a100", per_day=0.5, array=12)),
    ("lindqvist", "language", replace(_TRAIN, queue="h100", per_day=1.3, gpus=(8, 4, 4))),
    ("lindqvist", "language", replace(_SLICE, per_day=1.5)),
    ("tanaka", "vision", replace(_TRAIN, queue="a100", per_day=3.2, gpus=(4, 8, 2))),
    ("tanaka", "vision", replace(_SWEEP, queue="l40s", per_day=0.8, array=10)),
    ("rossi", "vision", replace(_SWEEP, queue="a100", per_day=2.0, array=16, minutes=80)),
    ("rossi", "vision", replace(_NOTEBOOK, queue="dev", per_day=0.6)),
    ("haddad", "physics", replace(_TRAIN, queue="h100", per_day=0.65, gpus=(4, 8), busy=0.58, nodes=(1, 1, 2))),
    ("petrova", "chemistry", replace(_DYNAMICS, queue="a100", per_day=7.0)),
    ("petrova", "chemistry", replace(_SERIAL, per_day=1.0, array=20)),
    ("nguyen", "chemistry", replace(_DYNAMICS, queue="l40s", per_day=5.5)),
    ("nguyen", "chemistry", replace(_DYNAMICS, queue="a100", per_day=1.6)),
    ("alvarez", "biology", replace(_SERIAL, per_day=3.0, array=40)),
    ("alvarez", "biology", replace(_SWEEP, queue="l40s", per_day=1.0, array=6)),
    ("mbeki", "biology", replace(_SERIAL, per_day=2.0, array=60, minutes=25)),
    ("mbeki", "biology", replace(_SWEEP, queue="l40s", per_day=0.6, array=8, busy=0.35)),
    ("svc-train", "language", replace(_TRAIN, queue="h100", per_day=1.2, gpus=(2, 2, 4), rhythm="night", failing=0.02)),
    ("kim", "vision", replace(_SWEEP, queue="a100", per_day=1.2, array=10, active=(0.55, 0.75), minutes=150)),
    ("kim", "vision", replace(_SLICE, per_day=1.0)),
    ("oyelaran", "climate", replace(_TRAIN, queue="a100", per_day=1.0, gpus=(4,), minutes=600)),
    ("oyelaran", "climate", replace(_SERIAL, per_day=0.8, array=10, minutes=200, cpus=32, memory_gib=96)),
    ("dubois", "climate", replace(_SERIAL, per_day=1.5, array=6, minutes=420, cpus=64, memory_gib=200, nodes=(1, 2))),
    ("garcia", "physics", replace(_SWEEP, queue="l40s", per_day=1.6, array=9, minutes=140)),
    ("garcia", "physics", replace(_SERIAL, per_day=0.5, array=30)),
    ("schmidt", "physics", replace(_TRAIN, queue="h200", per_day=0.7, gpus=(4, 2), busy=0.41)),
    ("ivanova", "chemistry", replace(_DYNAMICS, queue="l40s", per_day=3.2, minutes=700)),
    ("patel", "language", replace(_SWEEP, queue="h100", per_day=0.9, array=6, minutes=120, failing=0.22)),
    ("patel", "language", replace(_NOTEBOOK, queue="dev", per_day=0.5)),
    ("novak", "teaching", replace(_SLICE, per_day=6.0, minutes=90)),
    ("student01", "teaching", replace(_SLICE, per_day=3.6, failing=0.2, active=(0.3, 0.95))),
    ("student02", "teaching", replace(_SLICE, per_day=4.1, failing=0.2, active=(0.3, 0.95))),
    ("student03", "teaching", replace(_SLICE, per_day=1.3, failing=0.25, active=(0.4, 0.95))),
    ("student04", "teaching", replace(_SLICE, per_day=0.9, failing=0.2, active=(0.4, 0.95))),
    ("weber", "vision", replace(_NOTEBOOK, queue="a100", per_day=0.5, gpus=(2, 4), minutes=1500, busy=0.0, spread=0.4)),
    ("costa", "biology", replace(_NOTEBOOK, queue="l40s", per_day=0.9, busy=0.0, minutes=600)),
    ("yilmaz", "language", replace(_TRAIN, queue="h100", per_day=0.3, gpus=(8,), nodes=(2,), active=(0.6, 0.9), minutes=600)),
    ("brown", "vision", Habit("compare_gpus", "dev", 0.5, 90, gpus=(2,), busy=0.55, mixed=True, rhythm="office")),
    ("hansen", "physics", Habit("coupled", "l40s", 0.35, 240, gpus=(1,), busy=0.66, het=True)),
    ("moreau", "climate", replace(_TRAIN, queue="h100", per_day=0.35, gpus=(4,), qos="scavenger", minutes=1400, failing=0.02)),
)  # fmt: skip

_ACCOUNTS = {name: account for name, account, _ in _WORK}
PEOPLE: tuple[Person, ...] = tuple(
    Person(name, 20_000 + 17 * number, account, tuple(habit for who, _, habit in _WORK if who == name))
    for number, (name, account) in enumerate(_ACCOUNTS.items())
)
