"""Success by attempts and by nodes, and epochs completed, of each site."""

from collections.abc import Iterator, Mapping

from gpuledger.model.document import Block, Column, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.scene import Scene, Totals

_COLUMNS = (
    Column("attempts", "Attempts", "count", meaning="Matches, executed or not."),
    Column("executed", "Executed", "count", meaning="Attempts that started."),
    Column("succeeded", "Succeeded", "count", meaning="Attempts that ended with exit code 0."),
    Column("attempt_success", "Of executed", "ratio", meaning="Succeeded ÷ executed.", rank=1),
    Column("nodes", "Nodes tried", "count", meaning="Different nodes with an attempt here."),
    Column("nodes_done", "Nodes done", "count", meaning="Nodes whose kept attempt ran here."),
    Column("node_success", "Of tried", "ratio", meaning="Nodes done ÷ nodes tried here."),
)


def blocks(scene: Scene) -> Iterator[Block]:
    yield table(scene, "success-by-site", "Success by site", "site", scene.by_site)


def table(scene: Scene, id_: str, title: str, dimension: str, found: Mapping[str, Totals]) -> Table:
    """A row a name; a node that ran at several sites is tried at each, so columns of nodes do not add up."""
    epochs = Column(
        "epochs",
        f"{scene.step_word.capitalize()}s",
        "count",
        meaning="Credited to the attempt that did the work.",
        has_bar=True,
        rank=1,
    )
    share = Column("share", "Share", "ratio", is_share=True)
    return Table(
        id=id_, title=title,
        columns=(Column(dimension, dimension.replace("_", " ").capitalize(), dimension=dimension), epochs, share, *_COLUMNS),
        rows=tuple(_cells(name, totals, scene.whole.epochs) for name, totals in _sorted(found)[: scene.rows]),
        totals=_cells("All", scene.whole, scene.whole.epochs),
        finding=_finding(scene, found),
        foot="A node tried at several sites counts at each, so nodes tried do not add up.",
        left_out=f"{len(found) - scene.rows} more." if len(found) > scene.rows else "",
    )  # fmt: skip


def _sorted(found: Mapping[str, Totals]) -> list[tuple[str, Totals]]:
    return sorted(found.items(), key=lambda item: (-item[1].epochs, -item[1].wall, item[0]))


def _cells(name: str, totals: Totals, whole: int) -> tuple[Scalar, ...]:
    return (
        name, totals.epochs, totals.epochs / whole if whole else None, totals.attempts, totals.executed, totals.succeeded,
        totals.attempt_success, totals.nodes, totals.nodes_done, totals.node_success,
    )  # fmt: skip


def _finding(scene: Scene, found: Mapping[str, Totals]) -> str:
    named = _sorted(found)
    if not named or not scene.whole.epochs:
        return f"No {scene.step_word} was completed."
    name, first = named[0]
    none = [each for each, totals in found.items() if totals.executed and not totals.epochs]
    said = f"{name} completed {words.count(first.epochs)} of {words.plural(scene.whole.epochs, scene.step_word)}."
    return said + (f" {' and '.join(none)} completed none." if none else "")
