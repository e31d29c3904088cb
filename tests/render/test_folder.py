"""`render` writes a folder: safe names, an index, the page last, whole files or none."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuledger.model.errors import LedgerError, UsageError
from gpuledger.render import FORMATS as EVERY
from gpuledger.render import RENDERERS, render
from gpuledger.render.output import file_stem
from tests.render import samples

FORMATS = tuple(name for name in EVERY if name != "librarian")
"""`librarian` is of the report rolling alone: tests/reports/test_rolling*.py."""


def test_every_format_writes_its_files_and_the_index_names_each(tmp_path: Path) -> None:
    document = samples.usage()
    written = render(document, FORMATS, tmp_path / "new" / "folder")
    index = json.loads((tmp_path / "new/folder/index.json").read_text())
    assert [path.name for path in written] == [*(entry["name"] for entry in index["files"]), "index.json"]
    assert {entry["format"] for entry in index["files"]} == set(FORMATS)
    assert {path.name for path in (tmp_path / "new/folder").iterdir()} == {path.name for path in written}
    assert all(path.stat().st_size == entry["bytes"] for path, entry in zip(written, index["files"], strict=False))
    blocks = {block.id for block in document.blocks}
    assert {entry["block"] for entry in index["files"]} - {None} <= blocks


def test_the_page_links_to_the_files_made_with_it(tmp_path: Path) -> None:
    render(samples.usage(), ["html", "csv", "png"], tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert 'href="usage-by-user.csv"' in page
    assert 'href="gpus-in-use.png"' in page


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (render(samples.usage(), FORMATS, tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no format 'docx'; there are text, json, csv"):
        render(samples.usage(), ["csv", "docx"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be written to"):
        render(samples.usage(), ["csv"], tmp_path / "file" / "out")


def test_a_file_in_place_of_the_folder_is_said_to_be_one_and_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(UsageError, match=r"file is a file; a report is several files: name a folder \(--out DIR\)"):
        render(samples.usage(), ["csv"], tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


@given(st.text(), st.text())
def test_file_names_are_safe_everywhere_and_never_shared(one: str, other: str) -> None:
    name = file_stem(one)
    assert 1 <= len(name) <= 100
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")
    assert (name == file_stem(other)) == (one == other)


@pytest.mark.parametrize("name", ["con", "nul", "index", "com1", "../x", "A", "", "a b", "x" * 300, "名前"])
def test_a_reserved_or_odd_name_gets_a_tail_of_its_own(name: str) -> None:
    assert file_stem(name) != name
    assert file_stem(name)[-9] == "-"


def test_hostile_ids_stay_inside_the_folder(tmp_path: Path) -> None:
    written = render(samples.hostile(), FORMATS, tmp_path / "out")
    assert {path.parent for path in written} == {tmp_path / "out"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_every_renderer_says_what_it_makes() -> None:
    assert all(renderer.meaning and renderer.per in ("document", "chart", "table") for renderer in RENDERERS.values())
