"""The simulated site keeps the laws of a real one."""

from datetime import UTC, datetime

import pytest

from gpuledger.demo.machines import gpus_by_type
from gpuledger.demo.sacct_text import DELIMITER, FIELDS, sacct_text
from gpuledger.demo.site import Site, held_seconds, most_held, simulate, totals

NOW = int(datetime(2026, 11, 20, 6, tzinfo=UTC).timestamp())
DAY = 86_400


@pytest.fixture(scope="module")
def site() -> Site:
    return simulate(NOW - 30 * DAY, NOW, seed=1)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(site: Site) -> None:
    assert sacct_text(simulate(NOW - 30 * DAY, NOW, seed=1)) == sacct_text(site)
    assert sacct_text(simulate(NOW - 30 * DAY, NOW, seed=2)) != sacct_text(site)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_gpu_is_ever_held_twice(seed: int) -> None:
    most = most_held(simulate(NOW - 30 * DAY, NOW, seed))
    owned = gpus_by_type()
    assert set(most) == set(owned)
    assert all(most[kind] <= owned[kind] for kind in owned)


def test_no_attempt_runs_before_it_is_eligible_or_submitted(site: Site) -> None:
    for attempt in site.attempts:
        assert attempt.submit <= attempt.eligible
        assert attempt.start is None or attempt.start >= attempt.eligible
        assert attempt.end is None or attempt.start is None or attempt.end >= attempt.start


def test_every_odd_thing_of_real_accounting_is_there(site: Site) -> None:
    states = {attempt.state.partition(" ")[0] for attempt in site.attempts}
    assert states >= {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "RUNNING", "PENDING"}
    assert any("_" in a.job.shown_id for a in site.attempts), "an array"
    assert any("+" in a.job.shown_id for a in site.attempts), "a het job"
    assert any(len(a.job.gpus) > 1 for a in site.attempts), "a job of two GPU models"
    assert any(a.job.fate.busy_ratio == 0.0 and a.job.gpus for a in site.attempts), "an idle GPU job"
    assert any(a.job.fate.is_forgotten for a in site.attempts), "a runaway record"
    assert (
        len({(a.job.raw_id, a.submit) for a in site.attempts})
        == len(site.attempts)
        > len({a.job.raw_id for a in site.attempts})
    )


def test_the_outage_day_has_hours_without_a_gpu_job(site: Site) -> None:
    begin = NOW - NOW % DAY - 11 * DAY + 7800
    held = sum(held_seconds(a, NOW, begin, begin + 15 * 3600) * a.job.gpus_a_node for a in site.attempts)
    assert held == 0


def test_totals_of_parts_add_up_to_the_whole(site: Site) -> None:
    start, middle = site.start, site.start + 11 * DAY + 4711
    first, second, whole = (totals(site, lo, hi) for lo, hi in ((start, middle), (middle, NOW), (start, NOW)))
    assert first.gpu_seconds + second.gpu_seconds == +whole.gpu_seconds
    assert sum(whole.gpu_seconds.values()) == sum(whole.gpu_seconds_by_type.values()) > 0


def test_sacct_text_has_a_header_and_whole_rows_but_for_the_cut_ones(site: Site) -> None:
    header, *rows = sacct_text(site).decode().splitlines()
    assert header == DELIMITER.join(FIELDS)
    assert sum(row.count(DELIMITER) != len(FIELDS) - 1 for row in rows) == 2
