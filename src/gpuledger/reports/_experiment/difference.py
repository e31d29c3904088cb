"""Whether two experiments differ by more than chance: shares and median run times with their 95 % intervals.

Told from two Documents of the report, so that two ledgers, two tables or two selections of one compare alike.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from gpuledger.model.document import Column, Document, Format, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.failing import wilson

NOTCH = 1.57
"""A median's 95 % interval is ± this × (upper − lower quartile) ÷ √n. Source: McGill, Tukey, Larsen 1978, Am. Stat. 32, 12."""
FEWEST = 5
_SHARES = (("attempts that succeeded", "succeeded", "executed"), ("nodes that succeeded", "nodes_done", "nodes"))


@dataclass(frozen=True)
class Difference:
    """The second less the first, and the interval that holds the true difference 19 times in 20."""

    first: float
    second: float
    low: float
    high: float

    @property
    def delta(self) -> float:
        return self.second - self.first

    @property
    def verdict(self) -> str:
        """In words."""
        if self.low > 0:
            return "surely more"
        return "surely less" if self.high < 0 else "may be chance"


def of_shares(first: tuple[int, int], second: tuple[int, int]) -> Difference | None:
    """Of two shares (those that did, all). None where one is of nothing. Source: Newcombe 1998, Stat. Med. 17, 873."""
    if not first[1] or not second[1]:
        return None
    p, q = first[0] / first[1], second[0] / second[1]
    (p_low, p_high), (q_low, q_high) = wilson(*first), wilson(*second)
    delta = q - p
    low = delta - sqrt((q - q_low) ** 2 + (p_high - p) ** 2)
    return Difference(p, q, low, delta + sqrt((q_high - q) ** 2 + (p - p_low) ** 2))


def of_medians(first: Mapping[str, Any], second: Mapping[str, Any]) -> Difference | None:
    """Of two medians with quartiles and n. None where one is of fewer than five values."""
    if min(first["count"], second["count"]) < FEWEST:
        return None
    half = sqrt(sum((NOTCH * (one["q3"] - one["q1"])) ** 2 / one["count"] for one in (first, second)))
    delta = second["median"] - first["median"]
    return Difference(first["median"], second["median"], delta - half, delta + half)


def tables(first: Document, second: Document, names: tuple[str, str]) -> tuple[Table, Table]:
    """The shares by site and in all, and the median run times by GPU model and site."""
    shares, medians = list(_shares(first, second)), list(_medians(first, second))
    return (
        _table("difference-of-success", "Is the difference in success more than chance?", shares, names, ("ratio", "point")),
        _table("difference-of-run-time", "Is the difference in run time more than chance?", medians, names, ("second", "second")),
    )  # fmt: skip


def _shares(first: Document, second: Document) -> Iterator[tuple[str, Difference]]:
    one, other = _rows(first, "success-by-site"), _rows(second, "success-by-site")
    for name in dict.fromkeys([*one, *other]):
        for what, did, of in _SHARES:
            pair = [_share(rows[name], did, of) if name in rows else (0, 0) for rows in (one, other)]
            if found := of_shares(pair[0], pair[1]):
                yield f"{name}: {what}", found


def _share(row: Mapping[str, Any], did: str, of: str) -> tuple[int, int]:
    """Those that did, and all whose outcome is told; of nothing where none is."""
    return (0, 0) if row[did] is None else (int(row[did]), int(row.get(f"{of}_told", row[of])))


def _medians(first: Document, second: Document) -> Iterator[tuple[str, Difference]]:
    one, other = _rows(first, "runtimes"), _rows(second, "runtimes")
    for name in one:
        if name in other and (found := of_medians(one[name], other[name])):
            yield name, found


def _rows(document: Document, id_: str) -> dict[str, dict[str, Any]]:
    """A table's rows by their name, all of them together first."""
    table = next((each for each in document.tables if each.id == id_), None)
    if table is None:
        return {}
    keys = [column.key for column in table.columns]
    rows = [*([table.totals] if table.totals else []), *table.rows]
    return {str(row[0]): dict(zip(keys, row, strict=True)) for row in rows}


def _table(
    id_: str, title: str, found: list[tuple[str, Difference]], names: tuple[str, str], formats: tuple[Format, Format]
) -> Table:
    value, change = formats
    sure = [name for name, each in found if each.verdict != "may be chance"]
    rows: list[tuple[Scalar, ...]] = [
        (name, each.first, each.second, each.delta, each.low, each.high, each.verdict) for name, each in found
    ]
    return Table(
        id=id_, title=title,
        columns=(
            Column("what", "Of"), Column("first", names[0], value), Column("second", names[1], value), Column("delta", "Difference", change, rank=1),
            Column("low", "At least", change), Column("high", "At most", change), Column("verdict", "It is", rank=1),
        ),
        rows=tuple(rows),
        finding=f"{words.plural(len(sure), 'difference')} of {words.count(len(found))} {'is' if len(sure) == 1 else 'are'} more than chance." if found else "",
        foot="At least, at most: 95 % interval, for each row alone. Attempts of one node are not independent, so true intervals are wider.",
        empty="Nothing that both tell can be compared.",
    )  # fmt: skip
