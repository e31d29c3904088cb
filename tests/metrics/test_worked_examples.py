"""Every worked example gives its answer on DuckDB, on PostgreSQL and on Spark, whatever zone the server is in."""

from typing import Any

import pytest

from gpuledger.metrics.ask import StoreAsk
from gpuledger.metrics.registry import BUILT_IN, BY_DIMENSION
from tests.metrics.worked import Example, examples

EXAMPLES = list(examples())
ENGINES = ["duck", pytest.param("postgres", marks=pytest.mark.postgres), pytest.param("spark", marks=pytest.mark.spark)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_worked_example_gives_its_answer(example: Example, engine: str, request: pytest.FixtureRequest) -> None:
    store = request.getfixturevalue(engine).load(example.rows)
    ask = StoreAsk(store, example.period, example.period.end, example.period.zone, example.where)
    answer = ask.ask(*example.metrics, by=example.by)
    assert answer.records() == [near(row) for row in example.answer]
    for name, value in example.totals.items():
        assert answer.totals[name] == near({name: value})[name]


def near(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
        for name, value in row.items()
    }


def test_every_metric_has_a_worked_example() -> None:
    assert set(BUILT_IN) - {name for example in EXAMPLES for name in example.metrics} == set()


def test_examples_of_the_calendar_cross_both_nights_the_clock_changes() -> None:
    assert {example.name for example in EXAMPLES} >= {"short_night", "long_night"}


def test_every_column_dimension_can_be_asked(duck: Any) -> None:
    """A dimension that no example names is still a column of the attempts, of the GPUs' states or of events."""
    for table, name, metric, whole in (
        ("job_attempts", "overlap", "gpu_hours", 7.0),
        ("gpu_states", "classes_of_capacity", "present_gpu_hours", 5.0),
        ("device_events", "events_by_kind", "device_events", 5.0),
    ):
        example = next(example for example in EXAMPLES if example.name == name)
        store = duck.load(example.rows)
        for dimension in (each for each in BY_DIMENSION.values() if each.is_of(table)):
            answer = StoreAsk(store, example.period, example.period.end).ask(metric, by=[dimension.name])
            assert answer.totals[metric] == pytest.approx(whole), dimension.name
            if not dimension.calendar:
                assert sum(answer.of(metric).values()) == pytest.approx(whole), dimension.name
