"""report: flags from the report's own parameters, one folder with an index, text to stdout without one."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

MAY = ("--month", "2026-05")


pytestmark = pytest.mark.usefixtures("led")


def test_without_a_folder_the_text_is_printed(cli: Run) -> None:
    assert "Definitions" in cli("report", "usage", *MAY).out
    assert json.loads(cli("report", "usage", *MAY, "--format", "json").out)["name"] == "usage"


def test_a_folder_gets_every_format_and_an_index(work: Path, cli: Run) -> None:
    ran = cli("report", "usage", *MAY, "--format", "html,csv,json", "--out", "out")
    listed = set(ran.out.splitlines())
    assert {"out/index.html", "out/index.json"} <= listed
    assert {str(path.relative_to(work)) for path in (work / "out").iterdir()} == listed
    index = json.loads((work / "out/index.json").read_text())
    assert {entry["format"] for entry in index["files"]} == {"html", "csv", "json"}


def test_parameters_of_the_report_are_flags_and_are_checked(cli: Run) -> None:
    assert (
        json.loads(cli("report", "usage", *MAY, "--by", "account", "--format", "json").out)["parameters"]["by"]
        == "account"
    )
    assert cli("report", "usage", *MAY, "--by", "planet").code == 2
    assert cli("report", "usage", *MAY, "--top", "0").code == 2


def test_the_configuration_may_say_a_parameter_and_a_flag_wins(work: Path, cli: Run) -> None:
    (work / "gpuledger.toml").write_text('[reports.usage]\nby = "queue"\n')
    asked = ("report", "usage", *MAY, "--format", "json")
    assert json.loads(cli(*asked).out)["parameters"]["by"] == "queue"
    assert json.loads(cli(*asked, "--by", "user").out)["parameters"]["by"] == "user"


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("usge",), "Did you mean 'usage'?"),
        (("usage", "--json"), "--format json"),
        (("usage", "--by", "job_name"), "Invalid value for '--by': 'job_name' is not one of"),
        (("usage", "--format", "html"), "html needs a folder: add --out DIR"),
        (("usage", "--format", "htm", "--out", "out"), "no format 'htm'; did you mean 'html'"),
        (("usage", "--month", "May"), "--month 'May' is not understood; write --month 2026-05"),
    ],
)
def test_what_is_typed_wrong_is_a_usage_error(args: tuple[str, ...], sentence: str, cli: Run) -> None:
    ran = cli("report", *args)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


def test_stale_data_is_told_with_3_when_the_report_is_about_now(cli: Run) -> None:
    ran = cli("report", "usage", "--from", "2026-05-01")
    assert ran.code == 3
    assert ran.err.startswith("gpuledger: Data is ")
    assert "Definitions" in ran.out


def test_a_past_period_that_is_not_whole_is_a_warning(cli: Run) -> None:
    ran = cli("report", "usage", "--from", "2026-05-01", "--to", "2026-05-20")
    assert ran.code == 0
    assert ran.err.startswith("WARNING: Data is ")


def test_no_data_is_told_with_3_and_nothing_is_written(work: Path, cli: Run) -> None:
    ran = cli("report", "usage", "--month", "2020-01", "--out", "out")
    assert ran.code == 3
    assert "There is no data in 2020-01-01" in ran.err
    assert not (work / "out").exists()
