"""Device data in the page: sent to the service, drawn live, as one file and with every control, the same numbers everywhere."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

import gpuledger
from gpuledger.plugins import load
from gpuledger.render import render
from gpuledger.render.viewer import page_of
from tests.render.viewer.opened import Opened
from tests.serve.serving import Server, bearer, serving, token
from tests.sources.thermal_csv.reading import of

pytestmark = pytest.mark.browser
MAY = {"month": "2026-05"}
HOSTILE = "<b>n</b>"
ROWS = (
    *(f"n{number % 7},2026-05-{number % 28 + 1:02} {number % 24:02}:00,GPU_{21 + number % 8},{86 + number % 9},,Throttled," for number in range(120)),
    *(f"n{number % 3},2026-05-{number % 28 + 1:02},GPU_{21 + number % 2},{36 + number % 9},27.5,Thermally Failed," for number in range(40)),
    *(f"{HOSTILE},2026-05-{day:02},GPU_21,,,Throttled," for day in range(1, 9)),
    "n1,oops,GPU_21,90,,Throttled,",
)  # fmt: skip


@dataclass(frozen=True)
class Site:
    server: Server
    ledger: Path
    told: dict[str, Any]

    @property
    def page(self) -> str:
        return f"{self.server.url}/?report=health&month=2026-05"

    def rows(self, **asked: str) -> list[dict[str, str]]:
        """The table of GPUs as CSV."""
        text = self.server.get("/api/v1/reports/health.csv", table="devices", **MAY, **asked).text
        return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An empty ledger behind a service that was sent one file of events."""
    folder = tmp_path_factory.mktemp("health")
    with gpuledger.open(folder / "led") as ledger:
        (folder / "first.csv").write_text(of(ROWS[0]), encoding="utf-8")
        ledger.ingest(folder / "first.csv", source="thermal-csv", zone="UTC", cluster="dfw")
    secret = token(folder / "led", "up", "--scope", "read,upload")
    with serving(folder / "led", folder / "home") as running, running.client(**bearer(secret)) as client:
        sent: httpx.Response = client.post(
            "/api/v1/ingest/thermal-csv",
            files={"file": ("events.csv", of(*ROWS))},
            data={"zone": "UTC", "cluster": "dfw"},
        )
        yield Site(running, folder / "led", sent.json())


def test_a_file_that_is_sent_is_counted_and_its_problem_told_with_the_line(site: Site) -> None:
    told = site.told
    assert (told["rows_read"], told["accepted"], told["unchanged"], told["problems"]) == (169, 167, 1, 1)
    assert told["first_problems"][0]["line"] == 170
    assert told["first_problems"][0]["reason"] == "the time cannot be read"


def test_the_page_shows_what_the_api_says_and_logs_nothing(chromium: Any, site: Site) -> None:
    document = site.server.get("/api/v1/reports/health", **MAY).json()
    with Opened(chromium, site.page).open() as opened:
        assert opened.page.locator("h1").inner_text() == document["title"]
        assert opened.said == []
        assert [url for url in opened.asked if not url.startswith(site.server.url)] == []
        shown = opened.page.locator("#b-devices tbody tr").all_inner_texts()
        for row in site.rows()[:5]:
            assert any(row["host"] in text and row["gpu"] in text for text in shown)
        assert HOSTILE in opened.page.locator("#b-devices").inner_text()
        assert opened.page.locator("#b-devices b").filter(has_text="n").count() == 0


def test_a_kind_is_chosen_and_every_part_follows(chromium: Any, site: Site) -> None:
    with Opened(chromium, site.page).open() as opened:
        choice = opened.page.locator("select[name=kind]")
        assert choice.input_value() == "all"
        choice.select_option("thermally_failed")
        opened.until("location.search.includes('p.kind=thermally_failed')")
        opened.until("document.querySelector('h1').textContent.includes('thermally failed only')")
        assert opened.page.locator("#b-by-kind tbody tr").count() == 2  # all kinds, and the one
    assert {row["throttled"] for row in site.rows() if row["host"] == "n1"} != {""}
    assert sum(float(row["device_events"]) for row in site.rows(kind="thermally_failed")) == 40


@pytest.mark.parametrize(("width", "mode"), [(1440, "dark"), (390, "light")])
def test_axe_finds_nothing(chromium: Any, site: Site, width: int, mode: str) -> None:
    with Opened(chromium, site.page, width, mode).open() as opened:
        assert opened.axe() == []


def test_one_file_that_needs_no_service_holds_the_same(chromium: Any, site: Site, tmp_path: Path) -> None:
    with gpuledger.open(site.ledger) as ledger:
        document = ledger.report("health", month="2026-05")
    [file] = [
        one for one in render(document, ["html"], tmp_path, page_of(load("reports", "health"))) if one.suffix == ".html"
    ]
    with Opened(chromium, site.page).open() as live, Opened(chromium, f"file://{file}").open() as single:
        tables = [one.page.locator("#b-devices tbody").inner_text() for one in (live, single)]
        assert tables[0] == tables[1]
        assert single.said == []
