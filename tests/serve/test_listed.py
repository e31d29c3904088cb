"""The list of reports says what the ledger tells of each, so that nobody asks for what is empty."""

import json
import re
from pathlib import Path
from typing import Any

from tests.serve.serving import Server, ledger_of, serving, until

NEWEST = "2026-05-15T01:00:00+00:00"
EMPTY = ("experiment", "health", "pool", "pool-hosts", "pool-pressure")


def listed(server: Server) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in server.get("/api/v1/reports").json()["reports"]}


def warm(server: Server) -> Server:
    """The service, once it has loaded what the first viewer would wait for."""
    until(lambda: bool(server.get("/readyz").json()["is_warm"]))
    return server


def test_a_report_is_listed_with_the_newest_moment_of_what_it_is_about(server: Server) -> None:
    told = listed(warm(server))
    assert {name: told[name]["newest"] for name in ("usage", "rolling")} == {"usage": NEWEST, "rolling": NEWEST}
    assert {name: told[name]["newest"] for name in EMPTY} == dict.fromkeys(EMPTY), "jobs of Slurm are no experiment"


def test_the_page_opens_with_what_the_list_says(server: Server) -> None:
    told = listed(warm(server))
    found = re.search(r'id="gpuledger-config">(.*?)</script>', server.get("/").text, re.DOTALL)
    assert found
    assert {each["name"]: each["newest"] for each in json.loads(found[1])["reports"]} == {
        name: each["newest"] for name, each in told.items()
    }


def test_of_a_ledger_that_is_gone_nothing_is_said_to_be_empty(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path)
    with serving(ledger, tmp_path / "home") as running:
        assert listed(warm(running))["usage"]["newest"] == NEWEST
        ledger.rename(tmp_path / "elsewhere")
        assert [name for name, each in listed(running).items() if "newest" in each] == []
