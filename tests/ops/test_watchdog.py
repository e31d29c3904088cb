"""What the watchdog takes for stuck, and how a scrontab line is enabled again; the rest is tried on a real Slurm (tests/lab)."""

import pytest

from gpuledger.actions.ops.watchdog import enabled, is_stuck, stuck, watch
from gpuledger.model.errors import SourceError


@pytest.mark.parametrize(
    ("reason", "is_ours"),
    [
        ("launch failed requeued held", True),
        ("launch_failed_requeued_held", True),
        ("user env retrieval failed requeued held", True),
        ("user_env_retrieval_failed_requeued_held", True),
        ("JobHeldUser", False),
        ("JobHeldAdmin", False),
        ("job requeued in held state", False),
        ("job_requeued_in_held_state", False),
        ("BeginTime", False),
        ("Priority", False),
        ("Dependency", False),
        ("", False),
    ],
)
def test_only_what_slurm_could_not_start_is_stuck(reason: str, is_ours: bool) -> None:
    assert is_stuck(reason) is is_ours


def test_without_names_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert stuck(()) == []
    assert list(watch((), lambda: None)) == []


def test_a_slurm_that_cannot_be_asked_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SourceError, match="Slurm cannot be asked: squeue cannot be run"):
        stuck(("gpuledger-collect-hpg",))


SCRONTAB = """\
# mine
#SCRON --job-name=other
*/5 * * * * /bin/other
#DISABLED: #SCRON --job-name=gpuledger-collect-hpg
#DISABLED: #SCRON --export=NONE
#DISABLED: */15 * * * * /bin/gpuledger collect hpg
#DISABLED: #SCRON -J gpuledger-collect-hpg2
#DISABLED: 0 * * * * /bin/theirs
"""


def test_only_the_lines_of_the_cancelled_job_are_enabled_again() -> None:
    mended = enabled(SCRONTAB, "gpuledger-collect-hpg").splitlines()
    before = SCRONTAB.splitlines()
    assert mended[3:6] == [
        "#SCRON --job-name=gpuledger-collect-hpg", "#SCRON --export=NONE", "*/15 * * * * /bin/gpuledger collect hpg",
    ]  # fmt: skip
    assert mended[:3] == before[:3]
    assert mended[6:] == before[6:]
    assert enabled(SCRONTAB, "nobody") == SCRONTAB
