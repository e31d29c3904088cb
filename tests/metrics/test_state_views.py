"""Worked examples of what no metric answers: spells, lanes, last uses, a moment, full GPUs; on every engine."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gpuledger.metrics import Filter
from gpuledger.metrics.ask import StoreAsk
from gpuledger.metrics.bins import cut
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.jobs import long_jobs
from gpuledger.metrics.states.lanes import SHOWN, lanes
from gpuledger.metrics.states.moment import readings, states_at, told_of
from gpuledger.metrics.states.pressure import each, full, holders, longest, polls, queue, waited, waits
from gpuledger.metrics.states.spells import offered, spells
from gpuledger.metrics.states.unused import last_uses, seen
from gpuledger.model.period import Period
from tests.metrics.worked import _rows

TWO = ["duck", pytest.param("postgres", marks=pytest.mark.postgres)]
THREE = [*TWO, pytest.param("spark", marks=pytest.mark.spark)]
START = datetime(2026, 5, 1, tzinfo=UTC)
MINUTE = 60_000_000
"""In the microseconds that spans are told in."""

TEN_MINUTES = [f"2026-05-01T00:{minute:02d}" for minute in range(0, 60, 10)]


def ask_of(store: Any, hours: float = 1.0, start: datetime = START, where: tuple[Filter, ...] = ()) -> StoreAsk:
    period = Period(start, start + timedelta(hours=hours))
    return StoreAsk(store, period, period.end, where=where)


def told(moments: "list[str] | tuple[str, ...]", states: str, **more: str) -> dict[str, list[dict[str, Any]]]:
    """Rows of a pool that is read at these moments, every ten minutes by its own word."""
    polls = "time | period_seconds\n" + "\n".join(f"{moment} | 600" for moment in moments)
    texts = {"snapshots": polls, "gpu_states": states, **more}
    return {name: list(_rows(name, text)) for name, text in texts.items()}


def gpu(column: str, *values: str, name: str = "G0", extra: str = "") -> str:
    """One GPU of host n1 at each of the moments, `-` where the reading missed it."""
    head = f"time | host | gpu | {column}"
    lines = [
        f"{moment} | n1 | {name} | {value}"
        for moment, value in zip(TEN_MINUTES, values, strict=False)
        if value != "missed"
    ]
    return "\n".join([head, *lines])


SECONDARY = "occupancy | backfill_occupancy | backfill_user | backfill_job_id | admin_state"
FREE, IDLE = "unclaimed | unclaimed | - | - | none", "unclaimed | - | - | - | none"
ADA, BOB = "unclaimed | claimed | ada | j1 | none", "unclaimed | claimed | bob | j2 | none"
TAKEN, OUT = "claimed | unclaimed | - | - | none", "unclaimed | unclaimed | - | - | drained"


def found_spells(store: Any, rows: dict[str, list[dict[str, Any]]], **chosen: Any) -> list[tuple[Any, ...]]:
    found = spells(ask_of(store.load(rows), **chosen))
    return sorted(
        (s.since_us // MINUTE, s.until_us // MINUTE, s.kind, s.user, s.is_begun, s.is_ended, s.next) for s in found
    )


@pytest.fixture(params=TWO)
def store(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture(params=THREE)
def any_store(request: pytest.FixtureRequest) -> Any:
    """Each engine, for one example of each kind of expression; Spark takes its time."""
    return request.getfixturevalue(request.param)


def test_a_spell_lasts_from_its_first_reading_to_the_first_that_tells_otherwise(store: Any) -> None:
    """Free for 10 minutes, ada's job for 20, then a primary job: the period's edges cut nothing that lies inside."""
    rows = told(TEN_MINUTES, gpu(SECONDARY, IDLE, FREE, ADA, ADA, TAKEN, TAKEN))
    assert found_spells(store, rows) == [
        (10, 20, "free", None, True, True, "secondary"),
        (20, 40, "running", "ada", True, True, "primary"),
    ]


def test_a_spell_at_an_edge_of_the_period_is_cut_there(store: Any) -> None:
    rows = told(TEN_MINUTES, gpu(SECONDARY, ADA, ADA, FREE, FREE, FREE, FREE))
    assert found_spells(store, rows) == [
        (0, 20, "running", "ada", False, True, "idle"),
        (20, 60, "free", None, True, False, None),
    ]


def test_a_gap_cuts_a_spell_and_does_not_end_it(any_store: Any) -> None:
    """Two readings are missing: the one before holds for twice the step, and nobody knows what followed."""
    moments = [TEN_MINUTES[0], TEN_MINUTES[1], TEN_MINUTES[4], TEN_MINUTES[5]]
    rows = told(moments, "\n".join(gpu(SECONDARY, IDLE, ADA, "missed", "missed", ADA, IDLE).splitlines()))
    assert found_spells(any_store, rows) == [
        (10, 30, "running", "ada", True, False, None),
        (40, 50, "running", "ada", False, True, "idle"),
    ]


def test_a_reading_that_missed_the_gpu_cuts_too(store: Any) -> None:
    rows = told(TEN_MINUTES, gpu(SECONDARY, IDLE, ADA, "missed", ADA, IDLE, IDLE))
    assert found_spells(store, rows) == [
        (10, 20, "running", "ada", True, False, None),
        (30, 40, "running", "ada", False, True, "idle"),
    ]


def test_another_job_is_another_spell_and_a_drained_gpu_is_not_free(store: Any) -> None:
    rows = told(TEN_MINUTES, gpu(SECONDARY, IDLE, ADA, BOB, FREE, OUT, IDLE))
    assert found_spells(store, rows) == [
        (10, 20, "running", "ada", True, True, "secondary"),
        (20, 30, "running", "bob", True, True, "idle"),
        (30, 40, "free", None, True, True, "drained"),
    ]


@pytest.mark.parametrize("at_once", [1, 2, 3, 5])
def test_spells_are_the_same_however_many_readings_are_taken_at_once(
    duck: Any, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut anywhere, one GPU's spells are stitched; another's gap and absence stay what they are."""
    states = "\n".join([*gpu(SECONDARY, ADA, ADA, BOB, FREE, FREE, TAKEN).splitlines(),
                        *gpu(SECONDARY, FREE, "missed", FREE, FREE, ADA, ADA, name="G1").splitlines()[1:]])  # fmt: skip
    rows = told(TEN_MINUTES, states)
    whole = found_spells(duck, rows)
    assert len(whole) == 6
    monkeypatch.setattr("gpuledger.metrics.states.spells.AT_ONCE", at_once)
    assert found_spells(duck, rows) == whole


def test_what_is_offered_is_told_from_what_runs(store: Any) -> None:
    """50 minutes in service without a primary job, 40 of them offered, 10 of those running; a drained GPU is in none."""
    rows = told(TEN_MINUTES, gpu(SECONDARY, IDLE, FREE, ADA, FREE, FREE, OUT))
    [row] = offered(StateAsk(ask_of(store.load(rows)))).to_pylist()
    assert (row["host"], row["free_of_primary"], row["offered"], row["running"]) == (
        "n1", pytest.approx(5 / 6), pytest.approx(4 / 6), pytest.approx(1 / 6),
    )  # fmt: skip


def test_a_lane_shows_what_held_longest_and_tells_absence_from_no_data(any_store: Any) -> None:
    """Readings to 00:30 only; G1 is missed by the second: what is not there is not what nobody saw."""
    states = "\n".join([*gpu(SECONDARY, ADA, TAKEN, TAKEN).splitlines(),
                        f"{TEN_MINUTES[0]} | n1 | G1 | {IDLE}", f"{TEN_MINUTES[2]} | n1 | G1 | {OUT}"])  # fmt: skip
    found = lanes(StateAsk(ask_of(any_store.load(told(TEN_MINUTES[:3], states)))), 600)
    shown = {lane.gpu: [SHOWN[place] for place in lane.shown] for lane in found.lanes}
    assert shown == {
        "G0": ["secondary", "primary", "primary", "no_data", "no_data", "no_data"],
        "G1": ["idle", "absent", "drained", "no_data", "no_data", "no_data"],
    }
    [wide, _] = lanes(StateAsk(ask_of(any_store)), 1800).lanes
    assert [SHOWN[place] for place in wide.shown] == ["primary", "no_data"]


def test_a_lane_is_of_the_class_and_model_that_it_was_told_to_be_of_last(any_store: Any) -> None:
    """Open at first, then of a project; sorted by moments, not by names."""
    owned = [("", "V100"), ("physics", "A100")]
    lines = [f"{at} | n1 | G0 | {owner} | {model}" for at, (owner, model) in zip(TEN_MINUTES, owned, strict=False)]
    rows = told(TEN_MINUTES[:2], "\n".join(["time | host | gpu | owner_projects | gpu_model", *lines]))
    [lane] = lanes(StateAsk(ask_of(any_store.load(rows))), 600).lanes
    assert (lane.capacity, lane.model) == ("researcher", "A100")


def test_the_reading_of_a_moment_is_the_one_that_holds_else_the_nearest(store: Any) -> None:
    ask = ask_of(
        store.load(
            told([TEN_MINUTES[0], TEN_MINUTES[5]], gpu(SECONDARY, ADA, "missed", "missed", "missed", "missed", TAKEN))
        )
    )
    at = START + timedelta(minutes=15)
    assert told_of(ask, at) == at
    assert [reading.time for reading in readings(ask, at)] == [START]
    assert readings(ask, START + timedelta(minutes=25)) == ()
    assert told_of(ask, START + timedelta(minutes=24)) == START
    assert told_of(ask, START + timedelta(minutes=26)) == START + timedelta(minutes=50)
    assert told_of(ask, START + timedelta(days=3)) is None
    moment = StateAsk(ask.of_period(Period(at, at + timedelta(microseconds=1))))
    [row] = states_at(moment).to_pylist()
    assert (row["part"], row["backfill_user"], row["class"]) == ("secondary", "ada", "open")


def test_last_uses_reach_back_before_the_period(any_store: Any) -> None:
    states = "\n".join([*gpu(SECONDARY, ADA, IDLE, TAKEN, IDLE, IDLE, IDLE).splitlines(),
                        *(f"{moment} | n1 | G1 | {ADA if n == 0 else OUT}" for n, moment in enumerate(TEN_MINUTES))])  # fmt: skip
    whole = ask_of(any_store.load(told(TEN_MINUTES, states)), 5 / 6, START + timedelta(minutes=10))
    used, unused = seen(StateAsk(whole))
    assert (used.gpu, used.last_use, used.part) == (("hpc", "n1", "G0"), START + timedelta(minutes=30), "idle")
    assert (unused.gpu, unused.last_use, unused.part) == (("hpc", "n1", "G1"), None, "drained")
    uses = last_uses(StateAsk(whole), ["n1"])
    assert (uses[unused.gpu].time, uses[unused.gpu].user) == (START, "ada")
    assert StateAsk(whole).last_seen == {("hpc", "n1"): START + timedelta(minutes=50)}


OWNED = "owner_projects | occupancy | primary_user | primary_job_id | admin_state"
QUEUE = """
pending_id | job_id | user_name | account | submitted_at     | first_seen_at    | last_seen_at     | requested_gpu_count | command
1          | 1      | ada       | P       | 2026-04-30T23:00 | 2026-04-30T23:30 | 2026-05-01T00:10 | 2                   | -
2          | 2      | bob       | P       | 2026-05-01T00:05 | 2026-05-01T00:10 | 2026-05-01T00:40 | 1                   | -
3          | 3      | cyd       |         | 2026-05-01T00:20 | 2026-05-01T00:20 | 2026-05-01T00:20 | 4                   | /bin/sleep
"""


def owned(*values: str) -> str:
    """Two GPUs of host n1: G0 of P alone as told, G1 of P and Q always taken by bob's job 9."""
    lines = gpu(OWNED, *(f"P | {value}" for value in values)).splitlines()
    return "\n".join(
        [*lines, *(f"{m} | n1 | G1 | P, Q | claimed | bob@x | 9 | none" for m in TEN_MINUTES[: len(values)])]
    )


CLAIMED, UNCLAIMED = "claimed | ada@x | 8 | none", "unclaimed | - | - | none"


def test_gpus_of_a_project_are_full_while_each_in_service_is_taken(any_store: Any) -> None:
    """P has both: full from 00:10 to 00:40 (drained at 00:20 counts nowhere); Q has G1 alone and is always full."""
    rows = told(TEN_MINUTES, owned(UNCLAIMED, CLAIMED, "unclaimed | - | - | drained", CLAIMED, UNCLAIMED, UNCLAIMED))
    states = StateAsk(ask_of(any_store.load(rows)))
    spans = sorted((r["side"], r["since_us"] // MINUTE, r["until_us"] // MINUTE) for r in full(states, by="project"))
    assert spans == [("P", 10, 40), ("Q", 0, 60)]
    held = sorted(
        (r["side"], r["user"], r["since_us"] // MINUTE, r["until_us"] // MINUTE) for r in holders(states, by="project")
    )
    assert held == [("P", "ada@x", 10, 20), ("P", "ada@x", 30, 40), ("P", "bob@x", 10, 40), ("Q", "bob@x", 0, 60)]
    [together] = full(states, (Filter("host", "=", ("n1",)),))
    assert (together["side"], together["since_us"] // MINUTE, together["until_us"] // MINUTE) == ("", 10, 40)


def test_a_job_waits_from_its_first_sight_to_its_last(store: Any) -> None:
    """Nobody says how often the queue is read: 2 GPUs for 10 minutes in the period, 1 for 30, 4 for none."""
    ask = ask_of(store.load(told(TEN_MINUTES, owned(CLAIMED), pending=QUEUE)))
    assert polls(ask) == ()
    rows = waits(ask, ())
    hours = {(r["account"], r["user_name"]): (r["gpu_hours"], r["jobs"]) for r in waited(ask, rows)}
    assert hours == {("P", "ada"): (pytest.approx(1 / 3), 1), ("P", "bob"): (0.5, 1), ("", "cyd"): (0.0, 1)}
    assert [(r["job_id"], r["waited_seconds"]) for r in longest(ask, rows, 2)] == [("1", 4200.0), ("2", 2100.0)]
    assert {r["user_name"] for r in each(ask, rows, ["P"])} == {"ada", "bob"}
    assert each(ask, rows, []) == []


def test_a_poll_of_the_queue_holds_to_the_next(store: Any) -> None:
    """The queue is read every ten minutes: each job waits ten minutes past its last sight, as a GPU's state holds."""
    rows = told(TEN_MINUTES, owned(CLAIMED), pending=QUEUE)
    for row in rows["snapshots"]:
        row["told_tables"] = ["gpu_states", "pending"]
    ask = ask_of(store.load(rows))
    looks = polls(ask)
    assert [(look.expected, look.seen, look.covered_ratio) for look in looks] == [(6, 6, 1.0)]
    hours = {r["user_name"]: r["gpu_hours"] for r in waited(ask, waits(ask, looks))}
    assert hours == {"ada": pytest.approx(2 / 3), "bob": pytest.approx(4 / 6), "cyd": pytest.approx(4 / 6)}
    found = queue(ask, waits(ask, looks), "project", cut(ask.period, 1200.0, "UTC"))
    means = {key[0]: (area / 20 / MINUTE).tolist() for key, area in zip(found.keys, found.area_us(0), strict=True)}
    assert means == {"P": pytest.approx([2.5, 1.0, 0.5]), "": pytest.approx([0.0, 2.0, 0.0])}


def test_jobs_seen_long_enough_have_the_command_a_queue_told(any_store: Any) -> None:
    rows = told(TEN_MINUTES, owned(CLAIMED, CLAIMED, UNCLAIMED), pending=QUEUE.replace("| 3      |", "| 8      |"))
    states = StateAsk(ask_of(any_store.load(rows)))
    [job] = long_jobs(states, (), 1200)
    assert (job["job_id"], job["user"], job["command"], job["gpus"]) == ("8", "ada@x", "/bin/sleep", 1)
    assert (job["until_us"] - job["since_us"], job["gpu_hours"]) == (20 * MINUTE, pytest.approx(1 / 3))
    assert long_jobs(states, (), 1201) == []
