"""The text form: 100 columns, the same numbers, nothing that a terminal would obey."""

import pytest

from gpuledger.model.document import Column, Document, Table
from gpuledger.render.text import to_text
from gpuledger.render.text.table import table_lines
from gpuledger.render.text.words import Sheet, cut, width
from tests.render import samples

DOCUMENTS = [samples.usage(samples.BANNERS), samples.shapes(), samples.hostile(), samples.edges()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_no_line_is_longer_than_a_hundred_columns(document: Document) -> None:
    assert [line for line in to_text(document).splitlines() if width(line) > 100] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_nothing_from_data_can_move_the_cursor_or_turn_the_text(document: Document) -> None:
    assert all(c == "\n" or c.isprintable() for c in to_text(document))


def test_the_text_says_period_zone_coverage_numbers_and_staleness() -> None:
    text = to_text(samples.usage(samples.BANNERS))
    for words in ("◷ Stale: The newest data is 3 h 10 min old.", "17 Oct 14:00 – 16 Nov 2026 14:00 UTC", "99.2 % covered",
                  "29,197 GPU-h  ▲ 8.3 %", "Changes vs previous 30 d.", "not known  no price for H200", "limit 64", "no data 3 Nov 18:00"):  # fmt: skip
        assert words in text


def test_the_totals_stand_first_and_the_others_last() -> None:
    lines = to_text(samples.usage()).split("Usage by user")[1].splitlines()
    names = [line.split("  ")[0] for line in lines if line[:1].isalnum()]
    assert names[:3] == ["User", "All 29 users", "okafor"]
    assert names[names.index("oyelaran") + 1] == "17 others"


def test_columns_stay_under_their_heads_with_wide_letters() -> None:
    rows = to_text(samples.hostile()).splitlines()
    head = next(line for line in rows if line.startswith("User ") and "Share" in line)
    row = next(line for line in rows if line.startswith("名前🙂") and "%" in line)
    assert width(row[: row.index("%") + 1]) == width(head[: head.index("Share")]) + 5


def test_a_text_is_cut_by_columns_not_letters() -> None:
    assert cut("名前名前", 5) == "名前…"
    assert width(cut("a" * 300, 36)) == 36


def test_both_sides_of_a_comparison_and_their_difference_have_the_same_decimals() -> None:
    keys = ("first", "second", "difference")
    columns = (Column("site", "Site"), *(Column(key, key.title(), "hour") for key in keys))
    table = Table("hours", "Hours", columns, (("OSPool", 26.84, 997.1, 970.26), ("AWS", 0.26, None, None)))
    *_, ospool, aws = table_lines(table, "UTC", Sheet())
    assert (ospool.split(), aws.split()) == (["OSPool", "27", "997", "970"], ["AWS", "<1", "–", "–"])
