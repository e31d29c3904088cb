"""Limits of QoS, accounts and their users, each with what it binds; the same by the commands and by slurmrestd."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gpuledger.sources.slurm import Slurm
from gpuledger.sources.slurm.now.limits import Association, bounds, user_lines
from tests.sources.slurm.asking import LIMITS_JSON, MINUTE, NOW, QOS, Commands, Slurmrestd, Told, limits

GIB = 2**30
SET = {
    ("qos", "physics", "cpu"): 64, ("qos", "physics", "gpu"): 8, ("qos", "physics", "memory"): 400 * GIB,
    ("qos_user", "physics", "gpu"): 2, ("qos_user", "physics", "job"): 4, ("qos_account", "physics", "cpu"): 48,
    ("qos", "normal", "job"): 12, ("account", "bio", "gpu"): 4, ("account_user", "bio", "job"): 10,
    ("user", "bio/cho", "gpu"): 1, ("user", "bio/cho", "job"): 3,
}  # fmt: skip
"""What QOS and ASSOC limit."""


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


@pytest.fixture
def slurmrestd() -> Iterator[Slurmrestd]:
    told = {"jobs": [], "meta": {"slurm": {"cluster": "hpc"}}}
    there = Slurmrestd({"jobs": told, "nodes": {"nodes": []}, **LIMITS_JSON})
    yield there
    there.server.shutdown()
    there.server.server_close()


def test_each_limit_says_whose_it_is(commands: Commands) -> None:
    poll = Told(commands.source)
    assert not poll.problems
    assert {key: count for key, count in limits(poll).items() if count is not None} == SET
    assert {row["unit"] for row in poll.rows["limits"] if row["resource"] == "memory"} == {"byte"}


def test_slurmrestd_tells_the_same_limits(slurmrestd: Slurmrestd, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc")
    poll = Told(Slurm(command="nobody", rest=slurmrestd.place, token=tmp_path / "token"))
    assert not poll.problems
    assert {key: count for key, count in limits(poll).items() if count is not None} == SET


def test_only_of_qos_and_accounts_it_is_told_that_there_is_no_limit(commands: Commands) -> None:
    poll = Told(commands.source)
    free = {scope for (scope, _, _), count in limits(poll).items() if count is None}
    assert free == {"qos", "account"}
    assert limits(poll)["qos", "physics", "node"] is None


def test_a_users_limit_that_is_gone_is_told_once_more_as_none(commands: Commands) -> None:
    first = Told(commands.source)
    commands.say("assoc", "bio||gres/gpu=4||10||lab\n")
    second = Told(commands.source, NOW + MINUTE, first)
    row = next(row for row in second.rows["limits"] if (row["scope"], row["resource"]) == ("user", "gpu"))
    assert (row["name"], row["limit_count"], row["valid_from"]) == ("bio/cho", None, NOW + MINUTE)


def test_a_poll_kept_before_users_were_asked_for_is_read_as_it_was(commands: Commands) -> None:
    commands.say("qos", "physics|cpu=64|\n")
    commands.say("assoc", "")
    told = limits(Told(commands.source))
    assert {scope for scope, _, _ in told} == {"qos"}
    assert (told["qos", "physics", "cpu"], told["qos", "physics", "gpu"]) == (64, None)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("q|gres/gpu=0,cpu=4,mem=0|0", {"cpu": 4, "gpu": 0, "memory": 0, "node": None, "job": 0}),
        ("q|gres/gpu:a100=4|", {"cpu": None, "gpu": None, "memory": None, "node": None, "job": None, "gpu:a100": 4}),
        ("q|billing=9,gres/shard=3,node=2|", {"cpu": None, "gpu": None, "memory": None, "node": 2, "job": None}),
    ],
)
def test_a_limit_of_zero_or_of_one_kind_of_gpu_is_not_unlimited(line: str, found: dict[str, float | None]) -> None:
    assert bounds("qos", line) == {("qos", resource): count for resource, count in found.items()}


@pytest.mark.parametrize(
    "line", ["", "|cpu=1|", "physics", "physics|cpu", "physics|cpu=many|", "physics|?|", "q|||a=b|"]
)
def test_a_line_of_another_shape_is_none(line: str) -> None:
    assert bounds("qos", line) is None


@pytest.mark.parametrize(
    ("jobs", "most", "told"),
    [("", "10", None), ("", "3", "3"), ("5", "10", "5"), ("5", "3", "3"), ("2", "3", "2"), ("", "", None)],
)
def test_of_two_limits_of_a_user_the_smaller_binds_and_what_the_account_hands_down_is_the_accounts(
    jobs: str, most: str, told: str | None
) -> None:
    lines = user_lines([Association("bio", "", "", "", "10"), Association("bio", "cho", "", jobs, most)])
    assert lines == ([] if told is None else [f"bio/cho||{told}"])


def test_a_line_that_cannot_be_read_is_a_problem_and_the_others_are_kept(commands: Commands) -> None:
    commands.say("qos", QOS + "odd|cpu=many|\n")
    poll = Told(commands.source)
    assert [problem.reason for problem in poll.problems] == ["the line does not have the shape of a limit"]
    assert limits(poll)["qos", "physics", "cpu"] == 64
