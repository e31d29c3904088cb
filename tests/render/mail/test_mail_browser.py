"""The mail in Chromium: 600 and 360 pixels, light and dark, pictures off."""

from pathlib import Path
from typing import Any

import pytest

from gpuledger.render.mail import mail, preview
from tests.render import samples

pytestmark = pytest.mark.browser
DOCUMENTS = {
    "usage": samples.usage(samples.BANNERS),
    "pool": samples.pool(),
    "hostile": samples.hostile(),
    "edges": samples.edges(),
    "rankings": samples.rankings(),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("mails")
    for name, document in DOCUMENTS.items():
        letter = mail(document, link="https://example.org/report")
        (out / f"{name}.html").write_text(preview(letter), encoding="utf-8")
        (out / f"{name}-bare.html").write_text(letter.html, encoding="utf-8")
    return out


def opened(chromium: Any, path: Path, width: int, mode: str = "light") -> Any:
    page = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=mode).new_page()
    page.goto(path.as_uri())
    return page


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_width_scrolls_sideways(chromium: Any, folder: Path, name: str) -> None:
    found = {}
    page = opened(chromium, folder / f"{name}.html", 800)
    for width in (800, 660, 620, 600, 480, 390, 360):
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = page.evaluate("document.documentElement.scrollWidth")
    assert {width: wide for width, wide in found.items() if wide > width} == {}
    page.context.close()


CUT = """() => [...document.querySelectorAll('th, td')].filter(one => one.childElementCount === 0)
  .filter(one => one.getClientRects().length && one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"""


@pytest.mark.parametrize("width", [660, 360])
def test_no_cell_is_cut_and_every_name_keeps_its_letters_together(chromium: Any, folder: Path, width: int) -> None:
    page = opened(chromium, folder / "usage.html", width)
    assert page.evaluate(CUT) == []
    heights = page.locator("th[scope=row]").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert max(heights) <= 52
    page.context.close()


def test_third_columns_are_hidden_on_a_phone_only(chromium: Any, folder: Path) -> None:
    page = opened(chromium, folder / "usage.html", 660)
    hidden = page.locator(".hide")
    assert hidden.count() > 10
    assert hidden.first.is_visible()
    page.set_viewport_size({"width": 360, "height": 900})
    assert not hidden.first.is_visible()
    page.context.close()


def test_dark_mode_turns_the_sheet_and_leaves_the_figures_on_paper(chromium: Any, folder: Path) -> None:
    ground = "one => getComputedStyle(one).backgroundColor"
    for mode, sheet, bar in (("light", "rgb(255, 255, 255)", "rgb(62, 119, 239)"), ("dark", "rgb(21, 24, 30)", "rgb(85, 150, 255)")):  # fmt: skip
        page = opened(chromium, folder / "usage.html", 660, mode)
        assert page.locator(".sheet").evaluate(ground) == sheet
        assert page.locator(".c0").first.evaluate(ground) == bar
        assert page.locator(".paper").evaluate(ground) == "rgb(255, 255, 255)"
        page.context.close()


def test_without_pictures_the_words_of_the_figure_stand_in_their_place(chromium: Any, folder: Path) -> None:
    page = opened(chromium, folder / "usage-bare.html", 660)
    figure = page.locator("img")
    assert figure.get_attribute("alt").startswith("GPUs in use by user, mean of 6 hours. 60 or more of the 64 GPUs")
    assert page.locator("h2", has_text="Usage by user").is_visible()
    page.context.close()


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", ["usage", "pool", "edges"])
def test_axe_finds_no_fault(chromium: Any, folder: Path, name: str, mode: str) -> None:
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="needs axe-core-python (in the dev group)")
    page = opened(chromium, folder / f"{name}.html", 660, mode)
    found = axe.Axe().run(page)["violations"]
    # A mail is shown inside the client's page, whose landmarks it cannot give.
    kept = [
        (v["id"], [n["html"][:160] for n in v["nodes"][:3]])
        for v in found
        if v["id"] not in ("region", "landmark-one-main")
    ]
    assert kept == []
    page.context.close()
