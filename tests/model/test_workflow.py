"""What a node's name tells."""

import pytest

from gpuledger.model.workflow import job_type_of, step_of


@pytest.mark.parametrize(
    ("node", "step"),
    [
        ("run0-train_epoch12", "12"),
        ("run0_evaluate_Epoch-07", "7"),
        ("run3-step4-epoch2", "2"),
        ("sweep_init", None),
        ("run0_pproc", None),
    ],
)
def test_the_step_is_the_last_number_that_is_called_one(node: str, step: str | None) -> None:
    assert step_of(node) == step


def test_another_convention_needs_a_pattern_only() -> None:
    assert step_of("chunk-0042-of-9000", r"chunk-(\d+)") == "42"
    assert step_of("phase.warmup", r"phase\.(\w+)") == "warmup"


@pytest.mark.parametrize(
    ("node", "kind"),
    [("run0-train_epoch12", "run-train_epoch"), ("run0_pproc", "run_pproc"), ("finalJob", "finalJob"), ("42", "42")],
)
def test_the_type_of_a_job_is_its_name_without_numbers(node: str, kind: str) -> None:
    assert job_type_of(node) == kind
