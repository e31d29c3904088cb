"""DAGMan's copy of a log is read where it tells more, and only there."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gpuledger.actions.experiment import aside, copies
from gpuledger.actions.experiment.copies import telling_more
from gpuledger.actions.experiment.inputs import Files, found
from gpuledger.actions.experiment.own import own_ledger
from gpuledger.actions.experiment.reading import How, read_all
from gpuledger.actions.experiment.table import write_csv
from gpuledger.config import Settings
from gpuledger.demo.experiment import ZONE, write_experiment
from gpuledger.model.errors import SourceError

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_experiment(tmp_path)[-1]


def events(log: Path) -> list[str]:
    return [f"{each}...\n" for each in log.read_text().split("...\n")[:-1]]


def copied(log: Path, chosen: list[str]) -> Path:
    copy = log.with_name("train.dag.nodes.log")
    copy.write_text("".join(chosen))
    return copy


def read_names(files: Files) -> list[str]:
    with own_ledger(Settings(ledger="unused")) as ledger:
        return [Path(outcome.input_name).name for outcome in read_all(ledger, files, How(ZONE), NOW)]


def test_a_copy_of_some_events_tells_no_more(log: Path) -> None:
    copy = copied(log, [event for event in events(log) if not event.startswith("040")])
    assert telling_more([copy], [log]) == []
    assert read_names(found(log.parent, None, None)) == ["metl.log", "train.dag"]


@pytest.mark.parametrize("block", [64, 1000, 1 << 22])
def test_one_event_that_the_log_has_lost_is_noticed_wherever_it_stands(
    log: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(copies, "BLOCK", block)
    whole = events(log)
    copy = copied(log, whole)
    assert telling_more([copy], [log]) == []
    for lost in (0, len(whole) // 2, len(whole) - 1):
        log.write_text("".join(whole[:lost] + whole[lost + 1 :]))
        assert telling_more([copy], [log]) == [copy]


def test_of_several_copies_those_that_tell_more_or_cannot_be_read_are_read(log: Path) -> None:
    whole = events(log)
    same, more, gone = copied(log, whole[:5]), log.with_name("more.nodes.log"), log.with_name("gone.nodes.log")
    more.write_text("".join(whole[:3]) + whole[3].replace("(", "(9", 1))
    empty = log.with_name("empty.nodes.log")
    empty.write_text("")
    assert telling_more([same, more, gone, empty], [log]) == [more, gone, empty]
    assert telling_more([same, more], [log, gone]) == [same, more]


def test_a_copy_is_read_where_the_log_is_damaged(log: Path) -> None:
    whole = events(log)
    copied(log, whole)
    broken = [event.replace("...\n", "") if at == 20 else event for at, event in enumerate(whole)]
    log.write_text("".join(broken).replace("(0) CPU times", "\0", 1))
    assert read_names(found(log.parent, None, None)) == ["metl.log", "train.dag.nodes.log", "train.dag"]


def test_a_copy_without_any_log_is_the_log(log: Path) -> None:
    copied(log, events(log))
    log.unlink()
    assert read_names(found(log.parent, None, None)) == ["train.dag.nodes.log", "train.dag"]


def test_no_log_at_all_is_one_sentence(log: Path) -> None:
    log.unlink()
    with pytest.raises(SourceError, match="There is no event log: neither metl.log"):
        found(log.parent, None, None)


def told(files: Files, out: Path) -> tuple[list[str], bytes]:
    """The inputs that were read, and the table of what they tell."""
    with own_ledger(Settings(ledger="unused")) as ledger:
        names = [Path(outcome.input_name).name for outcome in read_all(ledger, files, How(ZONE), NOW)]
        write_csv(ledger.store, out, ZoneInfo(ZONE))
    return names, out.read_bytes()


@pytest.mark.parametrize("lost", [0, 1], ids=["a whole log", "an event lost"])
def test_what_is_read_while_another_process_reads_the_log_changes_nothing(
    log: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    whole = events(log)
    copied(log, whole)
    log.write_text("".join(whole[lost:]))
    files = found(log.parent, None, None)
    one_by_one = told(files, log.with_name("a.csv"))
    monkeypatch.setattr(aside, "WORTH", 1)
    assert told(files, log.with_name("b.csv")) == one_by_one
    assert one_by_one[0] == ["metl.log", *["train.dag.nodes.log"] * lost, "train.dag"]
