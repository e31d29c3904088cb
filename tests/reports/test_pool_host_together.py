"""Documents on many hosts that are asked together are those that each would be alone."""

from pathlib import Path
from typing import Any

import pytest

from gpuledger.metrics.ask import StoreAsk
from gpuledger.model.capacity import Capacity
from gpuledger.model.document import Document
from gpuledger.model.errors import NoData, UsageError
from gpuledger.plugins import load
from gpuledger.store.lake import Lake
from tests.reports.small_pools import END, HOUR, lent, pool, state, taken, wait

TENS = range(0, 60, 10)
HOSTS = ("full", "half", "idle", "brief", "masked")
MASKED = Capacity(excluded_hosts={"masked": "broken"})
REPORT: Any = load("reports", "pool-host")


def ask_of(store: Lake) -> StoreAsk:
    return StoreAsk(store, HOUR, END, HOUR.zone, (), MASKED)


def alone(store: Lake, **chosen: Any) -> Document:
    made: Document = REPORT.build(ask_of(store), REPORT.parameters(**chosen))
    return made


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Hosts that were full for users of two projects, half used, idle, gone after a while, masked; and who waited."""
    states = [
        *(taken(minute, host="full", gpu=gpu, owner_projects="P, Q") for minute in TENS for gpu in ("G1", "G2")),
        *(taken(minute, "bob@x", host="half", gpu="G1", owner_projects="Q") for minute in TENS),
        *(state(minute, host="half", gpu="G2", owner_projects="Q", gpu_model="NVIDIA L40") for minute in TENS),
        *(state(minute, host="idle", owner_projects="") for minute in TENS),
        *(lent(minute, host="brief") for minute in TENS[:2]),
        *(taken(minute, host="masked") for minute in TENS),
    ]
    waits = [wait(1, 0, 30), wait(2, 20, 40, user_name="bob", account="Q"), wait(3, 0, 60, account="elsewhere")]
    return pool(tmp_path_factory.mktemp("pool"), states, waits)


@pytest.fixture(scope="module")
def together(store: Lake) -> Any:
    made = REPORT.together(ask_of(store))
    assert len({made(REPORT.parameters(host=(name,))).title for name in HOSTS}) == len(HOSTS)
    return made


@pytest.mark.parametrize("host", ["full", "brief", "masked"])
def test_a_host_among_many_is_told_of_as_it_is_alone(store: Lake, together: Any, host: str) -> None:
    assert together(REPORT.parameters(host=(host,))) == alone(store, host=(host,))


@pytest.mark.parametrize(
    "chosen", [{"host": ("full", "half")}, {"host": ("half",), "project": "Q"}], ids=["hosts", "project"]
)
def test_what_is_not_of_one_host_is_made_alone(store: Lake, together: Any, chosen: dict[str, Any]) -> None:
    assert together(REPORT.parameters(**chosen)) == alone(store, **chosen)


def test_a_host_there_is_not_stops_only_its_own_document(together: Any) -> None:
    with pytest.raises(UsageError, match="no host 'nowhere'"):
        together(REPORT.parameters(host=("nowhere",)))
    assert together(REPORT.parameters(host=("idle",))).name == "pool-host"


def test_where_nobody_looked_there_is_nothing_to_make(tmp_path: Path) -> None:
    with pytest.raises(NoData):
        REPORT.together(ask_of(pool(tmp_path)))


def test_the_number_of_questions_does_not_grow_with_the_hosts(store: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    whole = Lake.ask

    def counted(self: Lake, *given: Any) -> Any:
        asked.append(given)
        return whole(self, *given)

    monkeypatch.setattr(Lake, "ask", counted)
    made = REPORT.together(ask_of(store))
    made(REPORT.parameters(host=("full",)))
    first = len(asked)
    made(REPORT.parameters(host=("half",)))
    assert len(asked) - first <= 4 < first
