"""The viewer's files: bundled, hashed, small, and under a policy without a hole."""

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from gpuledger.plugins import load
from gpuledger.render import render, viewer
from gpuledger.render.json import to_json
from gpuledger.render.viewer.bundle import bundle
from tests.render import samples
from tests.render.viewer import site

STATIC = Path(viewer.__file__).parent / "static"


def test_modules_are_joined_in_the_order_they_need_each_other() -> None:
    joined = bundle({
        "app": 'import { two as deux } from "./numbers.js";\nconsole.log(deux);\n',
        "numbers": "export const two = 2;\nexport async function three() {}\nconst own = 1;\n",
    })  # fmt: skip
    assert joined.index("module_numbers = ") < joined.index("module_app = ")
    assert "const { two: deux } = module_numbers;" in joined
    assert "return { two, three };" in joined
    assert "export" not in joined


@pytest.mark.parametrize("form", ['import x from "./y.js";\n', "export default 1;\n", "export let a = 1;\n"])
def test_a_form_that_is_not_bundled_is_an_error_not_a_broken_page(form: str) -> None:
    with pytest.raises(ValueError, match="is not bundled"):
        bundle({"app": form})


def test_modules_that_need_each_other_in_a_circle_are_an_error() -> None:
    circle = {
        "a": 'import { b } from "./b.js";\nexport const a = 1;\n',
        "b": 'import { a } from "./a.js";\nexport const b = 1;\n',
    }
    with pytest.raises(ValueError, match="cycle"):
        bundle(circle)


def test_own_scripts_and_styles_stay_below_sixty_kilobytes_on_the_wire() -> None:
    page = viewer.page({"mode": "live", "title": "x", "reports": []}, inline=False)
    assert sum(len(gzip.compress(content, 6)) for content in [*viewer.files().values(), page]) < 60_000


def test_cells_of_the_middle_steps_have_words_that_can_be_read_there() -> None:
    css = (STATIC / "viewer.css").read_text("utf-8")
    assert ".heat .step-4{color:var(--on-middle)}.heat .step-5{color:var(--on-upper-middle)}" in css


def test_the_pages_own_name_stands_above_every_report_and_one_file_has_the_programs() -> None:
    page = viewer.page({"mode": "live", "title": "GPUs of <Physics>", "reports": []}, inline=False).decode()
    assert '<strong class="brand" title="GPUs of &lt;Physics&gt;">GPUs of &lt;Physics&gt;</strong>' in page
    single = viewer.page({"mode": "embedded", "title": "Usage, last 7 d", "reports": []}, inline=True).decode()
    assert '<strong class="brand" title="gpuledger">gpuledger</strong>' in single


def test_names_of_files_change_with_their_content() -> None:
    for path, content in viewer.files().items():
        assert hashlib.sha256(content).hexdigest()[:10] in path


def test_no_source_asks_another_site_or_turns_text_into_markup() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|https?://(?!www\.w3\.org/)"
    )
    for source in (*STATIC.rglob("*.js"), *STATIC.rglob("*.css"), *STATIC.rglob("*.html")):
        assert forbidden.findall(source.read_text("utf-8")) == [], source.name


def test_files_stay_short_enough_to_be_read() -> None:
    for source in STATIC.rglob("*.js"):
        assert len(source.read_text("utf-8").splitlines()) <= 400, source.name


def test_the_policies_allow_own_scripts_and_styles_and_nothing_else() -> None:
    for policy in (viewer.csp(inline=False), viewer.csp(inline=True)):
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'; ")
    assert "script-src 'self'; style-src 'self'; " in viewer.csp(inline=False)


def test_the_single_file_holds_hashes_of_exactly_its_own_scripts() -> None:
    page = viewer.page({"mode": "embedded", "title": "x", "reports": []}, inline=True).decode()
    ran = re.findall(r"<script(?: type=\"module\")?>(.*?)</script>", page, re.DOTALL)
    allowed = re.findall(r"sha256-[^']+", viewer.csp(inline=True).split("; style-src")[0])
    assert sorted(allowed) == sorted(
        f"sha256-{base64.b64encode(hashlib.sha256(one).digest()).decode()}" for one in map(str.encode, ran)
    )
    assert len(page) < 250_000


@pytest.mark.parametrize(
    "words", ["</script><script>alert(1)</script>", "<!--", '"><img src=x onerror=alert(1)>', "{csp}"]
)
def test_no_name_leaves_the_block_it_is_written_in(words: str) -> None:
    page = viewer.page(
        {"mode": "embedded", "title": words, "reports": []}, inline=True, documents=[(words, b'{"a": "</script>"}')]
    ).decode()
    assert words not in page or words == "{csp}"
    assert page.count("</script>") == len(re.findall(r"<script", page))


def test_the_interactive_file_links_to_what_was_made_beside_it(tmp_path: Path) -> None:
    made = render(samples.usage(), ["csv", "json", "html"], tmp_path, viewer.page_of(load("reports", "usage")))
    assert tmp_path / "index.html" in made
    page = (tmp_path / "index.html").read_text("utf-8")
    block = re.search(r'id="gpuledger-config">(.*?)</script>', page)
    assert block is not None
    config = json.loads(block[1])
    assert {"name": "usage.json", "format": "json", "block": None} in config["files"]
    assert (tmp_path / "usage.json").read_text("utf-8").strip() in page


def test_what_a_page_lists_of_a_report_is_its_own_schema_and_its_configured_tabs() -> None:
    told = site.info("usage")
    assert told["default_last"] == "30d"
    assert set(told["parameters"]["properties"]) == {"by", "top", "rows"}
    rolling = viewer.report_info(load("reports", "rolling"), {"qos": ["physics", "bio"], "last": "14d"})
    assert [tab["label"] for tab in rolling["tabs"]] == ["physics", "bio"]
    assert rolling["default_last"] == "14d"


def test_documents_in_the_single_file_are_the_json_of_the_api() -> None:
    content = to_json(samples.usage())
    page = viewer.page({"mode": "embedded", "title": "x", "reports": []}, inline=True, documents=[("a.json", content)])
    assert content in page
