"""Whole files: how they may be written, that each event is in the ledger once, and a recount of real ones."""

import gzip
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gpuledger.actions.ingest import Ingested, ingest
from gpuledger.model.batch import Batch
from gpuledger.model.devices import position_of
from gpuledger.model.schema import unbound
from gpuledger.model.tables import DEVICE_EVENTS
from gpuledger.raw import RawZone
from gpuledger.sources import Context
from gpuledger.sources.thermal_csv import ThermalCsv
from gpuledger.store.lake import Lake
from tests.sources.thermal_csv.reading import HEADER, Told, found, of, recounted

NOW = datetime(2025, 6, 1, tzinfo=UTC)
PLAIN = of(
    "n1,2025-02-03,GPU_21,90.5,,Throttled,2025-02-03", "n2,2025-02-04,GPU_22,40.0,27.5,Thermally Failed,2025-02-04"
)
FILES = ("thermal_10000.csv", "dirty_10000.csv", "failed_3000.csv", "throttled_3000.csv")
GOLDEN = Path(__file__).parents[2] / "golden" / "sources"


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", ";").replace("90.5", "90,5").replace("40.0", "40,0").replace("27.5", "27,5"),
        PLAIN.replace(HEADER, "NODE, TimeStamp ,GPU ID,GPU Temp,Avg Temp,Issue Type,Date"),
        PLAIN.replace(HEADER, "host,time,device,temperature,average_temp,status,event_date"),
        PLAIN.replace("n1,", '"n1",').replace("Throttled", '"Throttled"'),
        PLAIN.rstrip("\n"),
        PLAIN.encode("utf-16"),
        gzip.compress(PLAIN.encode()),
    ],
    ids=[
        "bom",
        "crlf",
        "semicolon",
        "tab",
        "decimal comma",
        "capitals",
        "aliases",
        "quoted",
        "no last end",
        "utf-16",
        "gzip",
    ],
)
def test_however_it_is_written_it_tells_the_same(content: str | bytes) -> None:
    told, plain = found(content), found(PLAIN)
    assert (told.events, told.problems) == (plain.events, [])


def test_both_layouts_are_claimed_whatever_separates_them() -> None:
    for text in (
        PLAIN,
        PLAIN.replace(",", ";"),
        of("n1,2025-02-03,g,90,Throttled", header="node,timestamp,gpu_id,temp,reason"),
    ):
        assert ThermalCsv().claims(text.encode(), "a.csv") == "thermal events in CSV"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x00\x01", b"PAR1", b"node,timestamp\n", b"JobID|State\n1|COMPLETED\n",
        b"host,time,gpu,temp,status\nn1,2025-02-03,0,40,OK\n",  # readings of healthy GPUs are no events
        b"node,timestamp,gpu_id,reason\nn1,2025-02-03,g,Throttled\n",
    ],
)  # fmt: skip
def test_what_is_something_else_is_not_claimed(content: bytes) -> None:
    assert ThermalCsv().claims(content, "a.csv") is None


def test_no_input_of_another_source_is_claimed() -> None:
    others = [path for path in GOLDEN.glob("*/*") if path.is_file() and path.parent.name != "thermal-csv"]
    assert others
    assert [path for path in others if ThermalCsv().claims(path.read_bytes()[:65_536], path.name)] == []


@dataclass
class Site:
    """A ledger of a test."""

    store: Lake
    raw: RawZone

    def read(self, file: Path) -> Ingested:
        context = Context("", "UTC", "c", file.name)
        return ingest(self, ThermalCsv(), file, context=context, now=NOW)

    def events(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.store.ask(unbound(DEVICE_EVENTS)).to_pylist()
        return rows


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    store = Lake(tmp_path / "ledger")
    yield Site(store, RawZone(tmp_path / "raw"))
    store.close()


def written(tmp_path: Path, name: str, text: str) -> Path:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


def test_the_same_file_again_changes_nothing(site: Site, tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", PLAIN)
    again = written(tmp_path, "b.csv", PLAIN + "\n")  # other bytes, the same rows
    assert [(done.accepted, done.unchanged) for done in map(site.read, (file, file, again))] == [(2, 0), (0, 2), (0, 2)]
    assert len(site.events()) == 2


def test_files_that_overlap_give_each_event_once_in_either_order(tmp_path: Path) -> None:
    rows = [f"n1,2025-02-{day:02},GPU_21,90,,Throttled," for day in range(1, 11)]
    first, second = of(*rows[:7]), of(*rows[3:])
    told = []
    for number, order in enumerate(((first, second), (second, first))):
        store = Lake(tmp_path / f"ledger{number}")
        site = Site(store, RawZone(tmp_path / f"raw{number}"))
        for place, text in enumerate(order):
            site.read(written(tmp_path, f"{number}{place}.csv", text))
        told.append(sorted((row["time"], row["event_id"]) for row in site.events()))
        store.close()
    assert told[0] == told[1]
    assert len(told[0]) == 10


def test_an_event_told_in_another_spelling_or_with_less_is_the_same_event_in_every_order(
    site: Site, tmp_path: Path
) -> None:
    full = of("n1,2025-02-03 10:00:00,GPU_21,90,Throttled,north", header="node,timestamp,gpu_id,temp,reason,site")
    files = [
        written(tmp_path, f"{number}.csv", text)
        for number, text in enumerate((full.replace("Throttled", "throttled"), full, full.replace("north", "")))
    ]
    for file in files:
        site.read(file)
    kept = site.events()
    again = [site.read(written(tmp_path, f"{file.stem}-again.csv", file.read_text() + "\n")) for file in files]
    assert [(done.accepted, done.unchanged) for done in again] == [(0, 1)] * 3
    assert site.events() == kept
    assert [row["site"] for row in kept] == ["north"]


def test_events_of_one_day_with_other_temperatures_are_other_events(site: Site, tmp_path: Path) -> None:
    """A file of days holds several a day of one GPU; only the very same row is the same event."""
    row = "n1,2025-02-03,GPU_21,{},,Throttled,"
    done = site.read(written(tmp_path, "a.csv", of(*(row.format(heat) for heat in ("90.1", "91.7", "90.10", "")))))
    assert (done.accepted, done.unchanged) == (3, 1)
    assert sorted(str(row["temperature_celsius"]) for row in site.events()) == ["90.1", "91.7", "None"]


@pytest.mark.parametrize("name", FILES)
def test_a_recount_of_a_real_file_finds_the_same(site: Site, shared_data: Path, name: str) -> None:
    rows = list(recounted(shared_data / "thermal" / name))
    events = {row for row in rows if row}
    done = site.read(shared_data / "thermal" / name)
    refused = sum(row is None for row in rows)
    assert (done.rows_read, done.problems) == (len(rows), refused)
    assert (done.accepted, done.unchanged) == (len(events), len(rows) - refused - len(events))
    assert Counter(map(_plain, site.events())) == Counter(events)


def _plain(row: dict[str, Any]) -> Told:
    return Told(
        row["host"], position_of(row["gpu"]), row["time"].replace(tzinfo=UTC), row["device_event_kind"],
        row["temperature_celsius"], row["mean_temperature_celsius"],
    )  # fmt: skip


class _Made(io.RawIOBase):
    """A file that is made while it is read; how much was asked for so far."""

    def __init__(self, rows: int) -> None:
        self.left, self.given, self._rest = rows, 0, (HEADER + "\n").encode()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._rest) < len(buffer) and self.left:
            first, self.left = self.left, max(0, self.left - 2_000)
            days = (
                f"n{row % 999},2025-02-{row % 27 + 1:02} 00:{row % 60:02}:00,GPU_{row % 8},90.{row % 97},,Throttled,\n"
                for row in range(self.left, first)
            )
            self._rest += "".join(days).encode()
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        self.given += len(taken)
        return len(taken)


def test_a_large_file_streams() -> None:
    """A part is told before the rest is read, and no part is larger than another."""
    made = _Made(1_400_000)
    parts = ThermalCsv().parse(io.BufferedReader(made), Context("file:0", "UTC", "c", "a.csv"))  # type: ignore[type-var]
    sizes, read = [], []
    for item in parts:
        if isinstance(item, Batch):
            sizes.append(len(item.rows))
            read.append(made.given)
    assert sum(sizes) == 1_400_000
    assert max(sizes) < 150_000
    assert read[0] < 0.7 * made.given
