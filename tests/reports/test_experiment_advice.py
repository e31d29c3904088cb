"""Each rule speaks where there is something to say, with its size, and is silent where there is not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gpuledger.reports._experiment.advice import RULES, notes
from gpuledger.reports._experiment.failing import is_surely_more, surely_at_least, wilson
from tests.reports.experiments import GIB, evicted, failed, scene, trial

MB, KB = 2.0**20, 2.0**10


def _good(count: int, first: int = 0, **said: Any) -> list[dict[str, Any]]:
    return [trial(first + n, begin=1 + n, **said) for n in range(count)]


def _bad(count: int, first: int = 500, **said: Any) -> list[dict[str, Any]]:
    return [failed(first + n, begin=1 + n, **said) for n in range(count)]


def _evicted(count: int, code: int, subcode: int = 0, **said: Any) -> list[dict[str, Any]]:
    return [evicted(700 + n, code, subcode, begin=1 + n, **said) for n in range(count)]


MEMORY = {"requested_memory_bytes": 120_000 * MB, "used_memory_bytes": 121_000 * MB, "gpu_count": 2.0}
FIRES: dict[str, tuple[Sequence[dict[str, Any]], str]] = {
    "memory": (
        [*_evicted(17, 21, 102, **MEMORY), *_good(5)],
        "17 attempts at OSPool exceeded request_memory 120,000 MB, 68.0 GPU-hours lost: request 140,000 MB.",
    ),
    "disk": (
        _evicted(3, 21, 104, requested_disk_bytes=100_000_000 * KB),
        "3 attempts at OSPool exceeded request_disk 100,000,000 KB, 6.00 GPU-hours lost: request 115,000,000 KB.",
    ),
    "disk quota": (
        _evicted(3, 9, 122, requested_disk_bytes=100_000_000 * KB, used_disk_bytes=80_000_000 * KB),
        "3 attempts at OSPool ended because a disk quota was used up (9.122), 6.00 GPU-hours lost: free space",
    ),
    "over-requested memory": (
        _good(20, requested_memory_bytes=100_000 * MB, used_memory_bytes=20_000 * MB),
        "All 20 successful attempts used at most 20.0\u202f% of request_memory 100,000 MB: 23,000 MB would do",
    ),
    "over-requested CPU": (
        _good(20, requested_cpu_count=8.0, used_cpu_seconds=2 * 7200.0),
        "All 20 successful attempts used at most 25.0\u202f% of request_cpus 8 cores: 3 cores would do",
    ),
    "idle GPUs": (
        _good(20, gpu_count=4.0, gpu_busy_ratio=0.2),
        "GPUs were busy 20.0\u202f% of the time in 20 attempts that told (100\u202f% of GPU-hours), 128 GPU-hours without work",
    ),
    "time limits": (
        _evicted(2, 47, state="held", hours=41.0),
        "2 attempts at OSPool reached a time limit after up to 41\u202fh, 82.0 GPU-hours lost",
    ),
    "hung attempts": (
        [*_good(6), trial(90, hours=100.0, state="removed", exit_code=None, end_reason="via condor_rm (by user ann)")],
        "1 attempt at OSPool ran more than 3 times as long as half of the successes need (up to 4\u202fd 4\u202fh) before the end,"
        " 100 GPU-hours lost: set allowed_execute_duration to 21,600 s",
    ),
    "checkpoint interval": (
        [*_evicted(20, 1013), *_good(5)],
        "20 runs were evicted or cut off, one in 2\u202fh 30\u202fmin of running, 40.0 GPU-hours lost: save a checkpoint every 24\u202fmin",
    ),
    "failing transfers": (
        _evicted(4, 13, started_at=None, failed_transfer_seconds=3600.0),
        "4 of 4 attempts ended by a transfer that stalled or failed at OSPool; 4.00 h of transfers in vain",
    ),
    "command not found": (_bad(2, exit_code=127), "2 attempts at OSPool ended with exit code 126 or 127"),
    "eviction-prone sites": (
        [*_evicted(30, 1013, site="anvil"), *_good(30, site="anvil"), *_good(60, 100)],
        "At Anvil 30 of 60 runs were evicted or cut off (50.0\u202f%; elsewhere 0\u202f%), 60.0 GPU-hours lost",
    ),
    "slow transfers": (
        [*_good(12, site="aws", transfer_in_seconds=3000.0), *_good(12, 100, transfer_in_seconds=60.0)],
        "Half of 12 input transfers to AWS took 50\u202fmin or more (elsewhere 1\u202fmin), 10.0 h together",
    ),
    "failing resources": (
        [
            *(row | {"host_names": [f"h{n}"]} for n, row in enumerate(_evicted(30, 1013, resource_name="UIUC-CE1"))),
            *_good(40, 100, resource_name="OTHER-CE1"), *_bad(20, 600, resource_name="OTHER-CE1"),
        ],
        "UIUC-CE1 (30 of 30 failed, execution point shut down (1013)): more than chance among 2 resources",
    ),
    "failing hosts": (
        [*_bad(12, host_names=["bad01"]), *_good(12, host_names=["good01"]), *_good(60, 100, host_names=["good02"])],
        "bad01 (12 of 12 failed, exit code 1): more than chance among 3 hosts",
    ),
    "time to epoch": (
        [*_good(12, site="expanse", hours=2.0), *_good(12, 100, hours=10.0)],
        "Expanse gave 12 epochs for 2\u202fh of running each, lost attempts included, after a median of 30\u202fmin in the queue;"
        " OSPool took 10\u202fh: prefer Expanse",
    ),
}  # fmt: skip
SILENT: dict[str, Sequence[dict[str, Any]]] = {
    "memory": _good(5, requested_memory_bytes=100 * GIB, used_memory_bytes=99 * GIB),
    "disk": [
        *_good(5, requested_disk_bytes=100 * GIB, used_disk_bytes=99 * GIB),
        *_evicted(3, 9, 122, requested_disk_bytes=100 * GIB),
    ],
    "disk quota": _evicted(3, 21, 104),
    "over-requested memory": _good(20, requested_memory_bytes=100_000 * MB, used_memory_bytes=80_000 * MB),
    "over-requested CPU": _good(9, requested_cpu_count=8.0, used_cpu_seconds=7200.0),
    "idle GPUs": _good(20, gpu_busy_ratio=0.9),
    "time limits": _bad(5),
    "hung attempts": [*_good(4), trial(90, hours=100.0, state="removed", exit_code=None)],
    "checkpoint interval": [*_evicted(4, 1013), *_good(50)],
    "failing transfers": _good(5, transfer_in_seconds=5000.0),
    "command not found": _bad(5),
    "eviction-prone sites": [*_evicted(5, 1013, site="anvil"), *_good(2, site="anvil"), *_good(60, 100)],
    "slow transfers": [*_good(9, site="aws", transfer_in_seconds=3000.0), *_good(12, 100, transfer_in_seconds=60.0)],
    "failing resources": [*_bad(4, resource_name="UIUC-CE1"), *_good(80, 100, resource_name="OTHER-CE1")],
    "failing hosts": [*_bad(4, host_names=["bad01"]), *_good(80, 100, host_names=["good02"])],
    "time to epoch": [*_good(12, site="expanse", hours=2.0), *_good(12, 100, hours=2.5)],
}


@pytest.mark.parametrize("rule", FIRES)
def test_a_rule_speaks_with_its_evidence(rule: str, tmp_path: Path) -> None:
    attempts, sentence = FIRES[rule]
    said = [note.sentence for note in RULES[rule](scene(tmp_path, attempts))]
    assert len(said) == 1
    assert said[0].startswith(sentence)


@pytest.mark.parametrize("rule", SILENT)
def test_a_rule_is_silent_where_there_is_nothing_to_say(rule: str, tmp_path: Path) -> None:
    assert list(RULES[rule](scene(tmp_path, SILENT[rule]))) == []


@pytest.mark.parametrize(
    ("told", "advice"),
    [
        ({"used_cpu_count": 0.5, "used_cpu_seconds": 8 * 7200.0}, "All 20 successful attempts used at most 6.3\u202f% of request_cpus 8 cores: 1 core would do"),
        ({"used_cpu_count": 2.5}, "All 20 successful attempts used at most 31.3\u202f% of request_cpus 8 cores: 3 cores would do"),
    ],
)  # fmt: skip
def test_cores_as_told_bear_the_advice_before_cpu_time_does(told: dict[str, Any], advice: str, tmp_path: Path) -> None:
    [note] = RULES["over-requested CPU"](scene(tmp_path, _good(20, requested_cpu_count=8.0, **told)))
    assert note.sentence.startswith(advice)


def test_little_cpu_time_is_no_advice_where_the_told_cores_are_busy(tmp_path: Path) -> None:
    busy = _good(20, requested_cpu_count=8.0, used_cpu_count=7.0, used_cpu_seconds=7200.0)
    assert list(RULES["over-requested CPU"](scene(tmp_path, busy))) == []


def test_of_a_hundred_attempts_the_highest_hundredth_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    cores: dict[str, Any] = {"requested_cpu_count": 8.0}
    usual, odd = _good(199, used_cpu_count=1.0, **cores), _good(1, 300, used_cpu_count=8.0, **cores)
    [note] = RULES["over-requested CPU"](scene(tmp_path, [*usual, *odd]))
    assert note.sentence.startswith("99 % of 200 successful attempts used at most 12.5\u202f% of request_cpus")


def test_every_place_is_named_with_its_count_and_so_is_where_none_is_known(tmp_path: Path) -> None:
    stalled: dict[str, Any] = {"started_at": None, "failed_transfer_seconds": 3600.0}
    rows = _evicted(5, 13, **stalled)
    for row, site in zip(rows, ["anvil", "aws", "aws", None, None], strict=True):
        row["site"] = site
    rows[3]["matched_at"] = rows[3]["ended_at"]
    [note] = RULES["failing transfers"](scene(tmp_path, rows))
    assert (
        "stalled or failed (2 at AWS, 1 at Anvil, 1 where no site is known, 1 before any match); 5.00 h"
        in note.sentence
    )


def _on_gpus(attempts: Sequence[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [
        {"cluster": "c", "attempt_id": row["attempt_id"], "host": "h", "gpu": name, "gpu_model": "A100", "share_ratio": 1.0,
         "partition_month": row["partition_month"], "started_at": row["started_at"]}
        for row in attempts
    ]  # fmt: skip


def test_one_failing_gpu_of_a_host_is_named(tmp_path: Path) -> None:
    bad, good = _bad(12), _good(60)
    told = scene(tmp_path, [*bad, *good], [*_on_gpus(bad, "GPU-badbadba"), *_on_gpus(good, "GPU-00000001")])
    [note] = RULES["failing GPUs"](told)
    assert note.sentence.startswith("h / GPU-badbadba (12 of 12 failed, exit code 1): more than chance among 2 GPUs")


def test_gpus_that_fail_alike_are_not_blamed(tmp_path: Path) -> None:
    bad, good = _bad(12), _good(12)
    gpus = [
        *_on_gpus(bad[:6], "GPU-a"),
        *_on_gpus(bad[6:], "GPU-b"),
        *_on_gpus(good[:6], "GPU-a"),
        *_on_gpus(good[6:], "GPU-b"),
    ]
    assert list(RULES["failing GPUs"](scene(tmp_path, [*bad, *good], gpus))) == []


def test_every_rule_has_a_case_that_fires_and_one_that_does_not() -> None:
    assert {*FIRES, "failing GPUs"} == {*SILENT, "failing GPUs"} == set(RULES)


def test_where_no_rule_speaks_that_is_said(tmp_path: Path) -> None:
    [note] = notes(scene(tmp_path, _good(3)))
    assert note.level == "ok"


def test_nobody_is_blamed_for_few_attempts_or_for_chance() -> None:
    assert not is_surely_more(4, 4, 0.01, 1)
    assert not is_surely_more(4, 10, 0.3, 50)
    assert is_surely_more(10, 10, 0.1, 50)
    assert not is_surely_more(5, 10, 0.5, 1)


def test_wilsons_interval_is_that_of_the_literature() -> None:
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize(("bad", "all_", "tested"), [(11, 11, 37), (34, 34, 37), (9, 14, 3), (1, 60, 2), (50, 61, 400)])
def test_a_place_fails_at_least_what_it_is_surely_worse_than(bad: int, all_: int, tested: int) -> None:
    """What the table says and what the sentence above it says cannot differ."""
    least = surely_at_least(bad, all_, tested)
    assert is_surely_more(bad, all_, least * 0.999, tested)
    assert not is_surely_more(bad, all_, least * 1.001, tested)


def test_a_place_that_failed_always_among_many_need_not_be_worse() -> None:
    assert surely_at_least(11, 11, 37) < 0.612 < wilson(11, 11)[0]
    assert surely_at_least(34, 34, 37) > 0.612
    assert surely_at_least(0, 9, 3) == 0
