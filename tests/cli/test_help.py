"""Help teaches: every command has a purpose and an example; a typo is answered; the first screen is fast and true."""

import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from gpuledger.cli.report import ANSWERS
from gpuledger.cli.verbs import VERBS, command_of
from gpuledger.plugins import load, names
from tests.cli.conftest import Run

LINES = {verb: line for verbs in VERBS.values() for verb, line in verbs.items()}


def commands(verb: str) -> Iterator[tuple[str, Any]]:
    """Every command of a verb by what is typed, groups before their members."""
    found = command_of(verb)
    yield verb, found
    context = typer.Context(found, info_name=verb)
    for name in getattr(found, "list_commands", lambda _: [])(context):
        yield f"{verb} {name}", found.get_command(context, name)


ALL = dict(pair for verb in LINES for pair in commands(verb))


@pytest.mark.parametrize("verb", LINES)
def test_the_first_screen_says_what_the_verb_says_of_itself(verb: str) -> None:
    assert ALL[verb].help.splitlines()[0] == LINES[verb]


@pytest.mark.parametrize("typed", ALL)
def test_every_command_has_an_example_of_itself(typed: str, cli: Run) -> None:
    shown = cli(*typed.split(), "--help")
    assert shown.code == 0
    examples = re.search(r"Examples?:\n((?: +.+\n?)+)", shown.out)
    assert examples, f"{typed} --help teaches nothing"
    assert re.search(rf"gpuledger .*{typed}\b", examples[1])


@pytest.mark.parametrize("typed", ALL)
def test_every_option_says_what_it_does(typed: str) -> None:
    options = [param for param in ALL[typed].params if param.param_type_name == "option"]
    assert [param.name for param in options if not getattr(param, "help", None)] == []


def test_every_line_of_help_fits_eighty_columns(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for typed in ALL:
        wide = [line for line in cli(*typed.split(), "--help").out.splitlines() if len(line) > 100]
        assert wide == []


def test_the_list_of_reports_says_what_each_answers_and_imports_none(shell: Run) -> None:
    assert set(ANSWERS) == {
        name for name in names("reports") if load("reports", name).build.__module__.startswith("gpuledger.")
    }
    listed = shell("report", "--help").out
    assert [line for line in ANSWERS.values() if line not in listed] == []
    code = "import sys; from gpuledger.cli import edge; edge.run(['report', '--help']); print([m for m in sys.modules if m.startswith('gpuledger.reports.')])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1] == "[]"


def test_help_shows_words_and_no_types_of_python(cli: Run) -> None:
    typed = [*ALL, *(f"report {name}" for name in ("usage", "rolling", "pool"))]
    shown = "".join(cli(*each.split(), "--help").out for each in typed)
    assert re.findall(r"<(?:list|str|int|float|path|bool)\b[^>]*>", shown) == []


def test_no_line_of_help_is_cut(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    cut = [
        line
        for verb in LINES
        for line in cli(verb, "--help").out.splitlines()
        if line.endswith("...") and "Usage:" not in line
    ]
    assert cut == []


def test_a_mistyped_verb_is_answered_with_the_near_one(cli: Run) -> None:
    ran = cli("qurey", "gpu_hours")
    assert ran.code == 2
    assert ran.err == "gpuledger: No such command 'qurey'. Did you mean 'query'? Try `gpuledger --help`.\n"


def test_a_mistyped_option_is_answered_with_the_near_one(cli: Run) -> None:
    ran = cli("query", "gpu_hours", "--mnth", "2026-05")
    assert ran.code == 2
    assert "--mnth" in ran.err
    assert "--month" in ran.err
    assert ran.out == ""


def test_nothing_typed_shows_the_first_screen_and_is_a_usage_error(cli: Run) -> None:
    ran = cli()
    assert ran.code == 2
    assert "Fill a ledger with a simulated site" in ran.err


def test_the_version_is_printed(cli: Run) -> None:
    assert re.fullmatch(r"gpuledger \d+\.\d+\.\d+\n", cli("--version").out)


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import sys; from gpuledger.cli.edge import run; run(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = ("pydantic", "rich", "pyarrow", "duckdb", "deltalake", "ibis", "numpy", "matplotlib", "gpuledger.config")
    assert [name for name in heavy if f"'{name}'" in done.stderr] == []


def test_one_report_imports_no_other() -> None:
    code = "import sys; from gpuledger.cli.edge import run; run(['report', 'rolling', '--help']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'gpuledger.reports.rolling'" in done.stderr
    others = ("usage", "experiment", "health", "pool", "pool_host")
    assert [name for name in others if f"'gpuledger.reports.{name}'" in done.stderr] == []


def test_help_takes_little_more_than_python_and_typer_themselves() -> None:
    ours = min(seconds("import sys; from gpuledger.cli.edge import run; run(['--help'])") for _ in range(5))
    bare = min(seconds("import typer, logging, json, gettext, difflib") for _ in range(5))
    assert ours < 2.5 * bare


def seconds(code: str) -> float:
    """Of the processor, and not of the clock: what else runs takes no part."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_a_shell_can_ask_for_completion(shell_name: str, cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_GPULEDGER_COMPLETE", f"source_{shell_name}")
    ran = cli()
    assert ran.code == 0
    assert "_GPULEDGER_COMPLETE" in ran.out


def test_completion_offers_the_verbs(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_GPULEDGER_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "gpuledger re")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert cli().out.split() == ["report"]


def test_completion_offers_the_options_of_a_verb(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_GPULEDGER_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "gpuledger query --mo")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert cli().out.split() == ["--month"]
