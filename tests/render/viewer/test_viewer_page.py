"""The page in Chromium, from one file: every view, width and mode; nothing asked, nothing said, nothing cut, nothing hostile."""

import itertools
from typing import Any

import pytest

from tests.render import samples
from tests.render.timed import least
from tests.render.viewer import site
from tests.render.viewer.opened import AXE_COLOURS, AXE_TAGS, OVER, Opened

pytestmark = pytest.mark.browser
SHAPES = "svg svg path"
"""What a chart draws of the data: in the inner picture, whose edges cut it."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return site.single_file(tmp_path_factory.mktemp("single")).as_uri()


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_view_is_quiet_fits_and_is_accessible(chromium: Any, url: str, width: int, mode: str) -> None:
    pytest.importorskip("axe_core_python", reason="needs axe-core-python (in the dev group)")
    found = {}
    with Opened(chromium, f"{url}#report={site.NAMES[0]}", width, mode, bypass_csp=True).open() as opened:
        for name in site.NAMES:
            opened.show(name)
            over = opened.page.evaluate("Math.max(0, document.documentElement.scrollWidth - innerWidth)")
            touching = [] if name == "hostile" else opened.page.evaluate(OVER)
            found[name] = [
                *([over] if over else []),
                *touching,
                *opened.axe(AXE_COLOURS if mode == "dark" else AXE_TAGS),
            ]
        assert {name: faults for name, faults in found.items() if faults} == {}
        assert [asked.partition("#")[0] for asked in opened.asked] == [url]
        assert opened.said == []


def test_the_policy_holds_and_nothing_scrolls_sideways_between_the_widths(chromium: Any, url: str) -> None:
    found = []
    with Opened(chromium, f"{url}#report={site.NAMES[0]}").open() as opened:
        for width in (1240, 1000, 768, 520, 400):
            opened.page.set_viewport_size({"width": width, "height": 900})
            for name in site.NAMES:
                opened.show(name)
                if opened.page.evaluate("document.documentElement.scrollWidth") > width:
                    found.append((name, width))
        assert found == []
        assert opened.said == []


ROWS = """() => [...document.querySelectorAll('table')].flatMap(table => [table, ...table.rows])
  .map(node => [node.closest('[id]')?.id, node.className, node.getBoundingClientRect().height])"""
"""Every table of the page and its rows: the block, the classes, the height."""


@pytest.mark.parametrize("width", [900, 390])
def test_every_table_stands_there_with_its_rows_however_narrow_the_page(chromium: Any, url: str, width: int) -> None:
    found = []
    with Opened(chromium, f"{url}#report={site.NAMES[0]}", width).open() as opened:
        for name in site.NAMES:
            opened.show(name)
            found += [(name, *one) for one in opened.page.evaluate(ROWS)]
    assert any("wide" in classes.split() for _, _, classes, _ in found), "a table of many columns is among them"
    assert [one for one in found if one[-1] < 8] == []


def test_hostile_names_are_shown_as_text_and_do_not_run(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=hostile").open() as opened:
        assert opened.page.locator("h1").inner_text() == samples.HOSTILE[1]
        assert opened.page.locator("tbody bdi", has_text="<b>&").first.inner_text() == "<b>&\"'"
        assert opened.page.title().startswith("</script><script>")
        assert (
            opened.page.locator("main b:text-is(\"&\"), main img, main script, main a[href^='javascript']").count() == 0
        )
        assert "pwned" not in opened.page.title().split("</script>")[0]
        assert opened.page.locator(".plot text", has_text="<b>").count() == 0


def test_pictures_hold_numbers_and_dates_only_names_are_beside_them(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=usage").open() as opened:
        texts = opened.page.locator(".plot text").all_text_contents()
        assert texts != []
        assert [text for text in texts if any(name in text for name in samples.NAMES)] == []


WORDS = "performance.getEntriesByName('words')[0].startTime"
LANES = "gpuledger.draws.find(one => one.chart === 'pool-states').milliseconds"


def test_words_come_before_half_a_second_and_lanes_draw_in_a_tenth(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=pool").open() as opened:

        def again(told: str) -> float:
            opened.page.reload()
            opened.drawn()
            milliseconds: float = opened.page.evaluate(told)
            return milliseconds

        assert least(lambda: again(WORDS), 1500) < 1500, "half a second on an idle machine"
        assert least(lambda: again(LANES), 300) < 300, "a tenth of a second on an idle machine"


def test_dark_follows_the_system_until_the_reader_chooses_and_charts_change_with_it(chromium: Any, url: str) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    fill = "[...document.querySelectorAll('.plot svg svg path')].map(path => getComputedStyle(path).fill).join()"
    with Opened(chromium, f"{url}#report=usage", mode="dark").open() as opened:
        assert opened.page.evaluate(ground) == "rgb(12, 15, 20)"
        before = opened.page.evaluate(fill)
        opened.page.get_by_role("button", name="Light mode").click()
        assert opened.page.evaluate(ground) == "rgb(244, 245, 247)"
        opened.until(f"{fill} !== {before!r}")
        opened.page.reload()
        assert opened.page.evaluate(ground) == "rgb(244, 245, 247)"


def test_a_gap_is_hatched_and_no_outline_crosses_it(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=usage").open() as opened:
        crossing = opened.page.evaluate("""() => {
          const shapes = [...document.querySelectorAll('[data-chart="gpus-in-use"] svg svg path')], [gap] = shapes, { x, width } = gap.getBBox();
          const bands = shapes.slice(1).filter(shape => shape.getAttribute('fill') !== 'none');
          const over = band => band.isPointInFill(new DOMPoint(x + width / 2, band.getBBox().y + band.getBBox().height / 2));
          return [gap.getAttribute('fill'), width > 2, bands.length, bands.filter(over).length];
        }""")
        pattern = opened.page.locator("[data-chart='gpus-in-use'] pattern").first.get_attribute("id")
        assert crossing == [f"url(#{pattern})", True, 26, 0], "13 names, their last bin at half strength"
        assert opened.page.locator("#b-gpus-in-use .word", has_text="no data 6 h").count() == 1


def test_a_click_hides_a_name_everywhere_a_double_click_leaves_it_alone_and_the_link_keeps_it(
    chromium: Any, url: str
) -> None:
    with Opened(chromium, f"{url}#report=usage").open() as opened:
        page = opened.page
        shapes = f"document.querySelectorAll(\"[data-chart='jobs-running'] {SHAPES}\").length"
        whole = page.evaluate(shapes)
        page.locator(".key", has_text="okafor").click()
        opened.until(f"{shapes} === {whole - 2}")  # its bins, and the last at half strength
        assert page.locator(".key", has_text="okafor").get_attribute("aria-pressed") == "false"
        assert "hide=user%3Aokafor" in page.url
        page.reload()
        opened.drawn()
        assert page.locator(".key[aria-pressed=false]").all_inner_texts() == ["okafor"]
        assert page.locator("#b-gpus-in-use .read").inner_text().startswith("whole period, all names: mean 40.9")
        page.locator(".key", has_text="okafor").click()
        page.locator(".key", has_text="tanaka").dblclick()
        assert page.locator(".section > .legend .key[aria-pressed=true]").all_inner_texts() == ["tanaka"]
        page.locator(".key", has_text="tanaka").dblclick()
        assert page.locator(".key[aria-pressed=false]").count() == 0
        page.locator(".key", has_text="rossi").click(modifiers=["Shift"])
        assert page.locator(".section > .legend .key[aria-pressed=true]").all_inner_texts() == ["rossi"]


def test_one_cursor_for_all_charts_with_every_name_sorted(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=usage").open() as opened:
        page = opened.page
        box = page.locator("#b-gpus-in-use .chart").bounding_box()
        page.mouse.move(box["x"] + 300, box["y"] + 150)
        assert page.locator(".hair:visible").count() >= 4
        assert page.locator(".tip:visible").count() == 1
        rows = page.locator(".tip:visible tr").all_inner_texts()
        assert len(rows) > 8
        values = [float(row.split("\t")[-1]) for row in rows[1:]]
        assert values == sorted(values, reverse=True)
        assert float(rows[0].split("\t")[-1]) == pytest.approx(sum(values), abs=0.5)
        assert page.locator("#b-jobs-running .read.live").count() == 1


def test_the_keyboard_reads_a_chart_aloud(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=usage").open() as opened:
        page = opened.page
        page.locator("#b-gpus-in-use .chart").focus()
        page.keyboard.press("End")
        assert page.locator("#say").inner_text().startswith("16 Nov 08:00 – 14:00: total ")
        page.keyboard.press("ArrowLeft")
        assert page.locator("#say").inner_text().startswith("16 Nov 02:00 – 08:00: total ")
        page.keyboard.press("PageUp")
        assert page.locator("#say").inner_text().startswith("10 Nov 02:00 – 08:00: total ")
        page.keyboard.press("Escape")
        assert page.locator(".tip:visible").count() == 0


def test_a_zoom_shows_the_part_it_has_and_says_so(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=usage").open() as opened:
        page = opened.page
        box = page.locator("#b-gpus-in-use .chart").bounding_box()
        page.mouse.move(box["x"] + 300, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + 600, box["y"] + 100, steps=4)
        page.mouse.up()
        page.wait_for_selector(".banner.info")
        assert "zoom=" in page.url
        assert "the charts show a part of the period" in page.locator(".banner.info").inner_text()
        page.reload()
        opened.drawn()
        assert page.locator("#b-gpus-in-use .read").inner_text().startswith("whole period")
        page.get_by_role("button", name="Show all").click()
        opened.until("!location.href.includes('zoom=')")


def test_a_log_scale_shows_lines_and_no_stack(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=usage").open() as opened:
        page = opened.page
        page.get_by_role("button", name="log").click()
        ticks = page.locator("[data-chart='gpus-in-use'] g g text")
        opened.until("document.querySelector(\"[data-chart='gpus-in-use'] g g text\").textContent !== '0'")
        values = [float(text) for text in ticks.all_text_contents()]
        assert len({round(high / low, 1) for low, high in itertools.pairwise(values)} - {2.0, 2.5}) == 0, "1, 2, 5, 10"
        assert page.locator(f"[data-chart='gpus-in-use'] {SHAPES}[fill^='var']").count() == 0, "lines, no bands"
        assert "scale=log" in page.url


def test_the_last_values_stand_right_of_their_lines_with_their_paint(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=bars").open() as opened:
        trend = opened.page.locator("#b-trend")
        assert trend.locator(".side i").all_inner_texts() == ["60.0\u202f%"]
        end = max(one.bounding_box()["x"] for one in trend.locator(".plot circle").all())
        assert trend.locator(".side").bounding_box()["x"] > end + 6
        opened.show("ends")
        ends = opened.page.locator("#b-classes")
        assert ends.locator(".side b").all_inner_texts() == ["Open capacity", "Researcher-owned"]
        assert ends.locator(".side .swatch").count() == 2


def test_a_bin_that_was_hardly_filled_does_not_stretch_a_log_axis(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=ends&scale=log").open() as opened:
        few = opened.page.locator("#b-few")
        assert few.locator(".plot g g text").all_text_contents() == ["10", "20", "50"]
        assert "below 10 is off this scale" in few.locator(".read").inner_text()
        assert opened.page.locator("#b-classes .plot g g text").count() >= 3


def test_zero_has_no_place_on_a_log_scale(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=edges&scale=log").open() as opened:
        drawn = [path for one in opened.page.locator(f".plot {SHAPES}").all() for path in [one.get_attribute("d")]]
        assert any(path.count("M") > 1 for path in drawn), "a line stops at zero and begins again after it"
        assert opened.said == []


def test_tables_sort_largest_first_search_and_copy_safely(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=usage", permissions=["clipboard-read", "clipboard-write"]).open() as opened:
        page, table = opened.page, opened.page.locator("#b-usage-by-user")
        table.get_by_role("button", name="GPU busy").click()
        assert table.locator("th[aria-sort=descending]").count() == 1
        names = table.locator("tbody th").all_inner_texts()
        assert names[0] == "All 29 users"
        assert names[-1] == "17 others"
        assert set(names[-3:-1]) == {"mbeki", "kim"}, "what is not known comes last"
        table.get_by_role("button", name="GPU busy").click()
        assert table.locator("th[aria-sort=ascending]").count() == 1
        page.goto(f"{url}#report=edges")
        wide = page.locator("#b-usage-by-user")
        wide.get_by_role("searchbox").fill("user00")
        assert wide.locator(".count").inner_text() == "10 of 200 rows"
        page.goto(f"{url}#report=hostile")
        page.locator(".panel", has_text="=HYPERLINK").get_by_role("button", name="CSV").first.click()
        opened.until("document.getElementById('say').textContent === 'Table copied as CSV'")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert "\"'=HYPERLINK(" in copied
        assert "\n=HYPERLINK" not in copied


def test_lanes_are_found_filtered_ordered_and_read(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=pool").open() as opened:
        page, lanes = opened.page, opened.page.locator("#b-pool-states")
        assert lanes.locator(".count").inner_text() == "110 hosts"
        assert lanes.locator(".state-names span").first.inner_text() == "gpu2000", "the domain is said once"
        assert "Hosts of *.pool.example.edu." in lanes.locator("footer").inner_text()
        lanes.get_by_label("Find a host").fill("gpu2001")
        assert lanes.locator(".count").inner_text() == "1 of 110 hosts"
        lanes.get_by_label("Find a host").fill("")
        lanes.get_by_label("GPU model").select_option("NVIDIA L40S")
        assert lanes.locator(".state-head").count() == 1
        lanes.get_by_label("Class").select_option("Reserved")
        head = lanes.locator(".state-head").inner_text()
        assert "GPUs on 14 hosts shown; of all: " in head, "the shares beside it are those of all"
        lanes.get_by_label("GPU model").select_option("")
        assert lanes.locator(".count").inner_text() == "55 of 110 hosts"
        lanes.get_by_label("Class").select_option("")
        lanes.get_by_label("Order of hosts").select_option("drained")
        lanes.get_by_role("button", name="Prevented").click()
        assert lanes.get_by_role("button", name="Prevented").get_attribute("aria-pressed") == "true"
        lanes.locator(".states").focus()
        page.keyboard.press("ArrowRight")
        assert " / GPU " in page.locator("#say").inner_text()
        box = lanes.locator("canvas").first.bounding_box()
        page.mouse.move(box["x"] + 200, box["y"] + 5)
        assert " / GPU " in lanes.locator(".tip").inner_text()


def test_ranked_bars_are_a_table_with_names_parts_and_amounts(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=bars").open() as opened:
        one, parts = opened.page.locator("#b-one"), opened.page.locator("#b-parts")
        rows = one.locator("tbody tr")
        assert rows.first.inner_text().split() == ["okafor", "40", "·", "0", "%"]
        widths = one.locator(".fill").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
        assert widths == sorted(widths, reverse=True)
        assert widths[1] / widths[0] == pytest.approx(39 / 40, abs=0.02)
        assert one.locator(".fill").first.get_attribute("class") == "fill p-c0"
        assert one.locator(".fill").last.get_attribute("class") == "fill p-others"
        assert parts.locator("tbody th").first.inner_text() == "<b>Anvil</b>"
        assert parts.locator(".legend li").all_inner_texts() == ["okafor", "tanaka"]
        assert parts.locator("tbody tr").first.locator(".fill").count() == 2
        assert opened.page.locator("#b-none").inner_text() == "Nothing\n\nNo attempt failed."
        assert opened.said == []


def test_no_two_lists_of_checks_have_one_heading(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=bars").open() as opened:
        headings = opened.page.locator(".panel:has(.checks) h2").all_inner_texts()
        assert headings == ["Recommendations", "Checks", "Checks: Method"]


def test_a_trend_shows_the_periods_before_the_documents_own(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=bars").open() as opened:
        weeks = opened.page.locator("[data-chart='trend'] circle")
        places = [float(one.get_attribute("cx")) for one in weeks.all()]
        steps = {round(right - left, 3) for left, right in itertools.pairwise(places)}
        wide = float(opened.page.locator("[data-chart='trend'] svg svg").get_attribute("width"))
        assert len(places) == 8
        assert [step * 8 for step in steps] == [pytest.approx(wide, abs=0.1)], "eight weeks, from edge to edge"


def test_states_have_textures_in_charts_too(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=pool").open() as opened:
        assert opened.page.locator("[data-chart='parts'] pattern").count() >= 3


def test_evidence_leads_to_its_block_and_the_address_stays(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=usage").open() as opened:
        before = opened.page.url
        opened.page.locator(".checks .link").click()
        opened.until("document.getElementById('b-data-quality').getBoundingClientRect().top < innerHeight")
        assert opened.page.url == before


def test_print_fits_the_paper_and_needs_no_colour_mode(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=usage", mode="dark").open() as opened:
        opened.page.emulate_media(media="print", color_scheme="dark")
        assert opened.page.evaluate("getComputedStyle(document.body).color") == "rgb(23, 28, 36)"
        assert opened.page.locator(".filters").is_hidden()
        assert len(opened.page.pdf()) > 20_000


def test_forced_colours_and_reduced_motion_are_honoured(chromium: Any, url: str) -> None:
    with Opened(chromium, f"{url}#report=usage", forced_colors="active", reduced_motion="reduce").open() as opened:
        assert opened.said == []
        assert opened.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        assert (
            opened.page.evaluate("getComputedStyle(document.querySelector('.legend .swatch')).forcedColorAdjust")
            == "none"
        )
