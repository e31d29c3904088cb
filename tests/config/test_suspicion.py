"""Suspicious jobs as a site writes them: the table, the file, and what is refused."""

from pathlib import Path

import pytest

from gpuledger.config.pool import PoolSettings, capacity_of
from gpuledger.model.errors import ConfigError
from gpuledger.model.suspicion import Suspicion, program

FILE = """
# A comment
suspicious_jobs:
  cmd_patterns:
    - "^sleep$"
    - "^python[0-9.]*$"
  min_runtime_hours: 2.5
"""


def test_the_file_wins_over_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "suspicious_jobs.yaml"
    file.write_text(FILE)
    settings = PoolSettings.model_validate({"suspicious": {"cmd_patterns": ["^x$"]}})
    assert capacity_of(settings).suspicion == Suspicion(("^x$",), 3600)
    assert capacity_of(settings, {"suspicious": file}).suspicion == Suspicion(("^sleep$", "^python[0-9.]*$"), 9000)


def test_the_earlier_collectors_file_is_read(shared_data: Path) -> None:
    file = shared_data / "htcondor_pool_config" / "8aa4979__suspicious_jobs.yaml"
    rule = capacity_of(PoolSettings(), {"suspicious": file}).suspicion
    assert rule == Suspicion()
    assert rule.is_meant("/usr/bin/python3.12")
    assert not rule.is_meant("/home/ada/sleep.py")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("suspicious_jobs: [", "is not YAML: line 1"),
        ("suspicious_jobs:\n  cmd_patterns: ['(']", "is not a regular expression"),
        ("suspicious_jobs:\n  pattern: ['x']", "pattern"),
        ("suspicious_jobs:\n  min_runtime_hours: -1", "min_runtime_hours"),
        ("- a\n- b", "not as expected"),
    ],
    ids=["yaml", "expression", "unknown", "negative", "list"],
)
def test_a_file_that_is_not_what_it_should_be_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "suspicious.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        capacity_of(PoolSettings(), {"suspicious": file})


def test_a_missing_file_is_an_error_never_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        capacity_of(PoolSettings(), {"suspicious": tmp_path / "gone.yaml"})


def test_a_program_is_the_last_part_of_its_command() -> None:
    assert [program(text) for text in ("/usr/bin/sleep", "sleep", " ./a/b.sh ", "")] == ["sleep", "sleep", "b.sh", ""]
