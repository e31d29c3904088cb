"""Every figure of an experiment: no text cut by the sheet or touching another, no name shortened that has room."""

from pathlib import Path

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
