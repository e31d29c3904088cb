"""Every figure of an experiment: no text cut by the sheet or touching another, no name shortened that has room."""

from pathlib import Path

from gpuledger.model.chart import Bars, Grid, Lines
from gpuledger.model.document import Document
from gpuledger.render.figure import draw
from gpuledger.render.figure.drawing import Room, Words
from gpuledger.render.figure.paper import figure
from gpuledger.render.figure.type import measure
from gpuledger.render.theme import Colours
from tests.render.test_figure import problems
from tests.reports.experiments import evicted, failed, made, trial
from tests.reports.ledgers import ledger

PAPER = Room(592, 256, measure, is_stretched=False, has_side_labels=True)
LONG = "National-Supercomputing-Facility-of-the-Northern-Region-{}-GPU-Partition"
HOSTILE = (
    '<b>$x^2$</b> & "{}" ' + "w" * 70,
    "{} one two three four five six seven eight nine ten eleven twelve",
    "\u202e{}\u0000\n",
    "日本語サイト{}" * 6,
)


def _figures(folder: Path, sites: list[str], models: list[str]) -> Document:
    """Runs of every fate at every site, with transfers, requests, busy shares and waits: each figure has something to draw."""
    told = {
        "requested_memory_bytes": 2.0**36, "used_memory_bytes": 2.0**35, "requested_cpu_count": 8.0, "used_cpu_seconds": 9000.0,
        "sent_bytes": 2.0**32, "received_bytes": 2.0**30, "transfer_in_seconds": 90.0, "gpu_busy_ratio": 0.6,
    }  # fmt: skip
    rows = []
    for n, site in enumerate(sites * 6):
        said = {
            **told,
            "site": site,
            "gpu_model": models[n % len(models)],
            "begin": 1 + n,
            "gpu_count": float(1 + n % 4),
        }
        made_by = (trial, trial, failed, lambda number, **more: evicted(number, 26, **more))[n % 4]
        rows.append(made_by(n, **{**said, "transfer_in_seconds": 60.0 * (1 + n), "hours": 1.0 + n % 30}))
    return made(ledger(folder, rows))


def test_long_and_hostile_names_are_never_cut_by_the_sheet_nor_touch(tmp_path: Path) -> None:
    names = [HOSTILE[n % len(HOSTILE)].replace("{}", str(n)) for n in range(14)]
    document = _figures(tmp_path, names, names[:9])
    colours = Colours(document.ranks)
    assert len(document.charts) >= 15
    assert {chart.id: found for chart in document.charts if (found := problems(figure(chart, colours)))} == {}


def test_names_of_real_sites_models_and_causes_are_told_whole(tmp_path: Path) -> None:
    sites = ["ospool", "expanse", "delta", "anvil", "bridges2", "aws", "chtc", "frontera"]
    models = ["NVIDIA A100-SXM4-80GB", "Tesla V100-SXM2-32GB", "NVIDIA A100 80GB PCIe", "NVIDIA RTX A5000"]
    document = _figures(tmp_path, sites, models)
    for chart in document.charts:
        words = [item.text for item in draw(chart, Colours(document.ranks), PAPER).items if isinstance(item, Words)]
        assert [text for text in words if text.endswith("…")] == [], chart.id


def test_a_site_without_an_epoch_is_named_with_its_zero_over_time(tmp_path: Path) -> None:
    rows = [
        trial(1),
        trial(2, site="delta"),
        failed(3, site="anvil"),
        trial(4, site="aws", state="other", exit_code=None),
    ]
    document = made(ledger(tmp_path, rows))
    for name in ("epochs-over-time", "epochs-cumulative"):
        [shape] = [chart.shape for chart in document.charts if chart.id == name]
        assert isinstance(shape, Lines)
        assert {one.label: one.total for one in shape.series} == {
            "OSPool": 1.0,
            "Delta": 1.0,
            "Anvil": 0.0,
        }  # AWS is not told


def test_where_nothing_was_completed_no_epochs_are_drawn(tmp_path: Path) -> None:
    document = made(ledger(tmp_path, [failed(1, site="anvil")]))
    [chart] = [chart for chart in document.charts if chart.id == "epochs-over-time"]
    assert isinstance(chart.shape, Lines)
    assert chart.shape.series == ()
    assert chart.empty == "No epoch was completed in the period."


def test_amounts_below_each_other_have_the_same_decimals(tmp_path: Path) -> None:
    rows = [trial(1, hours=150.0), trial(2, site="delta", hours=9.6), trial(3, site="anvil", hours=0.3)]
    [shape] = [chart.shape for chart in made(ledger(tmp_path, rows)).charts if chart.id == "wall-hours-by-site"]
    assert isinstance(shape, Bars)
    assert [bar.words.partition(" ")[0] for bar in shape.bars] == ["150", "10", "<1"]


def test_hours_of_gpus_that_nobody_tells_are_not_zero(tmp_path: Path) -> None:
    rows = [trial(1, gpu_count=1.0, gpu_model="NVIDIA A40"), trial(2, site="delta", gpu_count=None, gpu_model=None)]
    charts = {chart.id: chart for chart in made(ledger(tmp_path, rows)).charts}
    by_site, by_model = charts["gpu-hours-by-site"].shape, charts["gpu-model-by-site"]
    assert isinstance(by_site, Bars)
    assert {bar.label: bar.words for bar in by_site.bars}["Delta"] == "not told"
    assert isinstance(by_model.shape, Grid)
    at = by_model.x.values.index("Delta")
    assert {row.label: row.values[at] for row in by_model.shape.rows} == {"NVIDIA A40": 0.0, "not known": None}
    assert by_model.finding == "1 GPU model at 2 sites."
