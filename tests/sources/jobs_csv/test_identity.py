"""Equal rows stay apart, and the identity of a row depends on nothing but the rows."""

import hashlib
import sqlite3
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from gpuledger.sources.jobs_csv.identity import Seen
from tests.sources.jobs_csv.reading import COLUMNS, GOOD, HEADER, found

BOB = GOOD.replace("1,ann", "2,bob")


@given(st.lists(st.lists(st.integers(0, 5), max_size=30), max_size=12))
def test_equal_hashes_are_numbered_from_zero_over_all_parts(parts: list[list[int]]) -> None:
    seen, counted = Seen(), Counter[int]()
    for part in parts:
        numbers = seen.earlier(np.array(part, np.uint64)).tolist()
        for value, count in Counter(part).items():
            of_value = sorted(number for number, each in zip(numbers, part, strict=True) if each == value)
            assert of_value == list(range(counted[value], counted[value] + count))
            counted[value] += count


def ids(content: str) -> list[str]:
    return sorted(row["attempt_id"] for row in found(content, id=[]).rows)


def test_equal_rows_without_id_stay_apart() -> None:
    first, second, third = ids(HEADER + GOOD + BOB + GOOD)
    assert len({first, second, third}) == 3
    assert sum("#2" in each for each in (first, second, third)) == 1


def test_the_order_of_rows_does_not_matter() -> None:
    assert ids(HEADER + GOOD + BOB + GOOD + GOOD) == ids(HEADER + GOOD + GOOD + GOOD + BOB)


def test_the_mapping_and_the_dress_of_the_file_do_not_matter() -> None:
    plain = ids(HEADER + GOOD)
    cells = GOOD.strip().replace(",", "\x1f")
    assert plain == [hashlib.md5(cells.encode()).hexdigest()[:24]], "an id that changes doubles every ledger"
    assert ids((HEADER + GOOD).replace(",", ";")) == plain
    other = found(HEADER + GOOD, id=[], columns={"started_at": "start", "ended_at": "end"}).rows
    assert [row["attempt_id"] for row in other] == plain


def test_an_id_of_several_columns_tells_each() -> None:
    assert found(HEADER + GOOD, id=["id", "user"]).rows[0]["attempt_id"] == "1@ann"
    assert found(HEADER + GOOD, id="id").rows[0]["job_id"] == "1"
    assert found(HEADER + GOOD, columns=COLUMNS | {"job_id": "'j' || id"}).rows[0]["job_id"] == "j1"


def test_parquet_and_sqlite_tell_the_same_as_text(tmp_path: Path) -> None:
    names = HEADER.strip().split(",")
    cells = [row.strip().split(",") for row in (GOOD, BOB)]
    with sqlite3.connect(tmp_path / "jobs.db") as connection:
        connection.execute("CREATE TABLE jobs (id INT, user, submit, start, 'end', gpus REAL, state BLOB)")
        connection.executemany("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)", cells)
    connection.close()
    stamps = [pa.array([row[at] for row in cells]).cast(pa.timestamp("us")) for at in (2, 3, 4)]
    others = {at: pa.array([row[at] for row in cells]) for at in (0, 1, 5, 6)}
    columns = [others[0], others[1], *stamps, others[5].cast(pa.float32()), others[6].dictionary_encode()]
    pq.write_table(pa.table(columns, names=names), tmp_path / "jobs.parquet")
    text = found(HEADER + GOOD + BOB)
    assert len(text.rows) == 2
    assert found((tmp_path / "jobs.db").read_bytes()).rows == text.rows
    assert found((tmp_path / "jobs.parquet").read_bytes()).rows == text.rows
