"""Hosts as wholes: those without a primary job, and what is left out of the numbers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gpuledger.metrics import Name
from gpuledger.model.document import Column, Note, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._pool.scene import OF_HOSTS, Pool, class_label
from gpuledger.reports._scene import named

Row = Mapping[str, Any]
OPEN_TO_ALL = "(open)"
"""The owner of a GPU that no project owns."""


@dataclass(frozen=True)
class Host:
    """One host: its GPUs (different ones over the period), names, and mean numbers."""

    name: str
    gpus: int
    models: str
    classes: str
    projects: str
    means: Mapping[str, float]


def without_primary(pool: Pool) -> Table:
    """Hosts that were there and on which no primary job ran."""
    idle = [host for host in _hosts(pool) if not host.means["allocated_gpu_hours"]]
    idle.sort(key=lambda host: (-host.gpus, host.name))
    shown, rest = idle[: pool.rows], idle[pool.rows :]
    return Table(
        id="without-primary",
        title="Machines without a primary job",
        columns=(
            Column("host", "Host", dimension="host"),
            Column("gpus", "GPUs", "count", rank=1, meaning="Different GPUs of the host in the period."),
            Column("gpu_model", "GPU model"),
            Column("class", "Class"),
            Column("project", "Owning projects", rank=3),
            Column(
                "secondary_gpus", "Secondary", "gpu", rank=1, meaning="Mean number of its GPUs with a secondary job."
            ),
            Column("drained_gpus", "Drained", "gpu", meaning="Mean number of its GPUs out of service without a job."),
            Column("prevented_gpus", "Prevented", "gpu", meaning="Mean number of its GPUs that might not start work."),
            Column("state", "Because", rank=1),
        ),
        rows=tuple(_cells(host) for host in shown),
        totals=_all(idle) if idle else None,
        others=_all(rest, words.plural(len(rest), "other")) if rest else None,
        finding=_said(idle),
        foot="Of hosts that were reported in the period and that the numbers count.",
        empty="A primary job ran on every machine.",
    )


def _cells(host: Host) -> tuple[Scalar, ...]:
    means = host.means
    return (
        host.name, host.gpus, host.models, host.classes, host.projects, means["secondary_gpus"], means["drained_gpus"],
        means["prevented_gpus"], _because(host),
    )  # fmt: skip


def _all(hosts: list[Host], name: str = "") -> tuple[Scalar, ...]:
    sums = (sum(host.means[part] for host in hosts) for part in ("secondary_gpus", "drained_gpus", "prevented_gpus"))
    return (name or words.every(len(hosts), "host"), sum(host.gpus for host in hosts), None, None, None, *sums, None)


def _because(host: Host) -> str:
    """What kept it from work for at least half of its time, else that it was free."""
    present = host.means["present_gpus"]
    for part in ("drained", "prevented"):
        if (held := host.means[f"{part}_gpus"]) > 0:
            return f"{part} {words.percent(held / present)} of its time"
    return "nobody asked for it" if not host.means["secondary_gpus"] else "secondary jobs only"


def _said(hosts: list[Host]) -> str:
    if not hosts:
        return ""
    gpus = sum(host.gpus for host in hosts)
    drained = sum(host.means["drained_gpus"] > 0 for host in hosts)
    said = f"{words.plural(len(hosts), 'host')} with {words.plural(gpus, 'GPU')} ran no primary job"
    return (
        f"{said}; {words.count(drained)} of them {'was' if drained == 1 else 'were'} drained for a time."
        if drained
        else f"{said}."
    )


def _hosts(pool: Pool) -> Iterable[Host]:
    """The hosts that count; the same name in two clusters is two hosts."""
    counts = _gpus_of(pool)
    held: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in pool.answers["host"].records():
        held[row["cluster"], row["host"]].append(row)
    for (cluster, name), rows in held.items():
        means = {key: sum(row[key] for row in rows) for key in OF_HOSTS}
        yield Host(
            _label(pool, cluster, name), len(counts[cluster, name]), _joined(row["gpu_model"] for row in rows),
            ", ".join(dict.fromkeys(class_label(row["class"]) for row in rows)), _joined((row["project"] for row in rows), OPEN_TO_ALL), means,
        )  # fmt: skip


def _label(pool: Pool, cluster: str, host: str) -> str:
    return host if len(pool.coverage.clusters) < 2 else f"{cluster}: {host}"


def _joined(names: Iterable[Name], empty: str = "") -> str:
    return ", ".join(sorted({(name or empty) if name == "" else named(name) for name in names}))


def _gpus_of(pool: Pool) -> Mapping[tuple[str, str], set[str]]:
    """The different GPUs of each host, left out or not."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in pool.inventory.records():
        found[row["cluster"], row["host"]].add(row["gpu"])
    return found


def excluded(pool: Pool) -> Table:
    """Hosts left out of every number, each with its reason."""
    rows = [row for row in pool.inventory.records() if pool.ask.capacity.reason(row["host"]) is not None]
    held: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        held[row["cluster"], row["host"]].append(row)
    gpus = {key: len({row["gpu"] for row in those}) for key, those in held.items()}
    return Table(
        id="excluded",
        title="Excluded hosts",
        columns=(Column("host", "Host"), Column("gpus", "GPUs", "count", rank=1), Column("gpu_model", "GPU model"), Column("reason", "Reason", rank=1)),
        rows=tuple(
            (_label(pool, *key), gpus[key], _joined(row["gpu_model"] for row in held[key]), pool.ask.capacity.reason(key[1]) or "no reason is given")
            for key in sorted(held)
        ),
        totals=(words.every(len(held), "host"), sum(gpus.values()), None, None) if held else None,
        finding=_left_out(pool, rows),
        foot="Left out of every number of this report.",
        empty="No host that was reported is excluded." if pool.ask.capacity.excluded_hosts else "No host is excluded.",
    )  # fmt: skip


def hidden(pool: Pool) -> Table:
    """Models left out of every number, with their GPUs (of hosts that are not excluded)."""
    capacity = pool.ask.capacity
    rows = [
        row
        for row in pool.inventory.records()
        if capacity.is_hidden(row["gpu_model"]) and capacity.reason(row["host"]) is None
    ]
    held: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        held[row["gpu_model"]].append(row)
    counts = {
        name: (len(_gpus(those)), len({(row["cluster"], row["host"]) for row in those})) for name, those in held.items()
    }
    return Table(
        id="hidden",
        title="Hidden models",
        columns=(Column("gpu_model", "GPU model"), Column("gpus", "GPUs", "count", rank=1), Column("hosts", "Hosts", "count")),
        rows=tuple((name, *counts[name]) for name in sorted(counts)),
        totals=(words.every(len(counts), "model"), *(sum(count[n] for count in counts.values()) for n in (0, 1))) if counts else None,
        finding=_left_out(pool, rows),
        foot=f"Left out by the patterns {', '.join(capacity.hidden_models)}." if capacity.hidden_models else "",
        empty="No GPU of a hidden model was reported." if capacity.hidden_models else "No model is hidden.",
    )  # fmt: skip


def _gpus(rows: Iterable[Row]) -> set[tuple[str, str, str]]:
    return {(row["cluster"], row["host"], row["gpu"]) for row in rows}


def _left_out(pool: Pool, rows: Sequence[Row]) -> str:
    """How many of all GPUs that were reported."""
    some, all_ = len(_gpus(rows)), len(_gpus(pool.inventory.records()))
    return (
        f"{words.plural(some, 'GPU')}, {words.percent(some / all_)} of the {words.count(all_)} reported, are left out."
        if some
        else ""
    )


def unmatched(pool: Pool) -> Iterable[Note]:
    """Patterns of the configuration that stand for no host there is."""
    hosts = {row["host"] for row in pool.inventory.records()}
    if patterns := pool.ask.capacity.unmatched(hosts):
        one = len(patterns) == 1
        said = f"{'The pattern' if one else 'The patterns'} {', '.join(patterns)} of owned or masked hosts {'stands' if one else 'stand'} for no host that was reported."
        yield Note("unmatched", "warning", "capacity", f"{said} A name may be mistyped or a machine gone.", "excluded")
