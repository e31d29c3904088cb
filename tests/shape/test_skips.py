"""`.ci/run` hides no skip: an unlisted one turns a green run red."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, reason: str, **environment: str) -> subprocess.CompletedProcess[str]:
    tests = folder / "tests"
    tests.mkdir()
    for name in ("conftest.py", "allowed_skips.txt"):
        (tests / name).write_text((ROOT / "tests" / name).read_text())
    (tests / "test_one.py").write_text(f"import pytest\n\ndef test_one():\n    pytest.skip({reason!r})\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    return subprocess.run(command, cwd=folder, env=os.environ | environment, text=True, capture_output=True)


@pytest.mark.parametrize(("reason", "ci", "code"), [
    ("there is no Chromium here", "true", 1),
    ("there is no Chromium here", "false", 0),
    ("needs ../shared/data (sample inputs)", "true", 0),
])  # fmt: skip
def test_only_listed_skips_pass_in_ci(tmp_path: Path, reason: str, ci: str, code: int) -> None:
    outcome = run(tmp_path, reason, CI=ci)
    assert outcome.returncode == code, outcome.stdout + outcome.stderr
    assert ("SKIPPED WITHOUT LEAVE" in outcome.stdout) == bool(code)
