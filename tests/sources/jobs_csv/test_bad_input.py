"""A bad row is a problem with line and reason; a bad file or mapping is one clear sentence."""

import gzip
import io

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpuledger.model.errors import ConfigError, LedgerError, NoData, SourceError
from tests.sources.jobs_csv.reading import COLUMNS, GOOD, HEADER, found

BAD = "bad,bad"
T = "2026-05-01 08:00:00,2026-05-01 09:00:00,2026-05-01 11:00:00"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"2,ann,{T},two,completed", "gpu_count: 'gpus' is not a number"),
        (f"2,ann,{T},-1,completed", "gpu_count is negative"),
        (f"2,ann,{T},nan,completed", "gpu_count is not finite"),
        (f"2,ann,{T},inf,completed", "gpu_count is not finite"),
        ("2,ann,2026-05-01 08:00:00,2026-05-01 12:00:00,2026-05-01 11:00:00,1,completed", "it ends before it starts"),
        ("2,ann,2026-05-01 08:00:00,noon,2026-05-01 11:00:00,1,completed", "started_at: 'start' is not a moment"),
        ("2,ann,2026-05-01 08:00:00,2026-05-01 09:00:00,,1,completed", "its state says that it ended, and no end is known"),
        ("2,ann,2026-05-01 08:00:00,2026-05-01 09:00:00,9999-12-31 00:00:00,1,completed", "ended_at is not between 1970 and 2100; is `stamps` right?"),
        ("2,ann,,,,1,pending", "no moment of it is known"),
        (f",ann,{T},1,completed", "a part of its id is not known"),
        (f"2,ann,{T},1", "the line has 6 fields, the header 7"),
        (f"2,ann,{T},1,completed,more", "the line has 8 fields, the header 7"),
    ],
)  # fmt: skip
def test_a_bad_row_is_a_problem_and_the_others_are_kept(row: str, reason: str) -> None:
    told = found(f"{HEADER}{GOOD}{row}\n{GOOD.replace('1,ann', '3,bob')}")
    assert told.reasons == [(3, reason)]
    assert [one["user_name"] for one in told.rows] == ["ann", "bob"]
    assert row.split(",")[1] in told.problems[0].row


def test_a_negative_duration_is_a_problem() -> None:
    columns = {name: text for name, text in COLUMNS.items() if name != "ended_at"}
    told = found("id,user,submit,start,gpus,state,took\n1,a,,2026-05-01 09:00:00,1,,-5\n2,b,,2026-05-01 09:00:00,1,,60\n", columns=columns, duration="took")  # fmt: skip
    assert told.reasons == [(2, "the duration is negative")]
    assert [(one["state"], (one["ended_at"] - one["started_at"]).seconds) for one in told.rows] == [("other", 60)]


def test_text_in_a_number_column_names_the_files_column() -> None:
    told = found(HEADER + GOOD.replace(",2,", ",many,"), numbers=["gpus"], columns=COLUMNS | {"gpu_count": "gpus / 2"})
    assert told.reasons == [(2, "column 'gpus' is not a number")]


def test_a_declared_unknown_is_null_not_zero_and_no_problem() -> None:
    told = found(HEADER + GOOD.replace(",2,", ",N/A,"), numbers=["gpus"], unknown={"gpus": ["N/A"]})
    assert [one["gpu_count"] for one in told.rows] == [None]
    everywhere = found(HEADER + GOOD.replace("ann", "-").replace(",2,", ",-,"), unknown={"*": ["-"]})
    assert [(one["user_name"], one["gpu_count"]) for one in everywhere.rows] == [(None, None)]


def test_an_empty_cell_is_unknown_for_a_number_and_empty_for_a_name() -> None:
    told = found(HEADER + GOOD.replace("ann", "").replace(",2,", ",,"))
    assert [(one["user_name"], one["gpu_count"]) for one in told.rows] == [("", None)]


def test_repeated_ids_are_readings_of_one_attempt_and_said() -> None:
    told = found(HEADER + GOOD + GOOD)
    assert {one["attempt_id"] for one in told.rows} == {"1"}
    assert any("repeat the id of an earlier row: 1;" in remark for remark in told.remarks)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + (HEADER + GOOD).encode(),
        (HEADER + GOOD).encode("utf-16"),
        (HEADER + GOOD).replace("\n", "\r\n").encode(),
        (HEADER + GOOD).replace(",", ";").encode(),
        (HEADER + GOOD).replace(",", "\t").encode(),
        (HEADER + GOOD + "\n\n").encode(),
        (HEADER + GOOD).rstrip("\n").encode(),
        "\n".join('"' + line.replace(",", '","') + '"' for line in (HEADER + GOOD).splitlines()).encode(),
        gzip.compress((HEADER + GOOD).encode()),
    ],
    ids=["byte-order mark", "UTF-16", "CRLF", ";", "tab", "blank lines", "no last line end", "quotes", "gzip"],
)
def test_the_same_rows_in_another_dress_are_the_same(content: bytes) -> None:
    assert found(content) == found(HEADER + GOOD)


def test_quoted_delimiters_and_line_ends_stay_in_their_cell() -> None:
    told = found(HEADER + GOOD.replace("ann", '"Ann; ""the"", \nfirst"'))
    assert [one["user_name"] for one in told.rows] == ['Ann; "the", \nfirst']


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["\n", "\r\n", GOOD, "bad\n", GOOD.replace(",2,", ",x,"), f"{BAD}\r\n"]), max_size=30))
def test_the_line_of_a_problem_is_the_files_line(lines: list[str]) -> None:
    text = HEADER + "".join(lines)
    told = found(text)
    expected = [number for number, line in enumerate(text.split("\n"), 1) if line.startswith("bad") or ",x," in line]
    assert sorted(problem.line for problem in told.problems) == expected


def test_a_quote_that_is_never_closed_is_told() -> None:
    told = found(HEADER + GOOD + GOOD.replace("ann", '"ann') + GOOD * 3)
    assert len(told.rows) == 1
    assert "never closed" in told.problems[-1].reason


def test_a_quote_that_swallows_a_large_file_is_one_sentence() -> None:
    with pytest.raises(SourceError, match="never closed"):
        found(HEADER + GOOD.replace("ann", '"ann') + GOOD * 40_000)
    assert len(found(HEADER + GOOD.replace("ann", '"ann') + GOOD * 40_000, quote="").rows) == 40_001


def test_bytes_that_are_no_utf_8_are_kept_visible() -> None:
    told = found((HEADER + GOOD).encode().replace(b"ann", b"J\xfcrgen"))
    assert [one["user_name"] for one in told.rows] == ["J\\xfcrgen"]
    assert [one["user_name"] for one in found((HEADER + GOOD.replace("ann", "Jürgen")).encode("latin-1"), encoding="latin-1").rows] == ["Jürgen"]  # fmt: skip


def test_three_hundred_columns_are_read() -> None:
    names = [f"c{number}" for number in range(293)]
    head, row = HEADER.strip() + "," + ",".join(names), GOOD.strip() + "," + ",".join("x" for _ in names)
    assert len(found(f"{head}\n{row}\n", id=[]).rows) == 1


def test_a_header_and_no_rows_is_no_row_and_said() -> None:
    told = found(HEADER)
    assert (told.rows, told.problems, told.remarks) == ([], [], ["the file has a header and no rows"])


def test_an_empty_file_is_no_data() -> None:
    with pytest.raises(NoData, match="empty"):
        found("")


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"columns": COLUMNS | {"gpu_count": "gpu"}}, "did you mean 'gpus'"),
        ({"columns": COLUMNS | {"gpu_count": "gpu * 2"}}, "did you mean 'gpus'"),
        ({"columns": COLUMNS | {"gpu_counts": "gpus"}}, "did you mean .gpu_count"),
        ({"columns": {"user_name": "user"}}, "maps no moment"),
        ({"states": {"x": "complete"}}, "did you mean 'completed'"),
        ({"numbers": ["gpuz"]}, "did you mean 'gpus'"),
        ({"unknown": {"gpuz": ["0"]}}, "did you mean 'gpus'"),
        ({"stamps": "relative"}, "needs origin"),
        ({"stamps": "weeks"}, "stamps"),
        ({"zone": "America/Chikago"}, "America/Chikago"),
        ({"window": {"has_cut_starts": True}}, "window.since"),
        ({"window": {"since": "2026-05-02", "until": "2026-05-01"}}, "is not before"),
        ({"colums": {}}, "did you mean 'columns'"),
        ({"names": ["a", "b"]}, "tells of 2 columns, the first line has 7"),
        ({"encoding": "utf-9"}, "There is no encoding 'utf-9'"),
        ({"columns": COLUMNS | {"cpu_count": "gpus / 2"}}, "cannot be computed"),
        ({"id": ["nope"]}, "There is no column of the file 'nope'"),
    ],
)
def test_a_wrong_mapping_is_one_sentence(keys: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as error:
        found(HEADER + GOOD, **keys)
    assert "\n" not in str(error.value)


def test_no_mapping_says_how_to_get_one() -> None:
    with pytest.raises(ConfigError, match="--suggest FILE"):
        found(HEADER + GOOD, columns={})


def test_damaged_files_are_one_sentence() -> None:
    packed = gzip.compress((HEADER + GOOD * 50_000).encode())
    parquet = io.BytesIO()
    pq.write_table(pa.csv.read_csv(io.BytesIO((HEADER + GOOD).encode())), parquet)
    for content in (b"x" * 300_000, packed[:200], parquet.getvalue()[:-20], b"SQLite format 3\0" + b"x" * 5000):
        with pytest.raises(SourceError) as error:
            found(content)
        assert isinstance(error.value, LedgerError)
        assert "\n" not in str(error.value)
