"""Numbers in sentences read as the same numbers in tables and cards."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuledger.model.period import Period, last, named
from gpuledger.render import format as cells
from gpuledger.reports import _words as words

AMOUNTS = st.floats(min_value=-1e7, max_value=1e7, allow_nan=False)


@given(AMOUNTS)
def test_an_amount_reads_as_gpu_hours_in_a_card(value: float) -> None:
    assert words.amount(value) == cells.number(value, "gpu_hour", suffix=False)


@given(AMOUNTS)
def test_gpus_and_counts_read_as_in_a_card(value: float) -> None:
    assert words.gpus(value) == cells.number(value, "gpu", suffix=False)
    assert words.count(value) == cells.number(value, "count", suffix=False)


@given(st.floats(min_value=0, max_value=1))
def test_a_share_reads_as_in_a_table_and_is_never_rounded_to_certainty(ratio: float) -> None:
    assert words.percent(ratio) == cells.number(ratio, "ratio")


@given(st.floats(min_value=0.5, max_value=1e8))
def test_a_length_of_time_reads_as_in_a_table(seconds: float) -> None:
    assert words.duration(seconds) == cells.duration(seconds)


@pytest.mark.parametrize(
    ("period", "said", "before"),
    [
        (last("30d", datetime(2026, 11, 20, tzinfo=UTC)), "last 30\u202fd", "previous 30\u202fd"),
        (last("24h", datetime(2026, 11, 20, tzinfo=UTC)), "last 24\u202fh", "previous 24\u202fh"),
        (named("2026-05"), "May 2026", "April 2026"),
        (named("2026-05-04"), "4 May 2026", "3 May 2026"),
        (named("2026-W20"), "week 20 of 2026", "week 19 of 2026"),
        (
            Period(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 8, 6, tzinfo=UTC)),
            "1 May 2026 to 8 May 2026 06:00",
            "previous 7 d 6 h",
        ),
    ],
)
def test_a_period_is_called_as_people_call_it(period: Period, said: str, before: str) -> None:
    assert words.of_period(period) == said
    assert words.previous(period) == before.replace("7 d 6 h", "7\u202fd 6\u202fh")


def test_a_label_keeps_its_acronym_within_a_sentence() -> None:
    assert [words.inside(label) for label in ("User", "GPU model", "QoS")] == ["user", "GPU model", "QoS"]
