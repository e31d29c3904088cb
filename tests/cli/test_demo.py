"""demo --serve: nothing is made anew for a page that cannot be served."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WITHOUT = "import sys; sys.modules['uvicorn'] = None; import runpy; runpy.run_module('gpuledger', run_name='__main__')"
"""A Python to which the service was never added."""


def test_without_the_service_an_earlier_demo_stays_and_the_command_that_adds_it_is_told(tmp_path: Path) -> None:
    earlier = tmp_path / "demo" / "ledger" / "kept"
    earlier.parent.mkdir(parents=True)
    earlier.touch()
    (tmp_path / "demo" / ".gpuledger-demo").touch()
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, "demo", "--out", "demo", "--days", "1", "--serve"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "The service is not installed" in done.stderr
    assert "Simulated" not in done.stdout
    assert earlier.exists()
    assert (sys.executable in done.stderr) or (f"cd {ROOT} && bash scripts/uv.sh sync" in done.stderr)


def test_the_demo_of_a_clone_has_the_service() -> None:
    """`make demo` names `gpuledger demo --serve` as it stands."""
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    ready = made.partition("\n.venv/.ready:")[2].partition("\n\n")[0]
    assert "--extra server" in ready
