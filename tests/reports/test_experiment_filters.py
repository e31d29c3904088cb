"""A report of a part says what that part is, and a filter that keeps nothing names what there is."""

import pytest

from gpuledger.metrics import Filter
from gpuledger.metrics.ask import StoreAsk
from gpuledger.metrics.workflows.nodes import Placing
from gpuledger.metrics.workflows.read import Experiment, read
from gpuledger.model.errors import NoData, UsageError
from gpuledger.reports._experiment.scene import Scene
from gpuledger.reports._experiment.success import notes
from gpuledger.store.lake import Lake
from tests.reports.experiments import made, trial
from tests.reports.ledgers import END, MAY, ledger

DECLARED = {
    "cluster": "ap", "try_number": 0, "node_kind": None, "workflow_step": None, "target_site": None, "job_id": None,
    "is_done_in_rescue": True, "state": "other",
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Three attempts of `train` at OSPool and two of `tune` at Anvil."""
    tune = [trial(10 + n, f"tune{n}", workflow="tune", workflow_run="r1", site="anvil") for n in range(2)]
    return ledger(tmp_path_factory.mktemp("filters"), [*(trial(n) for n in range(3)), *tune])


def test_the_title_names_the_workflow_that_was_kept(store: Lake) -> None:
    assert made(store).title.startswith("Experiment: 2 workflows,")
    assert made(store, Filter("workflow", "=", ("tune",))).title.startswith("Experiment: tune where")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (("workflow", "tun"), "There is no workflow 'tun'; did you mean 'tune'?"),
        (("workflow_run", "r7"), "There is no workflow run 'r7'; did you mean"),
        (("state", "bogus"), "There is no state 'bogus'; did you mean 'completed'?"),
        (("site", "nowhere"), "There is no site 'nowhere'; did you mean 'Anvil' or 'OSPool'"),
    ],
)
def test_a_name_that_nothing_has_is_answered_with_the_names_there_are(
    store: Lake, wanted: tuple[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        made(store, Filter(wanted[0], "=", (wanted[1],)))


def test_filters_that_keep_nothing_together_are_said(store: Lake) -> None:
    both = Filter("workflow", "=", ("tune",)), Filter("site", "=", ("OSPool",))
    with pytest.raises(NoData, match="No attempt is workflow=tune and site=OSPool"):
        made(store, *both)
    with pytest.raises(NoData, match="No attempt is state=failed"):
        made(store, Filter("state", "=", ("failed",)))


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ((), "The DAGs declare 5 nodes, 5 done by the rescue files; 5 nodes were submitted by the logs."),
        ((Filter("workflow", "=", ("tune",)),), "The DAG declares 2 nodes, 2 done by the rescue files; 2 nodes were"),
        ((Filter("workflow_run", "!=", ("r1",)),), "The DAG declares 3 nodes, 3 done"),
        ((Filter("site", "=", ("Anvil",)),), ""),
    ],
)
def test_what_the_dags_declare_is_of_the_dags_that_are_kept(store: Lake, where: tuple[Filter, ...], said: str) -> None:
    nodes = [("train", "r0", f"n{n}") for n in range(3)] + [("tune", "r1", f"tune{n}") for n in range(2)]
    placing = Placing.of(
        {**DECLARED, "workflow": workflow, "workflow_run": run, "node_name": name} for workflow, run, name in nodes
    )
    ask = StoreAsk(store, MAY, END, MAY.zone, where)
    found = Experiment(read(ask).tries, placing)
    told = [note.sentence for note in notes(Scene(ask, found, 30)) if note.id == "declared"]
    assert "".join(told).startswith(said) if said else not told


def test_a_table_that_holds_its_first_rows_only_says_so_with_how_to_get_all(store: Lake) -> None:
    told = {table.id: table for table in made(store, rows=1).tables}
    assert len(told["success-by-site"].rows) == 1
    assert told["success-by-site"].left_out == "The first 1 of 2, in every format; --rows 2 gives all."
    assert {table.left_out for table in made(store, rows=2).tables} == {""}
