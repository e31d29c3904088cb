"""Where secondary slots are offered, and who uses them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from gpuledger.model.capacity import CLASSES
from gpuledger.model.document import Column, Scalar, Section, Table
from gpuledger.reports import _words as words
from gpuledger.reports._pool_views.backfill import HOURS, OF_CLASS, Offer, Scene
from gpuledger.reports._scene import named

_FREE = "Mean number of GPUs in service that no primary job held."
_OFFERED = "Of those, GPUs on which a secondary slot was offered, used or not."


def offers(scene: Scene) -> Section:
    """Slot-creation efficiency by model and host."""
    return Section("offered", "What is offered", (_by_model(scene), _by_host(scene)))


def users(scene: Scene) -> Section:
    """By class, open capacity too, and by user."""
    return Section("who", "Who uses it", (_by_class(scene), _by_user(scene)))


def efficiency_words(scene: Scene) -> str:
    """The share of idle primary GPUs on which a secondary slot is offered."""
    whole = scene.offer
    if whole.efficiency is None:
        return "Every GPU in service held a primary job."
    said = f"A secondary slot was offered on {words.percent(whole.efficiency)} of the GPUs without a primary job"
    return f"{said}, and {words.percent(whole.used)} of it ran a job." if whole.used is not None else f"{said}."


def _by_model(scene: Scene) -> Table:
    found: dict[str, Offer] = defaultdict(Offer)
    for (_, model), offer in scene.offers.items():
        found[named(model)] += offer
    return Table(
        id="offered-by-model",
        title="Slot-creation efficiency by model",
        columns=(Column("gpu_model", "GPU model", rank=1), *_columns()),
        rows=tuple((name, *_cells(scene, found[name])) for name in sorted(found)),
        totals=("All", *_cells(scene, scene.offer)),
        finding=efficiency_words(scene),
        foot="Drained GPUs, and those in maintenance or down, are in none of these.",
        empty="Every GPU in service held a primary job.",
    )


def _by_host(scene: Scene) -> Table:
    worst = sorted(scene.offers, key=lambda key: (scene.offers[key].offered - scene.offers[key].free, key[0]))
    without = sum(not offer.offered for offer in scene.offers.values())
    return Table(
        id="offered-by-host",
        title="Slot-creation efficiency by host",
        columns=(Column("host", "Host", rank=1), Column("gpu_model", "GPU model"), *_columns()),
        rows=tuple((host, named(model), *_cells(scene, scene.offers[host, model])) for host, model in worst),
        totals=("All", None, *_cells(scene, scene.offer)),
        finding=f"{words.plural(without, 'host')} offered none at all." if without else "Every host offered some.",
        foot="Most idle GPUs without a secondary slot first.",
        empty="Every GPU in service held a primary job.",
    )


def _columns() -> Iterator[Column]:
    yield Column("idle_primary", "Without a primary job", "gpu", meaning=_FREE)
    yield Column("offered", "Secondary offered", "gpu", meaning=_OFFERED)
    yield Column("efficiency", "Efficiency", "ratio", meaning="Offered ÷ without a primary job.", has_bar=True, rank=1)
    yield Column("running", "Secondary job running", "gpu", meaning="Of those offered, GPUs with a secondary job.")
    yield Column("used", "Used", "ratio", meaning="Running ÷ offered.", rank=1)


def _cells(scene: Scene, offer: Offer) -> tuple[Scalar, ...]:
    hours = scene.days * 24
    means = (offer.free / hours, offer.offered / hours, offer.running / hours)
    return (*means[:2], offer.efficiency, means[2], offer.used)


def _by_class(scene: Scene) -> Table:
    answer, metrics = scene.answers["class"], scene.view.ask.metrics
    names, total = OF_CLASS, scene.answers["total"].totals
    rows = {row["class"]: row for row in answer.records()}
    return Table(
        id="by-class",
        title="Secondary GPU-hours by class",
        columns=(
            Column("class", "Class", dimension="class", rank=1),
            *(Column(name, metrics[name].label, metrics[name].format, meaning=metrics[name].meaning, has_bar=name == HOURS)
              for name in names),
        ),
        rows=tuple((label, *(rows[key][name] for name in names)) for key, label in CLASSES.items() if key in rows),
        totals=("All", *(total[name] for name in names)),
    )  # fmt: skip


def _by_user(scene: Scene) -> Table:
    hours = scene.answers["user_class"].of(HOURS)
    total = scene.answers["total"].value(HOURS)
    held: list[tuple[str | None, float]] = [
        (row["user"], row[HOURS]) for row in scene.answers["user"].records() if row[HOURS]
    ]
    classes = [key for key in CLASSES if any(amount for (_, group), amount in hours.items() if group == key)]
    return Table(
        id="by-user",
        title="Secondary GPU-hours by user",
        columns=(
            Column("user", "User", dimension="user", rank=1),
            Column(HOURS, "GPU-hours", "gpu_hour", meaning=scene.view.ask.metrics[HOURS].meaning, has_bar=True, rank=1),
            Column("share", "Share", "ratio", is_share=True),
            *(Column(key, CLASSES[key], "gpu_hour", meaning=f"Of it on GPUs of the class “{CLASSES[key]}”.") for key in classes),
        ),
        rows=tuple(_user_row(user, amount, total, [hours.get((user, key), 0.0) for key in classes]) for user, amount in held),
        totals=(f"All {words.plural(len(held), 'user')}", total, 1.0 if total else None, *_of_classes(hours, classes)),
        foot="The rows add up to the first, and the classes to each row.",
        empty="No secondary job ran.",
    )  # fmt: skip


def _user_row(user: str | None, amount: float, total: float | None, parts: list[float | None]) -> tuple[Scalar, ...]:
    return (named(user), amount, amount / total if total else None, *parts)


def _of_classes(hours: Mapping[tuple[str | None, ...], float | None], classes: list[str]) -> Iterator[float]:
    for key in classes:
        yield sum(amount or 0.0 for (_, group), amount in hours.items() if group == key)
