"""The report on events of devices: it counts what a plain recount counts, and makes no health of silence."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pytest

from gpuledger.actions.ingest import ingest
from gpuledger.metrics import Filter
from gpuledger.metrics.ask import StoreAsk
from gpuledger.model.batch import Batch
from gpuledger.model.chart import Bars, Grid, Histogram, Lines
from gpuledger.model.document import Document, Text
from gpuledger.model.errors import NoData, UsageError
from gpuledger.model.events import KINDS, EventKind
from gpuledger.model.period import Period, last, parse_instant
from gpuledger.model.tables import DEVICE_EVENTS
from gpuledger.raw import RawZone
from gpuledger.render import FORMATS, render
from gpuledger.reports._health.charts import MOST_BARS, NOT_HEALTHY
from gpuledger.reports.health import HealthParameters, build
from gpuledger.sources import Context
from gpuledger.sources.thermal_csv import ThermalCsv
from gpuledger.store.lake import Lake
from tests.reports.ledgers import card, table
from tests.sources.thermal_csv.reading import Told, of, recounted

SPRING = Period(datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 5, 2, tzinfo=UTC))
FEBRUARY = Period(datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC))
FILES = ("thermal_10000.csv", "dirty_10000.csv")
HOSTILE = '<b>&"ада'


@dataclass
class Site:
    """A ledger of events and reports of it."""

    store: Lake
    raw: RawZone

    def read(self, file: Path, now: datetime = FEBRUARY.end) -> None:
        ingest(self, ThermalCsv(), file, context=Context("", "UTC", "c", file.name), now=now)

    def report(
        self, period: Period = FEBRUARY, now: datetime | None = None, where: tuple[Filter, ...] = (), **parameters: Any
    ) -> Document:
        ask = StoreAsk(self.store, period, now or period.end, "UTC", where)
        return build(ask, HealthParameters(**parameters))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    store = Lake(tmp_path / "ledger")
    yield Site(store, RawZone(tmp_path / "raw"))
    store.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Site]:
    """Two files of a large site."""
    folder = tmp_path_factory.mktemp("large")
    held = Site(Lake(folder / "ledger"), RawZone(folder / "raw"))
    for name in FILES:
        held.read(shared_data / "thermal" / name, SPRING.end)
    yield held
    held.store.close()


@pytest.fixture(scope="module")
def spring(large: Site) -> Document:
    return large.report(SPRING, rows=100_000)


@pytest.fixture(scope="module")
def events(shared_data: Path) -> set[Told]:
    """The same events, recounted."""
    return {event for name in FILES for event in recounted(shared_data / "thermal" / name) if event}


def told(site: Site, folder: Path, *rows: str) -> None:
    (folder / "a.csv").write_text(of(*rows), encoding="utf-8")
    site.read(folder / "a.csv")


def event(day: int, host: str = "n1", gpu: str = "GPU_21", heat: object = 90, reason: str = "Throttled") -> str:
    return f"{host},2025-02-{day:02},{gpu},{heat},,{reason},"


def by(events: set[Told], *names: str) -> dict[Any, list[Told]]:
    groups: dict[Any, list[Told]] = defaultdict(list)
    for one in events:
        key = tuple(getattr(one, name) for name in names)
        groups[key if len(key) > 1 else key[0]].append(one)
    return groups


def test_cards_equal_a_recount(spring: Document, events: set[Told]) -> None:
    kinds = Counter(one.kind for one in events)
    assert card(spring, "events").value == len(events)
    assert {kind: card(spring, kind).value for kind in kinds} == kinds
    assert card(spring, "gpus_with_events").value == len({(one.host, one.gpu) for one in events})
    assert card(spring, "hosts_with_events").value == len({one.host for one in events})
    assert card(spring, "event_temperature_max").value == max(one.heat for one in events if one.heat is not None)


def test_each_gpu_equals_a_recount(spring: Document, events: set[Told]) -> None:
    columns = [column.key for column in table(spring, "devices").columns]
    found = {(row[0], row[1]): dict(zip(columns, row, strict=True)) for row in table(spring, "devices").rows}
    wanted = by(events, "host", "gpu")
    assert found.keys() == wanted.keys()
    for key, those in wanted.items():
        row, kinds, heat = found[key], Counter(one.kind for one in those), [o.heat for o in those if o.heat is not None]
        assert (row["device_events"], row["throttled"], row["thermally_failed"]) == (
            len(those),
            kinds["throttled"],
            kinds["thermally_failed"],
        )
        assert (row["first"], row["last"]) == tuple(end(o.time for o in those).date() for end in (min, max)), (
            "the files tell days"
        )
        assert (row["days"], row["hottest"]) == (len({o.time.date() for o in those}), max(heat, default=None))


def test_each_host_equals_a_recount(spring: Document, events: set[Told]) -> None:
    found = {row[0]: row[1:4] for row in table(spring, "hosts").rows}
    wanted = {
        host: (len(those), len(those) / len(events), len({o.gpu for o in those}))
        for host, those in by(events, "host").items()
    }
    assert found == {host: pytest.approx(values) for host, values in wanted.items()}


def test_the_course_the_places_and_the_temperatures_equal_a_recount(spring: Document, events: set[Told]) -> None:
    charts = {chart.id: chart for chart in spring.charts}
    course = charts["events-over-time"]
    assert isinstance(course.shape, Lines)
    for series in course.shape.series:
        days = Counter(one.time.date() for one in events if KINDS[one.kind] == series.key)
        assert [days[at.date()] for at in course.x.values if isinstance(at, datetime)] == list(series.values)
    places = charts["by-place"]
    assert isinstance(places.shape, Grid)
    for row in places.shape.rows:
        counts = Counter(one.gpu for one in events if KINDS[one.kind] == row.label)
        assert [counts[str(place)] for place in places.x.values] == list(row.values)
    heat = charts["temperatures"].shape
    assert isinstance(heat, Histogram)
    for series in heat.series:
        known = [one.heat for one in events if KINDS[one.kind] == series.key and one.heat is not None]
        edges = zip(heat.edges, heat.edges[1:], strict=False)
        assert [sum(low <= value < high for value in known) for low, high in edges] == list(series.values)


def test_bars_are_the_largest_and_the_rest_is_said(spring: Document, events: set[Told]) -> None:
    chart = next(chart for chart in spring.charts if chart.id == "by-host")
    assert isinstance(chart.shape, Bars)
    sizes = sorted((len(those) for those in by(events, "host").values()), reverse=True)
    assert [bar.amount for bar in chart.shape.bars] == sizes[:MOST_BARS]
    assert f"{len(sizes) - MOST_BARS:,} other hosts had {sum(sizes[MOST_BARS:]):,} events" in chart.left_out


def test_filters_hold_for_every_part(large: Site, events: set[Told]) -> None:
    document = large.report(SPRING, host=["10.9.11.1", "10.9.11.2"], gpu=["GPU_2[1]", "GPU_22"][1:], kind="throttled")
    chosen = [o for o in events if o.host in ("10.9.11.1", "10.9.11.2") and o.gpu == "GPU_22" and o.kind == "throttled"]
    assert card(document, "events").value == len(chosen)
    assert [row[:2] for row in table(document, "devices").rows] == [("10.9.11.1", "GPU_22"), ("10.9.11.2", "GPU_22")]
    assert len(table(document, "recent").rows) == min(50, len(chosen))
    assert table(document, "by-kind").rows[0][:2] == ("Throttled", len(chosen))
    assert "10.9.11.1 and 10.9.11.2" in document.title


def test_a_gpu_may_be_named_by_its_place_or_with_its_host(site: Site, tmp_path: Path) -> None:
    told(site, tmp_path, event(1, "n1"), event(2, "n2"), event(3, "n2", "GPU_22"))
    assert [card(site.report(gpu=[name]), "events").value for name in ("GPU_21", "gpu_*", "n2/GPU_21", "n2/*")] == [
        2,
        3,
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"host": ["n9"]}, "no host 'n9'"), ({"gpu": ["GPU_99"]}, "no GPU 'GPU_99'"), ({"gpu": ["n1/GPU_12"]}, "did you mean 'n1/GPU_21'"),
        ({"site": ["Mars"]}, "no site 'Mars'"),
    ],
)  # fmt: skip
def test_a_name_that_there_is_not_is_answered_with_the_near_ones(
    site: Site, tmp_path: Path, typed: dict[str, Any], said: str
) -> None:
    told(site, tmp_path, event(1))
    with pytest.raises(UsageError, match=said):
        site.report(**typed)


def test_a_kind_that_did_not_happen_is_a_true_zero(site: Site, tmp_path: Path) -> None:
    told(site, tmp_path, event(1))
    document = site.report(kind="xid")
    assert card(document, "events").value == 0
    assert card(document, "event_temperature_max").value is None
    assert all(chart.empty for chart in document.charts)


def test_no_event_at_all_is_no_data_and_never_healthy(site: Site, tmp_path: Path) -> None:
    with pytest.raises(NoData, match="ingest thermal-csv FILE"):
        site.report()
    told(site, tmp_path, event(1))
    later = Period(FEBRUARY.end, FEBRUARY.end + timedelta(days=30))
    with pytest.raises(
        NoData,
        match=r"not known to have been a healthy time; try `gpuledger report health --last 30d --to 2025-02-01T12:01Z`",
    ):
        site.report(later)


def test_the_period_that_is_advised_holds_the_newest_event(site: Site, tmp_path: Path) -> None:
    told(site, tmp_path, event(1), "n1,2025-02-03T05:00:00Z,GPU_21,90,,Throttled,")
    with pytest.raises(NoData) as refused:
        site.report(Period(FEBRUARY.end, FEBRUARY.end + timedelta(days=30)))
    [end] = re.findall(r"--last 30d --to ([^`]+)", str(refused.value))
    advised = last("30d", parse_instant(end))
    assert card(site.report(advised), "events").value == 2


def test_a_day_that_is_over_is_drawn_in_full_though_the_period_ends_within_it(site: Site, tmp_path: Path) -> None:
    told(site, tmp_path, event(1), event(3))
    cut = Period(FEBRUARY.start, FEBRUARY.start + timedelta(days=9, hours=13))
    for now, partial in ((FEBRUARY.end, None), (cut.end, 9)):
        [course] = [chart for chart in site.report(cut, now).charts if chart.id == "events-over-time"]
        assert isinstance(course.shape, Lines)
        assert course.shape.partial_from == partial


def test_a_day_without_events_is_not_called_healthy(site: Site, tmp_path: Path) -> None:
    told(site, tmp_path, event(1), event(3))
    document = site.report()
    [course] = [chart for chart in document.charts if chart.id == "events-over-time"]
    assert course.left_out == NOT_HEALTHY
    assert "26 days of 28 had none" in course.finding
    assert document.coverage.ratio is None
    assert "not known to be healthy" in document.coverage.sentence
    assert any("not known to be a healthy one" in block.text for block in document.blocks if isinstance(block, Text))


def test_silence_gets_old_and_is_only_said_while_files_are_read(site: Site, tmp_path: Path) -> None:
    """A healthy site has no events for days; what was read today may still end long ago."""
    told(site, tmp_path, event(1), event(28))
    [said] = site.report(Period(FEBRUARY.start, FEBRUARY.end + timedelta(hours=24))).banners
    assert (said.level, said.id) == ("info", "old")
    assert "how far they reached is not known" in said.sentence
    later = FEBRUARY.end + timedelta(days=30)
    document = site.report(Period(FEBRUARY.start, later), later)
    [banner] = document.banners
    assert banner.level == "stale"
    assert "What happened is not known" in banner.sentence
    assert document.coverage.newest_at == FEBRUARY.end - timedelta(hours=12)
    assert document.coverage.allowed_age_seconds == 26 * 3600


def test_new_events_need_no_banner(site: Site, tmp_path: Path) -> None:
    told(site, tmp_path, event(28))
    assert site.report().banners == ()


def test_a_temperature_that_was_not_told_is_none_and_zero_is_zero(site: Site, tmp_path: Path) -> None:
    told(site, tmp_path, event(1, "n1", heat=""), event(2, "n2", heat=0))
    document = site.report()
    assert {row[0]: row[5] for row in table(document, "devices").rows} == {"n1": None, "n2": 0}
    [chart] = [chart for chart in document.charts if chart.id == "temperatures"]
    assert chart.left_out == "1 event without a temperature."


def test_gpus_told_by_uuid_have_no_place(site: Site, tmp_path: Path) -> None:
    told(site, tmp_path, event(1, gpu="GPU-0667ce7c-1f2e"), event(2, gpu="GPU-1667ce7c-1f2e"))
    document = site.report()
    assert "by-place" not in [chart.id for chart in document.charts]
    assert {row[1] for row in table(document, "devices").rows} == {"GPU-0667ce7c", "GPU-1667ce7c"}


def test_rows_left_out_are_one_row_and_the_totals_stay(site: Site, tmp_path: Path) -> None:
    told(site, tmp_path, *(event(day, f"n{day}") for day in range(1, 11)), event(1, "n1", heat=91))
    document = site.report(rows=2)
    for name, column in (("devices", 2), ("hosts", 1)):
        shown = table(document, name)
        assert shown.others is not None
        assert (len(shown.rows), shown.others[column], shown.totals and shown.totals[column]) == (2, 8, 11)
    assert table(document, "recent").left_out == "9 earlier."


def test_a_kind_keeps_its_colour_whatever_happened(site: Site, tmp_path: Path) -> None:
    told(site, tmp_path, event(1, reason="Thermally Failed"))
    assert site.report().ranks["event_kind"][:2] == ("Throttled", "Thermally failed")
    assert get_args(EventKind) == tuple(KINDS)


def test_every_format_draws_it_and_names_of_data_stand_literally(site: Site, tmp_path: Path) -> None:
    told(
        site,
        tmp_path,
        event(1, f'"{HOSTILE.replace(chr(34), chr(34) * 2)}"'),
        event(2, gpu="=cmd()", reason="thermal failure"),
    )
    document = site.report()
    files = render(document, [name for name in FORMATS if name not in ("pdf", "librarian")], tmp_path / "out")
    assert {file.suffix for file in files} >= {".html", ".txt", ".json", ".csv", ".xlsx", ".png", ".svg", ".parquet"}
    page = next(file for file in files if file.suffix == ".html").read_text(encoding="utf-8")
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page
    csv = (tmp_path / "out" / "devices.csv").read_text(encoding="utf-8")
    assert "'=cmd()" in csv
    assert HOSTILE in json.dumps(
        json.loads((tmp_path / "out" / "health.json").read_text()), ensure_ascii=False
    ).replace('\\"', '"')


def test_of_an_event_told_by_its_day_no_time_of_day_is_shown(site: Site, tmp_path: Path) -> None:
    told(site, tmp_path, event(3), "n1,2025-02-04 12:00:00,GPU_21,90,,Throttled,")
    document = site.report(FEBRUARY)
    recent = [row[:2] for row in table(document, "recent").rows]
    assert recent == [(date(2025, 2, 4), "12:00:00"), (date(2025, 2, 3), None)]
    assert "Noon" not in table(document, "recent").foot
    assert table(document, "by-kind").totals[-2:] == (date(2025, 2, 3), date(2025, 2, 4))  # type: ignore[index]


def test_where_every_event_has_a_time_first_and_last_are_moments(site: Site, tmp_path: Path) -> None:
    told(site, tmp_path, "n1,2025-02-04 12:00:00,GPU_21,90,,Throttled,")
    assert table(site.report(FEBRUARY), "devices").rows[0][-1] == datetime(2025, 2, 4, 12, tzinfo=UTC)


def test_events_of_an_older_ledger_have_times_and_noon_a_caution(site: Site, tmp_path: Path) -> None:
    row = {"cluster": "c", "host": "n", "gpu": "slot:G", "time": datetime(2025, 2, 4, 12, tzinfo=UTC), "event_id": "1"}
    said = {**row, "device_event_kind": "throttled", "source": "thermal-csv", "time_precision": None}
    site.store.upsert(Batch(DEVICE_EVENTS, pa.Table.from_pylist([said])), "i")
    document = site.report(FEBRUARY)
    assert table(document, "recent").rows[0][:2] == (date(2025, 2, 4), "12:00:00")
    assert table(document, "recent").foot.startswith("Noon (UTC) may be a day of which no time was told")
    assert table(document, "by-kind").rows[0][-1] == row["time"]
