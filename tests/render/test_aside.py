"""Figures that another process draws: the same files, and whatever went wrong there is told here."""

from pathlib import Path

import pytest

from gpuledger.model.errors import LedgerError
from gpuledger.render import png, render
from gpuledger.render.aside import Aside
from tests.render import samples


def test_figures_drawn_aside_are_the_same_files_in_the_same_place_of_the_index(tmp_path: Path) -> None:
    document = samples.shapes()
    (tmp_path / "here").mkdir()
    here = png.write(document, tmp_path / "here", ())
    with Aside() as aside:
        files = render(document, ["png", "csv", "text"], tmp_path / "aside", aside=aside)
    names = [file.name for file in files]
    assert [name for name in names if name.endswith(".png")] == [one.name for one in here]
    assert names[0].endswith(".txt")
    assert names[-1] == "index.json"
    for one in here:
        assert (tmp_path / "aside" / one.name).read_bytes() == (tmp_path / "here" / one.name).read_bytes()


def test_what_went_wrong_while_drawing_is_raised_where_the_figures_are_waited_for(tmp_path: Path) -> None:
    document, nowhere = samples.edges(), tmp_path / "nowhere"
    with Aside() as aside:
        aside.begin(document, nowhere)
        with pytest.raises(FileNotFoundError):
            aside.write(document, nowhere, ())


def test_a_process_that_was_ended_is_no_report_without_figures(tmp_path: Path) -> None:
    document = samples.edges()
    with Aside() as aside:
        aside.process.kill()
        with pytest.raises(LedgerError, match="ended before it was done"):
            render(document, ["png", "text"], tmp_path, aside=aside)
