"""One colour per site, in every figure, whatever a report keeps; no other kind of name has a site's colour."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpuledger.metrics import Filter
from gpuledger.model.document import Document
from gpuledger.model.sites import DEFAULT, SiteRules
from gpuledger.render.figure import draw
from gpuledger.render.figure.drawing import Area, Cells, Dots, Room
from gpuledger.render.figure.type import measure
from gpuledger.render.theme import OTHERS, Colours
from gpuledger.reports._experiment.colours import MEASURE, OF_SITES, ranks
from tests.reports.experiments import failed, made, trial
from tests.reports.ledgers import ledger

PAPER = Room(592, 256, measure, is_stretched=False, has_side_labels=True)
SITES = ("ospool", "anvil", "aws", "newplace", "expanse")


@pytest.fixture
def document(tmp_path: Path) -> Document:
    """Five sites, two models, good and lost, checkpoints, requests: every figure there is."""
    told = {
        "requested_memory_bytes": 2.0**36,
        "used_memory_bytes": 2.0**35,
        "sent_bytes": 2.0**30,
        "transfer_in_seconds": 90.0,
    }
    rows = [trial(n, begin=n, site=SITES[n % 5], gpu_model=("A100", "H200")[n % 2], **told) for n in range(1, 40)]
    lost = [failed(n, begin=n - 100, site=SITES[n % 5], gpu_model="A100") for n in range(101, 120)]
    cut = trial(300, "n", state="requeued", exit_code=85, hours=2), trial(301, "n", begin=5)
    return made(ledger(tmp_path, [*rows, *lost, *cut]))


def _paints(document: Document) -> Iterator[tuple[str | None, str]]:
    """(dimension, paint) of every mark of every figure that is a rank's colour."""
    for chart in document.charts:
        dimension = getattr(chart.shape, "part_dimension", None) or chart.dimension
        marks = (
            item for item in draw(chart, Colours(document.ranks), PAPER).items if isinstance(item, Area | Cells | Dots)
        )
        yield from ((dimension, mark.paint) for mark in marks if mark.paint[0] == "c" and mark.paint[1:].isdigit())


def test_sites_share_no_colour_with_what_became_of_time_nor_with_a_measure(document: Document) -> None:
    used = defaultdict(set)
    for dimension, paint in _paints(document):
        used[dimension].add(paint)
    assert set(used) == {"site", "fate", MEASURE}
    assert len(used["site"]) == 5
    assert not used["site"] & (used["fate"] | used[MEASURE])
    assert not used["fate"] & used[MEASURE]


def test_a_filter_moves_no_colour(document: Document, tmp_path: Path) -> None:
    rows = [trial(n, begin=n, site=SITES[n % 5]) for n in range(1, 40)]
    store = ledger(tmp_path / "other", rows)
    whole, part = made(store), made(store, Filter("site", "=", ("newplace",)))
    assert whole.ranks["site"] == part.ranks["site"] == document.ranks["site"]


def test_configured_sites_come_first_in_their_order_and_keep_their_colour_where_others_join() -> None:
    few, more = (
        Colours(ranks(dict.fromkeys(names, 1), DEFAULT)) for names in (("AWS", "Zoo"), ("AWS", "Delta", "Zoo"))
    )
    assert few.paint("site", "AWS") == more.paint("site", "AWS") == "c5"
    assert few.paint("site", "Zoo") == more.paint("site", "Zoo") == "c7"
    own = Colours(ranks({"b": 1, "a": 1}, SiteRules(labels={"b": "b"})))
    assert [own.paint("site", name) for name in ("b", "a")] == ["c0", "c1"]


def test_of_too_many_sites_those_with_most_attempts_have_colours() -> None:
    many = {f"site {n:02}": n for n in range(30)}
    found = ranks(many, DEFAULT)["site"]
    assert found == tuple(f"site {n:02}" for n in range(30 - OF_SITES, 30))
    assert Colours({"site": found}).paint("site", "site 00") == OTHERS


def test_a_name_that_is_not_known_has_no_sites_colour() -> None:
    colours = Colours(ranks({"not known": 9, "not matched": 9, "AWS": 1}, DEFAULT))
    assert [colours.paint("site", name) for name in ("not known", "not matched", "", None)] == [OTHERS] * 4


def test_more_sites_than_colours_take_none_of_what_became_of_time(tmp_path: Path) -> None:
    """Twelve sites: four are grey, none is the colour of good, lost or a checkpoint."""
    rows = [(failed if n % 3 else trial)(n, begin=n, site=f"site{n % 12:02}") for n in range(1, 60)]
    used = defaultdict(set)
    for dimension, paint in _paints(made(ledger(tmp_path, rows))):
        used[dimension].add(paint)
    assert len(used["site"]) == OF_SITES
    assert not used["site"] & used["fate"]
