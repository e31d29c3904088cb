"""The engines metrics are proved on, each started once for the run."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.metrics.engines import DuckEngine, PostgresEngine, SparkEngine, postgres_server


@pytest.fixture(scope="session")
def duck() -> Iterator[DuckEngine]:
    engine = DuckEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresEngine]:
    if not Path("/usr/lib/postgresql/15/bin/initdb").exists():
        pytest.skip("needs PostgreSQL 15 (apt install postgresql-15)")
    with postgres_server() as folder:
        engine = PostgresEngine(folder)
        yield engine
        engine.close()


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkEngine]:
    pytest.importorskip("pyspark", reason="needs pyspark (uv sync --group spark)")
    if not shutil.which("java"):
        pytest.skip("needs Java (apt install default-jre-headless)")
    engine = SparkEngine()
    yield engine
    engine.close()
