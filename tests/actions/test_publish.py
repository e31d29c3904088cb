"""A site of ready reports: what is in it, when it changes, what is missing, whose names are shown; killed at any step."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gpuledger import plugins
from gpuledger.actions.publish import is_due, plan, publish
from gpuledger.config import Ledger, Settings, open_ledger
from gpuledger.deliver.sites import SiteError
from gpuledger.model.errors import Busy, ConfigError, NoData
from gpuledger.model.tables import RUNS
from gpuledger.render.json import from_json
from tests.actions.sending import installed
from tests.deliver.test_sites import git
from tests.reports.ledgers import END, attempt, hour, ledger, snapshot
from tests.test_plugins import stranger

NOW = END + timedelta(minutes=5)
USERS = ("ada", "bob", "mole & <b>sons</b>")
BROKEN = """
from gpuledger.reports import Parameters, Report

def build(ask, parameters):
    raise KeyError("ada's secret")

REPORT = Report("broken", "Broken", "Tests.", Parameters, build)
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of 90 attempts in May 2026, by three users, two of whom nobody should know of."""
    root = tmp_path_factory.mktemp("publish") / "led"
    rows = [
        attempt(n, user_name=USERS[n % 3], account=("math", "bio")[n % 2], started_at=hour(t := n * 8), ended_at=hour(t + 5))
        for n in range(90)
    ]  # fmt: skip
    ledger(root, rows, [snapshot()]).close()
    return root


@pytest.fixture(autouse=True)
def sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A quick report of a stranger's package is installed."""
    (tmp_path / "quick").mkdir()
    monkeypatch.syspath_prepend(str(installed(tmp_path / "quick")))
    plugins._offers.cache_clear()
    yield tmp_path / "quick"
    monkeypatch.undo()
    plugins._offers.cache_clear()


@pytest.fixture
def led(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "led"))


@contextmanager
def opened(place: Path, publication: dict[str, Any] | None = None, **said: Any) -> Iterator[Ledger]:
    told = {"type": "folder", "folder": str(place.parent / "www"), "names": "real", "reports": ["sums"]}
    settings = {"ledger": str(place), "publish": {"pages": told | (publication or {})}} | said
    with open_ledger(Settings.model_validate(settings)) as ledger:
        yield ledger


def index(www: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((www / "data" / "index.json").read_bytes())
    return told


def documents(www: Path) -> list[Any]:
    return [
        from_json((www / "data" / one["file"]).read_bytes())
        for report in index(www)["reports"]
        for one in report["windows"]
    ]


def everything(www: Path) -> str:
    """All that strangers can read."""
    paths = [path for path in www.rglob("*") if path.is_file()]
    return "".join(f"{path.name}\n{path.read_text('utf-8')}\n" for path in paths)


def test_a_site_holds_the_viewer_and_each_document_under_its_window(led: Path, tmp_path: Path) -> None:
    with opened(led, {"reports": ["usage"], "windows": ["7d", "30d"], "title": "GPUs <of> ours"}) as ledger:
        done = publish(ledger, "pages", NOW)
    www = tmp_path / "www"
    assert (done.result, done.exit_code) == ("published", 0)
    [report] = index(www)["reports"]
    assert [(one["last"], one["tab"]) for one in report["windows"]] == [("7d", None), ("30d", None)]
    assert all((www / name).is_file() for name in index(www)["files"])
    assert [round(document.period.seconds / 86400) for document in documents(www)] == [7, 30]
    assert "GPUs &lt;of&gt; ours" in (www / "index.html").read_text()
    assert '"mode": "static"' in (www / "index.html").read_text()


def test_numbers_are_those_of_the_report(led: Path, tmp_path: Path) -> None:
    from gpuledger.actions.report import report

    with opened(led, {"reports": ["usage"]}) as ledger:
        publish(ledger, "pages", NOW)
        declared = plugins.load("reports", "usage")
        [shown] = documents(tmp_path / "www")
        there = report(ledger, declared, declared.parameters(), shown.period, (), NOW)
    assert [table.rows for table in shown.tables] == [table.rows for table in there.tables]


def test_unchanged_data_publishes_nothing(led: Path, tmp_path: Path) -> None:
    with opened(led) as ledger:
        publish(ledger, "pages", NOW)
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "www").rglob("*")}
        assert publish(ledger, "pages", NOW + timedelta(hours=1)).result == "unchanged"
        assert {path: path.stat().st_mtime_ns for path in (tmp_path / "www").rglob("*")} == before
        assert len(ledger.store.matching(RUNS, run_kind="publish")) == 1
        assert publish(ledger, "pages", NOW, is_forced=True).result == "published"


def test_new_data_a_changed_setting_and_a_lost_site_publish_again(led: Path, tmp_path: Path) -> None:
    with opened(led, {"reports": ["usage"]}) as one:
        publish(one, "pages", NOW)
    ledger(led, [attempt(900, user_name="new", started_at=hour(700), ended_at=hour(701))], []).close()
    with opened(led, {"reports": ["usage"]}) as one:
        assert publish(one, "pages", NOW + timedelta(minutes=15)).result == "published"
        assert '"new"' in everything(tmp_path / "www")
    with opened(led, {"title": "Other"}) as one:
        assert publish(one, "pages", NOW + timedelta(minutes=30)).result == "published"
        (tmp_path / "www" / "data" / "index.json").unlink()
        assert publish(one, "pages", NOW + timedelta(minutes=45)).result == "published"


def test_pages_that_are_open_find_their_files_for_one_more_round(led: Path, tmp_path: Path) -> None:
    held = []
    for days in (3, 7, 14):
        with opened(led, {"windows": [f"{days}d"]}) as one:
            publish(one, "pages", NOW)
        held.append({path.name for path in (tmp_path / "www" / "data").glob("sums.*")})
    assert [len(names) for names in held] == [1, 2, 2]
    assert held[1] & held[2]
    assert not held[0] & held[2]


def test_under_pseudonyms_no_name_is_anywhere(led: Path, tmp_path: Path) -> None:
    with opened(led, {"names": "pseudonym"}, reports={"rolling": {"account": ["math", "bio"]}}) as ledger:
        planned = plan(ledger, "pages", NOW)
    with opened(
        led, {"names": "pseudonym", "reports": ["usage", "rolling"]}, reports={"rolling": {"account": ["math", "bio"]}}
    ) as ledger:
        publish(ledger, "pages", NOW)
    text = everything(tmp_path / "www")
    for name in (*USERS, "math", "mole", "sons"):
        assert f'"{name}"' not in text
    assert "mole" not in text.replace("molecule", "")
    assert planned.site
    assert all(name.startswith(("user-", "group-", "job-")) for name in planned.site.names)
    rolling = next(report for report in index(tmp_path / "www")["reports"] if report["name"] == "rolling")
    assert [tab["label"][:6] for tab in rolling["tabs"]] == ["group-", "group-"]
    assert {one["tab"] for one in rolling["windows"]} == {tab["label"] for tab in rolling["tabs"]}


@pytest.mark.parametrize("asked", [["math", "bio"], ["math", "nosuch", "bob"]])
def test_a_tab_called_as_an_account_is_published_under_its_pseudonym_only(
    asked: list[str], led: Path, tmp_path: Path
) -> None:
    """A QoS for each account is common: its name and its pseudonym together would tell who is who."""
    rolling = {"rolling": {"qos": asked}}
    with opened(led, {"names": "pseudonym", "reports": ["rolling"]}, reports=rolling) as ledger:
        publish(ledger, "pages", NOW)
    for path in (tmp_path / "www" / "data").rglob("*"):
        told = f"{path.name} {path.read_text('utf-8')}"
        assert not re.search(r"(?<![a-z0-9])(math|bio|bob)(?![a-z0-9])", told), path.name
    [report] = index(tmp_path / "www")["reports"]
    assert {one["tab"] for one in (*report["windows"], *report["missing"])} == {tab["label"] for tab in report["tabs"]}
    assert report["tabs"][0]["parameters"]["qos"] == report["tabs"][0]["label"]


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stranger's report that always fails is installed."""
    (tmp_path / "installed").mkdir()
    line = "[gpuledger.reports]\nbroken = gpuledger_broken:REPORT\n"
    monkeypatch.syspath_prepend(str(stranger(tmp_path / "installed", "gpuledger_broken", line, BROKEN)))
    plugins._offers.cache_clear()
    yield
    monkeypatch.undo()
    plugins._offers.cache_clear()


def test_a_report_that_cannot_be_loaded_blanks_no_other(led: Path, tmp_path: Path, sums: Path) -> None:
    (sums / "lost-1.0.dist-info").mkdir()
    (sums / "lost-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: lost\nVersion: 1.0\n")
    (sums / "lost-1.0.dist-info" / "entry_points.txt").write_text("[gpuledger.reports]\nlost = no_such_module:REPORT\n")
    plugins._offers.cache_clear()
    with opened(led, {"reports": ["sums", "lost"]}) as ledger:
        assert publish(ledger, "pages", NOW).exit_code == 3
    told = {report["name"]: report for report in index(tmp_path / "www")["reports"]}
    assert "cannot be loaded" in told["lost"]["missing"][0]["reason"]
    assert len(told["sums"]["windows"]) == 1


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("names", ["real", "pseudonym"])
def test_a_report_that_fails_blanks_no_other_and_says_why(names: str, led: Path, tmp_path: Path) -> None:
    with opened(led, {"reports": ["broken", "pool", "usage"], "names": names}) as ledger:
        done = publish(ledger, "pages", NOW)
        assert done.exit_code == 3
        [run] = ledger.store.matching(RUNS, run_kind="publish").to_pylist()
    told = {report["name"]: report for report in index(tmp_path / "www")["reports"]}
    assert told["broken"]["missing"] == [{"last": "30d", "tab": None, "reason": "Unexpected KeyError."}]
    assert "secret" not in everything(tmp_path / "www")
    assert told["pool"]["missing"][0]["reason"]
    assert len(told["usage"]["windows"]) == 1
    assert run["result"] == "partial"


def test_reports_that_nobody_named_are_left_out_without_data(led: Path, tmp_path: Path) -> None:
    with opened(led, {"reports": []}) as ledger:
        assert publish(ledger, "pages", NOW).exit_code == 0
    names = [report["name"] for report in index(tmp_path / "www")["reports"]]
    assert "usage" in names
    assert "pool" not in names


def test_a_site_opens_on_what_the_live_page_opens_on_unless_it_names_its_reports(led: Path, tmp_path: Path) -> None:
    tabs = {"rolling": {"account": ["math"]}}
    for said, first in (
        ({"reports": []}, ["rolling", "usage"]),
        ({"reports": ["usage", "rolling"]}, ["usage", "rolling"]),
    ):
        with opened(led, said, reports=tabs) as ledger:
            publish(ledger, "pages", NOW, is_forced=True)
        assert [each["name"] for each in index(tmp_path / "www")["reports"]][:2] == first


def test_a_ledger_without_data_publishes_nothing(tmp_path: Path) -> None:
    (tmp_path / "led").mkdir()
    with opened(tmp_path / "led", {"reports": ["usage"]}) as ledger, pytest.raises(NoData, match="nothing to publish"):
        publish(ledger, "pages", NOW)
    assert not (tmp_path / "www").exists()


def test_a_place_that_fails_leaves_what_stands_and_is_remembered(led: Path, tmp_path: Path) -> None:
    rsync = {"type": "rsync", "to": "nowhere.invalid:/www"}
    with opened(led, rsync) as ledger, pytest.raises(ConfigError, match="no key 'folder'"):
        publish(ledger, "pages", NOW)
    settings = {"type": "git", "repository": str(tmp_path / "nothing.git"), "names": "real", "reports": ["sums"]}
    told = {"ledger": str(led), "publish": {"pages": settings}}
    with open_ledger(Settings.model_validate(told)) as ledger, pytest.raises(SiteError, match="git failed"):
        publish(ledger, "pages", NOW)
    assert "git failed" in json.loads((led / "publish" / "pages" / "state.json").read_bytes())["error"]


def test_a_branch_holds_one_commit_and_the_same_site(led: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "pages.git")
    said = {"type": "git", "repository": str(tmp_path / "pages.git"), "names": "real", "reports": ["sums"]}
    for days in range(3, 6):
        told = {"ledger": str(led), "publish": {"pages": said | {"windows": [f"{days}d"]}}}
        with open_ledger(Settings.model_validate(told)) as one:
            assert publish(one, "pages", NOW).result == "published"
            assert publish(one, "pages", NOW).result == "unchanged"
    assert git(tmp_path / "pages.git", "rev-list", "--count", "gh-pages") == "1"
    git(tmp_path, "clone", "--quiet", "--branch", "gh-pages", "pages.git", "shown")
    assert round(documents(tmp_path / "shown")[0].period.seconds / 86400) == 5


def test_two_at_once_are_one(led: Path) -> None:
    from gpuledger.actions._memory import of_publication

    with (
        opened(led) as ledger,
        of_publication(ledger.settings, "pages").alone(),
        pytest.raises(Busy, match="publish of pages"),
    ):
        publish(ledger, "pages", NOW)


def test_what_is_due_is_due_once(led: Path) -> None:
    with opened(led, {"at": "0 6 * * *"}) as ledger:
        assert is_due(ledger, "pages", NOW)
        publish(ledger, "pages", NOW)
        assert not is_due(ledger, "pages", NOW + timedelta(hours=5))
        assert is_due(ledger, "pages", NOW + timedelta(hours=6))


STOPPED = """
import os, sys
from datetime import datetime
from pathlib import Path
from gpuledger.actions.publish import publish
from tests.actions.test_publish import opened
led, moment, count = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), int(sys.argv[3])
def step(event, arguments):
    global count
    touched = str(arguments[0]) if arguments else ""
    if event in ("open", "os.rename", "os.mkdir", "os.link", "os.remove", "os.rmdir") and ("publish" in touched or "www" in touched):
        count -= 1
        if count == 0:
            os.kill(os.getpid(), 9)
with opened(led, {"windows": ["3d"]}) as ledger:
    sys.addaudithook(step)
    publish(ledger, "pages", moment)
"""
"""Publishes and is killed before its n-th touch of the site or of what is remembered."""


@pytest.mark.kill
def test_killed_at_any_step_the_old_site_stands_or_the_new_one(led: Path, tmp_path: Path, sums: Path) -> None:
    told = []
    with opened(led, {"windows": ["7d"]}) as one:
        publish(one, "pages", NOW)
    old = index(tmp_path / "www")["content"]
    shutil.copytree(tmp_path / "www", tmp_path / "kept-www")
    shutil.copytree(led, tmp_path / "kept-led")
    for count in range(1, 200, 9):
        for name in ("www", "led"):
            shutil.rmtree(tmp_path / name)
            shutil.copytree(tmp_path / f"kept-{name}", tmp_path / name)
        argv = [sys.executable, "-c", STOPPED, str(led), NOW.isoformat(), str(count)]
        root = Path(__file__).parents[2]
        environment = os.environ | {"PYTHONPATH": str(sums)}
        done = subprocess.run(argv, check=False, capture_output=True, cwd=root, env=environment)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
        whole = index(tmp_path / "www")
        assert all((tmp_path / "www" / name).is_file() for name in whole["files"])
        told.append(whole["content"] == old)
        with opened(led, {"windows": ["3d"]}) as one:
            publish(one, "pages", NOW)  # the next run puts all in order
        assert index(tmp_path / "www")["content"] != old
        if done.returncode == 0:
            break
    assert told[0]
    assert not told[-1]
    assert len(told) > 3
