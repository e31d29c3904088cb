"""However the input is cut, ordered or broken: the same rows, and every input row accounted for."""

import gzip
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpuledger.model.errors import SourceError
from gpuledger.sources.slurm.fields import Layout
from gpuledger.sources.slurm.opened import opened
from gpuledger.sources.slurm.records import Setting
from gpuledger.sources.slurm.text import parse_text
from tests.sources.slurm.reading import Reading, collect, read, sacct

FIELDS = "JobIDRaw|JobID|User|Account|State|Submit|Eligible|Start|End|ElapsedRaw|AllocTRES|TotalCPU|JobName"
LAYOUT = Layout(tuple(FIELDS.split("|")), b"|")
TRES = "billing=4,cpu=4,gres/gpu:a100=1,gres/gpu=1,mem=4G,node=1"

names = st.text(st.characters(codec="utf-8", exclude_characters="\r\n|\x00"), max_size=8) | st.sampled_from(
    ["a|b", "two\nlines", "x\ny|z", "", "café", "\uf8fa\n\uf8fb|"]
)


@st.composite
def jobs(draw: st.DrawFn, identity: int) -> list[str]:
    """A job's row and its steps'."""
    submit = draw(st.integers(1_767_000_000, 1_767_900_000))
    length, steps = draw(st.integers(0, 9000)), draw(st.integers(0, 3))
    is_running = draw(st.booleans())
    state, end = (
        ("RUNNING", "Unknown") if is_running else (draw(st.sampled_from(["COMPLETED", "FAILED"])), str(submit + length))
    )
    common = ["ann", "physics", state, str(submit), str(submit), str(submit), end, str(length), TRES]
    rows = [[str(identity), str(identity), *common, "00:00:00", draw(names)]]
    rows += [[f"{identity}.{n}", f"{identity}.{n}", *common, "00:01.500", "step"] for n in range(steps)]
    return ["|".join(row) for row in rows]


files = st.lists(st.integers(1, 10**6), unique=True, min_size=1, max_size=12).flatmap(
    lambda ids: st.tuples(*(jobs(identity) for identity in ids))
)


def text(groups: Any) -> str:
    return sacct(*(row for group in groups for row in group), fields=FIELDS)


def cut(content: str, chunk_bytes: int) -> Reading:
    return collect(
        parse_text(opened(BytesIO(content.encode())), LAYOUT, Setting("file:0123456789ab", "UTC"), chunk_bytes)
    )


@settings(deadline=None, max_examples=60)
@given(files, st.integers(1, 700))
def test_any_chunk_size_gives_the_same_rows(groups: Any, chunk_bytes: int) -> None:
    whole, pieces = cut(text(groups), 2**24), cut(text(groups), chunk_bytes)
    assert pieces.by_id == whole.by_id
    assert pieces.problems == whole.problems
    assert pieces.watermarks == whole.watermarks
    assert pieces.rows_read == whole.rows_read == sum(map(len, groups))


@settings(deadline=None, max_examples=40)
@given(files, st.randoms(use_true_random=False))
def test_any_order_of_jobs_gives_the_same_rows(groups: Any, random: Any) -> None:
    shuffled = list(groups)
    random.shuffle(shuffled)
    assert read(text(shuffled)).by_id == read(text(groups)).by_id


@settings(deadline=None, max_examples=40)
@given(files)
def test_one_file_or_a_file_for_each_job_gives_the_same_rows(groups: Any) -> None:
    one_by_one: dict[str, Any] = {}
    for group in groups:
        one_by_one |= read(text([group])).by_id
    assert one_by_one == read(text(groups)).by_id


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_in_the_middle_never_crash(junk: bytes, position: int) -> None:
    good = sacct(
        "1|1|ann|physics|COMPLETED|1767261600|1767261600|1767261660|1767265260|3600|" + TRES + "|00:01.000|n",
        fields=FIELDS,
    )
    raw = good.encode() * 2
    position = len(FIELDS) + 1 + position % (len(raw) - len(FIELDS))
    try:
        reading = read(raw[:position] + junk + raw[position:])
    except SourceError:
        return
    assert all(problem.reason for problem in reading.problems)


def test_a_file_without_a_fitting_line_is_an_error_that_names_the_column() -> None:
    with pytest.raises(SourceError, match="Submit holds 'COMPLETED'"):
        read("1|ann|COMPLETED|2026-01-01T00:00:00\n", fields="JobID,User,Submit,State")


@pytest.mark.parametrize(
    ("line", "reason"), [("7|7|hpc", "middle of this line"), ("7|7|hpc\n", "3 columns instead of")]
)
def test_a_cut_line_is_a_problem_with_its_number(line: str, reason: str) -> None:
    good = "1|1|ann|physics|COMPLETED|1767261600|1767261600|1767261660|1767265260|3600|" + TRES + "|00:01.000|n"
    reading = read(sacct(good, fields=FIELDS) + line)
    assert [(problem.line, problem.row) for problem in reading.problems] == [(3, "7|7|hpc")]
    assert reason in reading.problems[0].reason


def test_a_running_job_keeps_its_identity_until_it_has_ended() -> None:
    base = "5|5|ann|physics|{}|1767261600|1767261600|1767261660|{}|{}|" + TRES + "|00:00:00|n"
    running, ended = (
        read(sacct(base.format(*values), fields=FIELDS)).attempts[0]
        for values in (("RUNNING", "Unknown", 60), ("COMPLETED", 1767265260, 3600))
    )
    assert running["attempt_id"] == ended["attempt_id"]
    assert running["ended_at"] is None
    assert running["reported_by"] == "file:0123456789ab"
    assert ended["reported_by"] is None
    assert running["observed_at"] < ended["observed_at"]


GOOD = "1|1|ann|physics|COMPLETED|1767261600|1767261600|1767261660|1767265260|3600|" + TRES + "|00:01.000|n"


@pytest.mark.parametrize("kept", [30, 200, -8])
def test_a_damaged_gzip_is_an_error_in_words(kept: int) -> None:
    with pytest.raises(SourceError, match="gzip file is damaged or cut off"):
        read(gzip.compress(sacct(*[GOOD.replace("|n", f"|{n}") for n in range(500)], fields=FIELDS).encode())[:kept])


def test_a_name_of_many_megabytes_is_read_whole() -> None:
    reading = read(sacct(GOOD + "x" * 9_000_000, GOOD.replace("1|1|", "2|2|"), fields=FIELDS))
    assert [len(row["job_name"]) for row in reading.attempts] == [9_000_001, 1]


def test_json_with_bad_bytes_in_a_name_is_read() -> None:
    job = b'{"jobs": [{"job_state": ["RUNNING"], "job_id": 7, "name": "caf\xe9", "submit_time": 1767261600, "start_time": 1767261660}]}'
    assert [row["job_name"] for row in read(job).attempts] == ["caf\ufffd"]


def test_any_sign_in_a_name_of_several_lines_comes_back() -> None:
    name = "a\uf8fab\n\uf8fb|\U000f0000"
    row = "1|1|ann|physics|COMPLETED|1767261600|1767261600|1767261600|1767265200|3600|cpu=4|"
    assert [job["job_name"] for job in read(sacct(row + name)).attempts] == [name]
