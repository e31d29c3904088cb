"""The reference is the code's own words: current, and complete."""

import dataclasses
from functools import cache
from typing import Any

import pytest

from gpuledger import plugins
from gpuledger.config import Settings
from gpuledger.model.tables import TABLES
from tests.docs.reference_pages import generate

COMMANDS = dict(generate.commands())
page = cache(generate.page)


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_reference_page_is_current(name: str) -> None:
    held = (generate.REFERENCE / name).read_text(encoding="utf-8") if (generate.REFERENCE / name).exists() else ""
    assert held == page(name), f"docs/reference/{name} is stale: run `make docs`"


def test_no_page_is_left_of_what_is_gone() -> None:
    assert {path.name for path in generate.REFERENCE.glob("*.md")} == set(generate.PAGES)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_says_what_it_does(path: str) -> None:
    command = COMMANDS[path].command
    assert command.help, f"{path} has no help"
    silent = [parameter.name for parameter in command.params if not getattr(parameter, "help", None)]
    assert not silent, f"{path} does not explain {silent}"


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_is_on_the_page(path: str) -> None:
    assert f"## {path}\n" in page("cli.md")


def test_every_table_and_column_is_on_the_page() -> None:
    told = page("tables.md")
    assert all(f"## {table.name}\n" in told for table in TABLES)
    assert all(f"| `{column.name}` |" in told for table in TABLES for column in table.columns)


@pytest.mark.parametrize("metric", generate.all_metrics(), ids=lambda metric: metric.name)
def test_every_metric_is_defined_in_words(metric: Any) -> None:
    assert metric.meaning.endswith(".")
    assert metric.label
    assert "utilisation" not in metric.label.lower()
    assert f"### {metric.name}\n" in page("metrics.md")


@pytest.mark.parametrize("metric", generate.all_metrics(), ids=lambda metric: metric.name)
def test_every_metric_is_worked_out_in_an_example(metric: Any) -> None:
    assert generate.shown_by(metric), f"add an example that asks {metric.name} to tests/metrics/examples"


def test_no_two_metrics_or_dimensions_share_a_name() -> None:
    for things in (generate.all_metrics(), generate.all_dimensions()):
        names = [thing.name for thing in things]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("name", plugins.names("sources"))
def test_every_source_and_each_of_its_keys_is_explained(name: str) -> None:
    source = plugins.load("sources", name)
    assert f"## {name}\n" in page("sources.md")
    meanings = generate.key_meanings(source)
    silent = [field.name for field in dataclasses.fields(source) if not meanings.get(field.name)]
    assert not silent, f"say below the field of {name} what it means: {silent}"


@pytest.mark.parametrize("name", plugins.names("reports"))
def test_every_report_and_each_of_its_parameters_is_explained(name: str) -> None:
    report = plugins.load("reports", name)
    assert f"## {name}\n" in page("reports.md")
    assert not [key for key, field in report.parameters.model_fields.items() if not field.description]


def test_every_key_of_the_configuration_is_explained() -> None:
    assert not [key for key, field in Settings.model_fields.items() if not field.description]
