"""What is blank and what is not, on every engine: Ibis' own strip takes the letters v and f with it on Spark."""

from typing import Any

import pytest

from gpuledger.metrics.states.facts import trimmed
from gpuledger.model.schema import unbound
from gpuledger.model.tables import GPU_STATES
from tests.metrics.test_intervals import THREE
from tests.metrics.test_state_views import TEN_MINUTES, ask_of, told

TEXTS = {"G0": " v ", "G1": "f", "G2": " \t\n", "G3": "", "G4": "\tfive fans v\n"}
SAID = {"G0", "G1", "G4"}


@pytest.fixture(params=THREE)
def store(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def rows_with(column: str) -> dict[str, list[dict[str, Any]]]:
    """A GPU each with one of the texts, free and in service."""
    told_of = "\n".join(f"{TEN_MINUTES[0]} | n1 | {gpu} | unclaimed | none" for gpu in TEXTS)
    rows = told(TEN_MINUTES[:1], f"time | host | gpu | occupancy | admin_state\n{told_of}")
    for row in rows["gpu_states"]:
        row |= {"owner_projects": "", "prevented_reason": "", column: TEXTS[row["gpu"]]}
    return rows


def test_owners_and_reasons_of_letters_that_mean_white_space_elsewhere_are_owners_and_reasons(store: Any) -> None:
    owned = ask_of(store.load(rows_with("owner_projects"))).ask("present_gpus", by=("gpu", "class")).records()
    assert {row["gpu"].split("/")[1] for row in owned if row["class"] == "researcher"} == SAID
    set_ = ask_of(store.load(rows_with("prevented_reason"))).ask("prevented_gpu_hours", by=("gpu",)).records()
    assert {row["gpu"].split("/")[1] for row in set_ if row["prevented_gpu_hours"]} == SAID


def test_only_blanks_are_trimmed(store: Any) -> None:
    ask = ask_of(store.load(rows_with("owner_projects")))
    states = unbound(GPU_STATES)
    found = ask.rows(states.select("gpu", said=trimmed(states.owner_projects))).to_pylist()
    assert {row["gpu"]: row["said"] for row in found} == {name: text.strip() for name, text in TEXTS.items()}
