"""SQL that was made of another question of the same shape is what Ibis would have written."""

from datetime import UTC, datetime, timedelta

import ibis
import pytest

from gpuledger.metrics.bins import cut
from gpuledger.metrics.coverage import readings
from gpuledger.metrics.events import changes
from gpuledger.metrics.jobs import with_job_key
from gpuledger.metrics.relation import held, instant, placed
from gpuledger.metrics.runaway import runaways
from gpuledger.metrics.states.timeline import cells
from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import GPU_STATES, JOB_ATTEMPTS, SNAPSHOTS
from gpuledger.store._compile import _KNOWN, compiled

START = datetime(2026, 5, 1, 6, 59, 58, 250_000, tzinfo=UTC)
WINDOWS = [Period(START + timedelta(minutes=n), START + timedelta(days=1, minutes=n)) for n in (0, 1, 77)]


def written(expression: ibis.Table) -> str:
    return str(ibis.to_sql(expression, dialect="duckdb", pretty=False))


QUESTIONS = {
    "held": lambda period: with_job_key(held(period, ("gpu_count", "user_name")), period),
    "placed": lambda period: placed("ended", period, ("state",)),
    "runaways": runaways,
    "readings": readings,
    "cells": lambda period: cells(period, cut(period, 3600, "UTC")),
    "changes": lambda period: changes(held(period), {}, [ibis.literal(1.5)], cut(period, "day", "America/New_York")),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_same_question_of_another_moment_is_compiled_from_its_shape(name: str) -> None:
    for number, period in enumerate(WINDOWS):
        before = set(_KNOWN)
        expression = QUESTIONS[name](period)
        assert compiled(expression)[0] == written(expression)
        assert number == 0 or set(_KNOWN) == before


def test_the_tables_that_are_read_are_told() -> None:
    assert compiled(held(WINDOWS[0]))[1] == (JOB_ATTEMPTS, SNAPSHOTS)


def between(first: datetime, last: datetime, other: datetime) -> ibis.Table:
    rows = unbound(GPU_STATES)
    return rows.filter(rows.time >= instant(first), rows.time < instant(last), rows.time != instant(other))


def test_moments_that_are_equal_in_one_question_only_make_two_shapes() -> None:
    """Ibis writes a condition that stands twice once."""
    a, b, c = (datetime(2026, 5, day) for day in (1, 2, 3))
    for moments in ((a, b, c), (a, b, a), (b, a, a), (c, c, c), (c, a, b)):
        expression = between(*moments)
        assert compiled(expression)[0] == written(expression)


@pytest.mark.parametrize(
    "value", [0, 1, True, 127, 128, -5, 1 << 31, (1 << 31) - 1, 1 << 62, -(1 << 40), 2.5, "it's", None]
)
def test_any_value_stands_as_it_is(value: object) -> None:
    rows = unbound(JOB_ATTEMPTS)
    expression = rows.select("attempt_id", value=ibis.literal(value) if value is not None else ibis.null("int64"))
    assert compiled(expression)[0] == written(expression)


def test_numbers_of_one_size_have_one_shape_and_others_do_not() -> None:
    rows = unbound(JOB_ATTEMPTS)
    sqls = [compiled(rows.select(n=ibis.literal(value)))[0] for value in (5, 6, 5_000_000_000, 6_000_000_000)]
    assert len(set(sqls)) == 4
