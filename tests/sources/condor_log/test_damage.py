"""Damaged logs: at most the damaged events are lost, and how many is said with their lines."""

import random
from pathlib import Path

import pytest

from gpuledger.model.errors import NoData, SourceError
from tests.sources.condor_log.reading import Reading, event, execute, experiment, read, submit, terminate

D = "2025-11-04"
ONE = submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00") + terminate(f"{D} 11:00:00")
OTHER = "".join(
    make(f"{D} {hour}:00:00", job="200.000.000") for make, hour in ((submit, 10), (execute, 12), (terminate, 13))
)


def states(reading: Reading) -> list[tuple[str, str]]:
    return sorted((row["job_id"], row["state"]) for row in reading.attempts)


def test_a_header_in_the_middle_of_a_line_begins_an_event() -> None:
    torn = (
        event("004", f"{D} 10:30:00", "Job was evicted. Code 9 Subcode 122", "\t(0) CPU times\n")
        .removesuffix("...\n") + "\t0  -  Run Bytes Sent By"
    )  # fmt: skip
    reading = read(submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00") + torn + OTHER)
    assert states(reading) == [("100.0", "preempted"), ("200.0", "completed")]
    assert [(problem.line, problem.input_rows) for problem in reading.problems] == [(6, 0)]
    assert "damaged in the middle" in reading.problems[0].reason
    first = next(row for row in reading.attempts if row["job_id"] == "100.0")
    assert (first["end_code"], first["end_subcode"]) == (9, 122)


TABLE = (
    "\t\tUsr 1 00:47:28, Sys 0 01:04:34  -  Run Remote Usage\n\t1158408111  -  Run Bytes Sent By Job\n"
    "\tPartitionable Resources :       Usage   Request Allocated Assigned\n"
    '\t   GPUs                 :        0.94         1         1 "GPU-e3b28da1"\n'
)
ENDED = terminate(f"{D} 11:00:00", 0, TABLE)
STARTED = execute(
    f"{D} 10:01:00", '\tSlotName: slot1@a\n\tGPUs = 1\n\tGPUs_GPU_a = [ Id = "GPU-a"; DeviceName = "NVIDIA A40" ]\n'
)


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        (ENDED, "terminated.", "(1) Normal"), (ENDED, "nated.", "GPU-e3b28da1"), (ENDED, "mal termination", "GPUs     "),
        (ENDED, "\t(1)", "\t\tUsr"), (ENDED, "Sys 0", "Run Bytes"), (ENDED, "8111", "Resources"), (ENDED, "Assigned", " 1 "),
        (STARTED, "alias", "SlotName"), (STARTED, "GPUs = 1", "DeviceName"), (STARTED, "A40", "\n..."),
        (submit(f"{D} 09:00:00"), "alias", "    DAG"), (submit(f"{D} 09:00:00"), "ed from", "ap1"),
        (event("006", f"{D} 10:30:00", "Image size of job updated: 123", "\t81339  -  MemoryUsage of job (MB)\n") + ENDED, "  -  M", "(1) Normal"),
        (event("040", f"{D} 10:30:00", "Finished transferring output files") + ENDED, " output", "00 Job term"),
    ],
)  # fmt: skip
def test_a_piece_that_is_gone_from_within_an_event_is_said(text: str, begin: str, end: str) -> None:
    """No header follows the cut: what stood before and behind it reads as one event."""
    cut = text[: text.index(begin)] + text[text.index(end, text.index(begin) + 1) :]
    reading = read(OTHER + cut + ONE.replace("100.000", "300.000"))
    assert ("300.0", "completed") in states(reading)
    assert [(problem.line, problem.input_rows) for problem in reading.problems] == [(9, 0)]
    assert "a line of the event is damaged or missing" in reading.problems[0].reason


@pytest.mark.parametrize("text", [ENDED, STARTED, ENDED.replace("GPU-e3b28da1", "GPU-e3b28da1,GPU-f3b28da1")])
def test_an_event_that_is_whole_is_no_damage(text: str) -> None:
    assert read(submit(f"{D} 09:00:00") + text.replace("...\n", "    a line of the user's own\n...\n")).problems == []


def test_an_event_cut_in_its_first_line_is_lost_and_counted() -> None:
    torn = f"005 (100.000.000) {D} 11:00:00 Job termi"
    reading = read(submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00") + torn + OTHER)
    assert states(reading) == [("100.0", "running"), ("200.0", "completed")]
    assert [(problem.line, problem.input_rows) for problem in reading.problems] == [(6, 1)]


def test_zeros_in_the_file_cost_nothing_but_a_problem() -> None:
    reading = read(ONE + "\0" * 4096 + OTHER)
    assert states(reading) == [("100.0", "completed"), ("200.0", "completed")]
    assert len(reading.problems) == 1


def test_zeros_in_an_event_keep_the_lines_before_them() -> None:
    reading = read(ONE.replace("(return value 0)\n", "(return value 0)\n\0\0\0\0\n") + OTHER)
    assert states(reading) == [("100.0", "completed"), ("200.0", "completed")]
    assert len(reading.problems) == 1


@pytest.mark.parametrize("stray", ["a line that is no event\n", "0x5 (100.000.000) what\n\tbody\n...\n"])
def test_a_stray_line_between_events_is_a_problem(stray: str) -> None:
    reading = read(ONE + stray + OTHER)
    assert states(reading) == [("100.0", "completed"), ("200.0", "completed")]
    assert [problem.line for problem in reading.problems] == [9]


def test_an_unknown_event_is_counted_and_no_problem() -> None:
    reading = read(ONE + event("099", f"{D} 11:30:00", "Something new", "\tbody\n"))
    assert (reading.problems, reading.event_count) == ([], 4)


def test_a_missing_separator_costs_nothing_but_is_said() -> None:
    reading = read(ONE.replace("DAG Node: A\n...\n", "DAG Node: A\n") + OTHER)
    assert states(reading) == [("100.0", "completed"), ("200.0", "completed")]
    assert [(problem.line, problem.input_rows) for problem in reading.problems] == [(1, 0)]


@pytest.mark.parametrize("ending", ["", "...", "...\n"])
def test_a_log_that_is_being_written_ends_anywhere(ending: str) -> None:
    reading = read((ONE + OTHER).removesuffix("...\n") + ending)
    assert dict(states(reading))["200.0"] == ("completed" if ending else "running")
    assert len(reading.problems) == (0 if ending else 1)


def test_bytes_that_are_no_text_stay_in_their_event() -> None:
    reading = read(
        ONE.encode()
        + event("012", f"{D} 11:30:00", "Job was held.", "\tcaf\n").encode().replace(b"caf", b"caf\xe9")
        + OTHER.encode()
    )
    assert not reading.problems
    assert ("200.0", "completed") in states(reading)


def test_lines_that_end_as_on_windows() -> None:
    assert states(read((ONE + OTHER).replace("\n", "\r\n"))) == states(read(ONE + OTHER))


def test_an_impossible_time_is_a_problem() -> None:
    reading = read(ONE + terminate("2025-13-45 10:00:00") + OTHER)
    assert [problem.reason for problem in reading.problems] == ["the time of the event cannot be read"]
    assert ("200.0", "completed") in states(reading)


@pytest.mark.parametrize("year", ["0000", "0001", "1600", "1677", "1969", "2300", "9999"])
@pytest.mark.parametrize("zone", [None, "America/Chicago"])
def test_a_stamp_that_no_clock_shows_costs_its_event_and_stretches_nothing(year: str, zone: str | None) -> None:
    reading = read(submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00") + execute(f"{year}-11-04 10:02:00") + OTHER, zone)
    assert states(reading) == [("100.0", "running"), ("200.0", "completed")]
    assert [(problem.line, problem.reason) for problem in reading.problems] == [
        (6, "the time of the event cannot be read")
    ]
    assert [mark.until.year for mark in reading.watermarks] == [2025]


def test_a_time_in_the_body_that_is_none_proves_nothing() -> None:
    proof = "Job terminated of its own accord at 2025-13-04T99:00:00Z with exit-code 0."
    assert states(read(ONE.replace("Job terminated.\n", f"Job terminated.\n\t{proof}\n"), None)) == [
        ("100.0", "completed")
    ]


def test_nothing_is_no_data_and_other_text_no_log() -> None:
    with pytest.raises(NoData):
        read("")
    with pytest.raises(SourceError, match="no HTCondor event log"):
        read("04/14/26 15:52:50 ** condor_scheduniv_exec.1.0 (CONDOR_DAGMAN) STARTING UP\n")


@pytest.mark.parametrize("seed", range(6))
def test_cuts_at_random_cost_only_the_events_they_touch(seed: int, shared_data: Path, tmp_path: Path) -> None:
    """Each cut takes out up to 300 bytes; jobs whose events it does not touch read as before."""
    experiment(shared_data, tmp_path, "--jobs", "40", "--seed", str(seed))
    log = (tmp_path / "metl.log").read_text()
    chance = random.Random(seed)
    touched: set[str] = set()
    pieces = log.split("\n...\n")
    for _ in range(10):
        number = chance.randrange(len(pieces) - 2)
        begin = chance.randrange(len(pieces[number]))
        touched |= {piece.partition("(")[2].partition(")")[0] for piece in pieces[number : number + 2]}
        both = f"{pieces[number]}\n...\n{pieces[number + 1]}"
        pieces[number : number + 2] = [both[:begin] + both[begin + chance.randrange(1, 300) :]]
    whole, damaged = read(log), read("\n...\n".join(pieces))
    names = ("job_id", "matched_at", "started_at", "ended_at", "state", "sent_bytes", "end_reason")
    jobs = {job.split(".")[0] + ".0" for job in touched}

    def known(reading: Reading) -> set[tuple[object, ...]]:
        return {tuple(row[name] for name in names) for row in reading.attempts if row["job_id"] not in jobs}

    assert known(whole) == known(damaged)
    assert damaged.problems
