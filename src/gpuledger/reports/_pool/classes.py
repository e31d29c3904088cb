"""How many GPUs were what: by class, tier, memory and model. One definition, one set of columns, everywhere."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from gpuledger.metrics import Name
from gpuledger.model.capacity import CLASSES
from gpuledger.model.devices import gpu_model
from gpuledger.model.document import Column, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._pool.scene import Pool, class_label, known
from gpuledger.reports._pool_views.view import PARTS_IN_WORDS
from gpuledger.reports._scene import named

Row = Mapping[str, Any]
_FIRST = ("allocated_gpus", "present_gpus", "drained_gpus", "prevented_gpus")
_LABELS = {"with_reason_gpus": "Reason set"}
_FIRST_CLASS = Column("class", "Class", dimension="class", meaning="Whose capacity the GPUs are.")
_FOOT = "Mean numbers of GPUs over the time observed. Each GPU counts once: the parts add up to present."


def classes(pool: Pool) -> Table:
    """All physical GPUs first, then each class."""
    rows = {row["class"]: row for row in pool.answers["class"].records()}
    return Table(
        id="classes",
        title="GPUs by class",
        columns=(_FIRST_CLASS, *_columns(_shown(pool), pool)),
        rows=tuple((class_label(name), *_cells(_shown(pool), rows[name])) for name in pool.classes),
        totals=("All physical GPUs", *_cells(_shown(pool), pool.total.totals)),
        finding=level(pool, pool.total.totals, "GPUs"),
        foot=f"{_FOOT} {PARTS_IN_WORDS} Reason set counts GPUs without a job that have such a reason, drained or not.",
        empty="No GPU was reported in the period.",
    )


def tiers(pool: Pool) -> Table:
    """By tier of the model, within each class."""
    order = (*pool.ask.capacity.tiers, "Standard")
    return _within(pool, "tier", Column("tier", "Tier", meaning="Tier of the model, by the configuration."), order)


def memory(pool: Pool) -> Table:
    """By category of GPU memory, within each class."""
    order = sorted(pool.ask.capacity.memory, key=lambda name: pool.ask.capacity.memory[name])
    return _within(pool, "memory", Column("memory_category", "GPU memory", meaning="By the configuration."), order)


def models(pool: Pool) -> Iterator[Table]:
    """By model: all classes together, then each class whose models are several."""
    held = sorted(pool.answers["model"].records(), key=lambda row: _name(row["gpu_model"]))
    yield _by_model(pool, "models", "GPUs by model", held, pool.total.totals)
    of_class = {row["class"]: row for row in pool.answers["class"].records()}
    for name in pool.classes:
        rows = [row for row in pool.answers["class_model"].records() if row["class"] == name]
        title = f"{class_label(name)}: GPUs by model"
        yield _by_model(
            pool, f"models-{name}", title, sorted(rows, key=lambda row: _name(row["gpu_model"])), of_class[name]
        )


def slices(pool: Pool) -> Iterator[Table]:
    """MIG slices apart: each counts as one GPU above; here with the share of a GPU that it is."""
    rows = [
        row
        for row in pool.answers["model"].records()
        if row["present_gpus"] and gpu_model(row["gpu_model"] or "").slice_ratio
    ]
    if not rows:
        return
    cells = [_slice(row) for row in sorted(rows, key=lambda row: _name(row["gpu_model"]))]
    present, whole = (sum(cell[place] for cell in cells) for place in (1, 4))
    yield Table(
        id="slices",
        title="MIG slices",
        columns=(
            Column("gpu_model", "GPU model", dimension="gpu_model"),
            Column("present_gpus", "Slices present", "gpu", rank=1), Column("allocated_gpus", "Allocated", "gpu"),
            Column("share", "Share of a GPU", "ratio", meaning="Of the compute slices of its device."),
            Column("whole_gpus", "Whole GPUs", "gpu", rank=1, meaning="Slices present × their share."),
        ),
        rows=tuple(cells),
        finding=f"{words.gpus(present)} slices count as one GPU each in every number; by their share they are {words.gpus(whole)} GPUs.",
    )  # fmt: skip


def _slice(row: Row) -> tuple[Any, ...]:
    share = gpu_model(row["gpu_model"]).slice_ratio or 0.0
    return (_name(row["gpu_model"]), row["present_gpus"], row["allocated_gpus"], share, row["present_gpus"] * share)


def level(pool: Pool, row: Row, what: str) -> str:
    """How many were allocated, and what the rest was."""
    if not row["present_gpus"]:
        return ""
    allocated, present = row["allocated_gpus"], row["present_gpus"]
    said = f"{words.gpus(allocated)} of {words.gpus(present)} {what} were allocated on average"
    rest = [f"{words.gpus(row[f'{name}_gpus'])} {name}" for name in pool.parts[1:] if row[f"{name}_gpus"] >= 0.05]
    return f"{said}; {_joined(rest)}." if rest else f"{said}."


def _joined(said: Sequence[str]) -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def _within(pool: Pool, answer: str, column: Column, order: Iterable[str]) -> Table:
    """Rows of (name, class), in the order of names, then of classes."""
    places = {name: place for place, name in enumerate(order)}
    rows = sorted(
        (row for row in pool.answers[answer].records() if row["present_gpus"]),
        key=lambda row: (places.get(row[column.key], len(places)), list(CLASSES).index(row["class"])),
    )
    return Table(
        id=f"by-{answer}",
        title=f"GPUs by {answer} and class",
        columns=(column, _FIRST_CLASS, *_columns(_parts(pool), pool)),
        rows=tuple((named(row[column.key]), class_label(row["class"]), *_cells(_parts(pool), row)) for row in rows),
        totals=("All", "All classes", *_cells(_parts(pool), pool.total.totals)),
        foot=_FOOT,
    )


def _by_model(pool: Pool, id_: str, title: str, rows: Sequence[Row], totals: Row) -> Table:
    present = [row for row in rows if row["present_gpus"]]
    return Table(
        id=id_,
        title=title,
        columns=(Column("gpu_model", "GPU model", dimension="gpu_model"), *_columns(_shown(pool), pool)),
        rows=tuple((_name(row["gpu_model"]), *_cells(_shown(pool), row)) for row in present),
        totals=(f"All {len(present)} models" if len(present) > 1 else "All", *_cells(_shown(pool), totals)),
        foot=_FOOT,
    )


_name: Callable[[Name], str] = named


def _parts(pool: Pool) -> tuple[str, ...]:
    """Allocated beside present, then what the rest was, in the order in which a GPU counts."""
    first, *rest = pool.parts
    return tuple(f"{name}_gpus" for name in (first, "present", *rest))


def _shown(pool: Pool) -> tuple[str, ...]:
    return (*_parts(pool), "with_reason_gpus")


def _columns(names: Iterable[str], pool: Pool) -> tuple[Column, ...]:
    metrics = pool.ask.metrics
    ratio = metrics["allocated_ratio"]
    return (
        Column("allocated_ratio", "Allocated %", "ratio", meaning=ratio.meaning, is_share=True, rank=1),
        *(Column(name, _LABELS.get(name, metrics[name].label), "gpu", meaning=metrics[name].meaning, rank=_rank(name)) for name in names),
    )  # fmt: skip


def _rank(name: str) -> Literal[1, 2, 3]:
    """What kept GPUs from work stays on a phone; what follows from the rest is in the full report."""
    return 1 if name in _FIRST else 3 if name in ("idle_gpus", "with_reason_gpus") else 2


def _cells(names: Iterable[str], row: Row) -> tuple[Scalar, ...]:
    return (row["allocated_ratio"], *(known(row, name) for name in names))
