"""Where attempts failed: by site, part of a site, host and GPU. What people and DAGs removed is no failure."""

from collections.abc import Iterator

import numpy as np

from gpuledger.metrics import NOT_KNOWN
from gpuledger.metrics.workflows.tries import LOST
from gpuledger.model.chart import GridRow
from gpuledger.model.document import Block, Column, Scalar, Table, Text
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.failing import FEWEST, Failures, Place
from gpuledger.reports._experiment.scene import Scene
from gpuledger.reports._experiment.shapes import Said, first_of, grid
from gpuledger.reports._experiment.success import listed

MOST_CAUSES = 12


def blocks(scene: Scene) -> Iterator[Block]:
    failures = scene.failures
    yield _by_site(scene, failures)
    tries = scene.tries
    if failures.resources:
        yield _by_place(scene, "Resource", failures.resources, is_told=True)
    yield _by_place(scene, "Host", failures.hosts, is_told=bool({*tries.names["host"].labels} - {NOT_KNOWN}))
    yield _by_place(scene, "GPU", failures.gpus, is_told=bool({*tries.parts.gpus.labels} - {NOT_KNOWN}))


def _by_place(scene: Scene, label: str, places: tuple[Place, ...], *, is_told: bool) -> Block:
    what = words.inside(label)
    if is_told:
        return _table(scene, scene.failures, f"failures-by-{what.lower()}", f"Failures by {what}", label, places)
    said = f"{label}s are not collected: the input does not tell which {what} an attempt had."
    return Text(f"failures-by-{what.lower()}", said, f"Failures by {what}")


def _by_site(scene: Scene, failures: Failures) -> Block:
    """Failed attempts by cause and site."""
    tries, site = scene.tries, scene.tries.names["site"]
    lost = tries.is_inside & (tries.fate == LOST)
    cause, size = tries.cause, len(site.labels)
    counts = np.bincount(cause.codes * size + site.codes, weights=lost, minlength=len(cause.labels) * size).reshape(
        -1, size
    )
    order = [n for n in np.argsort(-counts.sum(axis=1), kind="stable").tolist() if counts[n].sum()]
    sites = [name for name in scene.by_site if counts[:, site.labels.index(name)].sum()]
    rows = [
        GridRow(cause.labels[n], values=tuple(float(counts[n][site.labels.index(name)]) for name in sites))
        for n in order[:MOST_CAUSES]
    ]
    decided, failed = int(failures.is_decided.sum()), int(failures.is_failed.sum())
    gone = int(lost.sum())
    more = (
        f"; {words.count(gone)} {'was' if gone == 1 else 'were'} lost, with what was removed or held"
        if gone != failed
        else ""
    )
    said = Said(
        "lost-attempts-by-site", "Lost attempts by cause and site",
        f"{words.count(failed)} of {words.plural(decided, 'decided attempt')} failed ({words.percent(failures.ratio)}){more}." if decided else "No attempt was decided.",
        "No attempt was lost.", "Failed: not removed, not held by a policy", f"{len(order) - MOST_CAUSES} more causes in the table." if len(order) > MOST_CAUSES else "",
    )  # fmt: skip
    return grid(scene, said, ("count", "attempts"), sites, rows)


def _table(scene: Scene, failures: Failures, id_: str, title: str, label: str, places: tuple[Place, ...]) -> Table:
    bad = [place for place in places if place.failed]
    tested = failures.tested(places)
    told = sorted(((place.surely(tested), place) for place in bad[: scene.rows]), key=lambda pair: -(pair[0] or 0.0))
    worse = failures.worse(places)
    rows: list[tuple[Scalar, ...]] = [
        (
            place.name,
            place.site,
            place.decided,
            place.failed,
            place.ratio,
            least,
            place.lost_gpu,
            place.cause,
        )
        for least, place in told
    ]
    return Table(
        id=id_, title=title,
        columns=(
            Column("name", label), Column("site", "Site", dimension="site"), Column("decided", "Decided", "count"),
            Column("failed", "Failed", "count", has_bar=True), Column("ratio", "Failed share", "ratio", rank=1),
            Column("least", "At least", "ratio", meaning=f"Lower end of the exact interval, 99 % sure for all {words.count(tested)} together; “–” of fewer than {FEWEST} attempts."), Column("lost", "GPU-hours lost", "gpu_hour"),
            Column("cause", "Last cause"),
        ),
        rows=tuple(rows), finding=_finding(failures, worse, label, len(places)),
        foot="Decided: succeeded or failed; what was removed says nothing about the place. Most certain first.",
        left_out=first_of(scene.rows, len(bad)),
        empty="No attempt failed at a place that is known.",
    )  # fmt: skip


def _finding(failures: Failures, worse: tuple[Place, ...], label: str, count: int) -> str:
    what = words.inside(label)
    if not worse:
        return f"No {what} of {words.count(count)} fails surely more often than the others do ({words.percent(failures.ratio)} of all attempts)."
    named = listed([place.name for place in worse[:3]])
    more = f" and {words.plural(len(worse) - 3, 'other')}" if len(worse) > 3 else ""
    return f"{named}{more} {'fails' if len(worse) == 1 else 'fail'} surely more often than the others do ({words.percent(failures.ratio)} of all attempts)."
