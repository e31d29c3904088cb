"""Success by attempts and by nodes, and epochs completed, of each site, workflow and run."""

from collections.abc import Iterator, Mapping
from itertools import compress

import numpy as np

from gpuledger.metrics import NOT_KNOWN
from gpuledger.metrics.workflows.names import Names
from gpuledger.metrics.workflows.read import NOT_MATCHED, is_one_of
from gpuledger.metrics.workflows.totals import Totals
from gpuledger.metrics.workflows.tries import CHECKPOINT, KEPT, REPEATED, UNTOLD
from gpuledger.model.chart import Chart
from gpuledger.model.document import Block, Column, Note, Scalar, Table
from gpuledger.model.sites import DEFAULT, site_of
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.scene import Scene
from gpuledger.reports._experiment.shapes import Said, bars, first_of

_COLUMNS = (
    Column("attempts", "Attempts", "count", meaning="Matches, executed or not."),
    Column("executed", "Executed", "count", meaning="Attempts that started."),
    Column("succeeded", "Succeeded", "count", meaning="Attempts that ended with exit code 0."),
    Column(
        "attempt_success",
        "Of executed",
        "ratio",
        meaning="Succeeded ÷ executed, without attempts whose outcome is not told.",
        rank=1,
    ),
    Column("nodes", "Nodes tried", "count", meaning="Different nodes with an attempt here."),
    Column("nodes_done", "Nodes done", "count", meaning="Nodes whose kept attempt ran here."),
    Column(
        "node_success",
        "Of tried",
        "ratio",
        meaning="Nodes done ÷ nodes tried here, without nodes whose outcome is not told.",
    ),
)
_TOLD = (
    Column("executed_told", "Outcome told", "count", meaning="Executed, and it is told how they ended or that they had not.", rank=3),
    Column("nodes_told", "Nodes told", "count", meaning="Nodes tried here of which it is known whether they have a success.", rank=3),
)  # fmt: skip
"""Columns where outcomes are not told of some: what the shares are of."""
_LABELS = {"site": "Site", "workflow": "Workflow", "workflow_run": "Run", "target_site": "Target"}
_OF_DAGS = {"workflow": 0, "workflow_run": 1}
"""Filters that keep whole DAGs, and where in what is told of them."""


def blocks(scene: Scene) -> Iterator[Block]:
    yield _epochs(scene)
    yield _shares(
        scene, "attempt", "Attempts that succeeded by site, of those that executed", ("succeeded", "executed_told")
    )
    yield _shares(scene, "node", "Nodes that succeeded by site, of those tried there", ("nodes_done", "nodes_told"))
    yield table(scene, "success-by-site", "Success by site", "site", scene.by_site)
    yield from _parts_of_sites(scene)
    names = scene.tries.names
    for dimension, title in (("workflow", "Success by workflow"), ("workflow_run", "Success by run")):
        found = scene.totals(names[dimension])
        if len(found) > 1:
            yield table(scene, f"success-by-{dimension.replace('_', '-')}", title, dimension, found)
    yield from _targets(scene)
    yield from _undone(scene)


def notes(scene: Scene) -> Iterator[Note]:
    """What a reader must know about how nodes are counted."""
    tries = scene.tries
    resumed = int(np.sum(tries.credited != tries.kept))
    if checkpoints := int(np.sum((tries.fate == CHECKPOINT) & tries.is_inside)):
        said = f"{words.plural(checkpoints, 'attempt')} stopped at a checkpoint that was resumed"
        more = (
            f"; {words.plural(resumed, scene.step_word)} finished by a short resume {'counts' if resumed == 1 else 'count'} for the attempt before it"
            if resumed
            else ""
        )
        yield Note("checkpoints", "info", "checkpoints", f"{said}{more}.", "time-by-site")
    if again := scene.whole.succeeded - int(np.sum((tries.fate == KEPT) & tries.is_inside)):
        hours = float(tries.wall_hours[tries.fate == REPEATED].sum())
        said = f"{words.plural(again, 'success', 'successes')} came on top of another of the same node: {words.amount(hours)} h, counted as lost, no node twice."
        yield Note("succeeded-again", "info", "repeated success", said, "success-by-site")
    yield from _without_machines(scene)
    yield from _of_some_dag(scene)
    yield from _declared(scene)


def _declared(scene: Scene) -> Iterator[Note]:
    """What the DAGs declare, where the report is of whole DAGs: of some sites or states only it says nothing."""
    told = scene.found.placing.done
    if {wanted.column for wanted in scene.ask.where} - {*_OF_DAGS}:
        return
    for wanted in scene.ask.where:
        names = Names.of([pair[_OF_DAGS[wanted.column]] for pair in told])
        told = dict(compress(told.items(), is_one_of(names, wanted, str).tolist()))
    declared, done = (sum(counts[n] for counts in told.values()) for n in (0, 1))
    if declared:
        rescue = f", {words.count(done)} done by the rescue files" if done else ""
        yield Note(
            "declared", "info", "DAG files",
            f"{'The DAG declares' if len({workflow for workflow, _ in told}) == 1 else 'The DAGs declare'} {words.plural(declared, 'node')}{rescue};"
            f" {words.count(scene.whole.nodes)} nodes were submitted by the logs.",
            "success-by-site",
        )  # fmt: skip


def _of_some_dag(scene: Scene) -> Iterator[Note]:
    """Jobs of a name that DAGs declare, where nothing says whose they are: none may count for another's node."""
    tries, placing = scene.tries, scene.found.placing
    clusters, names = tries.names["cluster"].labels, tries.names["node_name"].labels
    shared = [name for name in names if any(placing.is_declared(cluster, name) for cluster in clusters)]
    chosen = (
        tries.is_inside & tries.names["workflow"].is_one_of(NOT_KNOWN) & tries.names["node_name"].is_one_of(*shared)
    )
    if chosen.any():
        yield Note(
            "shared-names", "warning", "names without a DAG",
            f"{words.plural(int(chosen.sum()), 'attempt')} {'has' if chosen.sum() == 1 else 'have'} the name of a node that DAGs declare, and neither dagman.out nor nodes.log beside them says of which DAG:"
            " each job counts as a node of its own, so retries look like nodes. Name every DAG, with those files beside it.",
            "success-by-site",
        )  # fmt: skip


def _without_machines(scene: Scene) -> Iterator[Note]:
    """Jobs that ran on the access point itself, DAGMan's own among them: their time is no machine's."""
    tries = scene.tries
    chosen = tries.is_inside & tries.is_executed & np.isnan(tries["cpu_count"]) & np.isnan(tries["gpu_count"])
    chosen &= tries.names["site"].is_one_of(NOT_KNOWN)
    if chosen.any() and not chosen.all():
        yield Note(
            "without-machines", "info", "jobs without machines",
            f"{words.plural(int(chosen.sum()), 'attempt')} {'tells' if chosen.sum() == 1 else 'tell'} neither site nor CPUs nor GPUs, {words.amount(float(tries.wall_hours[chosen].sum()))} wall hours:"
            " jobs of the access point itself, such as DAGMan's own (*.dagman.log); leave their logs out to report without them.",
            "time-by-site",
        )  # fmt: skip


def _epochs(scene: Scene) -> Chart:
    amounts = {
        name: float(totals.epochs)
        for name, totals in scene.by_site.items()
        if totals.epochs_or_none is not None and (totals.executed or totals.epochs)
    }
    whole = scene.whole.epochs
    word = scene.step_word
    said = Said(
        "epochs-by-site", f"{word.capitalize()}s completed by site", _finding(scene, scene.by_site),
        _unfinished(scene), "Each node once, for the site that did the work",
    )  # fmt: skip
    return bars(scene, said, "site", amounts, lambda amount, _: _share(words.count(amount), amount, whole))


def _shares(scene: Scene, what: str, title: str, parts: tuple[str, str]) -> Chart:
    """A bar a site: how many of those it had succeeded there."""
    did, of = ({name: getattr(each, key) for name, each in scene.by_site.items()} for key in parts)
    shares = {name: did[name] / of[name] for name in of if of[name]}
    whole = getattr(scene.whole, parts[0]), getattr(scene.whole, parts[1])
    told = (
        f"{words.percent(whole[0] / whole[1])} of {words.plural(whole[1], what)}." if whole[1] else _unsaid(scene, what)
    )
    said = Said(f"{what}-success-by-site", title, told, _unsaid(scene, what), "Share, number")
    return bars(
        scene, said, "site", shares,
        lambda share, name: f"{words.percent(share)} · {words.count(did[name])} of {words.count(of[name])}" if name in of else words.percent(share),
    )  # fmt: skip


def _unsaid(scene: Scene, what: str) -> str:
    """Why there is no share of success."""
    return "No attempt tells how it ended." if scene.whole.succeeded_or_none is None else f"No {what} executed."


def _unfinished(scene: Scene) -> str:
    """Why there is no epoch to draw."""
    if scene.whole.epochs_or_none is None:
        return f"How many {scene.step_word}s were completed is not known: no attempt tells how it ended."
    return f"No attempt executed, so no {scene.step_word} was completed."


def _share(text: str, amount: float, whole: float) -> str:
    return f"{text} · {words.percent(amount / whole)}" if whole else text


def table(scene: Scene, id_: str, title: str, dimension: str, found: Mapping[str, Totals]) -> Table:
    """A row a name; a node that ran at several sites is tried at each, so columns of nodes do not add up."""
    epochs = Column(
        "epochs", f"{scene.step_word.capitalize()}s", "count", meaning="Credited to the attempt that did the work.",
        has_bar=True, rank=1,
    )  # fmt: skip
    name = Column(dimension, _LABELS.get(dimension, "Part of site"), dimension="site" if dimension == "site" else None)
    return Table(
        id=id_, title=title, columns=(name, epochs, Column("share", "Share", "ratio", is_share=True), *_COLUMNS, *(_TOLD if scene.whole.untold else ())),
        rows=tuple(_cells(scene, key, totals) for key, totals in _sorted(found)[: scene.rows]),
        totals=_cells(scene, "All", scene.whole),
        finding=_finding(scene, found),
        foot="A node tried at several places counts at each, so nodes tried do not add up.",
        left_out=first_of(scene.rows, len(found)),
    )  # fmt: skip


def _sorted(found: Mapping[str, Totals]) -> list[tuple[str, Totals]]:
    return sorted(found.items(), key=lambda item: (-item[1].epochs, -item[1].wall, item[0]))


def _cells(scene: Scene, name: str, totals: Totals) -> tuple[Scalar, ...]:
    whole = scene.whole.epochs
    told = (totals.executed_told, totals.nodes_told) if scene.whole.untold else ()
    return (
        name, totals.epochs_or_none, totals.epochs / whole if whole else None, totals.attempts, totals.executed,
        totals.succeeded_or_none, totals.attempt_success, totals.nodes, totals.nodes_done_or_none, totals.node_success, *told,
    )  # fmt: skip


def _finding(scene: Scene, found: Mapping[str, Totals]) -> str:
    named = _sorted(found)
    if scene.whole.epochs_or_none is None:
        return _unfinished(scene)
    if not named or not scene.whole.epochs:
        return f"No {scene.step_word} was completed."
    name, first = named[0]
    none = [
        each
        for each, totals in found.items()
        if totals.executed and totals.step_nodes and totals.epochs_or_none == 0 and each != NOT_KNOWN
    ]
    said = f"{name} completed {words.count(first.epochs)} of {words.plural(scene.whole.epochs, scene.step_word)}."
    if not none:
        return said
    return (
        f"{said} {listed(none[:6])} completed none." if len(none) <= 6 else f"{said} {len(none)} others completed none."
    )


def listed(names: list[str]) -> str:
    """a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _parts_of_sites(scene: Scene) -> Iterator[Table]:
    """Parts that an overlay names (OSPool's sites), where there are any."""
    tries = scene.tries
    if not any(tries.names["resource_name"].labels):
        return
    site, part = tries.names["site"], tries.names["resource_name"]
    labels = [f"{s} · {p}" if p else s for s in site.labels for p in part.labels]
    both = type(site)(site.codes * len(part.labels) + part.codes, tuple(labels)).renamed(labels)
    yield table(scene, "success-by-part-of-site", "Success by part of a site", "part", scene.totals(both))


def _targets(scene: Scene) -> Iterator[Table]:
    """What was asked for and where it ran, where nodes tell a target."""
    tries = scene.tries
    target, site = tries.names["target_site"], tries.names["site"]
    if all(label == NOT_KNOWN for label in target.labels):
        return
    pairs = np.bincount(
        target.codes * len(site.labels) + site.codes,
        weights=scene.inside,
        minlength=len(target.labels) * len(site.labels),
    )
    rows = [
        (target.labels[n // len(site.labels)], site.labels[n % len(site.labels)], int(count))
        for n, count in enumerate(pairs.tolist()) if count
    ]  # fmt: skip
    rows.sort(key=lambda row: (row[0], -row[2], row[1]))
    elsewhere = sum(
        count
        for wanted, got, count in rows
        if NOT_KNOWN not in (wanted, got) and _meant(wanted) not in (got, NOT_KNOWN) and got != NOT_MATCHED
    )
    yield Table(
        id="targets", title="Where nodes were meant to run, and where they ran",
        columns=(Column("target", "Target", dimension="site"), Column("site", "Ran at", dimension="site"), Column("attempts", "Attempts", "count", has_bar=True)),
        rows=tuple(rows[: scene.rows]),
        finding=f"{words.plural(elsewhere, 'attempt')} ran elsewhere than the node asked for." if elsewhere else "Every attempt ran where its node asked for.",
        foot="The target is the node's ResourceName.",
        left_out=first_of(scene.rows, len(rows)),
    )  # fmt: skip


def _meant(target: str) -> str:
    """The site that a target belongs to."""
    return DEFAULT.label(site_of(None, None, None, target) or NOT_KNOWN)


def _undone(scene: Scene) -> Iterator[Table]:
    """Nodes that were tried and never succeeded, most GPU-hours first."""
    tries = scene.tries
    node = tries.names["node"]
    tried = np.bincount(node.codes, weights=scene.inside, minlength=len(node.labels))
    untold = np.bincount(node.codes, weights=tries.fate == UNTOLD, minlength=len(node.labels))
    undone = np.flatnonzero((tried > 0) & (tries.kept < 0) & (untold == 0))
    if not len(undone):
        return
    gpu = node.sums(tries.gpu_hours)
    last = _last_rows(scene)
    order = sorted(undone.tolist(), key=lambda n: (-gpu[n], -tried[n], node.labels[n]))
    rows = [_undone_row(scene, last[n], int(tried[n]), float(gpu[n])) for n in order[: scene.rows]]
    yield Table(
        id="nodes-without-success", title="Nodes that never succeeded",
        columns=(
            Column("node", "Node"), Column("workflow", "Workflow"), Column("attempts", "Attempts", "count"),
            Column("gpu", "GPU-hours", "gpu_hour", has_bar=True), Column("site", "Last at", dimension="site"),
            Column("cause", "Last ended by"),
        ),
        rows=tuple(rows),
        finding=f"{words.plural(len(undone), 'node')} of {words.count(scene.whole.nodes)} never succeeded.",
        left_out=first_of(scene.rows, len(undone)),
    )  # fmt: skip


def _last_rows(scene: Scene) -> dict[int, int]:
    """Per node the row of its last attempt."""
    tries = scene.tries
    order = np.argsort(tries.began_us, kind="stable")
    return dict(zip(tries.names["node"].codes[order].tolist(), order.tolist(), strict=True))


def _undone_row(scene: Scene, row: int, tried: int, gpu: float) -> tuple[Scalar, ...]:
    names = scene.tries.names
    node, workflow, site = (names[key].labels[names[key].codes[row]] for key in ("node_name", "workflow", "site"))
    if node == "no node":
        node = names["job_id"].labels[names["job_id"].codes[row]]
    return node, workflow, tried, gpu, site, scene.tries.cause.of_row(row)
