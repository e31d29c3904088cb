"""What the service says of itself in OpenAPI is true, whatever is thrown at it."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.serve.serving import Server, bearer, environment, ledger_of, serving, token

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"


@pytest.mark.timeout(900)
def test_no_input_gives_a_5xx_or_an_answer_that_is_not_documented(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path)
    secret = token(ledger, "t", "--scope", "admin")
    with serving(ledger, tmp_path / "home", '[serve]\nauth = "token"') as running:
        command = [
            str(Path(sys.executable).parent / "schemathesis"), "run", f"{running.url}/openapi.json", "--checks", CHECKS, "--seed", "7",
            "--max-examples", "6", "--phases", "examples,coverage,fuzzing", "--no-color", "--request-timeout", "60", "--header", f"Authorization: Bearer {secret}",
        ]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env=environment(tmp_path), timeout=800
        )
        assert running.get("/healthz").status_code == 200
    assert done.returncode == 0, done.stdout[-6000:]
    generated = re.search(r"(\d+) generated", done.stdout)
    assert generated
    assert int(generated[1]) > 200
    assert secret not in done.stdout


def test_the_description_is_openapi_3_1_and_names_every_parameter_of_a_report(server: Server) -> None:
    told = server.get("/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    report = told["paths"]["/api/v1/reports/{name}"]["get"]
    names = {each["name"] for each in report["parameters"]}
    assert {"from", "to", "last", "month", "where", "table", "chart"} <= names
    assert {"200", "304", "400", "401", "403", "404", "406", "503"} <= report["responses"].keys()
    assert "422" not in str(told), "there is one body of errors, and no other"


def test_every_refusal_has_the_documented_body(server: Server) -> None:
    answers = [
        server.get("/nothing"),
        server.get("/api/v1/reports/x"),
        server.get("/api/v1/tables/job_attempts", limit="x"),
    ]
    with server.client() as client:
        answers += [
            client.request("BREW", "/healthz"),
            client.delete("/api/v1/reports"),
            client.post("/api/v1/ingest/slurm"),
        ]
    for told in answers:
        error = told.json()["error"]
        assert 400 <= told.status_code < 500
        assert set(error) <= {"message", "code", "field"}
        assert error["message"].endswith((".", "?"))


def test_what_a_token_opens_is_in_the_description(server: Server) -> None:
    told = server.get("/openapi.json").json()
    for path, methods in told["paths"].items():
        for operation in methods.values():
            guarded = path.startswith(("/api/v1/", "/metrics")) and path != "/api/v1/me"
            assert bool(operation.get("security")) is guarded, path


def test_an_unknown_token_is_no_way_to_read_the_description(server: Server) -> None:
    with server.client(**bearer("gpl_x")) as client:
        told: httpx.Response = client.get("/openapi.json")
    assert told.status_code == 401
