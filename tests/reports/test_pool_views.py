"""The reports beside `pool`: what they refuse, what they say of what is not known, whom they name."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gpuledger.metrics import Filter
from gpuledger.metrics.states.spells import Spell
from gpuledger.model.capacity import Capacity
from gpuledger.model.chart import Grid, Lines
from gpuledger.model.document import Document, Note, Text
from gpuledger.model.errors import NoData, UsageError
from gpuledger.model.period import Period
from gpuledger.model.suspicion import Suspicion
from gpuledger.render import render
from gpuledger.render.theme import theme
from gpuledger.reports._pool_views.contention import Times, gini
from gpuledger.reports._pool_views.lanes import MOST_COLUMNS, STATES, bin_step
from gpuledger.reports._pool_views.lengths import Lengths
from gpuledger.reports._pool_views.names import hosts, models, owners
from gpuledger.reports._pool_views.states import LABELS
from tests.reports.ledgers import card, rows, table
from tests.reports.small_pools import END, HOUR, START, TEN, at, document, lent, pool, state, taken, wait

REPORTS = ("pool-hosts", "pool-host", "pool-backfill", "pool-unused", "pool-snapshot", "pool-pressure")
CHOSEN: dict[str, dict[str, Any]] = {"pool-host": {"project": "P"}}
HOSTILE = '<b>&"ада\n=cmd'
TENS = range(0, 60, 10)


@pytest.mark.parametrize("name", REPORTS)
def test_an_empty_ledger_is_no_data(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoData, match="no reading|no readings|not collected"):
        document(name, pool(tmp_path), **CHOSEN.get(name, {}))


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "pool-pressure"])
def test_a_period_nobody_looked_at_is_no_data_and_says_where_data_is(tmp_path: Path, name: str) -> None:
    store = pool(tmp_path, [taken(0), taken(10)])
    later = Period(START + timedelta(days=2), END + timedelta(days=2))
    with pytest.raises(NoData, match="--to 2026-05-01T00:10:00Z"):
        document(name, store, later, later.end, **CHOSEN.get(name, {}))


@pytest.mark.parametrize("name", REPORTS)
def test_old_data_has_a_banner(tmp_path: Path, name: str) -> None:
    store = pool(tmp_path, [taken(0), taken(10)])
    period = Period(START, START + timedelta(hours=12))
    [banner] = document(name, store, period, period.end, **CHOSEN.get(name, {})).banners
    assert banner.level == "stale"
    assert "11 h 50 min old" in banner.sentence.replace("\u202f", " ")


@pytest.mark.parametrize("name", REPORTS)
def test_names_of_data_stand_literally_in_every_format(tmp_path: Path, name: str) -> None:
    """Markup, quotes, a newline and a formula in users, jobs, projects and reasons."""
    states = [
        *(taken(minute, HOSTILE, HOSTILE, gpu="G1", owner_projects="") for minute in TENS),
        *(lent(minute, HOSTILE, HOSTILE, gpu="G2", owner_projects="P") for minute in TENS),
        *(state(minute, "lab2", gpu="G3", gpu_model=HOSTILE, prevented_reason=HOSTILE) for minute in TENS),
    ]
    store = pool(tmp_path / "ledger", states, [wait(1, 0, 30, user_name=HOSTILE, command=f"/bin/{HOSTILE}")])
    made = document(name, store, **CHOSEN.get(name, {}))
    assert HOSTILE in repr_of(made)
    render(made, ["html", "text", "csv", "json"], tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<b>&" not in page
    assert "&lt;b&gt;" in page


def repr_of(made: Document) -> str:
    return "".join(str(cell) for held in made.tables for row in held.rows for cell in row)


@pytest.mark.parametrize("name", ["pool-hosts", "pool-backfill", "pool-unused", "pool-snapshot"])
def test_a_filter_that_leaves_nothing_names_what_there_is(tmp_path: Path, name: str) -> None:
    store = pool(tmp_path, [taken(minute) for minute in TENS])
    with pytest.raises(UsageError, match="no host 'lab2'; did you mean 'lab1'"):
        document(name, store, where=(Filter("host", "=", ("lab2",)),))
    with pytest.raises(NoData, match="No GPU that the filters keep"):
        document(name, store, where=(Filter("class", "=", ("reserved",)),))


@pytest.mark.parametrize("name", ["pool-hosts", "pool-host", "pool-backfill", "pool-unused"])
def test_a_filter_by_user_would_make_gpus_come_and_go_and_is_refused(tmp_path: Path, name: str) -> None:
    store = pool(tmp_path, [taken(minute) for minute in TENS])
    with pytest.raises(UsageError, match="cannot be filtered by user"):
        document(name, store, where=(Filter("user", "=", ("ada@x",)),), **CHOSEN.get(name, {}))


def test_a_host_has_one_meaning_everywhere() -> None:
    known = ("gpu1.pool.edu", "gpu10.pool.edu", "GPU2.pool.edu", "lab1.pool.edu")
    assert hosts(["gpu1"], known) == ("gpu1.pool.edu",)
    assert hosts(["gpu1*"], known) == ("gpu1.pool.edu", "gpu10.pool.edu")
    assert hosts(["gpu2", "LAB1.pool.edu"], known) == ("GPU2.pool.edu", "lab1.pool.edu")
    with pytest.raises(UsageError, match=r"no host 'gpu1\.pool'; did you mean"):
        hosts(["gpu1.pool"], known)
    with pytest.raises(UsageError, match="no host"):
        hosts([".*"], known)


def test_a_model_is_whole_unless_it_is_wild() -> None:
    known = ("NVIDIA H200", "NVIDIA H200 NVL", "NVIDIA A100 80GB PCIe")
    assert models(["H200"], known) == ("NVIDIA H200",)
    assert models(["h200 nvl"], known) == ("NVIDIA H200 NVL",)
    assert models(["*H200*"], known) == ("NVIDIA H200", "NVIDIA H200 NVL")
    assert models(["h200*"], known) == ("NVIDIA H200", "NVIDIA H200 NVL")
    assert models(["A100 80*"], known) == ("NVIDIA A100 80GB PCIe",)
    with pytest.raises(UsageError, match="no GPU model 'V100'"):
        models(["V100"], known)


def test_a_project_is_found_in_every_list_of_owners_and_never_in_part_of_a_name() -> None:
    assert owners("P1", ["P1", "Q, P1", "P10"]) == ("P1", "Q, P1")
    with pytest.raises(UsageError, match="no project 'P2'"):
        owners("P2", ["P1"])


def test_pool_host_is_of_every_counted_host_where_none_is_named(tmp_path: Path) -> None:
    states = [taken(minute, host=host) for minute in TENS for host in ("lab1", "lab2", "lab3")]
    store = pool(tmp_path, states)
    made = document("pool-host", store, capacity=Capacity(excluded_hosts={"lab3": "broken"}))
    assert [row[0] for row in table(made, "hosts").rows] == ["lab1", "lab2"]
    assert made.title == "GPUs of all hosts, 1 May 2026 to 1 May 2026 01:00"
    with pytest.raises(UsageError, match="no host 'lab10'"):
        document("pool-host", store, host=("lab10",))


def test_waiting_jobs_that_nobody_collected_are_said_to_be(tmp_path: Path) -> None:
    store = pool(tmp_path, [taken(minute) for minute in TENS])
    texts = [block.text for block in document("pool-host", store, project="P").blocks if isinstance(block, Text)]
    assert [text for text in texts if "not collected" in text]
    made = document("pool-pressure", store)
    assert "not collected" in made.finding
    assert not made.charts


def test_contention_tells_who_had_some_from_who_had_none(tmp_path: Path) -> None:
    """One GPU, taken by ada throughout: 2 GPUs × 30 min of hers are self, 1 GPU × 20 min of bob's are other."""
    waits = [wait(1, 0, 30), wait(2, 20, 40, user_name="bob", requested_gpu_count=1.0), wait(3, 0, 60, account="Q")]
    made = document("pool-host", pool(tmp_path, [taken(minute) for minute in TENS], waits), project="P")
    found = rows(made, "contention")
    assert (found["ada"]["self"], found["ada"]["other"]) == (1.0, 0.0)
    assert (found["bob"]["self"], found["bob"]["other"]) == (0.0, pytest.approx(1 / 3))
    assert found["totals"]["waited"] == pytest.approx(4 / 3)
    assert "taken for 1 h" in made.finding.replace("\u202f", " ").replace("60 min", "1 h")


def test_an_excluded_host_is_shown_on_its_own_and_said_to_be_excluded(tmp_path: Path) -> None:
    capacity = Capacity(excluded_hosts={"lab1": "broken & <new>"})
    store = pool(tmp_path, [taken(minute) for minute in TENS])
    made = document("pool-host", store, capacity=capacity, host=("lab1",))
    [note] = [block for block in made.blocks if isinstance(block, Note) and block.rule == "left out"]
    assert "broken & <new>" in note.sentence
    assert card(made, "gpus").value == 1
    found = rows(document("pool-hosts", store, capacity=capacity), "hosts")
    assert found["lab1"]["counted"] == "excluded: broken & <new>"
    assert found["totals"]["gpus_seen"] == 0


def test_gini_is_as_its_definition_says() -> None:
    assert gini([1, 2, 3]) == pytest.approx(2 / 9)
    assert gini([5, 5, 5]) == pytest.approx(0)
    assert gini([0, 0, 9]) == pytest.approx(2 / 3)
    assert gini([7]) == 0
    assert gini([]) is None
    assert gini([0, 0]) is None


def test_overlap_with_spans_is_exact() -> None:
    times = Times([(20, 30), (0, 10)])
    assert times.total == 20
    assert [times.within(*pair) for pair in ((-5, 100), (5, 25), (10, 20), (0, 10), (29, 30))] == [20, 10, 0, 10, 1]


def spell(seconds: float, is_begun: bool, is_ended: bool) -> Spell:
    return Spell("free", "open", None, None, 0, round(seconds * 1e6), is_begun, is_ended, None)


def test_a_cut_spell_moves_the_median_of_survival_and_no_quantile() -> None:
    whole = [spell(seconds, True, True) for seconds in (10, 20, 30)]
    cut = [spell(25, True, False), spell(100, False, True)]
    held = Lengths([*whole, *cut])
    assert (held.at(50), held.cut) == (20, 2)
    assert held.survival_median == 20
    assert Lengths([spell(10, True, True), spell(20, True, False), spell(30, True, False)]).survival_median is None


def test_a_moment_uses_the_reading_that_holds_and_says_how_far_it_is(tmp_path: Path) -> None:
    store = pool(tmp_path, [taken(0), lent(10), state(50)])
    made = document("pool-snapshot", store, at="2026-05-01T00:14")
    assert card(made, "active").value == 1
    assert rows(made, "users")["bob@x"]["secondary"] == 1
    note = next(block for block in made.blocks if isinstance(block, Note) and block.id == "reading")
    assert note.level == "info"
    assert "1 May 2026 00:10 UTC, 4 min before" in note.sentence.replace("\u202f", " ")
    far = document("pool-snapshot", store, at="2026-05-01T00:45")
    note = next(block for block in far.blocks if isinstance(block, Note) and block.id == "reading")
    assert note.level == "warning"
    assert "5 min after" in note.sentence.replace("\u202f", " ")
    assert "nobody looked closer" in note.sentence


def test_the_newest_reading_is_used_where_no_moment_is_given(tmp_path: Path) -> None:
    store = pool(tmp_path, [taken(minute) for minute in (0, 10, 20, 30)] + [state(40)])
    made = document("pool-snapshot", store, now=at(55))
    assert made.title == "All GPUs at 1 May 2026 00:40 UTC"
    assert "15 min old" in next(b.sentence for b in made.blocks if isinstance(b, Note) and b.id == "reading").replace(
        "\u202f", " "
    )


def test_a_moment_far_from_every_reading_is_no_data(tmp_path: Path) -> None:
    store = pool(tmp_path, [taken(0), taken(10)])
    with pytest.raises(NoData):
        document("pool-snapshot", store, at="2026-05-04T00:00")


def test_a_hidden_model_that_is_named_is_shown(tmp_path: Path) -> None:
    store = pool(tmp_path, [taken(minute, gpu_model="Quadro RTX 6000") for minute in TENS])
    assert card(document("pool-snapshot", store), "gpus").value == 0
    assert card(document("pool-snapshot", store, model=("Quadro*",)), "gpus").value == 1


def test_ids_of_gpus_are_never_cut(tmp_path: Path) -> None:
    slice_id = "MIG-6f7e8d9c-1234-5f2a-9c1e-0123456789ab"
    store = pool(tmp_path, [taken(minute, gpu=slice_id) for minute in TENS])
    assert table(document("pool-snapshot", store), "gpus").rows[0][1] == slice_id
    assert table(document("pool-host", store, host=("lab1",)), "gpus").rows[0][1] == slice_id
    assert (
        table(document("pool-unused", pool(tmp_path / "2", [state(m, gpu=slice_id) for m in TENS])), "gpus").rows[0][1]
        == slice_id
    )


def test_no_job_and_no_poll_are_told_apart(tmp_path: Path) -> None:
    """Read at 0, 10 and 20 min, then not until 50: a job waits at 0; nobody waits from 10 to 40; nobody looks till 50."""
    store = pool(tmp_path, [taken(m) for m in (0, 10, 20, 50)], [wait(1, 0, 0)], told=("gpu_states", "pending"))
    made = document("pool-pressure", store)
    chart = next(chart for chart in made.charts if chart.id == "queue-by-project")
    assert isinstance(chart.shape, Lines)
    assert chart.shape.series[0].values == (2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, None, None, 0.0, 0.0)
    assert [(gap.start, gap.end) for gap in chart.gaps] == [(at(40), at(50))]
    assert chart.left_out == ""
    blind = document("pool-pressure", pool(tmp_path / "2", [taken(m) for m in TENS], [wait(1, 0, 10)]))
    chart = next(chart for chart in blind.charts if chart.id == "queue-by-project")
    assert "may be one at which nobody looked" in chart.left_out


def test_a_queue_that_was_read_and_empty_is_an_answer(tmp_path: Path) -> None:
    store = pool(tmp_path, [taken(m) for m in TENS], told=("gpu_states", "pending"))
    made = document("pool-pressure", store)
    assert made.finding == "No job waited in the period."
    assert card(made, "waiting").value == 0


def test_pseudonyms_leave_no_name_and_keep_each_person_one(tmp_path: Path) -> None:
    states = [taken(m, "ada@x", "8", gpu=f"G{n}", owner_projects="") for m in TENS for n in range(2)]
    states += [taken(m, "bob@x", "9", gpu="G9", owner_projects="") for m in TENS]
    waits = [
        wait(1, 0, 60),
        wait(2, 0, 60, user_name="bob", command="/home/bob/sleep"),
        wait(8, -9, -9, command="sleep"),
    ]
    store = pool(tmp_path / "ledger", states, waits)
    capacity = Capacity(suspicion=Suspicion(("^sleep$",), 600))
    made = document("pool-pressure", store, capacity=capacity, names="pseudonym")
    assert rows(made, "peaks")["user 1"]["most_gpus"] == 2
    assert [row[0] for row in table(made, "suspicious").rows] == ["user 1"]
    assert {row[0] for row in table(made, "longest").rows} == {"user 1", "user 2"}
    render(made, ["json", "text", "html"], tmp_path / "out")
    for file in (tmp_path / "out").glob("*"):
        assert not {"ada", "bob"} & set(file.read_text(encoding="utf-8").replace("@", " ").replace('"', " ").split()), (
            file
        )


def test_suspicious_jobs_match_by_command_and_by_time_on_open_capacity_only(tmp_path: Path) -> None:
    states = [
        *(taken(m, "ada@x", "1", gpu="G1", owner_projects="") for m in TENS),
        *(taken(m, "bob@x", "2", gpu="G2", owner_projects="") for m in (0, 10)),
        *(taken(m, "cyd@x", "3", gpu="G3", owner_projects="P") for m in TENS),
        *(taken(m, "dee@x", "4", gpu="G4", owner_projects="") for m in TENS),
    ]
    waits = [
        wait(n, -60, -30, command=c) for n, c in ((1, "/bin/sleep"), (2, "sleep"), (3, "sleep"), (4, "/opt/sleepless"))
    ]
    capacity = Capacity(suspicion=Suspicion(("^sleep$",), 1800))
    made = document("pool-pressure", pool(tmp_path, states, waits), capacity=capacity)
    [row] = table(made, "suspicious").rows
    assert row[:3] == ("1", "ada@x", "sleep")
    assert row[4] == 3600


def test_a_filter_that_waiting_jobs_lack_is_refused(tmp_path: Path) -> None:
    store = pool(tmp_path, [taken(m) for m in TENS], [wait(1, 0, 60), wait(2, 0, 60, user_name="bob")])
    with pytest.raises(UsageError, match="cannot be filtered by class"):
        document("pool-pressure", store, where=(Filter("class", "=", ("open",)),))
    assert card(document("pool-pressure", store, where=(Filter("user", "=", ("bob",)),)), "gpu_hours").value == 2


def test_states_have_the_words_and_letters_of_the_theme() -> None:
    known = theme()["states"]
    assert {name: known[name]["code"] for name in STATES} == dict(STATES)
    assert {name: label for name, label in LABELS.items() if name in known} == {
        name: known[name]["label"] for name in LABELS if name in known
    }


def test_a_gpu_that_was_not_there_has_an_empty_lane_and_no_data_has_its_letter(tmp_path: Path) -> None:
    states = [taken(0), taken(10), taken(20), state(0, gpu="G2")]
    made = document("pool-hosts", pool(tmp_path, states))
    [chart] = made.charts
    assert isinstance(chart.shape, Grid)
    assert [row.codes for row in chart.shape.rows] == ["I NN", "PPNN"]
    assert [(gap.start, gap.end) for gap in chart.gaps] == [(at(30), END)]
    render(made, ["html", "png", "text"], tmp_path / "out")


def test_two_clusters_with_hosts_of_one_name_are_two_rows(tmp_path: Path) -> None:
    states = [taken(m) for m in TENS] + [state(m, cluster="other") for m in (1, 11, 21, 31, 41, 51)]
    found = table(document("pool-hosts", pool(tmp_path, states)), "hosts")
    keys = [column.key for column in found.columns]
    assert [(row[keys.index("host")], row[keys.index("cluster")]) for row in found.rows] == [
        ("lab1", "other"),
        ("lab1", "pool"),
    ]
    assert [row[keys.index("allocated_ratio")] for row in found.rows] == [0.0, 1.0]


@pytest.mark.parametrize(("count", "named"), [(4, "lab1, lab2, lab3, lab4"), (5, "lab1, lab2, lab3 and 2 more")])
def test_hosts_without_a_job_are_named_unless_they_are_many(tmp_path: Path, count: int, named: str) -> None:
    states = [state(m, host=f"lab{number}") for number in range(1, count + 1) for m in TENS]
    made = document("pool-hosts", pool(tmp_path, states))
    assert made.finding.endswith(f" {count} hosts ran no job at all: {named}.")


@pytest.mark.parametrize(("name", "column"), [("hosts", "last_seen"), ("unused", "seen")])
def test_a_gpu_was_last_seen_when_it_was_read_not_when_it_was_asked(tmp_path: Path, name: str, column: str) -> None:
    store = pool(tmp_path, [state(m) for m in TENS] + [state(m, cluster="other") for m in (1, 11, 21, 31, 41)])
    period = Period(at(-60), at(59))
    found = table(document(f"pool-{name}", store, period, at(59)), "hosts" if name == "hosts" else "gpus")
    assert {row[[c.key for c in found.columns].index(column)] for row in found.rows} == {at(50), at(41)}


def test_a_reading_from_before_the_period_that_still_holds_in_it_keeps_its_time(tmp_path: Path) -> None:
    found = table(
        document("pool-unused", pool(tmp_path, [state(m) for m in (0, 10, 20)]), Period(at(25), at(29))), "gpus"
    )
    assert [row[[c.key for c in found.columns].index("seen")] for row in found.rows] == [at(20)]


@pytest.mark.parametrize("name", ["pool", "pool-hosts"])
def test_it_says_until_when_was_read(tmp_path: Path, name: str) -> None:
    """The newest reading stands for one step: all was observed, though the last minutes were not read."""
    store = pool(tmp_path, [taken(m) for m in TENS])
    for end, said in ((at(59), " Readings to 1 May 2026 00:50."), (at(50.5), "")):
        made = document(name, store, Period(START, end), end)
        assert made.coverage.sentence.replace("\u202f", " ") == f"100 % of the period was observed.{said}"


def test_no_column_is_narrower_than_five_hundredths_of_the_period() -> None:
    for days in (1, 7, 30, 31, 92, 366):
        assert days * 86_400 / bin_step(days * 86_400.0, MOST_COLUMNS) <= 500
    assert HOUR.end - HOUR.start == TEN * 6


def test_documents_are_json(tmp_path: Path) -> None:
    states = [taken(m, gpu="G1") for m in TENS] + [lent(m, gpu="G2") for m in TENS]
    store = pool(tmp_path / "ledger", states, [wait(1, 0, 60)])
    for name in REPORTS:
        render(document(name, store, **CHOSEN.get(name, {})), ["json"], tmp_path / name)
        held = json.loads((tmp_path / name / f"{name}.json").read_text(encoding="utf-8"))
        assert held["name"] == name
