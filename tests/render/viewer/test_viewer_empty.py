"""What a live page knows before it asks: which reports are empty, where their newest data is, and who may read."""

from typing import Any

import pytest

from tests.render.viewer import site
from tests.render.viewer.opened import Opened

NONE = {"newest": None}


@pytest.fixture
def service() -> site.Service:
    return site.Service()


def infos(usage: dict[str, Any] | None = None, pool: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The list of reports, with what is said of these two."""
    return [site.info("usage", **(usage or {})), site.info("pool", **(pool or {}))]


def asked_for(server: site.Server) -> list[str]:
    return [one.path.rpartition("/")[2] for one in server.asked if one.path.startswith("/api/v1/reports/")]


def test_a_report_that_the_list_says_is_empty_is_not_asked_for(chromium: Any, service: site.Service) -> None:
    with service.server(reports=infos(usage=NONE)) as server, Opened(chromium, server.url).open() as opened:
        page = opened.page
        assert page.locator("#reports a[aria-current]").inner_text() == "Pool"
        assert page.locator("#reports a.none").all_inner_texts() == ["Usage"]
        service.listed = infos(usage=NONE)
        page.get_by_role("link", name="Usage").click()
        page.wait_for_selector(".banner.info")
        said = "Note: “Usage” has nothing to show. Nothing of it has been read into the ledger yet."
        assert page.locator(".banner.info").inner_text() == said
        assert asked_for(server) == ["pool"]
        assert opened.said == []


def test_a_report_that_was_empty_is_shown_once_there_is_something(chromium: Any, service: site.Service) -> None:
    with service.server(reports=infos(usage=NONE)) as server, Opened(chromium, server.url).open() as opened:
        opened.page.get_by_role("link", name="Usage").click()
        opened.page.wait_for_selector("h1:text('last 30d')")
        assert asked_for(server) == ["pool", "usage"]
        assert opened.page.locator("#reports a.none").count() == 0


def test_a_refresh_says_which_reports_became_empty(chromium: Any, service: site.Service) -> None:
    with service.server(reports=infos()) as server, Opened(chromium, server.url).clocked().open() as opened:
        service.listed = infos(pool=NONE)
        opened.later(301)
        opened.page.wait_for_selector("#reports a.none:text('Pool')")


def test_a_period_without_data_leads_to_the_newest_there_is(chromium: Any, service: site.Service) -> None:
    service.empty = ("usage",)
    told = infos(usage={"newest": "2026-07-16T00:00:00+00:00"}, pool=NONE)
    with service.server(reports=told) as server, Opened(chromium, server.url).open() as opened:
        page = opened.page
        assert "“Usage” has nothing to show." in page.locator(".banner.info").inner_text()
        service.empty = ()
        page.get_by_role("button", name="Show the newest 30d").click()
        page.wait_for_selector("h1:text('from 2026-06-16T00:01 to 2026-07-16T00:01')")
        assert asked_for(server) == ["usage", "usage"]


def test_a_page_that_wants_a_token_asks_for_it_and_for_nothing_else(chromium: Any, service: site.Service) -> None:
    service.scopes = []
    with service.server() as server, Opened(chromium, server.url).open() as opened:
        page = opened.page
        assert page.locator(".banner.info").inner_text().startswith("Note: sign in to see the reports.")
        assert [one.path for one in server.asked if one.path.startswith("/api")] == ["/api/v1/me"]
        assert opened.said == []
        page.locator(".banner").get_by_role("button", name="Sign in").click()
        assert page.locator("dialog code").inner_text() == "gpuledger token create NAME"
        page.get_by_label("Token").fill("right")
        page.get_by_label("Token").press("Enter")
        page.wait_for_selector("h1:text('last 30d')")
        service.scopes, service.is_authenticated = [], False
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_selector(".banner.info:has-text('sign in to see the reports.')")
        assert page.locator("h1").count() == 0, "what was theirs is gone"
