"""The page under a finger: what a mouse finds by hovering, a tap shows and keeps."""

from typing import Any

import pytest

from tests.render.viewer import site
from tests.render.viewer.opened import Opened


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return site.single_file(tmp_path_factory.mktemp("touch")).as_uri()


@pytest.mark.parametrize(
    ("report", "place", "said"),
    [("usage", "#b-gpus-in-use .plot", "Total"), ("pool", "#b-pool-states canvas", " / GPU ")],
)
def test_a_tap_on_a_picture_shows_its_values_until_another_thing_is_tapped(
    chromium: Any, url: str, report: str, place: str, said: str
) -> None:
    with Opened(chromium, f"{url}#report={report}", 390, has_touch=True).open() as opened:
        page = opened.page
        page.locator(place).first.tap()
        assert said in page.locator(f"{place.split()[0]} .tip").inner_text()
        page.locator("h1").tap()
        opened.until("[...document.querySelectorAll('.tip')].every(tip => tip.hidden)")


def test_the_filters_of_lanes_can_be_read_on_a_phone(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=pool", 360, has_touch=True).open() as opened:
        widths = opened.page.locator("#b-pool-states .lane-tools :is(input, select)").evaluate_all(
            "all => all.map(one => one.offsetWidth)"
        )
        assert min(widths) > 120, "two beside each other"
