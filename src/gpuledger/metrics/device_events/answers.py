"""From events to answers: one query for all questions that are asked together."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from gpuledger.metrics import Answer, Metric
from gpuledger.metrics.answers import Found, LazyTotals, columns, key_of
from gpuledger.metrics.device_events.question import EventQuestion
from gpuledger.metrics.question import expression_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

Fetch = Callable[["ir.Table"], pa.Table]
Asked = tuple[EventQuestion, Sequence[Metric]]
QUESTION, BIN = "question", "bin"


def answers(fetch: Fetch, asked: Sequence[Asked]) -> tuple[Answer, ...]:
    """The answers of questions asked together, each with its totals."""
    found = _found(fetch, asked)
    return tuple(_answer(fetch, *each, rows) for each, rows in zip(asked, found, strict=True))


def _answer(fetch: Fetch, question: EventQuestion, wanted: Sequence[Metric], found: Found) -> Answer:
    def totals() -> dict[str, float | None]:
        return _found(fetch, [(question.without_dimensions(), wanted)])[0][()] if question.by else found[()]

    names = tuple(metric.name for metric in wanted)
    rows = columns(question, wanted, found)
    return Answer(rows, question.by, tuple(wanted), question.period, LazyTotals(names, totals))


def _found(fetch: Fetch, asked: Sequence[Asked]) -> list[Found]:
    """What each question found: every metric by name."""
    metrics = list({metric.name: metric for _, wanted in asked for metric in wanted}.values())
    width = max(len(question.columns) for question, _ in asked)
    parts = (_aggregate(number, *each, metrics, width) for number, each in enumerate(asked))
    found: list[Found] = [defaultdict(dict) for _ in asked]
    for row in fetch(ibis.union(*parts)).to_pylist():
        question, wanted = asked[row[QUESTION]]
        names = tuple(row[f"d{place}"] for place in range(len(question.columns)))
        values = {metric.name: row[f"m{place}"] for place, metric in enumerate(metrics) if metric in wanted}
        found[row[QUESTION]][key_of(question, names, row[BIN])] = values
    return found


def _aggregate(
    number: int, question: EventQuestion, wanted: Sequence[Metric], metrics: Sequence[Metric], width: int
) -> "ir.Table":
    """A row a name: question, d0 …, bin, then m0 … in the order of `metrics`; null where the question has none."""
    rows = question.rows()
    keys = question.keys(rows)
    asked = {f"m{place}": expression_of(one, rows) for place, one in enumerate(metrics) if one in wanted}
    found = (rows.group_by(**keys) if keys else rows).agg(**asked)
    return found.select(
        ibis.literal(number, type="int64").name(QUESTION),
        *(found[name] if name in keys else ibis.null("string").name(name) for name in map("d{}".format, range(width))),
        found[BIN] if BIN in keys else ibis.null("int64").name(BIN),
        *(
            (found[name].cast("float64") if name in asked else ibis.null("float64")).name(name)
            for name in map("m{}".format, range(len(metrics)))
        ),
    )
