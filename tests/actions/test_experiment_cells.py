"""Columns written at once are what the one rule of `model.job_summary` writes value by value."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuledger.actions.experiment.cells import cells, in_zone, line_parts
from gpuledger.model.job_summary import CellKind, cell, value

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1))
KINDS: dict[CellKind, tuple[st.SearchStrategy[Any], pa.DataType]] = {
    "text": (st.text(st.characters(exclude_categories=("Cs",))) | st.sampled_from(["=1+1", "'=x", "@a,b", 'a"b']), pa.string()),
    "texts": (st.lists(st.text(st.characters(exclude_categories=("Cs",)))), pa.list_(pa.string())),
    "whole": (st.integers(-(2**63), 2**63 - 1), pa.int64()),
    "number": (st.floats(allow_nan=False), pa.float64()),
    "flag": (st.booleans(), pa.bool_()),
    "instant": (MOMENTS, pa.timestamp("us")),
    "local": (MOMENTS, pa.timestamp("us")),
    "length": (st.text(st.characters(exclude_categories=("Cs",))), pa.string()),
}  # fmt: skip


def wanted(each: Any, kind: CellKind) -> str:
    return cell(each.replace(tzinfo=UTC) if kind == "instant" and each is not None else each, kind)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_column_is_written_as_its_values_are(kind: CellKind, data: st.DataObject) -> None:
    strategy, arrow = KINDS[kind]
    values = data.draw(st.lists(strategy | st.none(), max_size=8))
    assert cells(pa.array(values, arrow), kind).to_pylist() == [wanted(each, kind) for each in values]


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), min_size=2, max_size=5))
def test_cells_of_a_line_are_read_back(texts: list[str]) -> None:
    parts = [line_parts(cells(pa.array([each]), "text"), "text").to_pylist()[0] for each in texts]
    (row,) = csv.reader(io.StringIO(",".join(parts) + "\n", newline=""))
    assert [value(each, "text") or "" for each in row] == texts


@given(
    st.lists(MOMENTS | st.none(), min_size=1, max_size=5), st.sampled_from(["America/Chicago", "Asia/Kathmandu", "UTC"])
)
def test_local_stamps_are_those_of_the_zone(moments: list[datetime | None], name: str) -> None:
    zone = ZoneInfo(name)
    local = [m and m.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) for m in moments]
    assert in_zone(pa.array(moments, pa.timestamp("us")), zone).to_pylist() == local


def test_both_times_of_the_hour_that_occurs_twice_are_told() -> None:
    first = datetime(2025, 11, 2, 6, 30)
    moments = pa.array([first, first + timedelta(hours=1)], pa.timestamp("us"))
    told = in_zone(moments, ZoneInfo("America/Chicago"))
    assert cells(told, "local").to_pylist() == ["2025-11-02T01:30:00"] * 2
