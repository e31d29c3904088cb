"""The rolling report: aligned bins, limits, now, window and waiting equal a plain count of the same attempts."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from pydantic import ValidationError

from gpuledger.metrics import Filter
from gpuledger.metrics.ask import StoreAsk
from gpuledger.model.batch import Batch
from gpuledger.model.chart import Chart, Lines
from gpuledger.model.document import Document, Text
from gpuledger.model.errors import NoData, UsageError
from gpuledger.model.period import Period, last
from gpuledger.model.tables import HOST_STATES, LIMITS, PENDING, SNAPSHOTS
from gpuledger.render import render
from gpuledger.reports._rolling.parameters import RollingParameters, tabs
from gpuledger.reports.rolling import REPORT, build
from gpuledger.store.lake import Lake
from tests.reports.ledgers import END, START, attempt, card, hour, ledger, rows, snapshot, table

NOW = hour(240.4)
GIB = 2.0**30


def made(number: int, **said: Any) -> dict[str, Any]:
    """One of a mixed month of two QoS; the last ones run still."""
    begin = hour(number * 5.3)
    row = attempt(
        number, user_name=f"u{number % 5}", qos="groupa" if number % 3 else "groupb", gpu_count=float(number % 3),
        gpu_model="A100" if number % 3 else None, cpu_count=float(2 + number % 7), memory_bytes=GIB * (1 + number % 4),
        node_count=float(1 + number % 2), submitted_at=begin - timedelta(minutes=7), started_at=begin,
        ended_at=begin + timedelta(hours=3 + number % 11, seconds=number),
    ) | said  # fmt: skip
    if row["ended_at"] and row["ended_at"] > NOW:
        row |= {"ended_at": None, "state": "running", "observed_at": NOW, "reported_by": "sacct"}
    return row


MANY = [made(number) for number in range(44)]
TOLD = (snapshot(until=NOW),)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return ledger(tmp_path_factory.mktemp("rolling"), MANY, TOLD)


def rolling(
    store: Lake, period: Period | None = None, now: datetime = NOW, where: tuple[Filter, ...] = (), **chosen: Any
) -> Document:
    period = period or last("10d", now, "UTC")
    return build(StoreAsk(store, period, now, period.zone, where), RollingParameters.model_validate(chosen))


def chart(document: Document, name: str) -> Chart:
    return next(each for each in document.charts if each.id == name)


def lines(document: Document, name: str) -> Lines:
    shape = chart(document, name).shape
    assert isinstance(shape, Lines)
    return shape


def held(rows: Iterable[Mapping[str, Any]], start: datetime, end: datetime, of: str) -> float:
    """Amount × hours inside [start, end)."""
    total = 0.0
    for row in rows:
        until = min(row["ended_at"] or NOW, end)
        total += (row[of] if of else 1.0) * max(0.0, (until - max(row["started_at"], start)).total_seconds()) / 3600
    return total


AMOUNTS = {"cpus-in-use": "cpu_count", "gpus-in-use": "gpu_count", "jobs-running": ""}


@pytest.mark.parametrize(("name", "of"), AMOUNTS.items())
@pytest.mark.parametrize("qos", ["groupa", "groupb"])
def test_every_bin_of_every_user_is_what_a_plain_count_gives(store: Lake, name: str, of: str, qos: str) -> None:
    document = rolling(store, qos=qos)
    edges = chart(document, name).x.values
    assert len(edges) == 240
    for series in lines(document, name).series:
        mine = [row for row in MANY if row["user_name"] == series.label and row["qos"] == qos]
        for at in (0, 3, 100, 171, 238):
            left = edges[at]
            assert isinstance(left, datetime)
            assert series.values[at] == pytest.approx(held(mine, left, left + timedelta(hours=1), of), abs=1e-9)


def test_two_runs_ten_minutes_apart_share_every_closed_bin(store: Lake) -> None:
    first, second = (rolling(store, last("10d", now, "UTC"), now) for now in (hour(240.1), hour(240.35)))
    for name in AMOUNTS:
        assert chart(first, name).x.values == chart(second, name).x.values
        before, after = ({s.label: s.values[:-1] for s in lines(each, name).series} for each in (first, second))
        assert before == after
        assert lines(first, name).partial_from == lines(second, name).partial_from == 239


@pytest.mark.parametrize(
    ("length", "width", "count"),
    [("6h", "1h", 6), ("24h", "15min", 96), ("7d", "6h", 28), ("10d", "1d", 10), ("3d", "5m", 864)],
)
def test_each_window_shows_exactly_as_many_bins_as_it_holds(store: Lake, length: str, width: str, count: int) -> None:
    assert len(chart(rolling(store, last(length, NOW, "UTC"), bin=width), "cpus-in-use").x.values) == count


def test_bins_are_those_of_the_display_zones_clock(store: Lake) -> None:
    document = rolling(store, last("3d", NOW, "Asia/Kolkata"), bin="6h")
    zone = ZoneInfo("Asia/Kolkata")
    starts = [edge.astimezone(zone) for edge in chart(document, "cpus-in-use").x.values if isinstance(edge, datetime)]
    assert {(edge.hour % 6, edge.minute) for edge in starts} == {(0, 0)}


def test_a_range_that_was_typed_is_kept_to_the_second(store: Lake) -> None:
    period = Period(hour(10.5), hour(20.25))
    document = rolling(store, period)
    assert document.period == period
    assert rows(document, "totals")["totals"]["cpu_hours"] == pytest.approx(
        held(MANY, period.start, period.end, "cpu_count")
    )


def test_totals_are_hours_of_the_window_with_everyone_first(store: Lake) -> None:
    document = rolling(store, qos="groupa")
    found = rows(document, "totals")
    whole = found.pop("totals")
    mine = [row for row in MANY if row["qos"] == "groupa"]
    start = document.period.start
    for key, of in (("gpu_hours", "gpu_count"), ("cpu_hours", "cpu_count"), ("attempt_hours", "")):
        assert whole[key] == pytest.approx(held(mine, start, NOW, of))
        assert sum(row[key] for row in found.values()) == pytest.approx(whole[key])
    for user, row in found.items():
        assert row["cpu_hours"] == pytest.approx(
            held([r for r in mine if r["user_name"] == user], start, NOW, "cpu_count")
        )


@pytest.mark.parametrize("by", ["user", "account", "queue", "qos", "gpu_model"])
def test_whatever_it_is_told_apart_by_the_whole_is_the_same(store: Lake, by: str) -> None:
    found = rows(rolling(store, by=by), "totals")
    assert found["totals"]["gpu_hours"] == pytest.approx(held(MANY, hour(1), NOW, "gpu_count"))
    assert rows(rolling(store, by=by), "now")["totals"]["cpus"] == sum(
        row["cpu_count"] for row in MANY if not row["ended_at"]
    )


def test_now_is_what_runs_and_nobody_else(store: Lake) -> None:
    found = rows(rolling(store), "now")
    running = [row for row in MANY if not row["ended_at"]]
    assert running
    assert found.pop("totals")["jobs"] == len(running)
    assert set(found) == {row["user_name"] for row in running}
    for user, row in found.items():
        mine = [each for each in running if each["user_name"] == user]
        assert row["cpus"] == sum(each["cpu_count"] for each in mine)
        assert row["memory_gib"] == pytest.approx(sum(each["memory_bytes"] for each in mine) / GIB)


def test_a_job_of_four_machines_is_one_job(tmp_path: Path) -> None:
    row = attempt(
        1, node_count=4.0, started_at=hour(1), ended_at=None, state="running", observed_at=hour(9), reported_by="sacct"
    )
    document = rolling(ledger(tmp_path / "l", [row], [snapshot(until=hour(9))]), Period(hour(1), hour(9)), hour(9))
    assert max(value or 0 for value in lines(document, "jobs-running").series[0].values) == 1
    assert rows(document, "now")["totals"]["jobs"] == 1


def test_a_runaway_is_not_running_now(tmp_path: Path) -> None:
    lost = attempt(
        1,
        started_at=hour(1),
        ended_at=None,
        state="running",
        observed_at=hour(2),
        reported_by="sacct",
        time_limit_seconds=3600.0,
    )
    document = rolling(
        ledger(tmp_path / "l", [lost, attempt(2, ended_at=hour(200))], [snapshot(until=NOW)]), last("10d", NOW, "UTC")
    )
    assert rows(document, "now") == {"totals": {"user": "All", "gpus": 0, "cpus": 0, "memory_gib": 0, "jobs": 0}}
    assert table(document, "runaways").rows


def test_hours_over_a_limit_are_exact_whatever_the_bins(tmp_path: Path) -> None:
    over = [
        attempt(1, qos="q", gpu_count=3.0, started_at=hour(1), ended_at=hour(5)),
        attempt(2, qos="q", gpu_count=2.0, started_at=hour(2.25), ended_at=hour(3)),
        attempt(3, qos="q", gpu_count=1.0, started_at=hour(3), ended_at=hour(4)),
    ]
    store = ledger(tmp_path / "l", over)
    for width in ("1h", "1d"):
        document = rolling(
            store, Period(START, hour(24)), hour(24), qos="q", bin=width, limits={"q": {"gpus": 4, "cpus": 100}}
        )
        over_limit = card(document, "over_limit")
        assert over_limit.value == pytest.approx(0.75)
        assert (over_limit.label, over_limit.reason) == ("Time over a limit", "of GPUs")
        assert len(document.blocks[0].items) == 6
        assert "Above the limit of 4 for 45\u202fmin." in chart(document, "gpus-in-use").finding
        assert "Never above the limit of 100." in chart(document, "cpus-in-use").finding
        assert "(125\u202f% of limit)" in chart(document, "gpus-in-use").readout
        assert [mark.at for mark in chart(document, "gpus-in-use").marks] == [4]


def limit(
    name: str,
    resource: str,
    count: float | None,
    since: datetime = START,
    unit: str = "",
    cluster: str = "c",
    scope: str = "qos",
) -> dict[str, Any]:
    return {
        "cluster": cluster,
        "scope": scope,
        "name": name,
        "resource": resource,
        "valid_from": since,
        "limit_count": count,
        "unit": unit,
    }


def with_limits(store: Lake, *told: dict[str, Any]) -> Lake:
    store.upsert(Batch(LIMITS, pa.Table.from_pylist(list(told))), "test")
    return store


def test_slurms_limits_are_the_lines_and_the_configuration_wins(tmp_path: Path) -> None:
    store = with_limits(
        ledger(tmp_path / "l", MANY, TOLD), limit("groupa", "cpu", 64), limit("groupa", "gpu", 8), limit("groupa", "gpu", 10, hour(5)),
        limit("groupa", "memory", 400 * GIB, unit="byte"), limit("groupa", "job", None), limit("groupa", "node", 5),
    )  # fmt: skip
    marks = {
        each.id: [mark.at for mark in each.marks] for each in rolling(store, qos="groupa").charts if each.dimension
    }
    assert marks == {
        "cpus-in-use": [64],
        "gpus-in-use": [10],
        "memory-in-use": [400],
        "jobs-running": [],
        "nodes-in-use": [5],
    }
    said = rolling(store, qos="groupa", limits={"groupa": {"gpus": 2, "jobs": 3}})
    assert [mark.label for mark in chart(said, "gpus-in-use").marks] == ["limit 2"]
    assert [mark.at for mark in chart(said, "jobs-running").marks] == [3]
    assert not [mark for each in rolling(store).charts for mark in each.marks]


def test_a_limit_of_each_user_is_said_and_is_no_line(tmp_path: Path) -> None:
    store = with_limits(
        ledger(tmp_path / "l", MANY, TOLD), limit("groupa", "gpu", 8), limit("groupa", "gpu", 2, scope="qos_user"),
        limit("groupa", "job", 4, scope="qos_user"), limit("groupa", "cpu", 1, scope="account_user"),
    )  # fmt: skip
    document = rolling(store, qos="groupa")
    assert [mark.at for mark in chart(document, "gpus-in-use").marks] == [8]
    assert chart(document, "gpus-in-use").finding.count("Each user may hold at most 2.") == 1
    assert not chart(document, "jobs-running").marks
    assert "Each user may hold at most 4" in chart(document, "jobs-running").finding
    assert "Each user" not in chart(document, "cpus-in-use").finding


def test_a_limit_that_two_clusters_tell_has_no_line(tmp_path: Path) -> None:
    store = with_limits(
        ledger(tmp_path / "l", MANY, TOLD), limit("groupa", "gpu", 8), limit("groupa", "gpu", 4, cluster="d")
    )
    assert not chart(rolling(store, qos="groupa"), "gpus-in-use").marks


def test_a_qos_without_jobs_says_so(tmp_path: Path) -> None:
    store = with_limits(ledger(tmp_path / "l", MANY, TOLD), limit("quiet", "gpu", 8))
    document = rolling(store, qos="quiet")
    [said] = [block for block in document.blocks if isinstance(block, Text) and block.id == "no-jobs"]
    assert said.text.startswith("QoS quiet: no job held anything")
    assert not document.charts
    assert not document.banners


def test_a_qos_that_slurm_does_not_know_is_a_warning_with_those_it_knows(store: Lake) -> None:
    [note] = rolling(store, qos="gropua").banners
    assert note.level == "warning"
    assert note.sentence == "There is no QoS 'gropua' that the scheduler told of; it knows groupa, groupb."


def test_several_tabs_stand_one_after_the_other_under_the_same_colours(store: Lake) -> None:
    document = rolling(store, qos=["groupa", "nobody", "groupb"])
    assert [each.id for each in document.charts] == [
        *(f"{name}-1" for name in ("gpus-in-use", "cpus-in-use", "memory-in-use", "jobs-running")),
        *(f"{name}-3" for name in ("cpus-in-use", "gpus-in-use", "memory-in-use", "jobs-running")),
    ]
    alone = rolling(store, qos="groupb")
    assert rows(document, "totals-3") == rows(alone, "totals")
    assert len(document.ranks["user"]) == 5


def test_names_past_the_top_are_one_band_and_nothing_is_lost(store: Lake) -> None:
    every, few = rolling(store), rolling(store, top=2, rows=2)
    assert [series.label for series in lines(few, "cpus-in-use").series][-1] == "3 others"
    for at in (5, 100, 238):
        drawn = [sum(series.values[at] or 0 for series in lines(each, "cpus-in-use").series) for each in (every, few)]
        assert drawn[0] == pytest.approx(drawn[1])
    found = rows(few, "totals")
    whole = found.pop("totals")
    assert sum(row["cpu_hours"] for row in found.values()) == pytest.approx(whole["cpu_hours"])


def waits(number: int, **said: Any) -> dict[str, Any]:
    return {
        "cluster": "c", "pending_id": f"{number}@1", "job_id": str(number), "user_name": "ada", "account": "math", "queue": "gpu", "qos": "groupa",
        "submitted_at": NOW - timedelta(hours=number), "first_seen_at": NOW - timedelta(minutes=5), "last_seen_at": NOW, "task_count": 1.0,
        "requested_gpu_count": 2.0, "requested_cpu_count": 4.0, "requested_memory_bytes": GIB, "wait_reason": "Priority",
    } | said  # fmt: skip


def with_queue(store: Lake, *told: dict[str, Any], at: datetime = NOW) -> Lake:
    poll = {"cluster": "c", "source": "sacct now", "time": at, "status": "complete", "told_tables": ["pending"]}
    store.append(Batch(SNAPSHOTS, pa.Table.from_pylist([poll])), "queue")
    if told:
        store.upsert(Batch(PENDING, pa.Table.from_pylist(list(told))), "queue")
    return store


def test_waiting_jobs_are_those_the_queue_showed_last_with_their_reasons(tmp_path: Path) -> None:
    gone = waits(9, last_seen_at=NOW - timedelta(minutes=5))
    other = waits(3, qos="groupb", wait_reason="JobHeldUser")
    array = waits(2, task_count=10.0, wait_reason="QOSGrpGRES", requested_gpu_count=1.0)
    store = with_queue(ledger(tmp_path / "l", MANY, TOLD), waits(1), array, other, gone)
    found = rows(rolling(store), "waiting")
    assert {key: (row["jobs"], row["gpus"]) for key, row in found.items()} == {
        "QOSGrpGRES": (10, 10), "Priority": (1, 2), "JobHeldUser": (1, 2), "totals": (12, 14),
    }  # fmt: skip
    assert found["totals"]["longest"] == pytest.approx(3 * 3600)
    jobs = table(rolling(store, qos="groupa"), "waiting-jobs")
    assert [row[0] for row in jobs.rows] == ["2", "1"]
    assert card(rolling(store, qos="groupa"), "waiting_now").value == 11


def test_without_a_queue_the_accounting_says_who_waits(tmp_path: Path) -> None:
    pending = attempt(99, state="pending", started_at=None, ended_at=None, submitted_at=hour(239), observed_at=NOW, reported_by="sacct",
                      wait_reason="Resources", requested_gpu_count=4.0, gpu_count=None)  # fmt: skip
    store = ledger(tmp_path / "l", [*MANY, pending], TOLD)
    assert rows(rolling(store), "waiting")["Resources"]["gpus"] == 4
    with_queue(store)
    assert "Resources" not in rows(rolling(store), "waiting"), "a queue that was read and showed nothing: nothing waits"


def test_an_empty_ledger_and_a_window_nobody_saw_are_no_data(tmp_path: Path) -> None:
    with pytest.raises(NoData, match="no accounting yet"):
        rolling(ledger(tmp_path / "a", [], ()))
    with pytest.raises(NoData, match="report rolling --to"):
        rolling(
            ledger(tmp_path / "b", MANY[:3], [snapshot(until=END)]),
            Period(END + timedelta(days=300), END + timedelta(days=301)),
            END + timedelta(days=301),
        )


@pytest.mark.parametrize("text", ["7min", "25h", "0h", "1w", "h", "-1h", "1.5h", "٣h"])
def test_a_bin_cuts_a_day_into_equal_parts(text: str) -> None:
    with pytest.raises(ValidationError, match="equal parts"):
        RollingParameters(bin=text)


def test_a_bin_too_short_for_the_window_is_refused(store: Lake) -> None:
    with pytest.raises(UsageError, match="choose a longer"):
        rolling(store, last("300d", NOW, "UTC"), bin="1m")


def test_the_configured_tabs_choose_one_name_each_and_the_configured_window_holds() -> None:
    found = tabs({"qos": ["groupa", "groupb"], "account": "math, bio", "last": "7d"})
    assert [tab.label for tab in found] == ["groupa", "groupb", "math", "bio"]
    for tab in found:
        chosen = RollingParameters.model_validate(
            {"qos": ["groupa", "groupb"], "account": "math, bio", **tab.parameters}
        )
        assert [choice.name for choice in chosen.tabs] == [tab.label]
    assert (REPORT.window({"last": "7d"}), REPORT.window({})) == ("7d", "30d")
    assert not tabs({})


def test_the_earlier_dashboards_data_file_holds_the_same_numbers(store: Lake, tmp_path: Path) -> None:
    document = rolling(store, qos=["groupa", "groupb"], limits={"groupa": {"gpus": 39}})
    render(document, ["librarian"], tmp_path)
    data = json.loads((tmp_path / "data_groupa.json").read_text())
    assert data["metadata"] == {
        "qos": "groupa",
        "last_updated": NOW.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "time_resolution_seconds": 3600,
    }
    assert len(data["time_idxs"]) == 240
    assert data["thresholds"] == {"NGPUS": 39}
    assert set(data["observables"]) == {"NCPUS", "NGPUS", "MEMORY", "NJOBS"}
    for series in lines(document, "cpus-in-use-1").series:
        assert data["observables"]["NCPUS"][series.label] == pytest.approx(
            [value or 0 for value in series.values], abs=0.005
        )
    assert (tmp_path / "data_groupb.json").exists()


def test_a_name_of_data_is_never_a_path_nor_markup(tmp_path: Path) -> None:
    name = "../<img onerror=x>"
    store = ledger(tmp_path / "l", [attempt(1, qos=name, user_name="<script>", ended_at=hour(3))])
    document = rolling(store, Period(START, hour(9)), hour(9), qos=[name])
    files = render(document, ["librarian", "html", "pdf"], tmp_path / "out")
    assert {file.parent for file in files} == {tmp_path / "out"}
    assert b"<script>" not in next(file for file in files if file.name.startswith("data_")).read_bytes()
    assert b"<script>x" not in (tmp_path / "out" / "index.html").read_bytes()
    assert sum(file.suffix == ".pdf" and file.read_bytes().startswith(b"%PDF") for file in files) >= 4


def test_the_earlier_layout_of_another_report_is_refused(store: Lake, tmp_path: Path) -> None:
    from tests.reports.ledgers import usage

    with pytest.raises(UsageError, match="is of the report rolling"):
        render(usage(store), ["librarian"], tmp_path)


def machine(host: str, state: str, cpus: float, at: datetime) -> dict[str, Any]:
    return {
        "cluster": "c", "source": "sacct now", "time": at, "host": host, "host_state": state, "reason": "fan", "total_cpu_count": 32.0,
        "total_gpu_count": 4.0, "allocated_cpu_count": cpus, "allocated_gpu_count": 0.0,
    }  # fmt: skip


def test_what_still_runs_on_draining_machines_is_told_over_time(tmp_path: Path) -> None:
    store = ledger(tmp_path / "l", MANY, TOLD)
    before = NOW - timedelta(minutes=30)
    told = [
        machine("a", "MIXED+DRAIN", 24.0, before),
        machine("b", "IDLE", 0.0, before),
        machine("a", "MIXED+DRAIN", 8.0, NOW),
        machine("b", "IDLE", 0.0, NOW),
    ]
    store.append(Batch(HOST_STATES, pa.Table.from_pylist(told)), "test")
    document = rolling(store, qos="groupa")
    found = table(document, "machines-out")
    assert [row[:4] for row in found.rows] == [("a", "MIXED+DRAIN", "fan", 8)]
    assert [series.values for series in lines(document, "cpus-to-drain").series] == [(24, 8)]
    assert not [
        block
        for block in rolling(store, last("10d", hour(200), "UTC"), hour(200)).blocks
        if getattr(block, "id", "") == "machines-out"
    ]


def test_the_names_of_accounts_are_not_told_to_who_mistypes_one(store: Lake) -> None:
    [note] = rolling(store, account="mth").banners
    assert note.sentence == "There is no account 'mth' that the scheduler told of."


def test_gpus_lead_the_charts_of_a_group_that_holds_any_and_cpus_those_of_one_that_does_not(tmp_path: Path) -> None:
    rows = [attempt(1, qos="gpus"), attempt(2, qos="cpus", gpu_count=0.0)]
    store = ledger(tmp_path / "l", rows)
    led = {name: rolling(store, Period(START, hour(24)), hour(24), qos=name).charts[0].id for name in ("gpus", "cpus")}
    assert led == {"gpus": "gpus-in-use", "cpus": "cpus-in-use"}
