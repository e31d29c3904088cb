"""The page of a real `gpuledger serve`: every report opens, a token signs in, a file is uploaded and its rows are shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.render.viewer.opened import OVER, Opened
from tests.serve.serving import HOSTILE, Server, ledger_of, row, sacct, serving, token

pytestmark = pytest.mark.browser
TABS = '[reports.rolling]\nqueue = ["a100", "dev"]\n'


def lately(number: int, user: str, queue: str = "a100") -> str:
    """A job of yesterday: a page that opens on the last days has something to show."""
    day = datetime.now(UTC) - timedelta(days=1)
    return row(number, user, "physics", queue=queue).replace("2026-05-10", f"{day:%Y-%m-%d}")


@dataclass(frozen=True)
class Site:
    """A service and a token that may upload to it."""

    server: Server
    secret: str


LISTED = "JSON.parse(document.getElementById('gpuledger-config').textContent).reports.map(one => one.name)"
NAMED = "all => all.map(one => new URL(one.href).searchParams.get('report'))"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("served")
    rows = [lately(1, "ann"), lately(2, "bob"), lately(3, HOSTILE), lately(4, "ann", "dev")]
    ledger = ledger_of(folder, *rows)
    secret = token(ledger, "both", "--scope", "read,upload")
    with serving(ledger, folder / "home", TABS) as server:
        yield Site(server, secret)


def test_every_report_of_the_list_opens_quietly_or_says_that_it_has_no_data(chromium: Any, site: Site) -> None:
    with Opened(chromium, f"{site.server.url}/", 390, "dark").open() as opened:
        page, faults = opened.page, {}
        names = page.evaluate(LISTED)
        assert {"rolling", "usage", "pool", "pool-hosts"} <= set(names)
        for name in names:
            page.goto(f"{site.server.url}/?report={name}")
            opened.drawn()
            assert page.locator("main :is(.card, .banner.info)").count() > 0, name
            assert page.locator(".banner.critical").count() == 0, name
            over = page.evaluate("Math.max(0, document.documentElement.scrollWidth - innerWidth)")
            faults[name] = [*([over] if over else []), *page.evaluate(OVER)]
        assert {name: told for name, told in faults.items() if told} == {}
        assert [said for said in opened.said if "404" not in said] == []
        assert [url for url in opened.asked if not url.startswith(site.server.url)] == []


def test_reports_of_one_subject_share_a_tab_and_all_tabs_fit_a_desktop(chromium: Any, site: Site) -> None:
    with Opened(chromium, site.server.url) as opened:
        page = opened.page
        page.goto(f"{site.server.url}/?report=pool-unused")
        page.wait_for_selector("main .banner.info")
        tabs = page.locator("#reports a")
        assert tabs.all_inner_texts()[:3] == ["Rolling use", "GPU usage", "GPU pool"]
        assert page.locator("#reports a[aria-current]").all_inner_texts() == ["GPU pool"]
        assert page.evaluate(
            "document.getElementById('reports').scrollWidth <= document.getElementById('reports').clientWidth"
        )
        here = page.locator("nav.family [aria-current]")
        assert here.all_inner_texts() == ["Unused GPUs of a pool"], "also of a list that was asked for anew"
        several = page.locator("nav.family a")
        shared = several.evaluate_all(NAMED)
        assert sorted([*tabs.evaluate_all(NAMED), *shared[1:]]) == sorted(page.evaluate(LISTED))
        assert several.all_inner_texts()[:2] == ["GPU pool", "Hosts of a pool"], "what each GPU did is one click away"
        several.nth(1).click()
        opened.until("location.search.includes('report=pool-hosts')")
        page.wait_for_selector("main .banner.info:has-text('Hosts of a pool')")
        assert here.all_inner_texts() == ["Hosts of a pool"]
        tabs.first.click()
        page.wait_for_selector("h1:text('Rolling use')")
        assert several.count() == 0


def test_a_page_that_was_visited_before_works_again(chromium: Any, site: Site) -> None:
    """The browser asks whether it changed, and takes the headers of the answer for those of what it has."""
    with Opened(chromium, f"{site.server.url}/?last=3d").open() as opened:
        for _ in range(2):
            opened.page.goto(f"{site.server.url}/?last=3d")
            opened.drawn()
            assert opened.page.locator("h1").count() == 1
        assert opened.said == []


def test_the_tab_of_a_queue_shows_its_people_and_their_names_as_text(chromium: Any, site: Site) -> None:
    with Opened(chromium, f"{site.server.url}/?last=3d").open() as opened:
        page = opened.page
        assert page.get_by_role("group", name="Tab").get_by_role("button").all_inner_texts() == ["a100", "dev"]
        assert HOSTILE in page.locator("[data-keep^='key-user']").all_inner_texts()
        assert page.locator("main script").count() == 0
        page.get_by_role("button", name="dev", exact=True).click()
        page.wait_for_selector("h1:text('dev')")
        assert "tab=dev" in page.url
        assert page.locator("#b-totals tbody th").all_inner_texts()[1:] == ["ann"]
        assert "Data to" in page.locator("#age").inner_text()


def test_a_token_signs_in_and_a_file_with_a_bad_row_is_uploaded_and_shown(
    chromium: Any, site: Site, tmp_path: Path
) -> None:
    file = tmp_path / "sacct.txt"
    file.write_bytes(sacct(lately(1, "ann"), lately(9, "zoe"), "no|row|of|this|kind"))
    with Opened(chromium, f"{site.server.url}/?report=usage&last=3d").open() as opened:
        page = opened.page
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Token").fill(site.secret)
        page.get_by_label("Token").press("Enter")
        page.locator("#upload").click()
        page.locator("dialog select option[value=slurm]").wait_for(state="attached")
        page.locator("dialog select").select_option("slurm")
        page.get_by_label("File", exact=True).set_input_files(str(file))
        page.locator("dialog").get_by_role("button", name="Upload", exact=True).click()
        page.locator("dialog .counts").wait_for()
        assert page.locator("dialog .counts td").all_inner_texts() == ["3", "1", "1", "1"]
        assert page.locator("dialog .problems tbody td").first.inner_text() == "4"
        page.get_by_role("button", name="Close").click()
        page.locator("#b-by-user tbody th", has_text="zoe").wait_for()
        assert site.secret not in " ".join(opened.asked)
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in").wait_for()
        assert page.locator("#upload").count() == 0
