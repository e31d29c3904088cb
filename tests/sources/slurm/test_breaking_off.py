"""An input that ends before its end: what came before stays, and nobody may take it for the whole."""

import json

import pytest

from tests.sources.slurm.reading import read, sacct

TEXT = sacct(
    *(
        f"{n}|{n}|ann|physics|COMPLETED|1767261600|1767261600|1767261600|1767265200|3600|cpu=4,gres/gpu=1|x"
        for n in range(1, 6)
    )
)
JOB = {
    "job_state": "RUNNING", "submit_time": 1767261600, "eligible_time": 1767261600, "start_time": 1767261660,
    "end_time": 1767999999, "cluster": "hpc", "name": "x",
}  # fmt: skip
DOCUMENT = json.dumps({"jobs": [{"job_id": n, **JOB} for n in range(1, 6)], "last_update": 1767261700, "errors": []})


def test_text_cut_in_a_line_is_partial() -> None:
    reading = read(TEXT[: TEXT.index("5|5|") + 30])
    assert len(reading.attempts) == 4
    assert reading.broken == "The input breaks off in line 6; get the whole file."
    assert [mark.status for mark in reading.watermarks] == ["partial"]


@pytest.mark.parametrize("content", [TEXT, TEXT.rstrip("\n"), DOCUMENT])
def test_a_whole_input_is_complete(content: str) -> None:
    reading = read(content)
    assert (len(reading.attempts), reading.broken) == (5, None)
    assert [mark.status for mark in reading.watermarks] == ["complete"]


@pytest.mark.parametrize("kept", ["5, ", "cluster", "], ", "1767261700,"])
def test_json_cut_anywhere_is_partial(kept: str) -> None:
    reading = read(DOCUMENT[: DOCUMENT.rindex(kept)])
    assert reading.broken is not None
    assert reading.broken.endswith(f"after record {len(reading.attempts)}; get the whole file.")
    assert [mark.status for mark in reading.watermarks] == ["partial"]
