"""Those who watch the service: alive, ready, numbers."""

import re
from datetime import datetime
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.serve.serving import Server, ledger_of, row, serving, until


def test_ready_says_how_old_the_data_is(server: Server) -> None:
    told = server.get("/readyz").json()
    [source] = told["sources"]
    assert source["cluster"] == "hpg"
    assert datetime.fromisoformat(source["newest"]) == datetime.fromisoformat("2026-05-15T01:00:00Z")
    assert told["age_seconds"] == source["age_seconds"] > 100 * 86_400


def test_ready_says_when_the_first_viewer_need_not_wait(tmp_path: Path) -> None:
    with serving(ledger_of(tmp_path), tmp_path / "home") as running:
        until(lambda: running.get("/readyz").json()["is_warm"])
        kept = re.search(r"^gpuledger_kept_documents (\d+)", running.get("/metrics").text, re.MULTILINE)
        assert kept
        assert kept[1] == "0", "May's jobs are long past: there is no Document of the last days to be made"


def test_a_look_at_the_head_is_the_answer_without_its_body(server: Server) -> None:
    with server.client() as client:
        for path in ("/healthz", "/readyz", "/api/v1/reports"):
            head, whole = client.head(path), client.get(path)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-type"] == whole.headers["content-type"]


def test_an_empty_ledger_is_ready_and_has_no_age(tmp_path: Path) -> None:
    (tmp_path / "led").mkdir()
    with serving(tmp_path / "led", tmp_path / "home") as running:
        told = running.get("/readyz").json()
        assert told | {"is_warm": True} == {"status": "ready", "age_seconds": None, "is_warm": True, "sources": []}
        assert running.get("/metrics").status_code == 200


def test_metrics_are_openmetrics(server: Server) -> None:
    server.get("/api/v1/reports")
    told = server.get("/metrics")
    assert told.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    families = {family.name: family for family in text_string_to_metric_families(told.text)}
    assert {
        "gpuledger_requests",
        "gpuledger_data_age_seconds",
        "gpuledger_running_gpus",
        "gpuledger_gpus",
    } <= families.keys()


def test_what_was_typed_is_no_label(server: Server) -> None:
    for number in range(30):
        server.get(f"/nothing/{number}")
        server.get(f"/api/v1/reports/r{number}")
    labels = set(re.findall(r'gpuledger_requests_total\{route="([^"]*)"', server.get("/metrics").text))
    assert not [label for label in labels if re.search(r"\d\d?$", label.removeprefix("/api/v1"))]
    assert len(labels) < 30


def test_queues_are_bounded_and_their_names_escaped(tmp_path: Path) -> None:
    running_now = [row(n, "ann", "physics", queue=f'q{n}"\\').replace("COMPLETED", "RUNNING") for n in range(1, 131)]
    running_now = [re.sub(r"\|2026-05-10T02:00:00\|", "|Unknown|", each) for each in running_now]
    with serving(ledger_of(tmp_path, *running_now), tmp_path / "home") as running:
        families = {each.name: each for each in text_string_to_metric_families(running.get("/metrics").text)}
    samples = families["gpuledger_running_gpus"].samples
    assert len(samples) <= 101
    assert all(sample.labels["queue"].startswith(("q", "others")) for sample in samples)
