"""A report by HTTP is the report: the same numbers in every form, made once while nothing changes."""

import concurrent.futures
import csv
import gzip
import io
import json
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook

import gpuledger
from gpuledger.render.json import from_json
from tests.serve.serving import HOSTILE, MAY, Server, bearer, ledger_of, of_one_hour, row, sacct, serving, token, until
from tests.test_plugins import stranger

USAGE = "/api/v1/reports/usage"


def test_the_reports_are_listed_with_what_may_be_chosen(server: Server) -> None:
    listed = {each["name"]: each for each in server.get("/api/v1/reports").json()["reports"]}
    assert listed["usage"]["parameters"]["properties"]["top"]["maximum"] == 12
    assert listed["usage"]["default_last"] == "30d"
    assert "owned_hosts" not in listed["pool"]["parameters"]["properties"], "it names a file of the server"


def test_what_most_look_for_comes_first(server: Server) -> None:
    assert [each["name"] for each in server.get("/api/v1/reports").json()["reports"]][:2] == ["usage", "pool"]


def test_a_report_is_the_document_that_the_python_api_gives(server: Server, read_only_ledger: Path) -> None:
    served = from_json(server.get(USAGE, **MAY).content)
    with gpuledger.open(read_only_ledger) as ledger:
        ours = ledger.report("usage", month="2026-05")
    assert served.tables[0].rows == ours.tables[0].rows
    assert served.finding == ours.finding


def test_every_form_holds_the_same_numbers(server: Server) -> None:
    document = from_json(server.get(USAGE, **MAY).content)
    told = server.get(f"{USAGE}.csv", table="by-user", **MAY)
    rows = list(csv.DictReader(io.StringIO(told.text)))
    table = next(table for table in document.tables if table.id == "by-user")
    assert [float(each["gpu_hours"]) for each in rows] == [each[1] for each in table.rows]
    book = load_workbook(io.BytesIO(server.get(f"{USAGE}.xlsx", **MAY).content))
    assert len(book.sheetnames) == 1 + len(document.tables)
    assert server.get(f"{USAGE}.png", chart="gpus-in-use", **MAY).content.startswith(b"\x89PNG")
    assert server.get(f"{USAGE}.svg", chart="gpus-in-use", **MAY).content.startswith(b"<?xml")
    assert document.title in server.get(f"{USAGE}.txt", **MAY).text
    assert document.title in server.get(f"{USAGE}.html", **MAY).text


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("text/plain;q=0.5, application/json;q=0.1", "text/plain; charset=utf-8"),
        ("image/*;q=0, application/*", "application/json"),
    ],
)
def test_the_form_that_accept_likes_best_is_answered(accept: str, media: str, server: Server) -> None:
    with server.client(Accept=accept) as client:
        assert client.get(USAGE, params=MAY).headers["content-type"] == media


def test_a_form_there_is_not_is_not_acceptable(server: Server) -> None:
    with server.client(Accept="image/webp") as client:
        told = client.get(USAGE, params=MAY)
    assert told.status_code == 406
    assert told.json()["error"]["code"] == "not_acceptable"


def test_nothing_changed_is_304_in_each_form(server: Server) -> None:
    def twice(path: str, **params: str) -> tuple[httpx.Response, httpx.Response]:
        first = server.get(path, **MAY, **params)
        with server.client(**{"If-None-Match": first.headers["etag"]}) as client:
            return first, client.get(path, params=MAY | params)

    for path, params in ((USAGE, {}), (f"{USAGE}.csv", {"table": "by-user"}), (f"{USAGE}.txt", {})):
        first, again = of_one_hour(twice, path, **params)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    tags = {server.get(path, **MAY).headers["etag"] for path in (USAGE, f"{USAGE}.txt")}
    assert len(tags) == 2


def test_an_answer_is_packed_for_who_can_unpack_it(server: Server) -> None:
    with server.client(**{"Accept-Encoding": "gzip"}) as client, client.stream("GET", USAGE, params=MAY) as told:
        packed = b"".join(told.iter_raw())
        assert told.headers["content-encoding"] == "gzip"
    with server.client(**{"Accept-Encoding": "gzip;q=0"}) as client:
        plain = client.get(USAGE, params=MAY)
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed) == plain.content
    assert len(packed) < len(plain.content) / 3


@pytest.mark.parametrize(
    ("name", "params", "status", "field", "words"),
    [
        ("usge", {}, 404, "name", "did you mean 'usage'"),
        ("usage.doc", {}, 404, "name", "no form 'doc'"),
        ("../../etc/passwd", {}, 404, None, ""),
        ("usage", {"month": "2026-13"}, 400, "month", "2026-13"),
        ("usage", {"month": "May"}, 400, "month", "write month 2026-05"),
        ("usage", {"from": "yesterday"}, 400, "from", "not a date"),
        ("usage", {"from": "2026-05-01", "to": "2026-04-01"}, 400, "from", "ends"),
        ("usage", {"last": "0d"}, 400, "last", "not a length of time"),
        ("usage", {"last": "99999999d"}, 400, "last", "further back"),
        ("usage", {"last": "9000d"}, 400, "last", "longest period"),
        ("usage", {"last": "all"}, 400, "last", "longest period"),
        ("usage", {"from": "0001-01-01", "to": "9999-12-31"}, 400, "from", "longest period"),
        ("usage", {"month": "2026-05", "last": "3d"}, 400, "month", "One period at a time"),
        ("usage", {"month": "2026-05", "by": "users"}, 400, "by", "'user'"),
        ("usage", {"month": "2026-05", "top": "13"}, 400, "top", "12"),
        ("usage", {"month": "2026-05", "tops": "3"}, 400, "tops", "did you mean 'top'"),
        ("usage", {"month": "2026-05", "where": "user"}, 400, "where", "not a filter"),
        ("usage", {"month": "2026-05", "where": "usr=ann"}, 400, "where", "did you mean 'user'"),
        ("usage", {"month": "2026-05", "where": "user=anna"}, 400, "where", "did you mean 'ann'"),
        ("usage", {"month": "2026-05", "where": "user='; DROP TABLE job_attempts; --"}, 400, "where", "DROP TABLE"),
        ("usage", {"month": "2020-05"}, 404, None, "try `last=31d&to=2026-05-15T01:00:00Z`"),
        ("usage.csv", {"month": "2026-05"}, 400, "table", "by-user"),
        ("usage.csv", {"month": "2026-05", "table": "by-usr"}, 404, "table", "did you mean 'by-user'"),
        ("usage.png", {"month": "2026-05", "chart": "../x"}, 404, "chart", "no chart"),
        ("pool", {"owned_hosts": "/etc/passwd"}, 400, "owned_hosts", "no parameter"),
        ("pool", {"last": "24h"}, 404, None, ""),
        ("rolling", {"limits": "x"}, 400, "limits", "no parameter"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    name: str, params: dict[str, str], status: int, field: str | None, words: str, server: Server
) -> None:
    told = server.get(f"/api/v1/reports/{name}", **params)
    error = told.json()["error"]
    assert (told.status_code, error.get("field")) == (status, field)
    assert words in error["message"]
    assert not [
        sign
        for sign in ("SELECT", "Traceback", "/work/", "duckdb", "--")
        if sign in error["message"].replace("TABLE job_attempts; --", "")
    ]


def test_a_report_about_everything_may_be_asked_for_whole(server: Server) -> None:
    assert server.get("/api/v1/reports/experiment", last="all").status_code in (200, 404)


def test_a_parameter_given_twice_is_refused(server: Server) -> None:
    with server.client() as client:
        told = client.get(f"{USAGE}?last=3d&last=4d")
    assert told.json()["error"]["field"] == "last"


def test_hostile_names_stay_text_in_every_form(server: Server) -> None:
    assert HOSTILE in str(from_json(server.get(USAGE, **MAY).content).ranks)
    assert b"<script>alert" not in server.get(USAGE, **MAY).content
    assert "<script>alert" not in server.get(f"{USAGE}.html", **MAY).text
    assert "\n=cmd()" not in server.get(f"{USAGE}.csv", table="by-user", **MAY).text


def test_what_another_process_writes_is_seen_at_once(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path)
    with serving(ledger, tmp_path / "home") as running:
        before, again = of_one_hour(lambda: [running.get(USAGE, **MAY) for _ in range(2)])
        assert again.headers["etag"] == before.headers["etag"]
        (tmp_path / "more.txt").write_bytes(sacct(row(9, "zoe", "physics", 20, 20)))
        with gpuledger.open(ledger) as writer:
            writer.ingest(tmp_path / "more.txt", zone="UTC")
        after = running.get(USAGE, **MAY)
    assert "zoe" not in before.text
    assert "zoe" in after.text


SLOW = """
import time
from pathlib import Path
from gpuledger.model.document import Coverage, Document
from gpuledger.reports import Parameters, Report

def build(ask, parameters):
    users = int(ask.ask("users").totals["users"])
    Path("begun").touch()
    until = time.monotonic() + 60
    while not Path("go").exists() and time.monotonic() < until:
        time.sleep(0.01)
    return Document("slow", f"{users} users", "", ask.period, {}, ask.now, ask.display_zone, Coverage(None, None, 1.0, None, ""), ())

REPORT = Report("slow", "Slow", "Tests.", Parameters, build)
"""
"""A stranger's report that has read what it tells long before it is made."""


def test_a_report_holds_what_was_written_before_it_was_asked_for_though_it_is_being_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "installed").mkdir()
    installed = stranger(tmp_path / "installed", "slowly", "[gpuledger.reports]\nslow = slowly:REPORT\n", SLOW)
    monkeypatch.setenv("PYTHONPATH", str(installed))
    home, secret = tmp_path / "home", token(ledger_of(tmp_path), "up", "--scope", "read,upload")
    with serving(tmp_path / "led", home) as running, concurrent.futures.ThreadPoolExecutor(2) as threads:
        first = threads.submit(running.get, "/api/v1/reports/slow", **MAY)
        until(lambda: (home / "begun").exists())
        with running.client(**bearer(secret)) as client:
            told = client.post("/api/v1/ingest/slurm", files={"file": ("x", sacct(row(9, "zoe", "physics", 20)))})
        assert told.json()["accepted"] == 1
        second = threads.submit(running.get, "/api/v1/reports/slow", **MAY)
        for _ in range(20):  # it is heard meanwhile
            running.get("/healthz")
        (home / "go").touch()
        assert [each.result(60).json()["title"] for each in (first, second)] == ["5 users", "6 users"]


def test_tabs_come_from_the_configuration_and_can_be_asked_for(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path)
    with serving(ledger, tmp_path / "home", '[reports.rolling]\nqos = ["normal"]\nqueue = ["dev"]') as running:
        listed = running.get("/api/v1/reports").json()["reports"]
        assert listed[0]["name"] == "rolling", "what a site has set up comes first"
        for tab in listed[0]["tabs"]:
            told = running.get(
                "/api/v1/reports/rolling", **{"from": "2026-05-01", "to": "2026-06-01"}, **tab["parameters"]
            )
            assert tab["label"] in told.json()["title"]


def test_instants_of_rows_carry_their_zone_and_numbers_stay_numbers(server: Server) -> None:
    told = json.loads(server.get("/api/v1/tables/job_attempts", where="user_name=ann", limit="1").content)
    assert told["rows"][0]["started_at"] == "2026-05-10T00:00:00+00:00"
    assert told["rows"][0]["gpu_count"] == 2.0
