"""Rules about where attempts ran. A place is never blamed for what chance would do to one among so many."""

from collections.abc import Iterator

import numpy as np

from gpuledger.metrics import NOT_KNOWN
from gpuledger.metrics.workflows.totals import Totals
from gpuledger.model.document import Note
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.advice.sizes import _is_kind
from gpuledger.reports._experiment.failing import FEWEST, Failures, Place, is_surely_more
from gpuledger.reports._experiment.scene import Scene
from gpuledger.reports._experiment.success import listed

ENOUGH, CLEARLY = 10, 1.5
"""Attempts (or epochs) a site must have to be compared, and how many times worse it must be."""
SLOW_SECONDS = 600.0
MOST_NAMED = 5


def evictions(scene: Scene) -> Iterator[Note]:
    """Sites at which runs are cut off surely more often than at the others."""
    tries, site = scene.tries, scene.tries.names["site"]
    ran = tries.is_executed & tries.is_inside
    cut = ran & _is_kind(scene, "eviction", "connection")
    runs, cuts = site.sums(ran * 1.0), site.sums(cut * 1.0)
    lost = site.sums(tries.gpu_hours * cut)
    tested = int((runs >= ENOUGH).sum())
    for code, name in enumerate(site.labels):
        n, k = int(runs[code]), int(cuts[code])
        others, among = int(runs.sum()) - n, int(cuts.sum()) - k
        if name == NOT_KNOWN or n < ENOUGH or others < ENOUGH or k / n < CLEARLY * max(among / others, 0.01):
            continue
        if is_surely_more(k, n, max(among / others, 1 / others), tested):
            yield Note(
                f"evictions-{code}", "warning", "eviction-prone sites",
                f"At {name} {words.count(k)} of {words.plural(n, 'run')} were evicted or cut off ({words.percent(k / n)}; elsewhere {words.percent(among / others)}),"
                f" {words.amount(float(lost[code]))} GPU-hours lost: send it short or checkpointed work.",
                "success-by-site",
            )  # fmt: skip


def slow_transfers(scene: Scene) -> Iterator[Note]:
    """Sites whose input takes long, and much longer than elsewhere."""
    tries, site = scene.tries, scene.tries.names["site"]
    into = tries["transfer_in_seconds"]
    for code, (name, values) in enumerate(site.of_each(into, tries.is_inside).items()):
        elsewhere = into[tries.is_inside & ~np.isnan(into) & (site.codes != code)]
        if len(values) < ENOUGH or len(elsewhere) < ENOUGH:
            continue
        here, there = float(np.median(values)), float(np.median(elsewhere))
        if here > SLOW_SECONDS and here > 2 * there:
            yield Note(
                f"slow-transfers-{code}", "warning", "slow transfers",
                f"Half of {words.plural(len(values), 'input transfer')} to {name} took {words.duration(here)} or more (elsewhere {words.duration(there)}),"
                f" {words.amount(float(values.sum()) / 3600)} h together: keep the input in a cache there.",
                "transfers-by-site",
            )  # fmt: skip


def resources(scene: Scene) -> Iterator[Note]:
    """Parts of an overlay (OSPool's sites) at which attempts surely fail more often than elsewhere, whatever the host."""
    failures = scene.failures
    advice = "leave them out (requirements: TARGET.GLIDEIN_ResourceName =!= …) and tell the pool"
    yield from _blamed(scene, failures, failures.resources, "resources", advice)


def hosts(scene: Scene) -> Iterator[Note]:
    """Machines on which attempts surely fail more often than elsewhere."""
    failures = scene.failures
    yield from _blamed(
        scene,
        failures,
        failures.hosts,
        "hosts",
        "leave them out (requirements: TARGET.Machine =!= …) and tell the site",
    )


def gpus(scene: Scene) -> Iterator[Note]:
    """The same of single GPUs."""
    failures = scene.failures
    yield from _blamed(scene, failures, failures.gpus, "GPUs", "tell the site; its health tests may not have seen it")


def _blamed(scene: Scene, failures: Failures, found: tuple[Place, ...], what: str, advice: str) -> Iterator[Note]:
    worse = failures.worse(found)
    if not worse:
        return
    named = [
        f"{place.name} ({words.count(place.failed)} of {words.count(place.decided)} failed, {place.cause})"
        for place in worse[:MOST_NAMED]
    ]
    more = f", {words.plural(len(worse) - MOST_NAMED, 'other')}" if len(worse) > MOST_NAMED else ""
    lost = words.amount(sum(place.lost_gpu for place in worse))
    yield Note(
        f"failing-{what.lower()}", "warning", f"failing {what}",
        f"{listed(named)}{more}: more than chance among {words.count(len(found))} {what} (overall {words.percent(failures.ratio)}), {lost} GPU-hours lost: {advice}.",
        f"failures-by-{what.lower().removesuffix('s')}",
    )  # fmt: skip


def best_site(scene: Scene) -> Iterator[Note]:
    """The site that gives an epoch for the least time of all its attempts, lost ones among them."""
    told = {
        name: totals
        for name, totals in scene.by_site.items()
        if totals.epochs >= ENOUGH and totals.wall and name != NOT_KNOWN
    }
    if len(told) < 2:
        return
    order = sorted(told, key=lambda name: (_cost(told[name]), name))
    best, worst = order[0], order[-1]
    if _cost(told[worst]) < CLEARLY * _cost(told[best]):
        return
    word = scene.step_word
    queue = scene.tries.names["site"].of_each(scene.tries.queue_seconds, scene.tries.is_inside)[best]
    waited = (
        f", after a median of {words.duration(float(np.median(queue)))} in the queue" if len(queue) >= FEWEST else ""
    )
    yield Note(
        "best-site", "info", "time to epoch",
        f"{best} gave {words.plural(told[best].epochs, word)} for {words.duration(_cost(told[best]) * 3600)} of running each, lost attempts included{waited};"
        f" {worst} took {words.duration(_cost(told[worst]) * 3600)}: prefer {best} where there is a choice.",
        "time-by-site",
    )  # fmt: skip


def _cost(totals: Totals) -> float:
    """Wall hours of all attempts that are over, for each epoch."""
    return totals.wall / totals.epochs
