"""Whatever stands in a file, every row is an event or a problem, and nothing stops but for a reason in words."""

import io
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from gpuledger.model.batch import Batch
from gpuledger.model.errors import LedgerError
from gpuledger.model.problems import Problem
from gpuledger.sources import Context
from gpuledger.sources.thermal_csv import ThermalCsv
from tests.sources.thermal_csv.reading import HEADER

CELL = st.one_of(
    st.text(st.characters(exclude_characters=',"\r\n', exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["n1", "GPU_21", "Throttled", "thermally failed", "2025-02-03", "1738591200", "2/14/2025 1:05 PM", "90.5", "-1e400", "nan"]),
    st.floats().map(str), st.integers().map(str), st.dates().map(str), st.datetimes().map(str),
)  # fmt: skip
CONTEXT = Context("file:0", "America/Chicago", "c", "a.csv")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELL, min_size=7, max_size=7), max_size=12))
def test_every_row_is_an_event_or_a_problem(rows: list[list[str]]) -> None:
    lines = [",".join(row) for row in rows]
    content = "\n".join([HEADER, *lines]).encode()
    items = list(ThermalCsv().parse(io.BytesIO(content), CONTEXT))
    told = sum(len(item.rows) for item in items if isinstance(item, Batch)) + sum(
        isinstance(item, Problem) for item in items
    )
    assert told == len(rows)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_words(content: bytes) -> None:
    for head in (b"", HEADER.encode() + b"\n", b"\xef\xbb\xbfhost;time;gpu;reason\r\n"):
        ThermalCsv().claims(head + content, "a.csv")
        with suppress(LedgerError):
            list(ThermalCsv().parse(io.BytesIO(head + content), CONTEXT))
