"""Raw rows a page at a time: all of them, each once, in the order that was asked for, whatever is filtered."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

import gpuledger
from tests.serve.serving import MAY, Server

ATTEMPTS = "/api/v1/tables/job_attempts"


def pages(server: Server, **params: str) -> list[list[dict[str, Any]]]:
    found, cursor = [], ""
    while cursor is not None:
        told = server.get(ATTEMPTS, **params, **({"cursor": cursor} if cursor else {})).json()
        found.append(told["rows"])
        cursor = told["next"]
    return found


@pytest.mark.parametrize(
    "sort",
    [
        "",
        "user_name",
        "-user_name",
        "-started_at",
        "cpu_count",
        "-exit_code",
        "wait_reason",
        "-energy_joules",
        "attempt_id",
    ],
)
@pytest.mark.parametrize("limit", ["1", "2", "4", "6", "7"])
def test_pages_hold_every_row_once_in_order(sort: str, limit: str, server: Server) -> None:
    """Ties and nulls are where a page's edge loses rows."""
    found = pages(server, sort=sort, limit=limit)
    rows = [row for page in found for row in page]
    assert sorted(row["job_id"] for row in rows) == ["1", "2", "3", "4", "5", "6"]
    assert all(len(page) == int(limit) for page in found[:-1])
    if sort:
        known = [row[sort.lstrip("-")] for row in rows if row[sort.lstrip("-")] is not None]
        assert known == sorted(known, reverse=sort.startswith("-"))


@pytest.mark.parametrize(
    ("where", "jobs"),
    [
        ("user_name=ann", "13"), ("user_name=ann,bob", "123"), ("user_name!=ann", "2456"), ("cpu_count>=8", "123456"),
        ("started_at>2026-05-12", "456"), ("started_at<=2026-05-12T00:00:00Z", "123"), ("workflow=null", "123456"),
        ("workflow!=null", ""), ("user_name='; DROP TABLE x; --", ""), ("ended_at>=2026-05-12", "3456"),
    ],
)  # fmt: skip
def test_filters_keep_what_they_say(where: str, jobs: str, server: Server) -> None:
    told = server.get(ATTEMPTS, where=where, sort="job_id", columns="job_id")
    assert "".join(row["job_id"] for row in told.json()["rows"]) == jobs


def test_filters_are_joined_and_columns_chosen(server: Server) -> None:
    with server.client() as client:
        told = client.get(f"{ATTEMPTS}?where=user_name=ann&where=started_at>=2026-05-11&columns=job_id,user_name")
    assert told.json()["rows"] == [{"job_id": "3", "user_name": "ann"}]


def test_a_period_keeps_rows_by_their_time(server: Server) -> None:
    assert len(server.get(ATTEMPTS, **MAY).json()["rows"]) == 6
    assert len(server.get(ATTEMPTS, day="2026-05-12").json()["rows"]) == 1
    assert len(server.get(ATTEMPTS, last="all").json()["rows"]) == 6
    assert len(server.get(ATTEMPTS, to="2026-05-12").json()["rows"]) == 2
    assert server.get(ATTEMPTS, month="2026-04").json()["rows"] == []


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "limit"), ({"limit": "10001"}, "limit"), ({"limit": "x"}, "limit"), ({"sort": "nope"}, "sort"),
        ({"sort": "host_names"}, "sort"), ({"where": "user_name"}, "where"), ({"where": "nope=1"}, "where"), ({"where": "cpu_count=many"}, "where"),
        ({"where": "exit_code=99999999999999999999"}, "where"), ({"where": "is_start_known=maybe"}, "where"), ({"columns": "nope"}, "columns"),
        ({"cursor": "x"}, "cursor"), ({"month": "x"}, "month"), ({"offset": "1"}, "offset"), ({"where": "started_at>yesterday"}, "where"),
        ({"where": "cpu_count>null"}, "where"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(params: dict[str, str], field: str, server: Server) -> None:
    told = server.get(ATTEMPTS, **params)
    assert (told.status_code, told.json()["error"]["field"]) == (400, field), told.text


@pytest.mark.parametrize(
    "told",
    [
        None, [], {}, {"order": [False, "submitted_at", "cluster", "attempt_id"], "after": [1, 2, 3]}, {"order": 1, "after": []},
        {"order": [False, "submitted_at", "cluster", "attempt_id"], "after": ["x", "y", "z"]},
        {"order": [False, "submitted_at", "cluster", "attempt_id"], "after": ["2026-05-01", None, None]},
        {"order": [True, "submitted_at", "cluster", "attempt_id"], "after": ["2026-05-01", "a", "b"]},
    ],
)  # fmt: skip
def test_a_cursor_made_by_somebody_else_is_refused(told: object, server: Server) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(told).encode()).decode()
    assert server.get(ATTEMPTS, cursor=cursor).json()["error"]["field"] == "cursor"


def test_a_table_there_is_not_is_named_with_the_near_one(server: Server) -> None:
    told = server.get("/api/v1/tables/job_attempt")
    assert told.status_code == 404
    assert "did you mean 'job_attempts'" in told.json()["error"]["message"]


def test_every_table_can_be_read_and_is_described(server: Server) -> None:
    for table in server.get("/api/v1/tables").json()["tables"]:
        told = server.get(f"/api/v1/tables/{table['name']}", limit="1")
        assert told.status_code == 200, table["name"]
        for row in told.json()["rows"]:
            assert list(row) == [column["name"] for column in table["columns"]]


def test_metrics_are_answered_as_the_python_api_answers_them(server: Server, read_only_ledger: Path) -> None:
    with server.client() as client:
        told = client.get("/api/v1/query?metric=gpu_hours,jobs&by=user&month=2026-05").json()
    with gpuledger.open(read_only_ledger) as ledger:
        ours = ledger.ask("gpu_hours", "jobs", by="user", month="2026-05")
    assert told["rows"] == ours.records()
    assert told["totals"] == dict(ours.totals)
    assert told["period"]["start"] == "2026-05-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("params", "status", "field"),
    [
        ({}, 400, "metric"), ({"metric": "gpu_hour"}, 400, "metric"), ({"metric": "gpu_hours", "by": "usr"}, 400, "by"),
        ({"metric": "gpu_hours", "where": "x"}, 400, "where"), ({"metric": "gpu_hours", "where": "user=nobody-here"}, 400, "where"),
        ({"metric": "gpu_hours", "limit": "0"}, 400, "limit"), ({"metric": "gpu_hours", "b": "user"}, 400, "b"), ({"metric": ""}, 400, "metric"),
    ],
)  # fmt: skip
def test_a_question_that_is_wrong_is_named(params: dict[str, str], status: int, field: str, server: Server) -> None:
    period = {} if not params else MAY
    told = server.get("/api/v1/query", **params, **period)
    assert (told.status_code, told.json()["error"]["field"]) == (status, field), told.text


def test_a_limit_says_how_many_rows_it_leaves_out(server: Server) -> None:
    told = server.get("/api/v1/query", metric="gpu_hours", by="user", limit="2", **MAY).json()
    assert (len(told["rows"]), told["left_out"]) == (2, 3)


def test_the_inventory_knows_who_and_what_was_there(server: Server) -> None:
    told = server.get("/api/v1/inventory", **MAY).json()
    assert told["clusters"] == [{"cluster": "hpg"}]
    assert {each["user_name"] for each in told["users"]} >= {"ann", "bob", "cyd"}
    assert told["hosts"] == [{"cluster": "hpg", "host": "gx01", "gpus": None}]
    assert server.get("/api/v1/inventory", month="2026-01").json()["users"] == []
    assert list(server.get("/api/v1/inventory", kind="users,hosts", **MAY).json()) == ["users", "hosts"]
    assert server.get("/api/v1/inventory", kind="user").json()["error"]["field"] == "kind"
