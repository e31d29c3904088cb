"""What must hold of the numbers whatever the data: checked on every run, printed, and raised where it does not."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gpuledger.metrics import Filter
from gpuledger.model.document import Level, Note
from gpuledger.reports import _words as words
from gpuledger.reports._pool.draining import Draining
from gpuledger.reports._pool.past import PARTS
from gpuledger.reports._pool.prevented import Prevented
from gpuledger.reports._pool.scene import Pool, class_label

ROUNDING = 1e-6
"""Parts of a GPU that sums of a million doubles may differ by."""
GRAVE = 0.01
"""Share of the GPUs above which a sum that does not add up stops the mail."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Check:
    """`off`: by how many GPUs it does not hold, 0 when it does; `where`: of what."""

    sentence: str
    off: float
    where: str = ""


def notes(pool: Pool, draining: Draining, prevented: Prevented) -> tuple[Note, ...]:
    """One note for all that hold, one for each that does not."""
    checks = tuple(_checks(pool, draining, prevented))
    broken = [check for check in checks if check.off > ROUNDING]
    failed = [_failed(pool, check, number) for number, check in enumerate(broken, 1)]
    if broken:
        return tuple(failed)
    held = "; ".join(dict.fromkeys(check.sentence for check in checks))
    return (Note("invariants", "ok", "invariant", f"Checked: {held}.", "classes"),)


def _failed(pool: Pool, check: Check, number: int) -> Note:
    share = check.off / pool.value("present_gpus") if pool.value("present_gpus") else 1.0
    level: Level = "critical" if share > GRAVE else "warning"
    of = f" of {check.where}" if check.where else ""
    said = f"It does not hold that {check.sentence}{of}: off by {words.gpus(check.off)} GPUs, {words.percent(share)} of those present."
    return Note(
        f"invariant-{number}", level, "invariant", f"{said} The numbers of this report cannot be trusted.", "classes"
    )


def _checks(pool: Pool, draining: Draining, prevented: Prevented) -> Iterator[Check]:
    classes = pool.answers["class"].records()
    total = pool.total.totals
    for name, row in [("all GPUs", total), *((class_label(row["class"]), row) for row in classes)]:
        yield from _of_row(name, row)
    for metric in ("present_gpus", *(f"{part}_gpus" for part in PARTS)):
        yield Check("classes add up to all GPUs", _apart(total[metric], (row[metric] for row in classes)))
    yield from _of_people(pool, classes)
    yield Check("no GPU counts twice", _too_long(pool))
    yield Check("none is in two classes at once", _two_classes(pool))
    hours = _hours(pool)
    drained = pool.value("drained_gpu_hours") + pool.value("draining_gpu_hours")
    yield Check("intervals of drained GPUs add up", abs(draining.hours - drained) / hours)
    yield Check(
        "of prevented ones too",
        abs(prevented.hours - pool.value("prevented_gpu_hours")) / hours,
    )


def _of_row(name: str, row: Row) -> Iterator[Check]:
    yield Check(
        "parts add up to present",
        _apart(row["present_gpus"], (row[f"{part}_gpus"] for part in PARTS)),
        name,
    )
    beyond = row["secondary_gpus"] - (row["present_gpus"] - row["allocated_gpus"])
    yield Check("secondary is at most present − allocated", max(0.0, beyond), name)


def _of_people(pool: Pool, classes: Sequence[Row]) -> Iterator[Check]:
    hours = _hours(pool)
    for row in classes:
        people = [held for held in pool.answers["user"].records() if held["class"] == row["class"]]
        for metric in ("observed_primary_gpu_hours", "observed_secondary_gpu_hours"):
            off = _apart(row[metric], (held[metric] for held in people)) / hours
            yield Check("users add up to their class on both sides", off, class_label(row["class"]))


def _hours(pool: Pool) -> float:
    """Hours observed: GPU-hours ÷ these are GPUs."""
    observed = pool.ask.period.seconds * (pool.coverage.covered_ratio or 0.0) / 3600
    return observed or 1.0


def _apart(whole: float | None, parts: Iterable[float]) -> float:
    return abs((whole or 0.0) - sum(parts))


def _too_long(pool: Pool) -> float:
    """GPUs' worth of time beyond what was observed of them: a GPU told twice in a reading."""
    seconds = {source.cluster: 0.0 for source in pool.coverage.sources}
    for source in pool.coverage.sources:
        seconds[source.cluster] += source.covered_ratio * pool.ask.period.seconds
    held: dict[tuple[str, ...], float] = {}
    for row in pool.inventory.records():
        key = (row["cluster"], row["host"], row["gpu"])
        held[key] = held.get(key, 0.0) + row["present_gpu_hours"]
    hours = _hours(pool)
    return sum(max(0.0, amount - seconds[key[0]] / 3600) for key, amount in held.items()) / hours


def _two_classes(pool: Pool) -> float:
    """GPUs' worth of time told under two classes at once, among those that had two in the period."""
    classes: dict[tuple[str, str, str], set[str]] = {}
    for row in pool.inventory.records():
        classes.setdefault((row["cluster"], row["host"], row["gpu"]), set()).add(row["class"])
    several = {key for key, names in classes.items() if len(names) > 1}
    if not several:
        return 0.0
    hosts = Filter("host", "=", tuple(sorted({host for _, host, _ in several})))
    rows = pool.view.everything.ask.ask(
        "present_gpus", by=("reading", "cluster", "host", "gpu", "class"), where=(hosts,)
    ).records()
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = (row["reading"], row["cluster"], row["host"], row["gpu"])
        seen[key] = seen.get(key, 0) + 1
    readings = len({key[0] for key in seen}) or 1
    return sum(count - 1 for count in seen.values()) / readings
