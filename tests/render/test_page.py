"""The page as text: nothing asked for, nothing executable from data, names and headings in order."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from gpuledger.model.document import Block, Document, Note, Section, Text
from gpuledger.render.html import page
from tests.render import samples
from tests.render.timed import least, processor_seconds

DOCUMENTS = [samples.usage(samples.BANNERS), samples.shapes(), samples.hostile(), samples.edges(), samples.rankings()]
VOID = {"meta", "link", "br", "input", "img", "col", "hr"}


class Tags(HTMLParser):
    """Every tag with its attributes, and whether all were closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_the_page_is_well_formed_with_one_main_heading_and_unique_ids(document: Document) -> None:
    tags = Tags(page(document))
    assert (tags.faults, tags.open) == ([], [])
    assert [tag for tag, _ in tags.tags].count("h1") == 1
    ids = [attrs["id"] for _, attrs in tags.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_nothing_is_fetched_and_no_attribute_runs(document: Document) -> None:
    tags = Tags(page(document)).tags
    assert [attrs for tag, attrs in tags if tag in ("img", "iframe", "object", "embed", "base", "form")] == []
    assert [name for _, attrs in tags for name in attrs if name.startswith("on") or name in ("style", "srcset")] == []
    links = [attrs.get("href") or attrs.get("src") for _, attrs in tags if "href" in attrs or "src" in attrs]
    assert all(link and (link.startswith(("#", "data:image/png;base64,")) or link == "data:,") for link in links)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_the_policy_allows_exactly_the_scripts_and_style_of_the_page(document: Document) -> None:
    text = page(document)
    policy = Tags(text).tags[3][1]["content"] or ""
    inline = re.findall(r"<script>(.*?)</script>", text, re.S) + re.findall(r"<style>(.*?)</style>", text, re.S)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in inline}
    assert len(inline) == 3
    assert hashes == set(re.findall(r"'sha256-[^']+'", policy))
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")


def test_hostile_names_are_text_everywhere() -> None:
    text = page(samples.hostile())
    assert "<script>document.title" not in text
    assert "</section></section>" not in text.replace("\n", "")[:2000]
    assert "<b>&\"'" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "{{ 7 * 7 }}" in text


def test_every_table_has_scoped_heads_its_totals_first_and_others_last() -> None:
    text = page(samples.usage())
    table = text[text.index('<table class="data') : text.index("</table>")]
    rows = re.findall(r'<tr class="(\w+)">', table)
    assert rows[0] == "total"
    assert rows[-1] == "others"
    assert set(re.findall(r"<th scope=\"(\w+)\"", table)) == {"col", "row"}


def test_null_is_a_dash_that_says_why_and_zero_is_quiet() -> None:
    text = page(samples.usage())
    assert '<span class="null" title="not collected">–' in text
    assert re.search(r'class="num zero"[^>]*><bdi>0.0</bdi>', text)


def test_a_name_has_the_same_paint_in_legend_table_and_chart() -> None:
    document = samples.usage()
    text = page(replace(document, ranks={"user": tuple(reversed(samples.NAMES))}))
    assert re.search(r"var\(--c11\)[^>]*/></svg>okafor</li>", text)
    assert re.search(r'fill="var\(--c11\)"/></svg><bdi>okafor', text)
    assert '"label":"okafor","paint":"c11"' in text


def test_the_rest_of_a_ranking_is_hatched_in_the_charts_too() -> None:
    text = page(samples.usage())
    areas = re.findall(
        r'<clipPath id="(o-gpus-in-use-\d+)".*?<rect [^>]*fill="url\(#t-others\)" clip-path="url\(#\1\)"', text
    )
    assert len(areas) == 2  # the bins that are over, and the one that is not
    assert '<path fill="var(--others)"' not in text


def test_a_banner_leads_to_the_block_it_points_to() -> None:
    note = Note("old", "stale", "freshness", "Data is old.", "data-quality")
    assert 'Data is old.</b> <a href="#b-data-quality">Data quality</a></p>' in page(samples.usage((note,)))


def test_the_parameters_stand_folded_at_the_foot_not_under_the_title() -> None:
    text = page(samples.usage())
    assert "top" not in re.sub(
        "<[^>]+>", " ", text[text.index('<p class="meta">') : text.index("</div>", text.index("<h1>"))]
    )
    folded = text[text.index("<details>") : text.index("</details>")]
    assert "<dt>top</dt><dd>12</dd>" in folded


def test_no_two_lists_of_checks_have_one_heading() -> None:
    def noted(id_: str, title: str, *before: Block) -> Section:
        return Section(id_, title, (*before, Note(f"{id_}-1", "ok", "r", "Fine.")))

    words = [Text(f"t{n}", "Words.") for n in range(3)]
    sections = (
        noted("a", "Summary", words[0]), noted("b", "Recommendations"), noted("c", "Data quality", words[1]), noted("d", "More", words[2]),
    )  # fmt: skip
    heads = re.findall(r"<h2>([^<]*)</h2>", page(replace(samples.usage(), sections=sections)))
    assert heads == ["Checks", "Recommendations", "Checks: Data quality", "Checks: More"]


def test_an_undated_document_does_not_say_when_it_was_made() -> None:
    document = samples.usage()
    assert re.search(r"Made \d", page(document))
    assert "Made by gpuledger." in page(replace(document, is_undated=True))


def test_a_unit_is_said_once_in_heads_and_definitions() -> None:
    columns = (samples.Column("user", "User"), samples.Column("cpu_hours", "CPU-hours", "hour", unit="hours"))
    table = samples.Table("t", "T", columns, (("a", 1.0),))
    terms = samples.Definitions("d", "D", (("Memory GiB-hours", "hours", "Held."), ("GPU busy", "%", "Share.")))
    text = page(samples.document("x", "X", (samples.Section("s", "S", (table, terms)),)))
    assert "<small>hours</small>" not in text
    assert "GPU busy <small>%</small>" in text


def test_a_full_page_is_made_within_its_budget_and_is_light() -> None:
    assert least(lambda: processor_seconds(lambda: page(samples.usage())), 1.0) < 1.0
    assert len(page(samples.usage()).encode()) < 400_000


def test_matplotlib_is_not_needed_for_the_page() -> None:
    import subprocess
    import sys

    code = "import sys; from gpuledger.render.html import page; from tests.render.samples import usage; page(usage()); print('matplotlib' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )
