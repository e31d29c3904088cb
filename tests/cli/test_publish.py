"""publish: a dry run unless --publish; ten names as strangers read them, files with sizes; exit codes; what is typed wrongly."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import gpuledger
from tests.cli.accounting import accounting
from tests.cli.conftest import Run
from tests.cli.test_send import job

SITE = """
ledger = "led"
[publish.pages]
type = "folder"
folder = "www"
names = "{names}"
reports = [{reports}]
"""


@pytest.fixture
def site(work: Path) -> Iterator[Path]:
    """A configuration beside a ledger of the last day."""
    now = datetime.now(UTC)
    accounting(work / "sacct.txt", *(job(n, now - timedelta(hours=n)) for n in range(1, 6)))
    with gpuledger.open(work / "led") as ledger:
        ledger.ingest(work / "sacct.txt", zone="UTC")
    (work / "gpuledger.toml").write_text(SITE.format(names="pseudonym", reports='"usage"'))
    return work


def test_without_publish_nothing_is_written_and_the_names_are_shown_as_they_will_appear(site: Path, cli: Run) -> None:
    ran = cli("publish")
    assert ran.code == 0
    assert "pages: would be published\n" in ran.out
    assert f"to       {site / 'www'}" in ran.out
    assert "names    user-" in ran.out
    assert "ann" not in ran.out.split("names")[1].split("\n")[0]
    assert "index.html" in ran.out
    assert "add --publish" in ran.err
    assert not (site / "www").exists()


def test_publish_publishes_once(site: Path, cli: Run) -> None:
    first = cli("publish", "pages", "--publish")
    assert (first.code, first.err) == (0, "")
    assert f"pages: published to {site / 'www'}: " in first.out
    assert (site / "www" / "index.html").exists()
    assert "unchanged, nothing was published" in cli("publish", "--publish").out
    rows = json.loads(cli("publish", "--publish", "--force", "--json").out)
    assert {row["result"] for row in rows} == {"published"}
    assert sum(row["bytes"] for row in rows) > 100_000


def test_a_report_that_is_missing_is_exit_code_3(site: Path, cli: Run) -> None:
    (site / "gpuledger.toml").write_text(SITE.format(names="real", reports='"usage", "pool"'))
    ran = cli("publish", "--publish")
    assert ran.code == 3
    assert "pool 24h is not shown: " in ran.err
    assert (site / "www" / "index.html").exists()


def test_one_publication_that_fails_keeps_no_other_from_being_made(site: Path, cli: Run) -> None:
    more = '[publish.lost]\ntype = "git"\nrepository = "nowhere.git"\nnames = "real"\nreports = ["usage"]\n'
    (site / "gpuledger.toml").write_text(more and SITE.format(names="real", reports='"usage"') + more)
    ran = cli("publish", "--publish")
    assert ran.code == 3
    assert "lost: git failed" in ran.err
    assert "pages: published" in ran.out
    assert cli("publish", "lost", "--publish").code == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "No publication is configured"),
        ('[publish.a]\ntype = "folder"\nfolder = "x"', 'whose names strangers read: names = "real" or names = "pseudonym"'),
        ('[publish.a]\nnames = "real"', "[publish.a] does not say its type"),
        ('[publish.a]\ntype = "fodler"\nnames = "real"', "no type of publication 'fodler'; did you mean 'folder'?"),
        ('[publish.a]\ntype = "folder"\nnames = "real"', "[publish.a] does not say its folder."),
        ('[publish.a]\ntype = "folder"\nnames = "all"', "Input should be 'real' or 'pseudonym'"),
        ('[publish.a]\ntype = "folder"\nfolder = "x"\nnames = "real"\nreport = ["usage"]', "did you mean 'reports'?"),
        ('[publish.a]\ntype = "folder"\nfolder = "x"\nnames = "real"\nreports = ["usge"]', "did you mean 'usage'?"),
        ('[publish.a]\ntype = "folder"\nfolder = "x"\nnames = "real"\nwindows = ["soon"]', "'soon' is not a length of time"),
        ('[publish.a]\ntype = "git"\nrepository = "x"\nbranch = "a b"\nnames = "real"', "'a b' is no name of a branch"),
        ('[publish.a]\ntype = "scp"\nto = "h:/a; rm"\nnames = "real"', "is no folder that a shell elsewhere reads"),
    ],
    ids=["none", "names", "no-type", "type", "folder", "choice", "key", "report", "window", "branch", "shell"],
)  # fmt: skip
def test_what_is_configured_wrongly_is_one_sentence(text: str, sentence: str, site: Path, cli: Run) -> None:
    (site / "gpuledger.toml").write_text(f'ledger = "led"\n{text}\n')
    for command in (["publish"], ["config", "validate"])[: 1 if not text else 2]:
        ran = cli(*command)
        assert ran.code == 2
        assert sentence in ran.err


def test_a_name_there_is_not_names_the_near_one(site: Path, cli: Run) -> None:
    ran = cli("publish", "page")
    assert ran.code == 2
    assert "did you mean 'pages'?" in ran.err
