"""GPUs: which, how long attempts ran on them, how busy they were, how much of their memory was used."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.metrics import NO_GPU, NOT_KNOWN
from gpuledger.metrics.workflows.names import Names
from gpuledger.metrics.workflows.tries import UNTOLD
from gpuledger.model.chart import Bar, Chart, GridRow
from gpuledger.model.document import Block, Column, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.scene import GIB, Scene
from gpuledger.reports._experiment.shapes import FEWEST, Said, at, box, boxes, grid, median, parted

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats

_MOST_BOXES = 24


def blocks(scene: Scene) -> Iterator[Block]:
    yield from _mix(scene)
    yield from _runtime(scene)
    yield _model_by_site(scene)
    yield _capability_by_count(scene)
    yield from _busy(scene)


def _models(scene: Scene) -> list[str]:
    """Models, most GPU-hours first; what held none last."""
    hours = scene.by_model(scene.tries.gpu_hours)
    return sorted(hours, key=lambda name: (-hours[name], name == NOT_KNOWN, name))


def _mix(scene: Scene) -> Iterator[Block]:
    tries, parts = scene.tries, scene.tries.parts
    gpu, good = scene.by_model(tries.gpu_hours), scene.by_model(tries.gpu_hours, tries.is_good)
    wall = scene.by_model(tries.wall_hours)
    untold = _distinct(parts.models, parts.rows, scene.inside * (tries.fate == UNTOLD))
    counted = _distinct(parts.models, parts.rows, scene.inside)
    whole = scene.whole.gpu
    named = [name for name in _models(scene) if counted.get(name)]
    amounts = {name: gpu[name] for name in named if gpu[name] or name not in (NOT_KNOWN, NO_GPU)}
    finding = (
        f"{named[0]} gave {words.percent(gpu[named[0]] / whole)} of {words.amount(whole)} GPU-hours."
        if whole and named
        else "No GPU was held."
    )
    said = Said(
        "gpu-hours-by-model",
        "GPU-hours by GPU model: good, checkpointed, lost",
        finding,
        "No attempt held a GPU.",
        "GPU-hours, share, n attempts",
    )
    fates = {key: scene.by_model(tries.gpu_hours, chosen) for key, chosen in scene.fates.items()}
    hours = words.amounts(amounts.values())
    yield parted(scene, said, [
        Bar(
            name, name, tuple((key, fates[key][name]) for key in fates),
            f"{hours(amount)} · {words.percent(amount / whole) if whole else '0'} · n {words.count(counted.get(name, 0))}",
        )
        for name, amount in amounts.items()
    ], "fate")  # fmt: skip
    yield Table(
        id="gpu-models", title="GPU models",
        columns=(
            Column("gpu_model", "GPU model"), Column("gpu", "GPU-hours", "gpu_hour", has_bar=True, rank=1),
            Column("share", "Share", "ratio", is_share=True), Column("good", "Good GPU-hours", "gpu_hour"),
            Column("wall", "Wall hours", "hour"), Column("attempts", "Attempts", "count"),
            Column("capability", "Capability"),
        ),
        rows=tuple((name, gpu[name], gpu[name] / whole if whole else None, good[name] if counted[name] > untold.get(name, 0) else None, wall[name], counted[name], _capability(scene, name)) for name in named),
        totals=("All", whole, 1.0 if whole else None, scene.whole.good_gpu_or_none, scene.whole.wall, scene.whole.attempts, None),
        finding=finding, foot="An attempt with two models is split by its GPUs and counts under each.",
    )  # fmt: skip


def _distinct(names: Names, rows: "np.ndarray[tuple[int], np.dtype[np.int64]]", inside: "Floats") -> dict[str, int]:
    """Different attempts of each name."""
    pairs = np.unique(names.codes * len(inside) + rows)
    counts = np.bincount(pairs // len(inside), weights=inside[pairs % len(inside)], minlength=len(names.labels))
    return {name: int(count) for name, count in zip(names.labels, counts.tolist(), strict=True)}


def _capability(scene: Scene, model: str) -> str | None:
    """The capabilities logged for a model."""
    parts = scene.tries.parts
    there = parts.models.codes == parts.models.labels.index(model)
    found = {parts.capabilities.labels[code] for code in np.unique(parts.capabilities.codes[there]).tolist()}
    return ", ".join(sorted(found - {NOT_KNOWN})) or None


def _paired(scene: Scene) -> Names:
    """Model and site of each attempt."""
    model, site = scene.tries.names["gpu_model"], scene.tries.names["site"]
    labels = tuple(f"{m} · {s}" for m in model.labels for s in site.labels)
    return Names(model.codes * len(site.labels) + site.codes, labels)


def _runtime(scene: Scene) -> Iterator[Block]:
    """How long runs took that succeeded, by GPU model and site; where none succeeded the row stays."""
    tries, pairs = scene.tries, _paired(scene)
    executed = pairs.sums(tries.is_executed * scene.inside)
    every = pairs.of_each(tries.ran_seconds, tries.is_success & tries.is_inside)
    found = {name: every[name] for name, n in zip(pairs.labels, executed.tolist(), strict=True) if n}
    order = sorted(found, key=lambda name: (median(found[name]) or float("inf"), name))
    groups = [box(name.rpartition(" · ")[2], _short(name), found[name]) for name in order[:_MOST_BOXES]]
    said = Said(
        "runtime-by-gpu", "Time of successful attempts by GPU model and site", _fastest(found, order),
        "No attempt succeeded.", "Median, quartiles, 5 to 95 %", f"{len(order) - _MOST_BOXES} more in the table." if len(order) > _MOST_BOXES else "",
    )  # fmt: skip
    yield boxes(scene, said, "second", groups, "site")
    yield Table(
        id="runtimes", title="Time of successful attempts",
        columns=(
            Column("gpu_model", "GPU model · site"), Column("count", "n", "count"), Column("median", "Median", "second", rank=1),
            Column("q1", "Lower quartile", "second"), Column("q3", "Upper quartile", "second"),
            Column("mean", "Mean", "second"), Column("most", "Longest", "second"),
        ),
        rows=tuple(_runtime_row(name, found[name]) for name in order), finding=said.finding, empty="No attempt executed.",
    )  # fmt: skip


def _runtime_row(name: str, ran: "Floats") -> tuple[Scalar, ...]:
    if not len(ran):
        return name, 0, None, None, None, None, None
    return name, len(ran), median(ran), at(ran, 25), at(ran, 75), float(ran.mean()), float(ran[-1])


def _short(name: str) -> str:
    """A model without its maker: there is room for more in a figure."""
    return name.removeprefix("NVIDIA ").removeprefix("Tesla ")


def _fastest(found: "dict[str, Floats]", order: Sequence[str]) -> str:
    """Where runs were shortest and longest, of the groups large enough to be ranked; of one alone only how long."""
    there = [name for name in order if len(found[name])]
    told = [name for name in there if len(found[name]) >= FEWEST]
    if not told:
        return f"{words.plural(sum(map(len, found.values())), 'successful attempt')}; no group has five."
    (first, shortest), (last, longest) = (_halfway(found, name) for name in (told[0], told[-1]))
    if first == last:
        only = ", the only group with five" if len(there) > 1 else ""
        return f"{first}: median {shortest} of {words.plural(len(found[first]), 'successful attempt')}{only}."
    among = "Shortest" if len(told) == len(there) else f"Of {words.count(len(told))} groups with five or more: shortest"
    return f"{among} on {first}: median {shortest}; longest on {last}: {longest}."


def _halfway(found: "dict[str, Floats]", name: str) -> tuple[str, str]:
    """A group and its median in words."""
    return name, words.duration(float(np.median(found[name])))


def _model_by_site(scene: Scene) -> Chart:
    """GPU-hours of each model at each site, with the number of attempts."""
    tries, parts = scene.tries, scene.tries.parts
    site = tries.names["site"].take(parts.rows)
    size = len(site.labels)
    cell = parts.models.codes * size + site.codes
    held, cells = tries.gpu_hours[parts.rows] * parts.weights, len(parts.models.labels) * size
    told = np.bincount(cell, weights=~np.isnan(held), minlength=cells)
    hours = np.where(told > 0, np.bincount(cell, weights=np.nan_to_num(held), minlength=cells), np.nan)
    executed = scene.inside * tries.is_executed
    pairs = np.unique(cell * len(tries) + parts.rows)
    counts = np.bincount(pairs // len(tries), weights=executed[pairs % len(tries)], minlength=len(hours))
    sites = [name for name in scene.sites if scene.by_site[name].executed]
    models = [
        name
        for name in _models(scene)
        if name != NO_GPU and any(counts[parts.models.labels.index(name) * size + n] for n in range(size))
    ]
    at = [site.labels.index(name) for name in sites]
    rows = [
        _cells_of(model, [(_hours(hours[place], counts[place]), int(counts[place])) for place in (parts.models.labels.index(model) * size + n for n in at)])
        for model in models
    ]  # fmt: skip
    named, places = (sum(name != NOT_KNOWN for name in names) for names in (models, sites))
    said = Said(
        "gpu-model-by-site",
        "GPU-hours by GPU model and site",
        f"{words.plural(named, 'GPU model')} at {words.plural(places, 'site')}.",
        "No attempt executed.",
        "n = attempts",
    )
    return grid(scene, said, ("gpu_hour", "GPU-hours"), sites, rows)


def _hours(held: float, attempts: float) -> float | None:
    """GPU-hours of a model at a site: 0 where no attempt executed, None where some did and none tells its GPUs."""
    return None if attempts and np.isnan(held) else float(np.nan_to_num(held))


def _cells_of(label: str, cells: Sequence[tuple[float | None, int]]) -> GridRow:
    """Amounts and the attempts they are of; None is a cell of which nothing can be said."""
    return GridRow(
        label, values=tuple(v for v, _ in cells), notes=tuple(f"n {words.count(n)}" if n else "" for _, n in cells)
    )


def _capability_by_count(scene: Scene) -> Chart:
    """Median hours of successful attempts by capability and number of GPUs."""
    tries, parts = scene.tries, scene.tries.parts
    ability = Names(np.full(len(tries), 0, dtype=np.int64), (NOT_KNOWN,)) if not len(parts.rows) else _ability(scene)
    counts = tries["gpu_count"]
    chosen = tries.is_success & tries.is_inside & (counts > 0)
    columns = sorted({float(n) for n in counts[chosen].tolist()})
    abilities = sorted({ability.labels[c] for c in ability.codes[chosen].tolist()}, key=_version)
    rows = []
    for name in abilities:
        here = chosen & (ability.codes == ability.labels.index(name))
        found = [np.sort(tries.ran_seconds[here & (counts == n)]) / 3600 for n in columns]
        rows.append(
            _cells_of(f"capability {name}" if name != NOT_KNOWN else NOT_KNOWN, [(median(v), len(v)) for v in found])
        )
    said = Said(
        "capability-by-gpu-count", "Median hours of successful attempts by GPU capability and number of GPUs",
        f"{words.plural(int(chosen.sum()), 'successful attempt')} with GPUs.", "No attempt with a GPU succeeded.", "n = attempts",
    )  # fmt: skip
    return grid(
        scene,
        said,
        ("hour", "h"),
        [f"{words.amount(n) if n % 1 else words.count(n)} GPU{'s' if n != 1 else ''}" for n in columns],
        rows,
    )


def _version(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def _ability(scene: Scene) -> Names:
    """The least capability among an attempt's GPUs: the one that limits it."""
    parts = scene.tries.parts
    order = sorted(range(len(parts.capabilities.labels)), key=lambda n: _version(parts.capabilities.labels[n]))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    least = np.full(len(scene.tries), len(order), dtype=np.int64)
    np.minimum.at(least, parts.rows, rank[parts.capabilities.codes])
    labels = (*(parts.capabilities.labels[n] for n in order), NOT_KNOWN)
    return Names(least, labels).renamed(labels)


def _busy(scene: Scene) -> Iterator[Block]:
    """How busy GPUs were and how much of their memory was used, with who reported it."""
    tries = scene.tries
    chosen = tries.is_executed & tries.is_inside & (np.nan_to_num(tries["gpu_count"]) > 0)
    ratio = np.where(chosen, tries["gpu_busy_ratio"], np.nan)
    memory = np.where(chosen, tries["used_gpu_memory_bytes"], np.nan)
    full = memory / tries["gpu_memory_bytes"]
    site = tries.names["site"]
    found = site.of_each(ratio, chosen)
    groups = [box(name, name, found[name]) for name in scene.sites if site.sums(chosen * 1.0)[site.labels.index(name)]]
    measured, of = int((~np.isnan(ratio)).sum()), int(chosen.sum())
    finding = _said_busy(scene, measured, of)
    if measured:
        said = Said(
            "gpu-busy-by-site",
            "GPU busy while held, by site",
            finding,
            "No attempt reported it.",
            "Usage ÷ Allocated of each attempt",
        )
        yield boxes(scene, said, "ratio", groups, "site")
    yield from _memory(scene, full, chosen)
    yield Table(
        id="gpu-use", title="GPU busy and GPU memory, by site",
        columns=(
            Column("site", "Site", dimension="site"), Column("busy", "GPU busy", "ratio", rank=1, meaning="Weighted by GPU-hours, of the attempts that reported it."),
            Column("median", "Median", "ratio"), Column("reported", "Reported", "count"), Column("of", "Of attempts", "count"),
            Column("reported_share", "Share", "ratio"), Column("memory", "GPU memory, median", "gib"),
            Column("memory_share", "Of one GPU", "ratio", meaning="Peak GPU memory ÷ memory of one GPU."), Column("memory_reported", "Reported", "count"),
        ),
        rows=tuple(_use_row(scene, name, chosen, (ratio, memory, full)) for name in scene.sites),
        finding=finding, foot="“–” means not reported, never 0.", empty="No attempt held a GPU.",
    )  # fmt: skip


def _memory(scene: Scene, full: "Floats", chosen: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Iterator[Chart]:
    """How full GPUs became at most, where any attempt told it."""
    found = scene.tries.names["site"].of_each(full, chosen)
    told = int((~np.isnan(full)).sum())
    if not told:
        return
    said = Said(
        "gpu-memory-by-site", "GPU memory used at most, by site",
        f"Half of {words.plural(told, 'attempt')} that told it used {words.percent(float(np.nanmedian(full)))} of one GPU's memory or less.",
        "No attempt reported it.", "Peak GPU memory ÷ memory of one GPU",
    )  # fmt: skip
    yield boxes(scene, said, "ratio", [box(name, name, found[name]) for name in scene.sites if name in found], "site")


def _said_busy(scene: Scene, measured: int, of: int) -> str:
    if not of:
        return "No attempt held a GPU."
    said = f"GPU use was reported in {words.count(measured)} of {words.count(of)} attempts"
    values = scene.tries["gpu_busy_ratio"][~np.isnan(scene.tries["gpu_busy_ratio"]) & scene.tries.is_inside]
    return (
        f"{said}; half of them kept their GPUs busy {words.percent(float(np.median(values)))} or less of the time."
        if len(values)
        else f"{said}."
    )


def _use_row(scene: Scene, name: str, chosen: "Floats", columns: "tuple[Floats, Floats, Floats]") -> tuple[Scalar, ...]:
    tries = scene.tries
    here = chosen.astype(bool) & (tries.names["site"].codes == tries.names["site"].labels.index(name))
    ratio, memory, full = (column[here & ~np.isnan(column)] for column in columns)
    weight = np.nan_to_num(tries.gpu_hours)[here & ~np.isnan(columns[0])]
    busy = float((ratio * weight).sum() / weight.sum()) if weight.sum() else None
    of = int(here.sum())
    held = median(memory)
    return (
        name, busy, median(ratio), len(ratio), of, len(ratio) / of if of else None, None if held is None else held / GIB,
        median(full), len(memory),
    )  # fmt: skip
