"""A period as people choose it: one way at a time, spelled as its example, in the display zone."""

from datetime import UTC, datetime

import pytest

from gpuledger.model.choice import PeriodChoice
from gpuledger.model.errors import UsageError
from gpuledger.model.period import Period

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("choice", "start", "end"),
    [
        (PeriodChoice(month="2026-05"), at(2026, 5, 1), at(2026, 6, 1)),
        (PeriodChoice(week="2026-W20"), at(2026, 5, 11), at(2026, 5, 18)),
        (PeriodChoice(day="2026-05-01"), at(2026, 5, 1), at(2026, 5, 2)),
        (PeriodChoice(quarter="2026-q2"), at(2026, 4, 1), at(2026, 7, 1)),
        (PeriodChoice(year="2026"), at(2026, 1, 1), at(2027, 1, 1)),
        (PeriodChoice(fiscal_year="2026"), at(2025, 10, 1), at(2026, 10, 1)),
        (PeriodChoice(fiscal_year="FY2026"), at(2025, 10, 1), at(2026, 10, 1)),
        (PeriodChoice(last="24h"), at(2026, 6, 14, 12), NOW),
        (PeriodChoice(last="1d", end="2026-05-02"), at(2026, 5, 1), at(2026, 5, 2)),
        (PeriodChoice(start="2026-05-01"), at(2026, 5, 1), NOW),
        (PeriodChoice(end="2026-05-03"), at(2026, 4, 3), at(2026, 5, 3)),
        (PeriodChoice(start="2026-05-01", end="2026-05-03T06:00Z"), at(2026, 5, 1), at(2026, 5, 3, 6)),
    ],
)
def test_every_way_to_say_a_period(choice: PeriodChoice, start: datetime, end: datetime) -> None:
    period = choice.period(NOW, "UTC")
    assert (period.start, period.end) == (start, end)


def test_a_month_is_of_the_display_zone() -> None:
    period = PeriodChoice(month="2026-05").period(NOW, "America/Chicago")
    assert period.start == at(2026, 5, 1, 5)


def test_no_choice_is_the_default() -> None:
    assert PeriodChoice().period(NOW, "UTC", default_last="1d") == Period(at(2026, 6, 14, 12), NOW, "UTC", "last")


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        (PeriodChoice(month="2026-05", last="7d"), "One period at a time: --last and --month do not go together"),
        (PeriodChoice(start="2026-05-01", day="2026-05-01"), "--from and --day do not go together"),
        (PeriodChoice(month="2026-05", end="2026-05-03"), "--to and --month do not go together"),
        (PeriodChoice(month="2026-05-01"), "--month '2026-05-01' is not understood; write --month 2026-05"),
        (PeriodChoice(week="20"), "write --week 2026-W20"),
        (PeriodChoice(month="2026-13"), "'2026-13' is not a period"),
        (PeriodChoice(last="soon"), "'soon' is not a length of time"),
        (PeriodChoice(start="2026-05-03", end="2026-05-01"), "before it begins"),
        (PeriodChoice(start="yesterday"), "'yesterday' is not a date"),
    ],
)
def test_what_is_not_understood_is_one_sentence_with_the_right_spelling(choice: PeriodChoice, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        choice.period(NOW, "UTC")
    assert sentence in str(error.value)
