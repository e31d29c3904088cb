"""The pool report on small pools whose every number can be counted by hand: each reading holds for one hour."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gpuledger.cli.edge import run
from gpuledger.metrics import Filter
from gpuledger.metrics.ask import StoreAsk
from gpuledger.model.capacity import Capacity
from gpuledger.model.chart import Spans
from gpuledger.model.document import Document, Text
from gpuledger.model.errors import NoData, UsageError
from gpuledger.model.period import Period, last, named
from gpuledger.render import render
from gpuledger.render.mail.columns import MAIL, fitting, phone_room
from gpuledger.reports._pool.draining import Draining
from gpuledger.reports._pool.invariants import notes as checked
from gpuledger.reports._pool.past import Past
from gpuledger.reports._pool.prevented import Prevented
from gpuledger.reports._pool.scene import WANTED, Pool
from gpuledger.reports._pool_views.view import View
from gpuledger.reports.pool import PoolParameters, build
from gpuledger.store.lake import Lake
from tests.reports.ledgers import card, rows, table
from tests.reports.states import CLAIMED, HOUR, LENT, OPEN, OUT, START, Row, gpu, notes, pool, report

HOSTILE = 'broken <b>fan</b> & "smoke"\nsecond line'


def mixed() -> list[Row]:
    """Four hours of a pool with one GPU of every kind."""
    every = range(4)
    return [
        *gpu("lab1", "G0", every, **CLAIMED),
        *gpu("lab1", "G1", every, **LENT),
        *gpu("lab1", "G2", [0, 1], **CLAIMED, **OUT),
        *gpu("lab1", "G2", [2, 3], **OUT),
        *gpu("own1", "G0", every, prevented_reason=HOSTILE),
        *gpu("own1", "G1", every, **LENT, **CLAIMED),
        *gpu("gpu1", "G0", every, **OPEN),
        *gpu("gpu1", "G1", every, **OPEN, is_interactive=True),
        *gpu(
            "gpu2",
            "G0",
            every,
            owner_projects=None,
            gpu_model=None,
            gpu_memory_bytes=None,
            occupancy=None,
            admin_state=None,
        ),
    ]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Document:
    return report(pool(tmp_path_factory.mktemp("mixed"), mixed()), capacity=Capacity(owned_hosts=("own*",)))


def test_the_physical_gpus_come_first_and_every_class_adds_up(document: Document) -> None:
    assert table(document, "classes").totals[0] == "All physical GPUs"  # type: ignore[index]
    found = rows(document, "classes")
    parts = [f"{name}_gpus" for name in ("allocated", "secondary", "drained", "prevented", "idle", "unknown")]
    assert {name: [row[part] for part in parts] for name, row in found.items()} == {
        "totals": [2.5, 1, 0.5, 1, 2, 1],
        "Researcher-owned": [1.5, 1, 0.5, 0, 0, 0],
        "Reserved": [1, 0, 0, 1, 0, 0],
        "Open capacity": [0, 0, 0, 0, 1, 0],
        "Interactive only": [0, 0, 0, 0, 1, 0],
        "Ownership not known": [0, 0, 0, 0, 0, 1],
    }
    assert all(sum(row[part] for part in parts) == row["present_gpus"] for row in found.values())
    assert found["totals"]["allocated_ratio"] == 2.5 / 8


@pytest.mark.parametrize("name", ["models", "by-tier", "by-memory"])
def test_every_other_table_has_the_same_totals(document: Document, name: str) -> None:
    whole, found = rows(document, "classes")["totals"], table(document, name)
    keys = [column.key for column in found.columns]
    assert {
        key: value for key, value in zip(keys, found.totals or (), strict=True) if key in whole and key != "class"
    } == {key: value for key, value in whole.items() if key in keys and key != "class"}
    place = keys.index("present_gpus")
    assert sum(row[place] for row in found.rows) == whole["present_gpus"]  # type: ignore[misc]


def test_the_subject_has_labelled_numbers(document: Document) -> None:
    said = document.subject.replace("\u202f", " ")
    assert said == "31.3 % of 8.0 GPUs allocated · researcher 50.0 % · open 0 % · reserved 50.0 %"
    known = {block.id for block in document.blocks}
    assert set(document.mail) - known == set()


@pytest.mark.parametrize("largest", [9.9, 9_999.9])
def test_what_kept_gpus_from_work_is_in_the_mail_whatever_the_data(document: Document, largest: float) -> None:
    """Also on a phone: the choice of columns is the report's, the length of a number changes nothing."""
    found = table(document, "classes")
    formats = [column.format for column in found.columns]
    grown = tuple(
        tuple(largest if format_ == "gpu" else cell for cell, format_ in zip(row, formats, strict=True))
        for row in found.rows
    )
    found = replace(found, rows=grown, totals=grown[0])
    wanted = {"allocated_ratio", "allocated_gpus", "drained_gpus", "prevented_gpus", "present_gpus"}
    for room in (MAIL, phone_room(found)):
        assert wanted <= {found.columns[i].key for i in fitting(found, room)}


def test_a_drained_gpu_with_a_job_is_allocated_and_listed(document: Document) -> None:
    found = rows(document, "draining")["lab1"]
    assert (found["gpus"], found["intervals"], found["drained_gpu_hours"], found["draining_gpu_hours"]) == (1, 1, 2, 2)
    assert (found["state"], found["end"], found["reason"]) == ("still drained, since before the period", None, "none")


def test_users_of_both_sides_add_up_to_their_class(document: Document) -> None:
    found = rows(document, "users")
    assert {name: (row["primary"], row["secondary"]) for name, row in found.items()} == {
        "totals": (10, 4), "ada": (10, 0), "bob": (0, 4),
    }  # fmt: skip
    assert rows(document, "users-of-model")["totals"]["gpu_hours"] == 14
    assert rows(document, "users-secondary")["bob"]["researcher"] == 4


def test_what_holds_is_said_and_gpus_on_both_sides_are_counted(document: Document) -> None:
    [note] = notes(document, "invariant")
    assert note.level == "ok"
    assert "users add up to their class" in note.sentence
    assert notes(document, "both sides")[0].sentence.startswith("1.0 GPUs held a primary and a secondary job at once")
    assert document.banners == ()


def test_machines_without_a_primary_job_say_why(document: Document) -> None:
    found = rows(document, "without-primary")
    assert set(found) == {"gpu1", "gpu2", "totals"}
    assert (found["gpu1"]["gpus"], found["gpu1"]["project"], found["gpu1"]["state"]) == (
        2,
        "(open)",
        "nobody asked for it",
    )


def test_a_reason_is_said_as_it_is_and_harms_nothing(document: Document, tmp_path: Path) -> None:
    assert rows(document, "prevented")["own1"]["reason"] == HOSTILE
    render(document, ["html", "text", "csv"], tmp_path)
    page = "".join(file.read_text() for file in tmp_path.glob("*.html"))
    assert "<b>fan" not in page
    assert "&lt;b&gt;fan" in page
    assert 'broken <b>fan</b> & ""smoke""' in (tmp_path / "prevented.csv").read_text()
    assert "<b>fan" in (tmp_path / "pool.txt").read_text()


def test_the_text_tells_every_number_of_the_summary(document: Document, tmp_path: Path) -> None:
    render(document, ["text"], tmp_path)
    text = (tmp_path / "pool.txt").read_text()
    for words in ("Drained hosts", "Prevented", "Excluded hosts", "How GPUs are counted", "All physical GPUs"):
        assert words in text


def test_an_interval_ends_at_a_gap_and_where_the_gpu_is_not_told(tmp_path: Path) -> None:
    states = [*gpu("a", "G0", [0, 1, 2, 6, 7], **OUT), *gpu("a", "G1", [0, 2, 3], **OUT), *gpu("b", "G0", range(4))]
    found = report(pool(tmp_path, [*states, *gpu("b", "G0", [6, 7])]), hours=8)
    [spans] = [chart.shape for chart in found.charts if isinstance(chart.shape, Spans)]
    held = {(span.row, (span.start - START) / HOUR, span.end and (span.end - START) / HOUR) for span in spans.spans}
    assert held == {("a / G0", 0, 3), ("a / G0", 6, None), ("a / G1", 0, 1), ("a / G1", 2, 5)}
    whole = rows(found, "draining")["totals"]
    assert (whole["gpus"], whole["intervals"]) == (2, 4)
    assert whole["drained_gpu_hours"] == pytest.approx(3 + 2 + 1 + 1 + 2)


def test_gpus_of_a_host_that_drain_together_share_a_lane(tmp_path: Path) -> None:
    states = [row for name in ("G0", "G1", "G2") for row in gpu("a", name, range(2), **OUT)]
    found = report(pool(tmp_path, [*states, *gpu("a", "G3", range(1, 4), **OUT)]))
    [spans] = [chart.shape for chart in found.charts if isinstance(chart.shape, Spans)]
    assert dict(zip(spans.rows, spans.totals, strict=True)) == {"a · 3 GPUs": 6, "a / G3": 3}


def test_a_reason_is_active_lifted_or_of_a_host_that_is_gone(tmp_path: Path) -> None:
    states = [
        *gpu("on", "G0", range(4), prevented_reason="RMA"), *gpu("off", "G0", [0, 1], prevented_reason="RMA"),
        *gpu("off", "G0", [2, 3]), *gpu("gone", "G0", [0, 1], prevented_reason="RMA"),
    ]  # fmt: skip
    found = rows(report(pool(tmp_path, states)), "prevented")
    assert {name: row["state"] for name, row in found.items() if name != "totals"} == {
        "on": "active", "off": "lifted", "gone": "not reported since",
    }  # fmt: skip
    assert (found["off"]["seen"] - START) / HOUR == 1  # the reading itself, not what it stands for


def test_reasons_collected_for_half_of_the_time_dilute_nothing(tmp_path: Path) -> None:
    states = [*gpu("a", "G0", [0, 1], prevented_reason=None), *gpu("a", "G0", [2, 3], prevented_reason="RMA")]
    found = report(pool(tmp_path, states))
    said = notes(found, "prevented")[0].sentence.replace("\u202f", " ")
    assert said.startswith("Reasons were collected for 50.0 % of the GPU-time observed; while they were, 1.0 GPUs")


def test_reasons_that_were_not_collected_are_not_zero(tmp_path: Path) -> None:
    found = report(pool(tmp_path, gpu("a", "G0", range(4), prevented_reason=None)))
    whole = rows(found, "classes")["totals"]
    assert (whole["prevented_gpus"], whole["with_reason_gpus"]) == (None, None)
    assert table(found, "prevented").empty == "Not collected."
    assert card(found, "prevented_gpus").value is None


def test_excluded_hosts_and_hidden_models_are_listed_with_their_gpus_and_count_nowhere(tmp_path: Path) -> None:
    states = [
        *gpu("gpu1.pool.edu", "G0", range(4), **OPEN), *gpu("gpu10.pool.edu", "G0", range(4), **OPEN),
        *gpu("old.pool.edu", "G0", range(4), **OPEN, gpu_model="NVIDIA A40"),
        *gpu("new.pool.edu", "G0", range(4), **OPEN, gpu_model="NVIDIA RTX A4000"),
    ]  # fmt: skip
    capacity = Capacity(excluded_hosts={"GPU1": "by hand", "gone*": "sold"}, owned_hosts=("mistyped",))
    found = report(pool(tmp_path, states), capacity=capacity)
    assert rows(found, "classes")["totals"]["present_gpus"] == 2
    assert rows(found, "excluded")["gpu1.pool.edu"] == {
        "host": "gpu1.pool.edu", "gpus": 1, "gpu_model": "NVIDIA H200", "reason": "by hand",
    }  # fmt: skip
    assert set(rows(found, "hidden")) == {"NVIDIA A40", "totals"}
    assert set(rows(found, "models")) == {"NVIDIA H200", "NVIDIA RTX A4000", "totals"}
    [note] = notes(found, "capacity")
    assert "mistyped, gone*" in note.sentence
    assert table(found, "excluded").finding.replace("\u202f", " ") == "1 GPU, 25.0 % of the 4 reported, are left out."


def test_one_name_on_two_hosts_or_in_two_clusters_is_two_gpus(tmp_path: Path) -> None:
    states = [*gpu("a", "G0", range(4)), *gpu("b", "G0", range(4)), *gpu("a", "G0", range(4), cluster="d", **OUT)]
    found = report(pool(tmp_path, states))
    assert rows(found, "classes")["totals"]["present_gpus"] == 3
    assert "d: a" in rows(found, "draining")


@pytest.mark.parametrize(("more", "level"), [(0.05, "warning"), (0.5, "critical")])
def test_what_does_not_add_up_is_raised_on_top(tmp_path: Path, more: float, level: str) -> None:
    view = View(StoreAsk(pool(tmp_path, mixed()), Period(START, START + 4 * HOUR), START + 4 * HOUR))
    asked = Pool.of(view, 50, Past(view, tuple(WANTED.values()), 0, 0))
    whole = asked.answers["total"]
    wrong = replace(whole, totals={**whole.totals, "idle_gpus": 2 + more})
    broken = replace(asked, answers={**asked.answers, "total": wrong})
    said = checked(broken, Draining(broken), Prevented(broken))
    assert {note.level for note in said} == {level}
    assert "parts add up to present of all GPUs: off by" in said[0].sentence


def test_a_reading_told_again_counts_once(tmp_path: Path) -> None:
    found = report(pool(tmp_path, [*gpu("a", "G0", range(4)), *gpu("a", "G0", [1], **OPEN)]))
    assert rows(found, "classes")["totals"]["present_gpus"] == 1
    assert notes(found, "invariant")[0].level == "ok"


def test_a_period_observed_in_part_says_so(tmp_path: Path) -> None:
    june = named("2026-06", "UTC")
    found = report(pool(tmp_path, gpu("a", "G0", range(384), **CLAIMED)), period=june)
    assert "Readings cover 53.3 % of June 2026; nothing is extrapolated." in found.finding.replace("\u202f", " ")
    assert rows(found, "users")["ada"]["gpu_hours"] == 384
    [said] = [note.sentence.replace("\u202f", " ") for note in notes(found, "coverage")]
    assert said.startswith(
        "384 of 720 readings that were expected, 53.3 % of the time; nobody looked from 1 Jun 2026 00:00 to 15 Jun"
    )


def test_old_data_is_said_on_top(tmp_path: Path) -> None:
    store = pool(tmp_path, gpu("a", "G0", range(20)))
    found = report(store, hours=24, period=last("24h", START + 24 * HOUR))
    [banner] = found.banners
    assert banner.level == "stale"
    assert not report(store, hours=22, period=last("24h", START + 22 * HOUR)).banners


def test_no_reading_in_the_period_says_what_to_type(tmp_path: Path) -> None:
    store = pool(tmp_path, gpu("a", "G0", range(4)))
    with pytest.raises(NoData, match=re.escape("--to 2026-06-15T03:00:00Z")):
        report(store, period=last("24h", START + 90 * 24 * HOUR))
    with pytest.raises(NoData, match="no readings of GPU"):
        report(Lake(tmp_path / "empty"))


def test_the_users_shown_are_of_the_most_powerful_model_or_of_those_chosen(tmp_path: Path) -> None:
    states = [
        *gpu("a", "G0", range(4), **CLAIMED), *gpu("a", "G1", range(4), **CLAIMED, gpu_model="NVIDIA L40", gpu_memory_bytes=48 * 2.0**30),
        *gpu("a", "G2", range(4), **CLAIMED, gpu_model="NVIDIA H200 NVL"), *gpu("a", "G3", range(4)),
    ]  # fmt: skip
    store = pool(tmp_path, states)
    assert report(store).parameters["model"] == ("NVIDIA H200",)
    assert table(report(store, model=("L40",)), "users-of-model").title == "Users of NVIDIA L40"
    both = report(store, model=("*H200*",))
    assert both.parameters["model"] == ("NVIDIA H200", "NVIDIA H200 NVL")
    assert rows(both, "users-of-model")["ada"]["gpu_hours"] == 8


def test_slices_are_listed_apart_with_their_share(tmp_path: Path) -> None:
    found = report(pool(tmp_path, gpu("a", "MIG-1", range(4), gpu_model="NVIDIA A100-SXM4-80GB MIG 3g.40gb")))
    row = rows(found, "slices")["NVIDIA A100-SXM4-80GB MIG 3g.40gb"]
    assert (row["present_gpus"], row["whole_gpus"]) == (1, pytest.approx(3 / 7))


def test_the_methodology_is_that_of_the_configuration(tmp_path: Path) -> None:
    store = pool(tmp_path, gpu("a", "G0", range(4)))
    mine = Capacity(tiers={"Best": ("NVIDIA H200",)}, memory={"small": 0, "big": 100}, hidden_models=("K80",))
    said = [
        "\n".join(b.text for b in report(store, capacity=c).blocks if isinstance(b, Text)) for c in (mine, Capacity())
    ]
    for words in ("Tier Best: NVIDIA H200.", "“small”: from 0 to less than 100 GiB", "Models K80."):
        assert (words in said[0], words in said[1]) == (True, False)


def test_the_command_has_exit_codes_for_old_and_missing_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pool(tmp_path / "ledger", gpu("a", "G0", range(4), **CLAIMED)).close()
    base = ["--ledger", str(tmp_path / "ledger"), "report", "pool", "--format", "json"]

    def code(*typed: str) -> int:
        return run([*base, *typed])

    assert code("--last", "4h", "--to", "2026-06-15T04:00") == 0
    assert json.loads(capsys.readouterr().out)["name"] == "pool"
    assert code("--last", "24h", "--to", "2026-07-01") == 3
    assert "try `gpuledger report pool" in capsys.readouterr().err
    assert code("--last", "4h", "--to", "2026-06-15T04:00", "--masked-hosts", str(tmp_path / "none.yaml")) not in (0, 3)


def test_filters_keep_a_part_of_the_pool(tmp_path: Path) -> None:
    store = pool(tmp_path, mixed())
    period = Period(START, START + 4 * HOUR)
    ask = StoreAsk(store, period, period.end, "UTC", (Filter("class", "=", ("open",)),), Capacity())
    found = build(ask, PoolParameters())
    assert rows(found, "classes")["totals"]["present_gpus"] == 1
    assert "where class=open" in found.title
    assert isinstance(found.parameters, Mapping)


def test_a_name_that_was_never_seen_is_an_error_and_true_emptiness_is_none(tmp_path: Path) -> None:
    store = pool(tmp_path, gpu("a", "G0", range(4)), readings=range(8))
    period = Period(START, START + 4 * HOUR)

    def of(where: Filter, over: Period = period) -> Document:
        return build(StoreAsk(store, over, over.end, "UTC", (where,), Capacity()), PoolParameters())

    with pytest.raises(UsageError, match="There is no host 'b'"):
        of(Filter("host", "=", ("b",)))
    empty = build(StoreAsk(store, Period(START + 5 * HOUR, START + 8 * HOUR), START + 8 * HOUR), PoolParameters())
    assert empty.finding == "No GPU was reported."
    assert empty.subject == "no GPU was reported"
    assert table(empty, "classes").rows == ()
