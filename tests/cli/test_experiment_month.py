"""A month of a report is that of one year."""

import pytest

from gpuledger.cli.experiment_report import _chosen
from gpuledger.model.choice import PeriodChoice
from gpuledger.model.errors import UsageError


def test_a_month_without_its_year_is_asked_for_it() -> None:
    """The earlier tool took that month of every year together."""
    with pytest.raises(UsageError, match="write --month 2026-09"):
        _chosen(PeriodChoice(month="9"), None, 2026)
    assert _chosen(PeriodChoice(month="2026-09"), None, 2026).month == "2026-09"
