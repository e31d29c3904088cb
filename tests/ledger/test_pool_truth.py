"""Made pools through the whole way, files to Document, against what their maker counted, and against a recount of the files.

A reading stands for the time to the next one, at most two steps; the newest for one. The recounts here hold each
collected step for that long, by the stamps of the files, in plain Python.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gpuledger.actions.ingest import ingest
from gpuledger.config import Ledger, Settings, open_ledger
from gpuledger.config.pool import PoolSettings, capacity_of
from gpuledger.metrics.ask import StoreAsk
from gpuledger.model.capacity import Capacity
from gpuledger.model.devices import gpu_model
from gpuledger.model.document import Document
from gpuledger.model.period import Period
from gpuledger.plugins import load
from gpuledger.reports.pool import PoolParameters, build
from gpuledger.sources import Context

CLASSES = {"res": "researcher", "chtc": "reserved", "open": "open"}
COUNTED = {
    "present_gpus": "present", "allocated_gpus": "primary_claimed", "secondary_gpus": "backfill_claimed",
    "drained_gpus": "drained_idle", "with_reason_gpus": "prevented_idle",
}  # fmt: skip
MADE = {
    "seed 7, every 5 min": ("--seed", "7", "--days", "2", "--scale", "0.1", "--start", "2026-03-30T12:00:00"),
    "seed 11, every 15 min, larger": ("--seed", "11", "--days", "4", "--scale", "0.35", "--step-min", "15"),
}
COMPLETE = ("--seed", "5", "--days", "2", "--scale", "0.1", "--complete")
Row = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """One pool in files, and a ledger that read them."""

    folder: Path
    ledger: Ledger

    @cached_property
    def truth(self) -> list[Row]:
        """The maker's counts of each (step, class, device)."""
        rows: list[Row] = pq.read_table(self.folder / "truth_steps.parquet").to_pylist()
        return rows

    @cached_property
    def told(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / "truth.json").read_text())
        return content

    @cached_property
    def step(self) -> timedelta:
        times = sorted({row["time"] for row in self.truth})
        return times[1] - times[0]

    @cached_property
    def collected(self) -> list[datetime]:
        """The steps that the collector saw."""
        return sorted({row["time"] for row in self.truth if row["collected"]})

    @cached_property
    def period(self) -> Period:
        """From the first step to the end of the last."""
        times = [row["time"].replace(tzinfo=UTC) for row in self.truth]
        return Period(min(times), max(times) + self.step)

    @cached_property
    def rows(self) -> list[Row]:
        """The files' own rows."""
        names = ["Name", "AssignedGPUs", "State", "Machine", "RemoteOwner", "timestamp"]
        files = sorted(self.folder.glob("gpu_state_*.parquet"))
        return [row for file in files for row in pq.read_table(file, columns=names).to_pylist()]

    @cached_property
    def weights(self) -> dict[datetime, float]:
        """Seconds that the reading of each stamp stands for."""
        stamps = sorted({row["timestamp"] for row in self.rows})
        held = [min(after - stamp, 2 * self.step) for stamp, after in pairwise(stamps)]
        return dict(zip(stamps, (length.total_seconds() for length in (*held, self.step)), strict=True))

    def capacity(self, **chosen: Any) -> Capacity:
        files = {"owned_hosts": self.folder / "chtc_owned", "masked_hosts": self.folder / "masked_hosts.yaml"}
        return capacity_of(PoolSettings(**chosen), files)

    def ask(self, **chosen: Any) -> StoreAsk:
        return StoreAsk(self.ledger.store, self.period, self.period.end, "UTC", (), self.capacity(**chosen))


def _made(folder: Path, root: Path, files: Sequence[Path]) -> Made:
    ledger = open_ledger(Settings(ledger=str(root)))
    for file in files:
        context = Context("", zone="UTC", cluster="pool", input_name=file.name)
        ingest(ledger, load("sources", "gpu-state")(), file, context=context, now=datetime(2026, 11, 20, tzinfo=UTC))
    return Made(folder, ledger)


def _make(shared: Path, folder: Path, *options: str) -> Path:
    maker = shared.parent / "tools" / "make_pool.py"
    if not maker.is_file():
        pytest.skip("needs ../shared/tools/make_pool.py (not part of the repository)")
    subprocess.run([sys.executable, str(maker), "--out", str(folder), *options], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module", params=["pool_small", *MADE])
def pool(request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("pool")
    name = str(request.param)
    folder = shared_data / name if name not in MADE else _make(shared_data, root / "made", *MADE[name])
    return _made(folder, root / "ledger", sorted(folder.glob("gpu_state_*.parquet")))


@pytest.fixture(scope="module")
def everything(pool: Made) -> Document:
    """The report with no model hidden, as the maker counts."""
    return build(pool.ask(hidden_models=()), PoolParameters(rows=100_000))


def cells(document: Document, name: str) -> dict[str, Row]:
    """A table's rows by their first cell, the totals under "totals"."""
    [table] = [table for table in document.tables if table.id == name]
    keys = [column.key for column in table.columns]
    rows = {str(row[0]): dict(zip(keys, row, strict=True)) for row in table.rows}
    return rows | ({"totals": dict(zip(keys, table.totals, strict=True))} if table.totals else {})


def averages(pool: Made, rows: Sequence[Row]) -> Mapping[str, float]:
    """Mean counts of those rows of the truth over the time that collected steps stand for."""
    stamps = dict(zip(pool.collected, sorted(pool.weights), strict=True))
    whole = sum(pool.weights.values())
    return {
        ours: sum(row[theirs] * pool.weights[stamps[row["time"]]] for row in rows if row["collected"]) / whole
        for ours, theirs in COUNTED.items()
    }


def test_every_class_and_device_of_the_report_equals_the_truth(pool: Made, everything: Document) -> None:
    checked = 0
    for theirs, ours in CLASSES.items():
        table = cells(everything, f"models-{ours}")
        of_class = [row for row in pool.truth if row["class"] == theirs]
        assert_equal(pool, table["totals"], of_class)
        for device in sorted({row["device"] for row in of_class}):
            assert_equal(pool, table[gpu_model(device).name], [row for row in of_class if row["device"] == device])
            checked += 1
    assert checked > 15


def assert_equal(pool: Made, found: Row, truth: Sequence[Row]) -> None:
    expected = averages(pool, truth)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    plain = {
        n: sum(row[theirs] for row in truth if row["collected"]) / len(pool.collected) for n, theirs in COUNTED.items()
    }
    assert {name: found[name] for name in plain} == pytest.approx(plain, abs=0.05)
    whole = expected["present_gpus"]
    assert found["allocated_ratio"] == pytest.approx(expected["allocated_gpus"] / whole if whole else None, abs=1e-6)


def test_every_class_device_and_step_equals_the_truth(pool: Made) -> None:
    answer = pool.ask(hidden_models=()).ask(*COUNTED, by=("reading", "class", "gpu_model"))
    ours: dict[tuple[datetime, str, str], Row] = {}
    steps = dict(zip(sorted(pool.weights), pool.collected, strict=True))
    for row in answer.records():
        moment = datetime.fromisoformat(row["reading"]).replace(tzinfo=None)
        ours[steps[moment], row["class"], row["gpu_model"]] = row
    nothing = dict.fromkeys(COUNTED, 0.0)
    truth = [row for row in pool.truth if row["collected"]]
    for row in truth:
        found = ours.get((row["time"], CLASSES[row["class"]], gpu_model(row["device"]).name), nothing)
        assert {name: found[name] for name in COUNTED} == pytest.approx({n: row[t] for n, t in COUNTED.items()}), row
    assert len(truth) > 3_000


def test_each_physical_gpu_is_there_once(pool: Made, everything: Document) -> None:
    bare = pool.ask(hidden_models=())
    bare = bare.with_capacity(replace(bare.capacity, excluded_hosts={}))
    gpus = len({(row["Machine"], row["AssignedGPUs"]) for row in pool.rows})
    assert bare.ask("gpus_seen").value("gpus_seen") == gpus
    seen: dict[datetime, set[tuple[str, str]]] = defaultdict(set)
    excluded = {host for host in {row["Machine"] for row in pool.rows} if pool.capacity().reason(host)}
    for row in pool.rows:
        if row["Machine"] not in excluded:
            seen[row["timestamp"]].add((row["Machine"], row["AssignedGPUs"]))
    present = sum(len(gpus) * pool.weights[stamp] for stamp, gpus in seen.items()) / sum(pool.weights.values())
    assert cells(everything, "classes")["totals"]["present_gpus"] == pytest.approx(present, abs=1e-6)


def test_coverage_is_that_of_the_collected_steps(pool: Made, everything: Document) -> None:
    found = everything.coverage
    assert found.seen == len(pool.collected)
    assert found.expected == round(pool.period.seconds / pool.step.total_seconds())
    assert found.ratio == pytest.approx(sum(pool.weights.values()) / pool.period.seconds, abs=1e-9)
    stamps = sorted(pool.weights)
    longest = max((after - stamp).total_seconds() - pool.weights[stamp] for stamp, after in pairwise(stamps))
    assert found.longest_gap_seconds == pytest.approx(longest, abs=30)


def test_what_must_hold_does_and_is_said(everything: Document) -> None:
    [note] = [block for block in everything.blocks if block.kind == "note" and block.rule == "invariant"]
    assert (note.level, everything.banners) == ("ok", ())


def test_hidden_models_are_left_out_of_the_default_and_counted(pool: Made) -> None:
    document = build(pool.ask(), PoolParameters())
    capacity = pool.capacity()
    shown = [row for row in pool.truth if not capacity.is_hidden(gpu_model(row["device"]).name)]
    present = {
        ours: averages(pool, [row for row in shown if row["class"] == theirs]) for theirs, ours in CLASSES.items()
    }
    found = pool.ask().ask(*COUNTED, by=("class",)).records()
    assert {row["class"]: {name: row[name] for name in COUNTED} for row in found if row["class"] in present} == {
        name: pytest.approx(expected, abs=1e-6) for name, expected in present.items()
    }
    hidden = {gpu_model(row["device"]).name for row in pool.truth} - {gpu_model(row["device"]).name for row in shown}
    assert set(cells(document, "hidden")) - {"totals"} == hidden
    assert cells(document, "excluded")["totals"]["gpus"] == 16


def test_hours_of_users_hold_each_collected_step_to_the_next(pool: Made) -> None:
    expected: dict[tuple[str, str], float] = defaultdict(float)
    for row in pool.rows:
        if row["State"] == "Claimed":
            side = "secondary" if "backfill" in row["Name"] else "primary"
            expected[row["RemoteOwner"], side] += pool.weights[row["timestamp"]] / 3600
    bare = pool.ask().with_capacity(Capacity(hidden_models=()))
    document = build(bare, PoolParameters(rows=100_000))
    found = cells(document, "users")
    totals = found.pop("totals")
    assert {
        (user, side): row[side] for user, row in found.items() for side in ("primary", "secondary") if row[side]
    } == (pytest.approx(dict(expected), abs=1e-6))
    for side in ("primary", "secondary"):
        assert totals[side] == pytest.approx(sum(row[side] for row in found.values()), abs=1e-6)


def test_hours_of_users_of_a_complete_pool_equal_the_makers(shared_data: Path, tmp_path: Path) -> None:
    folder = _make(shared_data, tmp_path / "made", *COMPLETE)
    pool = _made(folder, tmp_path / "ledger", sorted(folder.glob("gpu_state_*.parquet")))
    bare = pool.ask().with_capacity(Capacity(hidden_models=()))
    found = cells(build(bare, PoolParameters(rows=100_000)), "users")
    for side, theirs, whole in (("primary", "user_prim_h", "claimed_h"), ("secondary", "user_bf_h", "bf_h")):
        most = sum(pool.told[whole].values()) / 1000
        hours = {user: row[side] for user, row in found.items() if row[side] and user != "totals"}
        assert hours == pytest.approx(pool.told[theirs], abs=most)
        assert found["totals"][side] == pytest.approx(sum(pool.told[theirs].values()), abs=most)


def test_the_same_hours_from_sqlite_and_parquet_are_the_same_document(shared_data: Path, tmp_path: Path) -> None:
    small = shared_data / "pool_small"
    databases = sorted((small / "sqlite").glob("*.db"))
    lite = _made(small, tmp_path / "lite", databases)
    first = lite.ask().coverage(table="gpu_states").oldest
    assert first is not None
    files = [_cut(file, tmp_path / file.name, first) for file in sorted(small.glob("gpu_state_*.parquet"))]
    columnar = _made(small, tmp_path / "columnar", [file for file in files if file])
    documents = [_without_runs(build(made.ask(), PoolParameters())) for made in (lite, columnar)]
    said, again = (list(_leaves(asdict(document))) for document in documents)
    assert [leaf for leaf in said if not isinstance(leaf, float)] == [
        leaf for leaf in again if not isinstance(leaf, float)
    ]
    assert [leaf for leaf in said if isinstance(leaf, float)] == pytest.approx(
        [leaf for leaf in again if isinstance(leaf, float)], rel=1e-12
    )
    assert "Reasons were not collected" in str(documents[0])


def _leaves(value: Any) -> Iterator[Any]:
    """Every value of the document in order: sums of doubles depend on which thread was first."""
    if isinstance(value, dict):
        value = [part for pair in value.items() for part in pair]
    if isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def _cut(file: Path, to: Path, first: datetime) -> Path | None:
    """The month from that moment on, without the columns that the databases lack."""
    table = pq.read_table(file).drop_columns(["PreventJobsReason", "Disk"])
    kept = table.filter([stamp >= first.replace(tzinfo=None) for stamp in table["timestamp"].to_pylist()])
    pq.write_table(kept, to)
    return to if kept.num_rows else None


def _without_runs(document: Document) -> Document:
    """Without the list of what was read: names of files and moments differ."""
    sections = tuple(
        replace(section, blocks=tuple(block for block in section.blocks if block.id != "runs" and not block.id.startswith("remark")))
        for section in document.sections
    )  # fmt: skip
    return replace(document, sections=sections)
