"""What is said when nobody can be asked."""

import sys
from typing import Any

import pytest

from gpuledger.config import Settings
from gpuledger.config.sources import source_named
from gpuledger.model.errors import ConfigError, SourceError
from gpuledger.sources import Continuing
from gpuledger.sources.htcondor import HTCondor
from tests.sources.htcondor.telling import NOW

INSTALL = "pip install 'gpuledger\\[condor\\]'"


def polled(**fields: Any) -> bytes:
    (fetched,) = HTCondor(**fields).fetch(None, NOW)
    return fetched.content.read()


@pytest.fixture
def without_bindings(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where they are not installed: the import system finds none."""
    monkeypatch.setitem(sys.modules, "htcondor2", None)


@pytest.mark.usefixtures("without_bindings")
def test_bindings_that_are_asked_for_and_missing_say_how_to_install_them() -> None:
    with pytest.raises(SourceError, match=INSTALL):
        polled(way="bindings", collector="cm.example.edu")


@pytest.mark.usefixtures("without_bindings")
def test_neither_bindings_nor_commands_say_both_ways_out() -> None:
    with pytest.raises(SourceError, match=f"neither.*{INSTALL}.*status_command"):
        polled(status_command="/no/such/condor_status -x", collector="cm.example.edu")


@pytest.mark.parametrize(("program", "words"), [
    ("/no/such/condor_status", "There is no command '/no/such/condor_status' here"),
    ("sh -c 'echo it is down >&2; exit 3'", "sh failed with exit code 3: it is down"),
    ("sh -c 'exit 3'", "it said nothing"),
    ("sh -c 'sleep 9'", "sh did not answer within 0.2 s"),
])  # fmt: skip
def test_a_command_that_does_not_answer_is_one_sentence(program: str, words: str) -> None:
    seconds = 0.2 if "sleep" in program else 60
    with pytest.raises(SourceError, match=words.replace("(", "\\(")) as error:
        polled(way="commands", status_command=program, timeout_seconds=seconds)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("fields", [{"period_seconds": 0}, {"timeout_seconds": -1}, {"way": "smoke"}])
def test_settings_that_make_no_sense_are_refused(fields: dict[str, Any]) -> None:
    settings = Settings.model_validate({"ledger": "led", "sources": {"chtc": {"type": "htcondor", **fields}}})
    with pytest.raises(ConfigError, match=r"\[sources.chtc\]"):
        source_named(settings, "chtc")


def test_a_quarter_of_an_hour_is_a_period() -> None:
    fields = {"type": "htcondor", "period_seconds": 900, "collector": "cm.example.edu", "schedds": ["ap1"]}
    source = source_named(Settings.model_validate({"ledger": "led", "sources": {"chtc": fields}}), "chtc")
    assert source == HTCondor(collector="cm.example.edu", schedds=("ap1",), period_seconds=900)
    assert isinstance(source, Continuing)


def test_ads_of_the_library_are_evaluated_one_by_one() -> None:
    """References stay names, what cannot be evaluated is not known, and costs nothing else."""
    classad2 = pytest.importorskip("classad2", reason="HTCondor's bindings are for Linux")
    from gpuledger.sources.htcondor.bindings import told

    ad = classad2.ClassAd(
        '[ Name = strcat("slot1", "@lab0.edu"); State = undefined; RemoteOwner = error; GPUs = 1 + 1; Junk = "x";'
        ' AvailableGPUs = { GPUs_GPU_06fa985b, "GPU-e36f371e" }; PrioritizedProjects = nosuch(3);'
        ' GPUs_GPU_06fa985b = [ DeviceName = strcat("TITAN ", "RTX"); GlobalMemoryMb = undefined; Id = "x" ] ]'
    )
    assert told(ad) == {
        "Name": "slot1@lab0.edu", "GPUs": 2, "AvailableGPUs": ["GPUs_GPU_06fa985b", "GPU-e36f371e"],
        "GPUs_GPU_06fa985b": {"DeviceName": "TITAN RTX"},
    }  # fmt: skip
