"""Fixtures for every test: shared sample data (skips loudly where it is absent)."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """`../shared/data`: real and generated inputs that are never committed."""
    folder = Path(os.environ.get("GPULEDGER_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data (sample inputs that are not part of the repository)")
    return folder
