"""The reports beside `pool` on a made pool: every kind of number against plain Python over the rows."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gpuledger.config import Settings, open_ledger
from gpuledger.model.capacity import Capacity
from gpuledger.model.chart import Grid, Histogram, Lines
from gpuledger.model.document import Document
from gpuledger.model.period import Period
from tests.reports.ledgers import card, rows, table
from tests.reports.pools import FROM, TO, Recount, days, read_pool

OUT = ("drained", "draining", "down", "maintenance")
PARTS = {
    "allocated_gpus": "primary", "secondary_gpus": "secondary", "drained_gpus": "drained", "prevented_gpus": "prevented",
    "owner_gpus": "owner", "idle_gpus": "idle",
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recount]:
    """Five days over a month's end, an outage of six hours among them; nothing is left out, all classes by their projects."""
    folder = tmp_path_factory.mktemp("pool")
    pool = {"hidden_models": ()}
    with open_ledger(Settings(ledger=str(folder / "ledger"), pool=pool)) as ledger:  # type: ignore[arg-type]
        read_pool(ledger, shared_data / "pool_small")
        yield Recount(ledger, Period(FROM, TO))


@pytest.fixture(scope="module")
def late(whole: Recount) -> Recount:
    """The last day and a half: the ledger reaches further back than the period."""
    return Recount(whole.ledger, days(1.5))


def find(document: Document, name: str) -> Any:
    return next(chart for chart in document.charts if chart.id == name)


def test_means_of_each_host_equal_a_recount(whole: Recount) -> None:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for since, until, row in whole.held():
        counted[row["host"]][row["part"]] += until - since  # type: ignore[assignment]
    found = rows(whole.document("pool-hosts"), "hosts")
    assert found.keys() - {"totals"} == counted.keys()
    for host, parts in counted.items():
        for metric, name in PARTS.items():
            assert found[host][metric] == pytest.approx(parts[name] / whole.covered, abs=1e-6), (host, metric)
        assert found[host]["allocated_ratio"] == pytest.approx(parts["primary"] / sum(parts.values()))
    for metric, name in PARTS.items():
        assert found["totals"][metric] == pytest.approx(sum(p[name] for p in counted.values()) / whole.covered)


def test_each_column_of_each_lane_is_the_state_held_longest(late: Recount) -> None:
    chart = find(late.document("pool-hosts"), "lanes")
    assert isinstance(chart.shape, Grid)
    step, count = 300.0, len(chart.x.values)
    letters = {
        "primary": "P",
        "secondary": "S",
        "idle": "I",
        "owner": "O",
        "drained": "D",
        "prevented": "V",
        "unknown": "N",
    }
    assert count == late.period.seconds / step <= 500
    seen = [0.0] * count
    for since, until in late.holds.values():
        _share(seen, since, until, step)
    for lane in chart.shape.rows:
        host, _, gpu = lane.label.partition(" / ")
        held: list[Counter[str]] = [Counter() for _ in range(count)]
        for since, until, row in late.gpus[host, gpu]:
            for number in range(int(since // step), min(count, int(until // step) + 1)):
                inside = min(until, (number + 1) * step) - max(since, number * step)
                held[number][letters[row["part"]]] += max(inside, 0.0)  # type: ignore[assignment]
        for number, letter in enumerate(lane.codes):
            absent = seen[number] - sum(held[number].values())
            lasted = {**held[number], "N": held[number]["N"] + step - seen[number], " ": absent}
            assert lasted[letter] == pytest.approx(max(lasted.values()), abs=1e-3), (lane.label, number)


def _share(bins: list[float], since: float, until: float, step: float) -> None:
    for number in range(int(since // step), min(len(bins), int(until // step) + 1)):
        bins[number] += max(0.0, min(until, (number + 1) * step) - max(since, number * step))


def kind_of(row: dict[str, Any]) -> tuple[str, str] | None:
    if row["part"] == "secondary":
        return "running", row["backfill_job_id"] or row["backfill_user"]
    is_free = row["backfill_occupancy"] == "unclaimed" and row["part"] != "primary" and row["admin_state"] not in OUT
    return ("free", "") if is_free else None


def walked(recount: Recount) -> Iterator[tuple[str, float, bool, bool, str | None]]:
    """Every spell of every GPU, walked reading by reading: kind, seconds, begun, ended, what came next."""
    for readings in recount.gpus.values():
        spell: list[Any] | None = None
        for before, here, after in zip([None, *readings[:-1]], readings, [*readings[1:], None], strict=True):
            since, until, row = here
            name = kind_of(row)
            follows = before is not None and before[1] == since
            if name and not (spell and follows and kind_of(before[2]) == name):  # type: ignore[index]
                spell = [name[0], since, follows]
            goes_on = after is not None and after[0] == until
            if name and spell and not (goes_on and kind_of(after[2]) == name):  # type: ignore[index]
                yield spell[0], until - spell[1], spell[2], goes_on, after[2]["part"] if goes_on else None  # type: ignore[index]
                spell = None


def test_spells_and_what_ended_them_equal_a_walk_over_the_readings(whole: Recount) -> None:
    document = whole.document("pool-backfill")
    spells = list(walked(whole))
    found = {(row[0], row[1]): row for row in table(document, "spells").rows}
    for kind, label in (("free", "Free"), ("running", "Job running")):
        lengths = sorted(s for name, s, begun, ended, _ in spells if name == kind and begun and ended)
        row = dict(zip([c.key for c in table(document, "spells").columns], found[label, "All classes"], strict=True))
        assert row["whole"] == len(lengths)
        assert row["cut"] == sum(name == kind for name, *_ in spells) - len(lengths)
        assert row["p50"] == pytest.approx(percentile(lengths, 0.5), abs=1e-3)
        assert row["p90"] == pytest.approx(percentile(lengths, 0.9), abs=1e-3)
        assert row["longest"] == pytest.approx(lengths[-1], abs=1e-3)
        assert row["gpu_hours"] == pytest.approx(sum(s for name, s, *_ in spells if name == kind) / 3600)
        shape = find(document, "spell-lengths").shape
        assert isinstance(shape, Histogram)
        [series] = [one for one in shape.series if one.key == kind]
        assert sum(v or 0 for v in series.values) == len(lengths)
    ends = [after for name, _, _, ended, after in spells if name == "running" and ended]
    evicted, per_day = ends.count("primary"), ends.count("primary") / (whole.covered / 86_400)
    taken = rows(document, "endings")["A primary job took the GPU"]
    assert (taken["count"], taken["per_day"]) == (evicted, pytest.approx(per_day))
    assert card(document, "evictions").value == pytest.approx(per_day)
    assert rows(document, "endings")["totals"]["count"] == len(ends)
    bars = find(document, "endings-over-time").shape
    assert isinstance(bars, Lines)
    assert [sum(v or 0 for v in series.values) for series in bars.series] == [evicted, len(ends) - evicted]


def percentile(values: Sequence[float], share: float) -> float:
    place = share * (len(values) - 1)
    low = int(place)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)


def test_slot_creation_efficiency_equals_a_recount(whole: Recount) -> None:
    free, offered, running = Counter[str](), Counter[str](), Counter[str]()
    for since, until, row in whole.held():
        if row["part"] == "primary" or row["admin_state"] in OUT:
            continue
        free[row["host"]] += until - since  # type: ignore[assignment]
        offered[row["host"]] += (until - since) * (row["backfill_occupancy"] is not None)  # type: ignore[assignment]
        running[row["host"]] += (until - since) * (row["part"] == "secondary")  # type: ignore[assignment]
    found = rows(whole.document("pool-backfill"), "offered-by-host")
    for host, seconds in free.items():
        assert found[host]["idle_primary"] == pytest.approx(seconds / whole.covered)
        assert found[host]["efficiency"] == pytest.approx(offered[host] / seconds)
        assert found[host]["running"] == pytest.approx(running[host] / whole.covered)
    assert found["totals"]["efficiency"] == pytest.approx(offered.total() / free.total())


def test_secondary_hours_of_users_add_up_to_the_classes(whole: Recount) -> None:
    document = whole.document("pool-backfill")
    users, classes = rows(document, "by-user"), rows(document, "by-class")
    counted: Counter[str] = Counter()
    for since, until, row in whole.held():
        if row["part"] == "secondary":
            counted[row["backfill_user"]] += (until - since) / 3600  # type: ignore[assignment]
    total = users.pop("totals")
    assert {name: row["observed_secondary_gpu_hours"] for name, row in users.items()} == pytest.approx(dict(counted))
    assert total["observed_secondary_gpu_hours"] == pytest.approx(counted.total())
    assert classes["totals"]["observed_secondary_gpu_hours"] == pytest.approx(counted.total())
    for key, label in (("researcher", "Researcher-owned"), ("open", "Open capacity")):
        held = classes[label]["observed_secondary_gpu_hours"]
        assert total[key] == pytest.approx(held) == pytest.approx(sum(row[key] for row in users.values()))
    assert classes["Open capacity"]["observed_secondary_gpu_hours"] > 0


@pytest.mark.parametrize("min_hours", [None, 12.0])
def test_unused_gpus_equal_a_recount(late: Recount, whole: Recount, min_hours: float | None) -> None:
    expected, last_users = {}, {}
    for gpu, readings in late.gpus.items():
        last = max((until for _, until, row in readings if row["part"] in ("primary", "secondary")), default=None)
        idle = readings[-1][1] - (readings[0][0] if last is None else last)
        if (last is None) if min_hours is None else idle >= min_hours * 3600:
            expected[gpu] = last
            jobs = [row for _, _, row in whole.gpus[gpu] if row["part"] in ("primary", "secondary")]
            last_users[gpu] = (jobs[-1]["primary_user"] or jobs[-1]["backfill_user"]) if jobs else "no job on record"
    found = table(late.document("pool-unused", min_hours=min_hours), "gpus")
    keys = [column.key for column in found.columns]
    told = {(row[0], row[1]): dict(zip(keys, row, strict=True)) for row in found.rows}
    assert told.keys() == expected.keys()
    for gpu, row in told.items():
        assert row["user"] == last_users[gpu]
        if expected[gpu] is not None:
            assert (row["since"] - late.period.start).total_seconds() == pytest.approx(expected[gpu], abs=1e-3)
    assert any(last_users[gpu] == "no job on record" for gpu in told) or min_hours


def test_a_snapshot_is_the_reading_that_holds(whole: Recount) -> None:
    at = "2026-08-31T12:00"
    document = whole.document("pool-snapshot", model=("L40",), at=at)
    moment = 2.5 * 86_400
    told = {
        gpu: row
        for gpu, readings in whole.gpus.items()
        for since, until, row in readings
        if since <= moment < until and row["gpu_model"] == "NVIDIA L40"
    }
    found = table(document, "gpus")
    assert [(row[0], row[1]) for row in found.rows] == sorted(told)
    active = [row for row in told.values() if row["part"] in ("primary", "secondary")]
    assert (card(document, "gpus").value, card(document, "active").value) == (len(told), len(active))
    by_user = Counter(row["primary_user"] if row["part"] == "primary" else row["backfill_user"] for row in active)
    users = rows(document, "users")
    assert {name: row["gpus"] for name, row in users.items() if name != "totals"} == dict(by_user)
    assert users["totals"]["gpus"] == len(active)


def in_project(row: dict[str, Any], project: str) -> bool:
    return project in [name.strip() for name in (row["owner_projects"] or "").split(",")]


def test_users_of_a_project_and_their_gini_equal_a_recount(whole: Recount) -> None:
    document = whole.document("pool-host", project="Proj000")
    primary, secondary = Counter[str](), Counter[str]()
    for since, until, row in whole.held():
        if in_project(row, "Proj000"):
            if row["part"] == "primary":
                primary[row["primary_user"]] += (until - since) / 3600  # type: ignore[assignment]
            if row["part"] == "secondary":
                secondary[row["backfill_user"]] += (until - since) / 3600  # type: ignore[assignment]
    found = rows(document, "users")
    total = found.pop("totals")
    assert {name: row["primary"] for name, row in found.items() if row["primary"]} == pytest.approx(dict(primary))
    assert {name: row["secondary"] for name, row in found.items() if row["secondary"]} == pytest.approx(dict(secondary))
    hours = [primary[name] + secondary[name] for name in primary | secondary]
    apart = sum(abs(a - b) for a in hours for b in hours)
    assert float(str(card(document, "gini").value)) == pytest.approx(apart / (2 * len(hours) * sum(hours)), abs=0.005)
    assert total["gpu_hours"] == pytest.approx(sum(hours))
    apart = table(whole.document("pool-host", project="Proj000", rows=1000), "users-of-hosts")
    for column, counted in ((3, primary), (4, secondary)):
        assert sum(row[column] for row in apart.rows) == pytest.approx(counted.total())  # type: ignore[misc]


def crowded(whole: Recount, project: str) -> dict[tuple[float, float], set[str]]:
    """Readings at which every GPU of the project in service was taken, and who held some then."""
    at: dict[tuple[float, float], list[dict[str, Any]]] = defaultdict(list)
    for since, until, row in whole.held():
        if in_project(row, project):
            at[since, until].append(row)
    full = {}
    for span, those in at.items():
        serving = [row for row in those if row["part"] not in ("drained", "prevented", "owner")]
        if serving and all(row["part"] == "primary" for row in serving):
            full[span] = {row["primary_user"].partition("@")[0] for row in serving}
    return full


def test_contention_of_a_project_equals_a_recount(whole: Recount) -> None:
    full = crowded(whole, "Proj005")
    mine, others = Counter[str](), Counter[str]()
    for job in (job for job in whole.waiting if job["account"] == "Proj005"):
        for (since, until), users in full.items():
            hours = max(0.0, min(until, job["until"]) - max(since, job["since"])) / 3600 * job["requested_gpu_count"]
            (mine if job["user_name"] in users else others)[job["user_name"]] += hours  # type: ignore[assignment]
    found = rows(whole.document("pool-host", project="Proj005"), "contention")
    for user, row in found.items():
        if user != "totals":
            assert (row["self"], row["other"]) == (
                pytest.approx(mine[user], abs=1e-4),
                pytest.approx(others[user], abs=1e-4),
            )
    assert found["totals"]["other"] == pytest.approx(others.total(), abs=1e-2)
    assert mine.total() > 0
    supply = rows(whole.document("pool-pressure"), "supply")["Proj005"]
    assert (supply["self"], supply["other"]) == (
        pytest.approx(mine.total(), abs=1e-2),
        pytest.approx(others.total(), abs=1e-2),
    )
    assert supply["full"] == pytest.approx(sum(until - since for since, until in full), abs=1e-2)


def test_queue_and_supply_equal_a_recount(whole: Recount) -> None:
    document = whole.document("pool-pressure", rows=5)
    hours, jobs, users = Counter[str](), defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for job in whole.waiting:
        hours[job["account"]] += (job["until"] - job["since"]) / 3600 * job["requested_gpu_count"]  # type: ignore[assignment]
        jobs[job["account"]].add(job["job_id"])
        users[job["account"]].add(job["user_name"])
    own: Counter[str] = Counter()
    for since, until, row in whole.held():
        for name in {name.strip() for name in row["owner_projects"].split(",")} - {""}:
            own[name] += until - since  # type: ignore[assignment]
    found = rows(document, "supply")
    for project in hours:
        row = found[project or "(no project)"]
        assert (row["gpu_hours"], row["users"]) == (pytest.approx(hours[project]), len(users[project]))
        if project:
            assert row["own"] == pytest.approx(own[project] / whole.covered, abs=1e-9)
    assert found["totals"]["gpu_hours"] == pytest.approx(hours.total())
    chart = find(document, "queue-by-project").shape
    assert isinstance(chart, Lines)
    assert chart.bin_seconds is not None
    area = sum(v or 0.0 for series in chart.series for v in series.values) * chart.bin_seconds / 3600
    assert area == pytest.approx(hours.total())
    waits = sorted(((job["last_seen_at"] - job["submitted_at"]).total_seconds() for job in whole.waiting), reverse=True)
    assert [row[5] for row in table(document, "longest").rows] == pytest.approx(waits[:5])


def test_peaks_of_users_on_open_capacity_equal_a_recount(whole: Recount) -> None:
    at: dict[str, Counter[float]] = defaultdict(Counter)
    hours: Counter[str] = Counter()
    for since, until, row in whole.held():
        if row["owner_projects"] == "" and not row["is_interactive"] and row["part"] in ("primary", "secondary"):
            user = row["primary_user"] if row["part"] == "primary" else row["backfill_user"]
            at[user][since] += 1
            hours[user] += (until - since) / 3600  # type: ignore[assignment]
    found = rows(whole.document("pool-pressure", rows=1000), "peaks")
    assert {name: row["most_gpus"] for name, row in found.items() if name != "totals"} == {
        user: max(count.values()) for user, count in at.items()
    }
    assert {n: r["observed_gpu_hours"] for n, r in found.items() if n != "totals"} == pytest.approx(dict(hours))


def test_excluded_hosts_and_hidden_models_are_listed_and_not_in_the_totals(whole: Recount, shared_data: Path) -> None:
    document = whole.document("pool-hosts", masked_hosts=shared_data / "pool_small" / "masked_hosts.yaml")
    found = rows(document, "hosts")
    total = found.pop("totals")
    excluded = {host for host, row in found.items() if row["counted"] != "yes"}
    assert {host.partition(".")[0] for host in excluded} == {"voyles2000", "gpulab2003", "gpulab2004"}
    assert found["voyles2000.pool.example.edu"]["counted"].startswith(
        "excluded: Prioritized via hardcoded start expression"
    )
    counted = [row for row in found.values() if row["counted"] == "yes"]
    assert total["allocated_gpus"] == pytest.approx(sum(row["allocated_gpus"] for row in counted))
    assert total["gpus_seen"] == sum(row["gpus_seen"] for row in counted)
    assert Capacity().suspicion.is_meant("/usr/bin/python3.11")


def test_lanes_of_hosts_follow_each_other_by_model(whole: Recount) -> None:
    shape = find(whole.document("pool-hosts"), "lanes").shape
    models = [row.group for row in shape.rows]
    assert models == sorted(models)
    assert [group.label for group in shape.groups] == list(dict.fromkeys(models))
    assert all(sum(share for _, share in group.shares) == pytest.approx(1) for group in shape.groups)
    assert len({row.label for row in shape.rows}) == len(shape.rows) == len(whole.gpus)
    assert all(len(a.codes) == len(b.codes) for a, b in pairwise(shape.rows))
