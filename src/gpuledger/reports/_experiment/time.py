"""Where the time went: good, checkpointed and lost, in wall and GPU-hours, by site and by cause; what is open is apart."""

from collections.abc import Callable, Iterator

import numpy as np

from gpuledger.metrics.workflows.totals import Totals
from gpuledger.model.chart import Bar, Chart
from gpuledger.model.document import Block, Column, Note, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.colours import CHECKPOINT, GOOD
from gpuledger.reports._experiment.colours import LOST as LOST_TIME
from gpuledger.reports._experiment.colours import UNTOLD as UNTOLD_TIME
from gpuledger.reports._experiment.scene import Scene
from gpuledger.reports._experiment.shapes import Said, bars, first_of, parted

TOLERANCE = 1e-6
_PARTS = (("good", GOOD), ("checkpoint", CHECKPOINT), ("lost", LOST_TIME), ("untold", UNTOLD_TIME))
_HOURS = (
    Column("wall", "Wall hours", "hour", meaning="Start to end of attempts that are over.", has_bar=True, rank=1),
    Column("share", "Share", "ratio", is_share=True),
    Column("good_wall", "Good", "hour", meaning="The one attempt of each node whose result was kept.", rank=1),
    Column("good_ratio", "Good share", "ratio", meaning="Good and checkpointed ÷ wall hours whose outcome is told."),
    Column("checkpoint_wall", "Checkpoints used", "hour", meaning="Attempts that stopped themselves and were resumed."),
    Column("lost_wall", "Lost", "hour", meaning="Over, and nothing of it was kept."),
    Column("gpu", "GPU-hours", "gpu_hour", meaning="Wall hours × GPUs."),
    Column("good_gpu", "Good GPU-hours", "gpu_hour"),
    Column("lost_gpu", "Lost GPU-hours", "gpu_hour"),
    Column(
        "untold_wall", "Outcome not told", "hour", meaning="Over, and nothing tells how: neither good nor lost.", rank=3
    ),
    Column("open_count", "Without an end", "count", meaning="Attempts that were running when their log ended."),
    Column("open_wall", "Theirs at most", "hour", meaning="Hours to the end of their log; in no sum.", rank=3),
)


def blocks(scene: Scene) -> Iterator[Block]:
    yield _fates(scene, "wall")
    yield _fates(scene, "gpu")
    yield _by_site(scene)
    table = _causes(scene)
    yield _lost(scene, table)
    yield table


def _fates(scene: Scene, unit: str) -> Chart:
    """A bar a site, its parts what became of the time."""
    what = "Wall hours" if unit == "wall" else "GPU-hours"
    whole = getattr(scene.whole, unit)
    sites = sorted(scene.by_site.items(), key=lambda item: (-getattr(item[1], unit), item[0]))
    shown = [(name, totals) for name, totals in sites if totals.executed or totals.wall]
    worded = words.amounts(float(getattr(totals, unit)) for _, totals in shown)
    rows = [_fate_bar(name, totals, unit, (whole, worded)) for name, totals in shown]
    good = getattr(scene.whole, f"good_{unit}") + getattr(scene.whole, f"checkpoint_{unit}")
    share = (
        "No attempt tells how it ended."
        if scene.whole.good_ratio is None and whole
        else f"{words.percent(good / whole)} of {words.amount(whole)} {what[0].lower() + what[1:] if unit == 'wall' else what} were good or used as a checkpoint."
        if whole
        else "No time was used."
    )
    said = Said(
        f"{unit}-hours-by-site",
        f"{what} by site: good, checkpointed, lost",
        share,
        "No attempt executed.",
        "Amount, share of all, part that was good",
    )
    return parted(scene, said, rows, "fate")


def _fate_bar(name: str, totals: Totals, unit: str, among: tuple[float, Callable[[float], str]]) -> Bar:
    """`among`: the hours of all, and how those of one are written."""
    whole, worded = among
    if unit == "gpu" and totals.gpu_or_none is None:
        return Bar(name, name, (), "not told")
    told = tuple((key, label, float(getattr(totals, f"{key}_{unit}"))) for key, label in _PARTS)
    parts = tuple((label, hours) for key, label, hours in told if hours or key != "untold")
    amount = float(getattr(totals, unit))
    good = (parts[0][1] + parts[1][1]) / amount if amount and totals.told_wall else None
    said = [
        worded(amount),
        words.percent(amount / whole) if whole else "",
        f"{words.percent(good)} good" if good is not None else "",
    ]
    return Bar(name, name, parts, " · ".join(filter(None, said)))


def _lost(scene: Scene, table: Table) -> Chart:
    """The causes as bars, with share and n."""
    found = {str(row[0]): row for row in table.rows if row[1]}
    said = Said(
        "lost-hours-by-cause",
        "Wall hours lost by cause",
        table.finding,
        table.empty,
        "Hours, share of what was lost, n attempts",
    )

    def worded(amount: float, name: str) -> str:
        row = found.get(name)
        n = f" · n {words.count(row[4])}" if row else ""  # type: ignore[arg-type]
        return f"{hours(amount)} h · {words.percent(amount / scene.whole.lost_wall)}{n}"

    amounts = {name: float(row[1]) for name, row in found.items()}  # type: ignore[arg-type]
    hours = words.amounts(amounts.values())
    return bars(scene, said, "fate", amounts, worded, LOST_TIME)


def _by_site(scene: Scene) -> Table:
    whole = scene.whole
    return Table(
        id="time-by-site", title="Time by site", columns=(Column("site", "Site", dimension="site"), *_HOURS),
        rows=tuple(_cells(name, totals, whole.wall) for name, totals in scene.by_site.items()),
        totals=_cells("All", whole, whole.wall),
        finding=_finding(scene),
        foot="Good + checkpoints + lost + outcome not told = wall hours. What has no end, because its log ended before, is in no sum.",
    )  # fmt: skip


def _cells(name: str, t: Totals, whole: float) -> tuple[Scalar, ...]:
    return (
        name, t.wall, t.wall / whole if whole else None, t.good_wall_or_none, t.good_ratio, t.checkpoint_wall_or_none,
        t.lost_wall_or_none, t.gpu_or_none, t.good_gpu_or_none, t.lost_gpu_or_none, t.untold_wall, t.open_count, t.open_wall,
    )  # fmt: skip


def _finding(scene: Scene) -> str:
    name, first = next(iter(scene.by_site.items()))
    share = first.wall / scene.whole.wall if scene.whole.wall else 0.0
    return f"{name} gave {words.percent(share)} of {words.amount(scene.whole.wall)} wall hours."


def _causes(scene: Scene) -> Table:
    """Why time was lost, most GPU-hours first."""
    tries = scene.tries
    lost = tries.is_lost
    cause = tries.cause
    wall, gpu = cause.sums(tries.wall_hours * lost), cause.sums(tries.gpu_hours * lost)
    counts = cause.sums(scene.inside * lost)
    order = sorted(
        np.flatnonzero(cause.sums(lost * 1.0)).tolist(), key=lambda n: (-wall[n], -counts[n], cause.labels[n])
    )
    whole = scene.whole.lost_wall
    empty = (
        "No wall time was lost."
        if scene.whole.lost_wall_or_none is not None
        else "What was lost is not known: no attempt tells how it ended."
    )
    rows = [
        (cause.labels[n], float(wall[n]), float(wall[n]) / whole if whole else None, float(gpu[n]), int(counts[n]))
        for n in order
    ]
    return Table(
        id="lost-by-cause", title="Lost time by cause",
        columns=(
            Column("cause", "Cause"), Column("wall", "Wall hours", "hour", has_bar=True, rank=1),
            Column("share", "Share", "ratio", is_share=True), Column("gpu", "GPU-hours", "gpu_hour"),
            Column("attempts", "Attempts", "count"),
        ),
        rows=tuple(rows[: scene.rows]),
        totals=("All lost", whole, 1.0 if whole else None, scene.whole.lost_gpu, int(counts.sum())),
        finding=_lost_finding(rows, whole) if rows and whole else empty,
        foot="Attempts that never executed lost no wall time; their transfers are below.",
        left_out=first_of(scene.rows, len(rows)),
        empty=empty,
    )  # fmt: skip


def _lost_finding(rows: list[tuple[str, float, float | None, float, int]], whole: float) -> str:
    cause, wall, share, _, attempts = rows[0]
    return f"Most was lost to “{cause}”: {words.amount(wall)} h in {words.plural(attempts, 'attempt')}, {words.percent(share or 0.0)} of what was lost."


def checked(scene: Scene) -> Iterator[Note]:
    """Good, checkpoints and lost add up to all, said with its numbers; and what is left out of them."""
    whole = scene.whole
    parts = (whole.good_wall, whole.checkpoint_wall, whole.lost_wall, whole.untold_wall)
    is_whole = abs(sum(parts) - whole.wall) <= TOLERANCE * max(1.0, whole.wall)
    good, checkpoints, lost, untold = (words.amount(part) for part in parts)
    said = f"{good} h good + {checkpoints} h checkpoints used + {lost} h lost"
    said += f" + {untold} h without an outcome told" if whole.untold_wall else ""
    sentence = (
        f"{said} = {words.amount(whole.wall)} wall hours."
        if is_whole
        else f"{said} do not add up to {words.amount(whole.wall)} wall hours."
    )
    yield Note("parts-add-up", "ok" if is_whole else "critical", "sum of parts", sentence, "time-by-site")
    if whole.open_count:
        yield Note(
            "still-open", "info", "no end told",
            f"No end is told of {words.plural(whole.open_count, 'attempt')}: up to {words.amount(whole.open_wall)} wall hours and"
            f" {words.amount(whole.open_gpu)} GPU-hours until the end of what was read, which no sum counts.",
            "time-by-site",
        )  # fmt: skip
