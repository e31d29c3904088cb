"""The published site in Chromium, from a plain web server: everything is there, nothing is asked of anybody else."""

import json
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import urlopen

import pytest

from gpuledger.actions.publish import publish
from gpuledger.config import Settings, open_ledger
from tests.actions.test_publish import NOW, USERS
from tests.render.viewer.opened import Opened
from tests.reports.ledgers import attempt, hour, ledger, snapshot

pytestmark = pytest.mark.browser


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site under pseudonyms."""
    folder = tmp_path_factory.mktemp("published")
    rows = [
        attempt(n, user_name=USERS[n % 3], qos=("day", "night")[n % 2], started_at=hour(n * 8), ended_at=hour(n * 8 + 5))
        for n in range(90)
    ]  # fmt: skip
    ledger(folder / "led", rows, [snapshot()]).close()
    said = {
        "type": "folder",
        "folder": str(folder / "www"),
        "names": "pseudonym",
        "reports": ["rolling", "usage", "pool"],
    }
    told = {"ledger": str(folder / "led"), "publish": {"p": said | {"windows": ["7d", "30d"]}}}
    told |= {"reports": {"rolling": {"qos": ["day", "night"]}}}
    with open_ledger(Settings.model_validate(told)) as one:
        publish(one, "p", NOW)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder / "www"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_every_report_tab_and_window_is_drawn_from_files_alone(chromium: Any, site: str) -> None:
    with Opened(chromium, site) as opened:
        opened.open()
        words = opened.page.inner_text("body")
        assert "user-" in words
        for name in USERS:  # as a word: the letters of one may stand within the digits of a pseudonym
            assert not re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", words), name
        assert all(url.startswith((site, "data:", "blob:")) for url in opened.asked)
        assert not any("/api/" in url for url in opened.asked)
        assert opened.said == []
        assert any("/data/" in url and "index.json" not in url for url in opened.asked)


def test_every_file_is_there_and_each_tab_has_its_windows(site: str) -> None:
    told = json.loads(urlopen(f"{site}data/index.json").read())
    for name in told["files"]:
        assert urlopen(f"{site}{name}").status == 200
    assert {report["name"] for report in told["reports"]} == {"rolling", "usage", "pool"}
    rolling = next(report for report in told["reports"] if report["name"] == "rolling")
    assert {(one["tab"], one["last"]) for one in rolling["windows"]} == {
        ("day", "7d"), ("day", "30d"), ("night", "7d"), ("night", "30d"),
    }  # fmt: skip
