"""Who held GPUs: of the chosen models, of secondary capacity, of all; users add up to their class on both sides."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gpuledger.metrics import Name
from gpuledger.model.document import Column, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._pool.scene import Pool, class_label
from gpuledger.reports._scene import named

PRIMARY, SECONDARY = "observed_primary_gpu_hours", "observed_secondary_gpu_hours"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Counted:
    """A column of GPU-hours: what a row of (user, class, model) adds to it."""

    key: str
    label: str
    meaning: str
    hours: Callable[[Row], float]


@dataclass(frozen=True)
class Ranking:
    """A table of users: which rows count, and in which columns, the first of them the whole."""

    id: str
    title: str
    columns: tuple[Counted, ...]
    rows: tuple[Row, ...]
    empty: str


def users(pool: Pool, models: Sequence[str]) -> Iterator[Table]:
    """Of the chosen models, of secondary capacity, and all."""
    rows = tuple(pool.answers["user"].records())
    if models:
        yield _table(pool, _of_models(pool, models, rows))
    yield _table(pool, _of_secondary(pool, rows))
    yield _table(pool, _of_all(rows))


def _of_models(pool: Pool, models: Sequence[str], rows: tuple[Row, ...]) -> Ranking:
    """By class on the primary side, then the secondary side of all."""
    of_class = tuple(_of_class(name, PRIMARY, "primary") for name in pool.classes)
    what = models[0] if len(models) == 1 else f"{len(models)} models"
    return Ranking(
        "users-of-model",
        f"Users of {what}",
        (_WHOLE, *of_class, _LENT),
        tuple(row for row in rows if row["gpu_model"] in models),
        f"No job ran on {what}.",
    )


def _of_secondary(pool: Pool, rows: tuple[Row, ...]) -> Ranking:
    whole = Counted("gpu_hours", "GPU-hours", "GPU-hours of secondary jobs.", lambda row: float(row[SECONDARY]))
    columns = (whole, *(_of_class(name, SECONDARY, "secondary") for name in pool.classes))
    return Ranking("users-secondary", "Users of secondary capacity", columns, rows, "No secondary job ran.")


def _of_all(rows: tuple[Row, ...]) -> Ranking:
    return Ranking("users", "All users", (_WHOLE, _OWN, _LENT), rows, "No job ran.")


def _of_class(name: str, metric: str, side: str) -> Counted:
    label = class_label(name)
    return Counted(name, label, f"GPU-hours of {side} jobs on {words.inside(label)} GPUs.", lambda row: row[metric] if row["class"] == name else 0.0)  # fmt: skip


_WHOLE = Counted("gpu_hours", "GPU-hours", "GPU-hours of both sides.", lambda row: row[PRIMARY] + row[SECONDARY])
_OWN = Counted("primary", "Primary", "GPU-hours of jobs of the primary side.", lambda row: float(row[PRIMARY]))
_LENT = Counted(
    "secondary", "Secondary", "GPU-hours of secondary (backfill) jobs on GPUs without a primary job.", lambda row: float(row[SECONDARY])
)  # fmt: skip


def _table(pool: Pool, ranking: Ranking) -> Table:
    """Largest first; a column of a class that nobody used is left out."""
    amounts = _amounts(ranking)
    whole = _sum(amounts.values(), len(ranking.columns))
    kept = [n for n, amount in enumerate(whole) if n == 0 or amount > 0]
    named_rows = sorted(amounts.items(), key=lambda pair: (-pair[1][0], named(pair[0])))
    shown, rest = named_rows[: pool.rows], named_rows[pool.rows :]
    others = _sum((amount for _, amount in rest), len(whole))
    return Table(
        id=ranking.id,
        title=ranking.title,
        columns=(Column("user", "User", dimension="user"), *_columns(ranking, kept, whole)),
        rows=tuple(_cells(named(name), amount, whole, kept) for name, amount in shown),
        totals=_cells(f"All {len(amounts)} users" if len(amounts) > 1 else "All", whole, whole, kept)
        if amounts
        else None,
        others=_cells(words.plural(len(rest), "other"), others, whole, kept) if rest else None,
        finding=_concentration(named_rows, whole[0]),
        foot="GPU-hours over the time observed. A GPU on both sides at once is its primary job's.",
        left_out=f"{words.plural(len(rest), 'other')} in the last row; --rows names more." if rest else "",
        empty=ranking.empty,
    )


def _amounts(ranking: Ranking) -> dict[Name, list[float]]:
    """Per user the hours of each column; users without any are left out."""
    found: dict[Name, list[float]] = defaultdict(lambda: [0.0] * len(ranking.columns))
    for row in ranking.rows:
        hours = found[row["user"]]
        for number, column in enumerate(ranking.columns):
            hours[number] += column.hours(row)
    return {name: hours for name, hours in found.items() if hours[0] > 0}


def _sum(amounts: Iterable[Sequence[float]], width: int) -> list[float]:
    held = list(amounts)
    return [sum(amount[number] for amount in held) for number in range(width)]


def _columns(ranking: Ranking, kept: Sequence[int], whole: Sequence[float]) -> tuple[Column, ...]:
    """Of the columns beside the whole the two largest stay where room is short."""
    first, *rest = kept
    largest = sorted(rest, key=lambda number: -whole[number])[:2]
    lead = ranking.columns[first]
    return (
        Column(lead.key, lead.label, "gpu_hour", meaning=lead.meaning, has_bar=True, rank=1),
        Column("share", "Share", "ratio", meaning="Part of all of them.", is_share=True, rank=1),
        *(_beside(ranking.columns[number], is_large=number in largest) for number in rest),
    )


def _beside(column: Counted, *, is_large: bool) -> Column:
    return Column(column.key, column.label, "gpu_hour", meaning=column.meaning, rank=2 if is_large else 3)


def _cells(name: str, amount: Sequence[float], whole: Sequence[float], kept: Sequence[int]) -> tuple[Scalar, ...]:
    first, *rest = (amount[number] for number in kept)
    return (name, first, first / whole[0] if whole[0] else None, *rest)


def _concentration(rows: Sequence[tuple[Name, Sequence[float]]], whole: float) -> str:
    """How much the first and the first three hold."""
    if not rows:
        return ""
    first, share = named(rows[0][0]), rows[0][1][0] / whole
    said = f"{first} held {words.percent(share)} of {words.amount(whole)} GPU-hours"
    if len(rows) <= 3:
        return f"{said}."
    return f"{said}, the first three {words.percent(sum(amount[0] for _, amount in rows[:3]) / whole)}."
