"""config and init: what is in force, whether it holds, and a file to begin with."""

import json
import tomllib
from pathlib import Path

import pytest

from gpuledger import plugins
from tests.cli.conftest import Run


def test_every_setting_is_shown_with_who_said_it(work: Path, cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (work / "gpuledger.toml").write_text('display_zone = "Europe/Berlin"\n[sources.hpg]\ntype = "slurm"\n')
    monkeypatch.setenv("GPULEDGER_RAW_DAYS", "7")
    shown = {row["setting"]: row for row in json.loads(cli("config", "show", "--json", "--ledger", "x").out)}
    assert (shown["ledger"]["value"], shown["ledger"]["said_by"]) == ("x", "command line")
    assert (shown["raw_days"]["value"], shown["raw_days"]["said_by"]) == (7, "environment")
    assert shown["display_zone"]["said_by"].endswith("gpuledger.toml")
    assert shown["sources.hpg.type"]["value"] == "slurm"


def test_a_secret_is_printed_nowhere(work: Path, cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPULEDGER_SOURCES__HPG__TYPE", "slurm")
    monkeypatch.setenv("GPULEDGER_SOURCES__HPG__PASSWORD", "hunter2")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2@db/ledger")
    for command in (
        ["config", "show"],
        ["config", "show", "--json"],
        ["config", "validate", "--debug"],
        ["query", "jobs", "-vv"],
    ):
        ran = cli(*command)
        assert "hunter2" not in ran.out + ran.err, command


def test_the_file_in_force_is_named_or_where_one_is_looked_for(work: Path, cli: Run) -> None:
    ran = cli("config", "path")
    assert ran.code == 3
    assert str(work / "gpuledger.toml") in ran.err
    (work / "gpuledger.toml").write_text("")
    assert cli("config", "path").out.strip() == str(work / "gpuledger.toml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[sources.hpg]\ntype = "slrum"', "[sources.hpg]: There is no type of source 'slrum'; did you mean 'slurm'?"),
        (
            '[sources.hpg]\ntype = "slurm"\nclustr = "x"',
            "[sources.hpg]: There is no key 'clustr'; did you mean 'cluster'?",
        ),
        ('[sources.hpg]\ntype = "slurm"\noverlap_hours = "much"', "[sources.hpg]: overlap_hours: "),
        ('[sources.hpg]\ntype = "slurm"\ncluster_file = "/nowhere"', "cluster_file '/nowhere' cannot be read"),
        ("[reports.usge]", "There is no report 'usge'; did you mean 'usage'?"),
        ("[reports.usage]\nbye = 1", "[reports.usage]: There is no parameter 'bye'; did you mean 'by'?"),
        ('[reports.usage]\nby = "planet"', "[reports.usage]: by: "),
        ('[reports.pool]\nlast = "soon"', "[reports.pool]: last: 'soon' is not a length of time; write 24h, 7d"),
        ("wrong = 1", "There is no setting 'wrong'"),
    ],
)
def test_validate_names_what_is_wrong(text: str, sentence: str, work: Path, cli: Run) -> None:
    (work / "gpuledger.toml").write_text(text)
    ran = cli("config", "validate")
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


def test_validate_says_what_it_checked(work: Path, cli: Run) -> None:
    (work / "secret").write_text("hpg\n")
    (work / "gpuledger.toml").write_text(
        f'[sources.hpg]\ntype = "slurm"\ncluster_file = "{work}/secret"\nqos = ["a", "b"]\n[reports.usage]\nby = "account"\n'
    )
    ran = cli("config", "validate")
    assert (ran.code, ran.err) == (0, "")
    assert "all is well (source hpg, report usage)" in ran.out


def command(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)


def test_init_finds_the_machines_systems_and_writes_a_file_that_is_valid(
    work: Path, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(work / "bin", "sacct")
    command(work / "bin", "nvidia-smi")
    monkeypatch.setenv("PATH", str(work / "bin"))
    ran = cli("init")
    assert ran.code == 0
    assert f"Found {work}/bin/sacct: source slurm." in ran.out
    written = tomllib.loads((work / "gpuledger.toml").read_text())
    assert written["sources"]["slurm"] == {"type": "slurm"}
    assert cli("config", "validate").code == 0


def test_every_commented_line_of_init_can_be_uncommented(work: Path, cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    command(work / "bin", "sacct")
    monkeypatch.setenv("PATH", str(work / "bin"))
    cli("init")
    lines = (work / "gpuledger.toml").read_text().splitlines()
    commented = [line for line in lines if line.startswith("# ") and " = " in line]
    assert len(commented) > 8
    (work / "gpuledger.toml").write_text("\n".join(line[2:] if line in commented else line for line in lines))
    ran = cli("config", "validate")
    assert (ran.code, ran.err) == (0, "")


def test_init_never_writes_over_a_file(work: Path, cli: Run) -> None:
    (work / "gpuledger.toml").write_text("# mine\n")
    ran = cli("init")
    assert ran.code == 2
    assert "exists and is left as it is" in ran.err
    assert (work / "gpuledger.toml").read_text() == "# mine\n"


def test_init_on_a_machine_without_any_system_says_what_to_do(
    work: Path, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(work))
    ran = cli("--config", "site.toml", "--ledger", "/srv/led", "init")
    assert ran.code == 0
    assert "Found no sacct" in ran.out
    assert tomllib.loads((work / "site.toml").read_text())["ledger"] == "/srv/led"


def test_check_is_answered_with_validate(cli: Run) -> None:
    ran = cli("config", "check")
    assert (ran.code, ran.err) == (2, "gpuledger: No such command 'check'. Did you mean 'validate'?\n")


@pytest.mark.parametrize("name", plugins.names("reports"))
def test_every_report_may_be_given_a_window_of_its_own(name: str, work: Path, cli: Run) -> None:
    (work / "gpuledger.toml").write_text(f'[reports.{name}]\nlast = "2d"\n')
    ran = cli("config", "validate")
    assert (ran.code, ran.err) == (0, "")
