"""The page with a service behind it, and as a published site: periods, filters, refusals, refreshing, signing in, uploading."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gpuledger.model.document import Document
from gpuledger.render.json import from_json, to_json
from tests.render.timed import least
from tests.render.viewer import site
from tests.render.viewer.opened import Opened

pytestmark = pytest.mark.browser
ASKED = "/api/v1/reports/usage"


WATCH = """() => {
  const top = () => document.getElementById('b-gpus-in-use').getBoundingClientRect().top, place = top();
  globalThis.watched = { moved: 0, pictures: Infinity };
  const look = () => {
    watched.moved = Math.max(watched.moved, Math.abs(top() - place));
    watched.pictures = Math.min(watched.pictures, document.querySelectorAll('.plot > svg').length);
    requestAnimationFrame(look);
  };
  look();
}"""
"""Notes in every frame how far the first chart moved, and how few pictures there were."""


def questions(server: site.Server) -> list[dict[str, list[str]]]:
    return [dict(one.query) for one in server.asked if one.path == ASKED]


@pytest.fixture
def service() -> site.Service:
    return site.Service()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[site.Server]:
    with site.file_server(site.static_site(tmp_path_factory.mktemp("site"))) as server:
        yield server


def test_a_live_page_asks_its_own_service_only_and_logs_nothing(chromium: Any, service: site.Service) -> None:
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        assert [url for url in opened.asked if not url.startswith(server.url)] == []
        assert opened.said == []
        assert opened.page.locator("h1").inner_text() == "QoS physics, last 30d"
        assert questions(server) == [{"last": ["30d"]}]


def test_presets_custom_ranges_and_filters_are_asked_and_kept_in_the_link(chromium: Any, service: site.Service) -> None:
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        page = opened.page
        page.get_by_role("button", name="7d", exact=True).click()
        page.wait_for_selector("h1:text('last 7d')")
        assert "last=7d" in page.url
        page.locator("select[name=by]").select_option("account")
        opened.until("location.search.includes('p.by=account')")
        opened.until("!document.getElementById('main').classList.contains('waiting')")
        page.get_by_text("Filters").click()
        page.get_by_label("Only where").fill("user=ada queue!=cpu")
        page.get_by_label("Only where").press("Enter")
        opened.until("location.search.includes('where=')")
        opened.until("!document.getElementById('main').classList.contains('waiting')")
        assert questions(server)[-1] == {"last": ["7d"], "by": ["account"], "where": ["user=ada", "queue!=cpu"]}
        page.get_by_text("Custom").click()
        page.get_by_label("From", exact=True).last.fill("2026-11-01T00:00")
        page.get_by_label("To", exact=True).last.fill("2026-11-02T12:00")
        page.get_by_role("button", name="Apply").click()
        page.wait_for_selector("h1:text('from 2026-11-01T00:00')")
        assert questions(server)[-1]["to"] == ["2026-11-02T12:00:00.000Z"]
        page.go_back()
        page.wait_for_selector("h1:text('last 7d')")


def test_a_range_is_of_the_documents_zone_whatever_the_browsers(chromium: Any, service: site.Service) -> None:
    with (
        service.server() as server,
        Opened(chromium, server.url, timezone_id="Asia/Tokyo", locale="de-DE").open() as opened,
    ):
        page = opened.page
        page.get_by_text("Custom").click()
        assert "times in UTC" in page.locator("details.custom[open]").inner_text()
        page.get_by_label("From", exact=True).last.fill("2026-11-01T00:00")
        page.get_by_label("To", exact=True).last.fill("2026-11-02T12:00")
        page.get_by_role("button", name="Apply").click()
        page.wait_for_selector("h1:text('from 2026-11-01T00:00')")
        assert questions(server)[-1]["from"] == ["2026-11-01T00:00:00.000Z"]


def test_a_zoom_is_a_new_period_and_a_double_click_leads_back_with_the_same_colours(
    chromium: Any, service: site.Service
) -> None:
    service.changes = lambda made: (
        replace(made, ranks={**made.ranks, "user": tuple(reversed(made.ranks["user"]))})
        if "from" in made.title
        else made
    )
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        page = opened.page
        paint = "document.querySelector('.key .swatch').className"
        before = page.evaluate(paint)
        box = page.locator("#b-gpus-in-use .chart").bounding_box()
        page.mouse.move(box["x"] + 300, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + 600, box["y"] + 100, steps=4)
        page.mouse.up()
        page.wait_for_selector("h1:text('from 2026')")
        assert "from" in questions(server)[-1]
        assert page.evaluate(paint) == before
        page.locator("#b-gpus-in-use .chart").dblclick(position={"x": 400, "y": 100})
        page.wait_for_selector("h1:text('last 30d')")


def test_a_zoom_taken_back_while_it_loads_lights_its_period_again(chromium: Any, service: site.Service) -> None:
    service.changes = lambda made: replace(made, generated_at=made.period.end)  # what is asked twice is the same
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        page, chart = opened.page, opened.page.locator("#b-gpus-in-use .chart")
        service.held = threading.Event()
        box = chart.bounding_box()
        page.mouse.move(box["x"] + 300, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + 600, box["y"] + 100, steps=4)
        page.mouse.up()
        page.wait_for_selector("summary.chosen:text('Custom')")
        chart.dblclick(position={"x": 400, "y": 100})
        service.held.set()
        opened.until("!document.getElementById('main').classList.contains('waiting')")
        assert page.locator("summary.chosen").count() == 0
        assert page.locator(".segment [aria-pressed=true]").first.inner_text() == "30d"


def test_a_period_before_the_newest_data_is_shown_to_its_end(chromium: Any, service: site.Service) -> None:
    def earlier(made: Document) -> Document:
        newest = made.period.end + timedelta(days=9)
        return replace(made, coverage=replace(made.coverage, newest_at=newest))

    service.changes = earlier
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        assert opened.page.locator("#age").inner_text().startswith("Shown to 16 Nov ")


def test_a_report_that_is_none_is_said_until_another_is_chosen(chromium: Any, service: site.Service) -> None:
    with service.server() as server, Opened(chromium, f"{server.url}?report=<b>nope").open() as opened:
        page = opened.page
        assert page.locator(".banner").first.inner_text() == "Note: there is no report “<b>nope”. This is Usage."
        page.locator("#reports a", has_text="Pool").click()
        opened.until("location.search.includes('report=pool') && !document.querySelector('.skeleton')")
        assert page.get_by_text("there is no report").count() == 0


def test_a_refused_request_says_so_and_shows_nothing_old_for_something_new(
    chromium: Any, service: site.Service
) -> None:
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        page = opened.page
        service.failing = site.Answer(
            422, json.dumps({"error": {"message": "The range is too long.", "field": "last", "code": "bad"}}).encode()
        )
        page.get_by_role("button", name="7d", exact=True).click()
        page.wait_for_selector(".banner.critical")
        said = page.locator(".banner.critical").inner_text()
        assert "The range is too long. (last)" in said
        assert page.locator(".card, table").count() == 0
        service.failing = None
        page.get_by_role("button", name="Try again").click()
        page.wait_for_selector("h1:text('last 7d')")


def test_a_blocked_request_is_told_in_words(chromium: Any, service: site.Service) -> None:
    with service.server() as server, Opened(chromium, server.url) as opened:
        opened.page.route("**/api/v1/reports/usage*", lambda route: route.abort())
        opened.page.goto(server.url)
        opened.page.wait_for_selector(".banner.critical")
        assert "could not be reached" in opened.page.locator(".banner.critical").inner_text()


def test_a_refresh_keeps_place_focus_search_and_colours_and_pausing_stops_it(
    chromium: Any, service: site.Service
) -> None:
    with service.server() as server, Opened(chromium, server.url).clocked().open() as opened:
        page = opened.page
        page.evaluate("scrollTo({top: 900, behavior: 'instant'})")
        page.locator("#b-gpus-in-use .chart").evaluate("node => node.focus({preventScroll: true})")
        page.evaluate(WATCH)
        page.evaluate("document.querySelector('h1').dataset.mark = 'old'")
        opened.later(301)
        opened.until(
            "document.querySelector('h1')?.dataset.mark === undefined && document.querySelector('h1') !== null"
        )
        opened.until("!document.getElementById('main').classList.contains('waiting')")
        moved, pictures = page.evaluate("[watched.moved, watched.pictures]")
        assert moved <= 1, "in no frame does what is read move"
        assert pictures == page.locator(".plot > svg").count(), "no picture is gone in between"
        assert page.evaluate("document.activeElement.dataset.keep") == "chart-gpus-in-use"
        page.get_by_role("button", name="Pause refreshing").click()
        assert len(questions(server)) == 2
        opened.later(3600)
        page.evaluate("fetch('/api/v1/me').then(answer => answer.status)")  # what was asked before is there by now
        assert len(questions(server)) == 2
        page.reload()
        opened.drawn()
        assert page.get_by_role("button", name="Refresh every").count() == 1, "pausing is remembered"


def test_a_refresh_that_fails_keeps_the_page_and_is_never_green(chromium: Any, service: site.Service) -> None:
    with service.server() as server, Opened(chromium, server.url).clocked().open() as opened:
        service.failing = site.Answer(503, b"{}")
        opened.later(301)
        opened.page.wait_for_selector("#failed")
        assert "could not be refreshed" in opened.page.locator("#failed").inner_text()
        assert opened.page.locator(".card").count() == 6
        assert "stale" in (opened.page.locator("#age").get_attribute("class") or "")
        service.failing = None
        opened.later(301)
        opened.page.wait_for_selector("#failed", state="detached")


def test_old_data_is_never_green(chromium: Any, service: site.Service) -> None:
    service.changes = lambda made: replace(
        site.aged(made, timedelta(hours=2)),
        period=replace(made.period, end=site.aged(made, timedelta(hours=2)).generated_at),
        banners=(),
    )
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        assert "stale" in (opened.page.locator("#age").get_attribute("class") or "")
        assert "old" in opened.page.locator("#age").inner_text()


@pytest.mark.parametrize(("hours", "level"), [(0.5, "ok"), (2.0, "stale")])
def test_data_is_old_when_it_is_older_than_its_sources_may_be(
    chromium: Any, service: site.Service, hours: float, level: str
) -> None:
    def told(made: Document) -> Document:
        now = made.generated_at
        coverage = replace(made.coverage, newest_at=now - timedelta(hours=hours), allowed_age_seconds=3600.0)
        return replace(made, period=replace(made.period, end=now), coverage=coverage, banners=())

    service.changes = told
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        pill = opened.page.locator("#age")
        assert pill.get_attribute("class") == f"age {level}"
        words = "30\u202fmin old" if hours < 1 else "2\u202fh old"
        for width in (1440, 820, 390):
            opened.page.set_viewport_size({"width": width, "height": 844})
            assert words in pill.inner_text()
            assert pill.get_by_text(words).is_visible(), width
            right = pill.evaluate("node => node.getBoundingClientRect().right")
            assert right <= width, "how old is what stays where there is little room"


def test_a_report_without_data_is_no_fault(chromium: Any, service: site.Service) -> None:
    body = {"error": {"message": "The ledger holds no events yet.", "code": "no_data"}}
    service.failing = site.Answer(404, json.dumps(body).encode())
    with service.server() as server, Opened(chromium, server.url) as opened:
        opened.page.goto(server.url)
        opened.page.wait_for_selector(".banner.info")
        assert opened.page.locator("h1").inner_text() == "Usage"
        assert "The ledger holds no events yet." in opened.page.locator(".banner").inner_text()
        assert opened.page.locator(".banner.critical").count() == 0


def test_a_page_opens_on_what_has_data_and_dims_what_has_none(chromium: Any, service: site.Service) -> None:
    service.empty = ("usage",)
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        page = opened.page
        assert page.locator("h1").inner_text() == "GPU pool, last 30 days"
        tab = page.get_by_role("link", name="Usage")
        assert tab.get_attribute("title") == "The ledger holds no <b>such</b> data yet."
        assert tab.get_attribute("class") == "none"
        tab.click()
        page.wait_for_selector(".banner.info")
        assert page.locator("h1").inner_text() == "Usage", "who asks for it is told why it is empty"
        service.empty = ()
        page.get_by_role("button", name="Try again").or_(
            page.get_by_role("button", name="7d", exact=True)
        ).first.click()
        page.wait_for_selector("h1:text('last 7d')")
        assert tab.get_attribute("class") is None


def test_while_it_waits_the_title_stands_and_after_a_while_it_says_for_what(
    chromium: Any, service: site.Service
) -> None:
    service.held = threading.Event()
    with service.server() as server, Opened(chromium, server.url).clocked() as opened:
        opened.page.goto(server.url)
        opened.page.wait_for_selector(".skeleton")
        assert opened.page.locator("h1").inner_text() == "Usage"
        assert opened.page.locator(".finding").inner_text() == ""
        opened.later(11)
        opened.page.wait_for_selector(".finding:text('Still waiting for the server')")
        service.held.set()
        opened.drawn()
        assert opened.page.locator(".skeleton").count() == 0


def test_who_must_sign_in_is_asked_and_then_sees(chromium: Any, service: site.Service) -> None:
    service.failing = site.Answer(
        401, json.dumps({"error": {"message": "Sign in with a token.", "code": "unauthenticated"}}).encode()
    )
    with service.server() as server, Opened(chromium, server.url) as opened:
        page = opened.page
        page.goto(server.url)
        page.locator(".banner.critical").get_by_role("button", name="Sign in").click()
        page.get_by_label("Token").fill("wrong")
        page.get_by_label("Token").press("Enter")
        page.wait_for_selector(".wrong:text('expired or revoked')")
        page.get_by_label("Token").fill("right")
        page.get_by_label("Token").press("Enter")
        page.wait_for_selector("h1:text('QoS physics')")
        page.wait_for_selector("#upload")
        assert [one.path for one in server.asked if "right" in one.path or "right" in str(one.query)] == []


def test_an_upload_shows_what_became_of_each_row(chromium: Any, service: site.Service, tmp_path: Path) -> None:
    service.is_authenticated, service.scopes = True, ["read", "upload"]
    service.told = {
        "accepted": 3, "unchanged": 2, "problems": 1, "rows_read": 6, "remarks": ["One clock."],
        "first_problems": [{"line": 4, "reason": "<b>no</b> end", "row": "a|b|<script>"}],
    }  # fmt: skip
    file = tmp_path / "sacct.txt"
    file.write_text("rows", "utf-8")
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        page = opened.page
        page.locator("#upload").click()
        page.locator("dialog select option").first.wait_for(state="attached")
        page.get_by_label("File", exact=True).set_input_files(str(file))
        page.locator("dialog").get_by_role("button", name="Upload").click()
        page.wait_for_selector("dialog .problems")
        cells = page.locator("dialog .counts td").all_inner_texts()
        assert cells == ["6", "3", "2", "1"]
        assert page.locator("dialog .problems tbody td").all_inner_texts() == ["4", "<b>no</b> end", "a|b|<script>"]
        [sent] = [one for one in server.asked if one.method == "POST"]
        assert sent.path == "/api/v1/ingest/slurm"
        assert sent.headers["X-CSRF-Token"] == "c5"
        assert b'filename="sacct.txt"' in sent.body


def test_without_the_scope_there_is_no_upload(chromium: Any, service: site.Service) -> None:
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        opened.page.wait_for_selector("#session:visible")
        assert opened.page.locator("#upload").count() == 0


def test_a_published_site_has_tabs_and_the_windows_it_was_made_with(chromium: Any, published: site.Server) -> None:
    with Opened(chromium, published.url).open() as opened:
        page = opened.page
        assert page.locator("h1").inner_text() == "QoS physics, last 30d"
        assert page.get_by_role("group", name="Period").get_by_role("button").all_inner_texts() == ["7d", "30d"]
        page.get_by_role("button", name="bio").click()
        page.wait_for_selector("h1:text('QoS bio, last 30d')")
        page.get_by_role("button", name="7d", exact=True).click()
        page.wait_for_selector("h1:text('QoS bio, last 7d')")
        assert "tab=bio" in page.url
        page.get_by_role("link", name="Pool").click()
        page.wait_for_selector("h1:text('GPU pool')")
        page.go_back()
        page.wait_for_selector("h1:text('QoS bio, last 7d')")
        assert page.get_by_text("Filters").count() == 0
        assert opened.said == []
        assert [url for url in opened.asked if not url.startswith(published.url)] == []


def test_a_window_that_could_not_be_made_says_why(chromium: Any, published: site.Server) -> None:
    with Opened(chromium, f"{published.url}?tab=bio").open() as opened:
        page = opened.page
        said = site.MISSING.replace("`", "")
        assert page.locator(".banner.warning").inner_text() == f"Warning: last 6h: not made. {said}"
        assert page.locator(".banner.warning code").inner_text() == "--to 2026-11-16", "a command is code"
        period = page.get_by_role("group", name="Period")
        assert period.get_by_role("button").all_inner_texts() == ["6h", "7d", "30d"]
        period.get_by_role("button", name="6h").click()
        page.wait_for_selector(".banner.info")
        assert said in page.locator(".banner.info").inner_text()
        assert page.locator(".card").count() == 0
        period.get_by_role("button", name="7d").click()
        page.wait_for_selector("h1:text('last 7d')")


def test_a_refresh_of_a_published_site_finds_what_was_published_since(chromium: Any, tmp_path: Path) -> None:
    with (
        site.file_server(site.static_site(tmp_path)) as server,
        Opened(chromium, server.url).clocked().open() as opened,
    ):
        index = json.loads((tmp_path / "data/index.json").read_text())
        newer = replace(site.DOCUMENTS["usage"], title="Published since", banners=())
        (tmp_path / "data/newer.json").write_bytes(to_json(newer))
        for window in index["reports"][0]["windows"]:
            window["file"] = "newer.json"
        (tmp_path / "data/index.json").write_text(json.dumps(index))
        opened.later(301)
        opened.page.wait_for_selector("h1:text('Published since')")


def test_a_refresh_that_succeeds_again_takes_its_warning_back_though_nothing_changed(
    chromium: Any, tmp_path: Path
) -> None:
    with (
        site.file_server(site.static_site(tmp_path)) as server,
        Opened(chromium, server.url).clocked().open() as opened,
    ):
        opened.page.route("**/data/*", lambda route: route.abort())
        opened.later(301)
        opened.page.wait_for_selector("#failed")
        opened.page.unroute("**/data/*")
        opened.later(301)
        opened.page.wait_for_selector("#failed", state="detached")


def test_a_second_visit_draws_from_the_cache(chromium: Any, published: site.Server) -> None:
    with Opened(chromium, published.url).open() as opened:
        before = len([one for one in published.asked if one.path.startswith("/assets/")])

        def again() -> float:
            start = time.monotonic()
            opened.page.reload()
            opened.drawn()
            return time.monotonic() - start

        assert least(again, 2.4) < 2.4, "0.8 s on an idle machine"
        assert len([one for one in published.asked if one.path.startswith("/assets/")]) == before


def test_a_choice_is_pressed_at_once_and_the_page_says_that_it_loads(chromium: Any, service: site.Service) -> None:
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        page = opened.page
        service.held = threading.Event()
        pressed = page.evaluate("""() => {
          const button = [...document.querySelectorAll('[aria-label=Period] button')].find(one => one.textContent === '7d');
          button.focus();
          button.click();
          return [document.querySelector('[aria-label=Period] [aria-pressed=true]').textContent, document.activeElement.textContent, document.getElementById('say').textContent];
        }""")
        assert pressed == ["7d", "7d", "Loading"]
        bar = "getComputedStyle(document.getElementById('main'), '::before')"
        assert page.evaluate(f"{bar}.height") == "3px"
        service.held.set()
        page.wait_for_selector("h1:text('last 7d')")
        opened.until("!document.getElementById('main').classList.contains('waiting')")
        assert page.evaluate(f"{bar}.content") == "none"


def test_an_answer_that_comes_takes_no_half_made_choice_away(chromium: Any, service: site.Service) -> None:
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        page = opened.page
        service.held = threading.Event()
        page.get_by_role("button", name="7d", exact=True).click()
        page.get_by_text("Filters").click()
        page.get_by_label("Only where").fill("user=a")
        service.held.set()
        page.wait_for_selector("h1:text('last 7d')")
        page.keyboard.type("da")
        page.keyboard.press("Enter")
        opened.until("location.search.includes('where=user%3Dada')")


LONG = "a" * 300


def far_away(made: Document) -> Document:
    """The document with a name as long as a record may have it, in a zone with a long name."""
    text = to_json(replace(made, display_zone="America/New_York")).decode()
    return from_json(text.replace("okafor", LONG))


def test_a_long_name_and_a_long_zone_fit_a_phone(chromium: Any, service: site.Service) -> None:
    service.changes = far_away
    title = "The GPUs of the Department of Physics and of everybody else who was let in"
    with service.server(title=title) as server, Opened(chromium, server.url, 390).open() as opened:
        page = opened.page
        assert "America/New_York" in page.locator("#age").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        key = page.locator(".key", has_text=LONG).first
        assert key.bounding_box()["width"] < 320
        assert page.title().endswith(f" · {title}")
        assert key.locator(".named").get_attribute("title") == LONG
        tallest = "Math.max(...[...document.querySelectorAll('table.data tbody tr')].map(row => row.offsetHeight))"
        assert page.evaluate(tallest) < 100
        assert page.locator(f"table.data bdi[title='{LONG}']").count() > 0
