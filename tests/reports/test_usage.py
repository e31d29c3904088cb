"""The usage report: every number equals what a brute-force count of the same attempts gives."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpuledger.metrics import Filter
from gpuledger.model.batch import Batch
from gpuledger.model.chart import Bars, Gap, Lines
from gpuledger.model.document import Document, Note
from gpuledger.model.errors import NoData, UsageError
from gpuledger.model.period import last, named
from gpuledger.model.tables import RUNS
from gpuledger.store.lake import Lake
from tests.reports.ledgers import END, MAY, START, attempt, card, hour, ledger, rows, snapshot, table, usage

TABLES = ("by-user", "by-account", "by-queue", "by-gpu-model")


def many(count: int = 40) -> list[dict[str, Any]]:
    """A mixed month: several names, models, states, measured and not, over both edges of the period."""
    states = ("completed", "completed", "failed", "timeout", "node_fail")
    return [
        attempt(
            n, user_name=f"u{n % 7}", account=f"a{n % 3}", queue=f"q{n % 4}", state=states[n % 5],
            gpu_count=float(n % 4), gpu_model=("A100", "H100")[n % 2] if n % 4 else None, cpu_count=float(4 + n),
            submitted_at=hour(n * 19 - 30), started_at=hour(n * 19 - 30 + n % 5), ended_at=hour(n * 19 + 10 + n % 9),
            **({"gpu_busy_ratio": (n % 4) / 4, "gpu_busy_source": "gpuutil"} if n % 3 else {}),
        )
        for n in range(count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The mixed month, to read only."""
    return ledger(tmp_path_factory.mktemp("month"), many())


@pytest.fixture(scope="module")
def month(store: Lake) -> Document:
    return usage(store)


@pytest.fixture(scope="module")
def narrow(store: Lake) -> Document:
    """The same with fewer names than there are."""
    return usage(store, rows=3, top=2)


def hours(row: dict[str, Any]) -> float:
    return MAY.overlap_seconds(row["started_at"], row["ended_at"]) / 3600


def test_totals_of_every_table_equal_the_sums_and_each_other(month: Document) -> None:
    attempts = many()
    truth = {
        "gpu_hours": sum(row["gpu_count"] * hours(row) for row in attempts),
        "cpu_hours": sum(row["cpu_count"] * hours(row) for row in attempts),
        "memory_gib_hours": sum(hours(row) for row in attempts),
    }
    for name in TABLES:
        found = rows(month, name)
        totals = found.pop("totals")
        for metric, expected in truth.items():
            assert totals[metric] == pytest.approx(expected, rel=1e-12)
            assert sum(row[metric] for row in found.values()) == pytest.approx(expected, rel=1e-12)
        assert sum(row["share"] for row in found.values()) == pytest.approx(1)
        assert (
            totals["attempts"]
            == sum(row["attempts"] for row in found.values())
            == sum(hours(row) > 0 for row in attempts)
        )


@pytest.mark.parametrize(
    ("name", "column"), [("by-user", "user_name"), ("by-account", "account"), ("by-queue", "queue")]
)
def test_each_row_is_what_a_brute_force_count_gives(month: Document, name: str, column: str) -> None:
    attempts = many()
    counted: Counter[str] = Counter()
    for row in attempts:
        counted[row[column]] += row["gpu_count"] * hours(row)  # type: ignore[assignment]
    found = rows(month, name)
    assert {key: row["gpu_hours"] for key, row in found.items() if key != "totals"} == pytest.approx(dict(counted))


def test_names_past_the_row_limit_become_one_row_and_totals_still_add_up(narrow: Document) -> None:
    found = rows(narrow, "by-user")
    whole, others = found.pop("totals"), found.pop("others")
    assert len(found) == 3
    assert others["user"] == "4 others"
    assert sum(row["gpu_hours"] for row in found.values()) + others["gpu_hours"] == pytest.approx(whole["gpu_hours"])
    assert sum(row["jobs"] for row in found.values()) + others["jobs"] == whole["jobs"]
    assert "4 others" in table(narrow, "by-user").left_out


def test_bands_of_the_chart_integrate_to_the_hours(narrow: Document) -> None:
    whole = rows(narrow, "by-user")["totals"]
    for chart, metric in (
        ("gpus-in-use", "gpu_hours"),
        ("cpus-in-use", "cpu_hours"),
        ("memory-in-use", "memory_gib_hours"),
    ):
        shape = next(c.shape for c in narrow.charts if c.id == chart)
        assert isinstance(shape, Lines)
        assert shape.bin_seconds is not None
        drawn = sum(v or 0 for series in shape.series for v in series.values) * shape.bin_seconds / 3600
        assert drawn == pytest.approx(whole[metric])
        assert sum(series.total or 0 for series in shape.series) == pytest.approx(whole[metric])
        assert [series.key for series in shape.series][:2] == list(narrow.ranks["user"])


def test_parts_of_a_whole_add_up(tmp_path: Path) -> None:
    attempts = [*many(), attempt(99, state="running", ended_at=None, started_at=hour(500))]
    document = usage(ledger(tmp_path / "l", attempts))
    kept, use, states = (rows(document, name) for name in ("kept", "use", "end-states"))
    whole = states.pop("totals")["gpu_hours"]
    assert sum(row["gpu_hours"] for row in states.values()) == pytest.approx(whole)
    assert sum(row["gpu_hours"] for key, row in kept.items() if key != "totals") == pytest.approx(whole)
    parts = [row["gpu_hours"] for key, row in use.items() if key != "totals" and not key.startswith("↳")]
    assert sum(parts) == pytest.approx(whole)


def test_a_job_of_two_models_is_split_and_the_totals_stay(tmp_path: Path) -> None:
    mixed = attempt(1, gpu_count=3.0, gpu_model=None)
    parts = [
        {"cluster": "c", "attempt_id": "1@0", "host": "", "gpu": f"slot:{model}:{n}", "gpu_model": model, "share_ratio": 1.0,
         "partition_month": "2026-05"}
        for model, count in (("A100", 1), ("L40S", 2)) for n in range(count)
    ]  # fmt: skip
    found = rows(usage(ledger(tmp_path / "l", [mixed], gpus=parts)), "by-gpu-model")
    assert (found["A100"]["gpu_hours"], found["L40S"]["gpu_hours"]) == pytest.approx((2, 4))
    assert found["totals"]["gpu_hours"] == pytest.approx(6)


def test_no_gpu_and_an_unknown_model_are_different_rows(tmp_path: Path) -> None:
    attempts = [attempt(1), attempt(2, gpu_count=0.0, gpu_model=None), attempt(3, gpu_model=None)]
    found = rows(usage(ledger(tmp_path / "l", attempts)), "by-gpu-model")
    assert set(found) == {"A100", "no GPU", "not known", "totals"}
    assert found["no GPU"]["gpu_hours"] == 0
    assert found["totals"]["gpu_model"] == "All"


def test_cards_compare_with_the_period_before_and_judge_by_what_is_better(tmp_path: Path) -> None:
    before = attempt(1, submitted_at=hour(-100), started_at=hour(-98), ended_at=hour(-94), gpu_busy_ratio=0.5)
    document = usage(ledger(tmp_path / "l", [before, attempt(2, gpu_busy_ratio=0.25)]))
    held, busy, wait = (card(document, name) for name in ("gpu_hours", "gpu_busy_ratio", "gpu_wait_seconds_median"))
    assert held.comparison is not None
    assert (held.comparison.delta, held.comparison.verdict) == (pytest.approx(-0.5), "none")
    assert busy.comparison is not None
    assert (busy.comparison.delta, busy.comparison.format, busy.comparison.verdict) == (
        pytest.approx(-0.25),
        "point",
        "worse",
    )
    assert wait.comparison is not None
    assert wait.comparison.verdict == "better"


def test_a_period_the_ledger_does_not_reach_back_to_is_a_reason_not_a_zero(tmp_path: Path) -> None:
    document = usage(ledger(tmp_path / "l", [attempt(1)], [snapshot(since=START)]))
    held = card(document, "gpu_hours")
    assert held.comparison is None
    assert held.reason == "no data before 1 May 2026"


def test_every_card_has_a_comparison_or_a_reason(tmp_path: Path, month: Document) -> None:
    small = ([attempt(1)], [attempt(1, gpu_count=0.0)], [attempt(1, gpu_count=None)])
    for document in (month, *(usage(ledger(tmp_path / str(n), attempts)) for n, attempts in enumerate(small))):
        cards = next(b.items for b in document.blocks if b.id == "numbers")
        assert len(cards) == 6
        assert all(item.comparison or item.reason for item in cards)


def test_a_site_without_gpus_leads_with_cpus_and_never_shows_gpu_columns(tmp_path: Path) -> None:
    document = usage(ledger(tmp_path / "l", [attempt(n, gpu_count=0.0, gpu_model=None) for n in range(3)]))
    assert document.title.startswith("CPU usage")
    assert document.charts[0].id == "cpus-in-use"
    assert not any("gpu" in column.key for found in document.tables for column in found.columns)
    assert not any(section.id == "waste" for section in document.sections)


def test_unmeasured_use_is_not_collected_never_zero(tmp_path: Path) -> None:
    document = usage(ledger(tmp_path / "l", [attempt(1), attempt(2)]))
    for name in ("gpu_busy_ratio", "idle_gpu_hours"):
        assert card(document, name).value is None
        assert card(document, name).reason == "no attempt reported how busy its GPUs were"
    assert rows(document, "by-user")["ada"]["gpu_busy_ratio"] is None
    assert "not collected" in document.finding
    assert not any(found.id == "idle" for found in document.tables)


def test_one_user_is_said_to_have_used_all(tmp_path: Path) -> None:
    assert usage(ledger(tmp_path / "l", [attempt(1), attempt(2)])).finding.startswith("ada used all 4.00 GPU-hours.")


def test_a_site_with_pending_jobs_only_says_so(tmp_path: Path) -> None:
    waiting = [attempt(n, state="pending", started_at=None, ended_at=None) for n in range(2)]
    document = usage(ledger(tmp_path / "l", waiting))
    assert document.finding == "No job ran. 2 attempts submitted and not started."
    assert rows(document, "waits-by-queue")["gpu"]["still_waiting"] == 2


def test_a_read_period_without_jobs_is_a_true_zero(tmp_path: Path) -> None:
    document = usage(ledger(tmp_path / "l", []))
    assert document.finding == "No job ran."
    assert document.coverage.ratio == 1
    assert all(chart.empty or chart.shape for chart in document.charts)


def test_a_period_nobody_looked_at_is_no_data_and_the_sentence_holds_the_command(tmp_path: Path) -> None:
    store = ledger(tmp_path / "l", [attempt(1)])
    with pytest.raises(NoData, match=r"--last 7d --to 2026-05-31T00:00:00Z"):
        usage(store, last("7d", END + timedelta(days=90)), END + timedelta(days=90))
    with pytest.raises(NoData, match="gpuledger ingest"):
        usage(ledger(tmp_path / "empty", [], []))


def test_old_data_is_a_banner_above_the_title_and_a_closed_month_is_not_old(tmp_path: Path) -> None:
    store = ledger(tmp_path / "l", [attempt(1)])
    now = END + timedelta(days=3)
    [banner] = usage(store, last("30d", now), now).banners
    assert banner.level == "stale"
    assert banner.sentence.startswith("Data is 3\u202fd old")
    assert usage(store, named("2026-05"), END + timedelta(days=300)).banners == ()


def test_the_age_of_the_data_and_what_it_may_be_are_in_the_document(tmp_path: Path) -> None:
    """A page left open can then say by its own clock that the data has become old."""
    document = usage(ledger(tmp_path, [attempt(1)]))
    assert (document.coverage.newest_at, document.coverage.allowed_age_seconds) == (END, 26 * 3600.0)


def test_an_input_that_could_not_be_read_is_said_above_the_title_until_it_is_read(tmp_path: Path) -> None:
    store = ledger(tmp_path, [attempt(1)])

    def told(number: int, at: datetime, result: str) -> None:
        row = {
            "ingest_id": f"i{number}", "run_kind": "ingest", "run_started_at": at, "run_ended_at": at, "source": "file",
            "source_type": "slurm", "input_name": "june.txt", "input_sha256": "0" * 64, "input_bytes": 9, "result": result,
            "error": "It is cut off." if result == "failed" else None,
        }  # fmt: skip
        store.append(Batch(RUNS, pa.Table.from_pylist([row])), f"i{number}")

    told(1, START - timedelta(days=1), "failed")
    assert usage(store).banners == (), "what failed before the period is no news"
    told(2, hour(5), "failed")
    [banner] = usage(store).banners
    assert banner.level == "warning"
    assert "june.txt: It is cut off." in banner.sentence
    told(3, hour(6), "done")
    assert usage(store).banners == ()


def test_bins_begin_on_the_clock_of_the_display_zone_whenever_the_period_does(tmp_path: Path) -> None:
    """Half hours of seven days, the first and the last one a part: a report made minutes later has the same bins."""
    held = attempt(1, started_at=hour(0), ended_at=hour(400), gpu_count=2.0)
    brief = attempt(2, started_at=hour(400), ended_at=hour(400.2), gpu_count=8.0)
    store = ledger(tmp_path / "l", [held, brief])
    chart, later = (
        usage(store, last("7d", now, "America/New_York"), now).charts[0] for now in (hour(400.2), hour(400.4))
    )
    starts = [value for value in chart.x.values if isinstance(value, datetime)]
    assert starts[:2] == [hour(400.2) - timedelta(days=7), hour(232.5)]
    assert {(start.minute, start.second) for start in starts[1:]} == {(0, 0), (30, 0)}
    assert chart.x.values[2:] == later.x.values[2:]
    assert chart.finding.startswith("The fullest 30\u202fmin began")  # the last 12 min held more
    assert isinstance(chart.shape, Lines)
    assert sum(series.total or 0 for series in chart.shape.series) == pytest.approx(2 * 167.8 + 8 * 0.2)


def test_bins_of_several_days_begin_at_midnight(tmp_path: Path) -> None:
    store = ledger(tmp_path / "l", [attempt(1, started_at=hour(-9000), ended_at=hour(0))])
    chart = usage(store, last("1000d", hour(5.5), "America/New_York"), hour(5.5)).charts[0]
    starts = [value for value in chart.x.values if isinstance(value, datetime)]
    assert len(starts) <= 402
    clocks = {value.astimezone(ZoneInfo("America/New_York")).strftime("%H:%M") for value in starts[1:]}
    assert clocks == {"00:00"}


def test_what_nobody_observed_is_a_gap_and_has_no_value(tmp_path: Path) -> None:
    told = [snapshot(until=hour(240)), {**snapshot(hour(480)), "time": hour(720)}]
    document = usage(ledger(tmp_path / "l", [attempt(1)], told))
    chart = document.charts[0]
    assert [(gap.start, gap.end) for gap in chart.gaps] == [(hour(240), hour(480))]
    assert isinstance(chart.shape, Lines)
    [series] = chart.shape.series
    assert chart.shape.bin_seconds == 7200
    assert series.values[130] is None
    assert series.values[100] == 0.0
    assert document.coverage.ratio == pytest.approx(2 / 3)
    assert card(document, "gpu_hours").unit == "GPU-h of 66.7\u202f% observed"


def test_a_record_past_its_limit_is_listed_and_counts_to_its_limit(tmp_path: Path) -> None:
    lost = attempt(7, state="running", ended_at=None, time_limit_seconds=7200.0)
    document = usage(ledger(tmp_path / "l", [lost]))
    assert rows(document, "runaways")["7"]["counted_seconds"] == 7200
    assert rows(document, "by-user")["totals"]["gpu_hours"] == pytest.approx(2)


def test_filters_hold_for_every_number(store: Lake) -> None:
    attempts = many()
    document = usage(store, where=(Filter("queue", "=", ("q1",)),))
    expected = sum(row["gpu_count"] * hours(row) for row in attempts if row["queue"] == "q1")
    assert card(document, "gpu_hours").value == pytest.approx(expected)
    assert set(rows(document, "by-queue")) == {"q1", "totals"}
    started = sum(row["queue"] == "q1" and MAY.start <= row["started_at"] < MAY.end for row in attempts)
    assert rows(document, "waits-by-queue")["totals"]["attempts_started"] == started > 0
    assert document.parameters["where"] == ("queue=q1",)


def test_waits_fall_into_their_classes(tmp_path: Path) -> None:
    waits = (30, 90, 600, 2000, 7200, 20_000, 50_000, 100_000, 300_000)
    attempts = [
        attempt(n, submitted_at=hour(100) - timedelta(seconds=s), started_at=hour(100), ended_at=hour(101))
        for n, s in enumerate(waits)
    ]
    shape = next(c.shape for c in usage(ledger(tmp_path / "l", attempts)).charts if c.id == "wait-classes")
    assert isinstance(shape, Bars)
    assert [(bar.amount, bar.words) for bar in shape.bars] == [(1.0, "1 · 11.1\u202f%")] * 9


@pytest.mark.parametrize("by", ["account", "gpu_model", "state"])
def test_use_over_time_is_told_apart_by_any_declared_dimension(store: Lake, by: str) -> None:
    document = usage(store, by=by)
    assert document.charts[0].dimension == by
    assert document.tables[0].id == f"by-{by.replace('_', '-')}"


def test_ids_are_unique_and_the_same_ledger_gives_the_same_document(month: Document, tmp_path: Path) -> None:
    ids = [block.id for block in month.blocks]
    assert len(ids) == len(set(ids))
    assert usage(ledger(tmp_path / "l", many())) == month


def test_hostile_names_stay_as_they_are(tmp_path: Path) -> None:
    name = '<script>alert("x")</script>\x1b[31m=1+1'
    document = usage(ledger(tmp_path / "l", [attempt(1, user_name=name)]))
    assert rows(document, "by-user")[name]["gpu_hours"] == pytest.approx(2)


SPANS = st.lists(
    st.tuples(st.integers(-50, 800), st.integers(1, 90), st.integers(0, 8), st.sampled_from("abcd")),
    min_size=1,
    max_size=25,
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spans=SPANS)
def test_any_month_adds_up(tmp_path_factory: pytest.TempPathFactory, spans: list[tuple[int, int, int, str]]) -> None:
    attempts = [
        attempt(
            n,
            user_name=user,
            gpu_count=float(gpus),
            submitted_at=hour(start),
            started_at=hour(start),
            ended_at=hour(start + run),
        )
        for n, (start, run, gpus, user) in enumerate(spans)
    ]
    document: Document = usage(ledger(tmp_path_factory.mktemp("l"), attempts))
    lead = "gpu_hours" if any(row["gpu_count"] * hours(row) for row in attempts) else "cpu_hours"
    expected = sum(row[lead.replace("hours", "count")] * hours(row) for row in attempts)
    found = rows(document, "by-user")
    assert found.pop("totals")[lead] == pytest.approx(expected)
    assert sum(row[lead] for row in found.values()) == pytest.approx(expected)


ADDED = ("gpu_hours", "cpu_hours", "memory_gib_hours", "attempts", "jobs")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The mixed month with every kind of missing name."""
    more = [
        attempt(100, gpu_count=0.0, gpu_model=None, user_name=None, account="", ended_at=hour(40)),
        attempt(101, gpu_count=None, gpu_model=None, queue=None, ended_at=hour(41)),
        attempt(102, gpu_count=2.0, gpu_model=None, user_name="", account=None, ended_at=hour(42)),
        attempt(103, gpu_count=0.0, gpu_model="A100"),
    ]
    return ledger(tmp_path_factory.mktemp("mixed"), [*many(), *more])


@pytest.mark.parametrize("most", range(1, 10))
def test_rows_and_others_of_every_table_are_the_whole(mixed: Lake, most: int) -> None:
    document = usage(mixed, rows=most, by="state")
    for name in (*TABLES, "by-state"):
        found = table(document, name)
        parts = [*found.rows, *([found.others] if found.others else [])]
        for number, column in enumerate(found.columns):
            if column.key in ADDED:
                assert found.totals is not None
                assert sum(row[number] or 0 for row in parts) == pytest.approx(found.totals[number]), (name, column.key)


def test_a_sum_is_not_compared_with_one_of_another_time_observed(tmp_path: Path) -> None:
    before = attempt(1, submitted_at=hour(-100), started_at=hour(-98), ended_at=hour(-94))
    told = snapshot(until=START + timedelta(days=19.2))
    document = usage(ledger(tmp_path / "l", [before, attempt(2)], [told]))
    held, wait = card(document, "gpu_hours"), card(document, "gpu_wait_seconds_median")
    assert held.comparison is None
    assert held.reason == "64.0\u202f% of this period was observed, 100\u202f% of the one before"
    assert wait.comparison is not None
    assert wait.comparison.label == "vs previous 30\u202fd (64.0\u202f% and 100\u202f% observed)"


def test_a_cluster_of_one_period_only_is_a_reason(tmp_path: Path) -> None:
    before = attempt(1, submitted_at=hour(-100), started_at=hour(-98), ended_at=hour(-94))
    told = [snapshot(), {**snapshot(since=START), "cluster": "d"}]
    store = ledger(tmp_path / "l", [before, attempt(2), attempt(3, cluster="d")], told)
    assert card(usage(store), "gpu_hours").reason == "d was not observed in previous 30\u202fd"
    alone = card(usage(store, where=(Filter("cluster", "=", ("c",)),)), "gpu_hours").comparison
    assert alone is not None
    assert alone.delta == pytest.approx(-0.5)


def test_a_bin_half_observed_shows_the_mean_of_that_half(tmp_path: Path) -> None:
    store = ledger(tmp_path / "l", [attempt(1, started_at=hour(0), ended_at=hour(720))], [snapshot(until=hour(241))])
    chart = usage(store).charts[0]
    assert isinstance(chart.shape, Lines)
    [series] = chart.shape.series
    assert (series.values[119], series.values[120]) == (1.0, 1.0)
    assert chart.gaps == (Gap(hour(241), hour(242)),)
    assert chart.readout == "mean 1.0 · peak 1.0"
    assert series.total == pytest.approx(720)


def test_what_is_known_to_have_been_held_shows_where_nobody_looked(tmp_path: Path) -> None:
    """An attempt that ended later was there: its band goes on, so that bands add up to the table; all else is a gap."""
    known = attempt(1, started_at=hour(0), ended_at=hour(300))
    chart = usage(ledger(tmp_path / "l", [known], [snapshot(until=hour(241))])).charts[0]
    assert isinstance(chart.shape, Lines)
    [series] = chart.shape.series
    assert (series.values[121], series.values[149], series.values[150]) == (1.0, 1.0, None)
    assert chart.gaps == (Gap(hour(241), hour(242)), Gap(hour(300), hour(720)))
    assert "1.0 on average" in chart.finding


def test_a_filter_of_a_name_nobody_has_is_answered_with_the_near_ones(store: Lake) -> None:
    for column, value, hint in (("user", "U3 ", None), ("account", "aa1", "'a1'"), ("gpu_model", "a10", "'A100'")):
        with pytest.raises(UsageError, match=f"There is no {column.replace('_', ' ')} '{value}'") as found:
            usage(store, where=(Filter(column, "=", (value,)),))
        assert hint is None or hint in str(found.value)
    assert usage(store, where=(Filter("user", "=", ("u1",)), Filter("queue", "!=", ("nowhere",)))).finding


def test_slices_and_turned_clocks_are_said(tmp_path: Path) -> None:
    attempts = [
        attempt(1, gpu_model="NVIDIA A100 1g.5gb"), attempt(2, gpu_model="NVIDIA A100 1g.5gb"), attempt(3),
        attempt(4, submitted_at=hour(2), started_at=hour(1)),
    ]  # fmt: skip
    document = usage(ledger(tmp_path / "l", attempts))
    notes = {block.id: block.sentence for block in document.blocks if isinstance(block, Note)}
    assert notes["slices"] == "2 attempts held MIG slices, 4.00 GPU-hours: each slice counts as one GPU."
    assert notes["turned-clocks"].startswith("1 attempt started before it was submitted")
    waits = next(chart for chart in document.charts if chart.id == "wait-classes")
    assert waits.left_out == "1 attempt whose wait is not known."


def test_idle_is_a_part_of_unused_and_its_share_is_of_it(tmp_path: Path) -> None:
    document = usage(ledger(tmp_path / "l", [attempt(1, gpu_busy_ratio=0.0), attempt(2, gpu_busy_ratio=0.5)]))
    found = rows(document, "use")
    assert found["↳ of the unused: idle all the time"]["share"] == pytest.approx(2 / 3)
    shares = [row["share"] for name, row in found.items() if name != "totals" and not name.startswith("↳")]
    assert sum(filter(None, shares)) == pytest.approx(1)


def test_the_card_of_waits_is_of_attempts_with_gpus_and_users_without_hours_are_counted(tmp_path: Path) -> None:
    idle = attempt(2, gpu_count=0.0, gpu_model=None, user_name="bob", submitted_at=hour(-9))
    document = usage(ledger(tmp_path / "l", [attempt(1), idle]))
    assert card(document, "gpu_wait_seconds_median").value == 3600
    assert card(document, "gpu_wait_seconds_median").label == "Median wait of GPU attempts"
    columns = {column.key: column.label for column in table(document, "by-user").columns}
    assert columns["wait_seconds_median"] == "Median wait of all attempts"
    assert rows(document, "by-user")["totals"]["user"] == "All 2 users"
    assert document.charts[0].left_out == "1 user without GPU-hours."


def test_definitions_begin_with_the_attempt(month: Document) -> None:
    terms = next(block for block in month.blocks if block.id == "terms")
    assert terms.items[0][0] == "Attempt"  # type: ignore[union-attr]
