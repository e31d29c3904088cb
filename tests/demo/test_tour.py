"""The demo end to end: the real source, the real ingest, the real report, and the simulator's own totals."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gpuledger.actions.query import query
from gpuledger.config import Ledger, Settings, open_ledger
from gpuledger.demo.site import totals
from gpuledger.demo.tour import Made, demo, history
from gpuledger.metrics import NO_GPU
from gpuledger.model.devices import gpu_model
from gpuledger.model.errors import UsageError
from gpuledger.model.period import Period

NOW = datetime(2026, 11, 20, 6, 20, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
DAYS = 14


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return demo(tmp_path_factory.mktemp("demo") / "out", DAYS, 1, NOW)


@pytest.fixture
def ledger(made: Made) -> Ledger:
    return open_ledger(Settings(ledger=str(made.ledger)))


@pytest.mark.parametrize("days", [DAYS, 5])
def test_the_ledger_answers_exactly_what_the_simulator_counted(made: Made, ledger: Ledger, days: int) -> None:
    period = Period(HOUR - timedelta(days=days), HOUR)
    truth = totals(history(DAYS, 1, HOUR), int(period.start.timestamp()), int(HOUR.timestamp()))
    answer = query(ledger, ("gpu_hours", "cpu_hours", "memory_gib_hours"), ("user",), (), period, HOUR)
    for row in answer.records():
        name = row["user"]
        assert row["gpu_hours"] == pytest.approx(truth.gpu_seconds[name] / 3600, rel=1e-12)
        assert row["cpu_hours"] == pytest.approx(truth.cpu_seconds[name] / 3600, rel=1e-12)
        assert row["memory_gib_hours"] == pytest.approx(truth.memory_mb_seconds[name] / 1024 / 3600, rel=1e-12)
    assert sum(truth.gpu_seconds.values()) > 0
    assert {row["user"] for row in answer.records()} >= {name for name, held in truth.gpu_seconds.items() if held}


def test_hours_by_model_are_exact_with_jobs_of_two_models(made: Made, ledger: Ledger) -> None:
    period = Period(HOUR - timedelta(days=DAYS), HOUR)
    truth = totals(history(DAYS, 1, HOUR), int(period.start.timestamp()), int(HOUR.timestamp()))
    answer = query(ledger, ("gpu_hours",), ("gpu_model",), (), period, HOUR)
    counted = {name: hours for (name,), hours in answer.of("gpu_hours").items() if name not in (None, NO_GPU)}
    expected = {gpu_model(kind).name: seconds / 3600 for kind, seconds in truth.gpu_seconds_by_type.items()}
    assert counted == pytest.approx(expected)


def test_every_input_row_is_counted_and_the_cut_lines_are_problems(made: Made) -> None:
    done = made.ingested[0]
    assert done.rows_read == done.accepted + done.unchanged + done.problems
    assert done.rows_read == made.accounting.read_bytes().count(b"\n") - 1
    assert done.problems == 2


def test_the_folder_holds_the_page_pictures_tables_text_and_the_document(made: Made) -> None:
    names = {file.name for file in made.files}
    assert names >= {"index.html", "index.json", "usage.json", "usage.txt", "by-user.csv", "gpus-in-use.png"}
    assert all(file.exists() for file in made.files)
    assert all(page.exists() for page in made.pages)


def test_equal_seeds_make_equal_documents_and_a_second_run_replaces_the_first(made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.ledger.parent, tmp_path / "out")
    again, other = (demo(tmp_path / name, 1, 7, NOW) for name in ("out", "other"))
    first, second = ((m.pages[0].parent / "usage.json").read_bytes() for m in (again, other))
    assert first == second
    assert json.loads(first)["name"] == "usage"


def test_a_folder_that_is_not_a_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(UsageError, match="not a demo"):
        demo(tmp_path, 2, 1, NOW)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


@pytest.mark.parametrize("days", [0, 367])
def test_a_senseless_number_of_days_is_a_usage_error(tmp_path: Path, days: int) -> None:
    with pytest.raises(UsageError, match="between 1 and"):
        demo(tmp_path / "out", days, 1, NOW)


def test_the_pool_has_its_report_and_its_mail(made: Made) -> None:
    usage, pool = made.documents
    assert (usage.name, pool.name) == ("usage", "pool")
    assert sum(done.rows_read for done in made.ingested[1:]) > 10_000
    assert not [note for note in pool.blocks if note.kind == "note" and note.rule == "invariant" and note.level != "ok"]
    mail = made.mail.read_text(encoding="utf-8")
    assert "data:image/png;base64," in mail
    assert "Reserved" in mail, "the configuration of the pool is in force"


def test_the_configuration_beside_the_ledger_says_what_the_report_was_made_with(made: Made) -> None:
    from gpuledger.config.loading import load
    from gpuledger.config.pool import capacity_of

    said = load({}, {}, made.ledger.parent, made.ledger.parent / "gpuledger.toml").settings
    assert Path(said.ledger) == made.ledger
    assert capacity_of(said.pool).is_owned("reserve01.marsh.example.edu")
    assert capacity_of(said.pool).reason("bench01.marsh.example.edu")
