"""What is asked together of attempts is answered as alone, in one reading of those that held resources."""

from typing import Any

import pytest

from gpuledger.metrics import Wanted, WantedSeries
from gpuledger.metrics.ask import StoreAsk
from tests.metrics.engines import DuckEngine
from tests.metrics.test_ask import DAY, attempt, moment

HELD = ("gpu_hours", "attempts", "lost_gpu_hours", "cpu_hours")
QUESTIONS = (
    Wanted((*HELD, "users"), ("user",)),
    Wanted(("cpu_hours", "wait_seconds_median"), ("queue",)),
    Wanted(("attempts_started", "wait_seconds_max", "attempts"), ("queue",)),
    Wanted(("gpu_hours", "busy_gpu_hours"), ("hour",)),
    Wanted(("jobs", "gpu_hours"), ("user", "hour")),
    Wanted((*HELD, "jobs", "mean_gpus", "peak_gpus", "attempts_ended")),
    Wanted(("gpu_hours",), ("user", "queue")),
)
SERIES = (
    WantedSeries(("gpu_hours", "cpu_hours"), 3600, "user"),
    WantedSeries(("attempt_hours",), 7200.0),
    WantedSeries(("gpu_hours",), 1800.0, "user", kept=("ada",)),
)


class Counting:
    """A store that notes how often its attempts were asked."""

    def __init__(self, store: Any) -> None:
        self.store, self.asked = store, 0

    def ask(self, expression: Any, period: Any = None) -> Any:
        self.asked += 1
        return self.store.ask(expression, period)


@pytest.fixture
def store(duck: DuckEngine) -> Counting:
    rows = [
        attempt(1, user_name="ada", queue="gpu", started_at=moment(0.5), cpu_count=2, gpu_busy_ratio=0.5),
        attempt(2, user_name="bob", queue="gpu", gpu_count=None, cpu_count=8),
        attempt(3, user_name="cyd", queue=None, gpu_count=4.0, ended_at=moment(30), state="failed"),
        attempt(4, user_name=None, queue="cpu", gpu_count=0.0, started_at=moment(-3), ended_at=moment(0.25)),
        attempt(5, user_name="ada", queue="cpu", started_at=None, state="cancelled"),
    ]
    return Counting(duck.load({"job_attempts": rows}))


def test_questions_and_series_asked_together_are_answered_as_alone(store: Counting) -> None:
    ask = StoreAsk(store, DAY, DAY.end)  # type: ignore[arg-type]
    answers, series = ask.with_series(QUESTIONS, SERIES)
    for answer, question in zip(answers, QUESTIONS, strict=True):
        [alone] = ask.together(question)
        assert answer.records() == alone.records()
        assert dict(answer.totals) == dict(alone.totals)
    for uses, wanted in zip(series, SERIES, strict=True):
        alone = ask.series_of(wanted.metrics, wanted.step, wanted.by, kept=wanted.kept)
        for use, other in zip(uses, alone, strict=True):
            assert (use.names, use.edges, use.left_out) == (other.names, other.edges, other.left_out)
            assert use.means.tolist() == other.means.tolist()


def test_one_reading_of_what_was_held_answers_all_sums_and_series(store: Counting) -> None:
    ask = StoreAsk(store, DAY, DAY.end)  # type: ignore[arg-type]
    of_held = [Wanted(HELD, ("user",)), Wanted(HELD), Wanted(("gpu_hours",), ("hour",))]
    ask.together(Wanted(("gpu_hours", "jobs"), ("gpu_model",)))  # what is looked for once is known now
    before = store.asked
    ask.with_series(of_held, SERIES[:2])
    assert store.asked == before + 1


def test_every_number_is_a_double(store: Counting) -> None:
    ask = StoreAsk(store, DAY, DAY.end)  # type: ignore[arg-type]
    for answer in ask.together(*QUESTIONS):
        numbers = [row[metric.name] for row in [*answer.records(), answer.totals] for metric in answer.metrics]
        assert {type(number) for number in numbers} <= {float, type(None)}
