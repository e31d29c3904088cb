"""Writes docs/reference from the code: each fact is described once, where it is used.

`make docs` writes; `tests/docs/test_reference.py` fails when a page is stale.
"""

import ast
import dataclasses
import inspect
import itertools
import re
import textwrap
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

from gpuledger import plugins
from gpuledger.config import Settings
from gpuledger.metrics import Dimension, Metric
from gpuledger.model import errors
from gpuledger.model.errors import LedgerError
from gpuledger.model.schema import describe
from gpuledger.model.tables import TABLES, Table

REFERENCE = Path(__file__).parent / "reference"
NOTICE = "<!-- Written by docs/generate.py from the code. Edit the code, then run `make docs`. -->\n"
Rows = Iterable[tuple[str, ...]]


def grid(head: tuple[str, ...], rows: Rows) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    cells = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        "| " + " | ".join(one.replace("|", "\\|").replace("\n", " ") for one in row) + " |" for row in cells
    )


def prose(value: object) -> str:
    return inspect.getdoc(value) or ""


# ---- tables


def tables() -> str:
    """Every canonical table and column."""
    contents = ((f"[{table.name}](#{table.name})", table.grain) for table in TABLES)
    return "\n\n".join(["# Tables", TABLES_INTRODUCTION, grid(("table", "grain"), contents), *map(_table, TABLES)])


TABLES_INTRODUCTION = """\
Every row of the ledger lives in one of these tables, whichever system told it. **null means not known or not
collected, never zero**; a column that exists and is empty is `''`. Key columns are never null. Instants are UTC with
microseconds; the suffix of a name says its unit (`_seconds`, `_bytes`, `_ratio` from 0 to 1, `_at`)."""


def _table(table: Table) -> str:
    rows = (
        (f"`{c['name']}`", "key" if c["is_key"] else "", c["kind"], c["unit"], c["meaning"], c["null"])
        for c in describe(table)
    )
    cut = f" Cut into folders by {', '.join(f'`{name}`' for name in table.partition)}." if table.partition else ""
    how = "Appended poll by poll." if table.is_polled else "Merged by key."
    words = f"One row is {table.grain}. Sorted by `{table.order}`.{cut} {how}"
    return f"## {table.name}\n\n{words}\n\n" + grid(("column", "", "kind", "unit", "meaning", "null means"), rows)


# ---- metrics


def offered(group: plugins.Group, kind: type) -> Iterator[Any]:
    """Every object of `kind` the plugins of a group offer, by name."""
    for name in plugins.names(group):
        thing = plugins.load(group, name)
        things = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, tuple | list) else (thing,)
        yield from (one for one in things if isinstance(one, kind))


def all_metrics() -> list[Metric]:
    return list(offered("metrics", Metric))


def all_dimensions() -> list[Dimension]:
    from gpuledger.metrics.dimensions import DIMENSIONS

    return list(DIMENSIONS.values()) if isinstance(DIMENSIONS, dict) else list(DIMENSIONS)


@cache
def examples() -> list[dict[str, Any]]:
    """The worked examples that tests run on every store."""
    files = sorted((Path(__file__).parents[1] / "tests" / "metrics" / "examples").glob("*.toml"))
    return [example for file in files for example in tomllib.loads(file.read_text(encoding="utf-8"))["example"]]


def _example(example: dict[str, Any]) -> str:
    start, end = example["period"]
    words = [
        f"Period {start} to {end}",
        f"zone {example['zone']}" if "zone" in example else "",
        *map(str, example.get("where", ())),
    ]
    blocks = (
        f"{TITLES.get(key, key)}:\n\n```text\n{value.strip()}\n```" for key, value in example.items() if key in SHOWN
    )
    parts = [f"### {example['name']}", example["sentence"], ", ".join(word for word in words if word) + ".", *blocks]
    return "\n\n".join(parts)


SHOWN = {table.name for table in TABLES} | {"ask", "totals"}
TITLES = {"ask": "The answer", "totals": "Over all"}


def shown_by(metric: Metric) -> str:
    """Links to the examples whose answer holds the metric."""
    asked = (e["name"] for e in examples() if metric.name in re.split(r"[|\s]+", e["ask"].strip().splitlines()[0]))
    return ", ".join(f"[{name}](#{name})" for name in asked)


def metrics() -> str:
    """Every metric with its definition, every dimension, every worked example."""
    by = ((f"`{d.name}`", d.label, d.meaning) for d in all_dimensions())
    head = "# Metrics\n\nEach number is defined once and is the same in the command line, a report, its tables and its figures."
    parts = [head, "## Metrics", *map(_metric, all_metrics()), "## Dimensions", grid(("name", "label", "meaning"), by)]
    parts += ["## Worked examples", EXAMPLES_INTRODUCTION, *map(_example, examples())]
    return "\n\n".join(parts)


EXAMPLES_INTRODUCTION = """\
Each is a test: the same small tables give the same answer compiled on DuckDB, PostgreSQL and Spark. `-` is null: not known.
Stamps are UTC."""


def _metric(metric: Metric) -> str:
    facts = [f"**{metric.label}**", f"printed as {metric.format}", metric.kind]
    if metric.better != "neither":
        facts.append(f"better when {metric.better}")
    if metric.numerator:
        facts.append(
            f"`{metric.numerator}`" + (f" ÷ `{metric.denominator}`" if metric.denominator else " ÷ observed hours")
        )
    return f"### {metric.name}\n\n{' · '.join(facts)}\n\n{metric.meaning}\n\nWorked out in {shown_by(metric)}."


# ---- sources, reports


def sources() -> str:
    """Every source with its configuration keys."""
    return "\n\n".join(
        ["# Sources", SOURCES_INTRODUCTION, *(_source(plugins.load("sources", n)) for n in plugins.names("sources"))]
    )


SOURCES_INTRODUCTION = """\
A source reads one outside system. Its keys stand in the configuration under `[sources.NAME]` beside `type` and are
used by `gpuledger collect`; files are read by `gpuledger ingest`."""


def key_meanings(source: type) -> dict[str, str]:
    """What each key of a source means: the text below its field in the class."""
    body = ast.parse(textwrap.dedent(inspect.getsource(source))).body[0].body  # type: ignore[attr-defined]
    return {
        field.target.id: " ".join(words.value.value.split())
        for field, words in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(words, ast.Expr) and isinstance(words.value, ast.Constant)
    }


def _source(source: Any) -> str:
    meanings = key_meanings(source)
    keys = ((f"`{f.name}`", _type(f.type), _default(f), meanings.get(f.name, "")) for f in dataclasses.fields(source))
    return f"## {source.name}\n\n**{source.title}**\n\n{prose(source)}\n\n" + grid(
        ("key", "type", "default", "meaning"), keys
    )


def _type(annotation: object) -> str:
    words = annotation.__name__ if inspect.isclass(annotation) and not get_args(annotation) else str(annotation)
    return "`" + re.sub(r"Optional\[(.*)\]$", r"\1 | None", re.sub(r"(\w+\.)+", "", words)) + "`"


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is not dataclasses.MISSING:
        return f"`{field.default!r}`"
    return f"`{field.default_factory()!r}`" if field.default_factory is not dataclasses.MISSING else "required"


def channels() -> str:
    """Every channel with its configuration keys, and the keys of a delivery."""
    from gpuledger.config.deliveries import ChannelSettings, DeliverySettings

    parts = [_source(plugins.load("channels", name)) for name in plugins.names("channels")]
    head = ["# Channels and deliveries", CHANNELS_INTRODUCTION, "## Keys of every channel", _fields(ChannelSettings)]
    return "\n\n".join([*head, *parts, "## Keys of a delivery", DELIVERY_INTRODUCTION, _fields(DeliverySettings)])


CHANNELS_INTRODUCTION = """\
A channel is a way to people; its keys stand in the configuration under `[channels.NAME]` beside `type`. A secret is
given by `KEY_file` or by the environment, `GPULEDGER_CHANNELS__NAME__KEY`. Paths are relative to the configuration
file. How to use them: [deliver reports](../how-to/deliver-reports.md)."""

DELIVERY_INTRODUCTION = """\
`[deliveries.NAME]` says what `gpuledger send` sends to whom. Without a period it is the report's own; `"previous"` is
the calendar's part before the one in which the delivery is due."""


def reports() -> str:
    """Every report with its parameters."""
    return "\n\n".join(["# Reports", *(_report(plugins.load("reports", name)) for name in plugins.names("reports"))])


def _report(report: Any) -> str:
    words = f"## {report.name}\n\n**{report.title}**: {report.audience}\n\nWithout a period: the last {report.default_last}."
    return words + "\n\n" + _fields(report.parameters)


def _fields(model: Any) -> str:
    hints = get_type_hints(model)  # without what validates them
    rows = (
        (f"`{field.alias or name}`", _type(hints[name]), _default_of(model, name), field.description or "")
        for name, field in model.model_fields.items()
    )  # fmt: skip
    return grid(("key", "type", "default", "meaning"), rows)


def _default_of(model: Any, name: str) -> str:
    """What holds where a key is not given."""
    field = model.model_fields[name]
    if (model, name) == (Settings, "ledger"):  # by the environment: `config.loading.default_ledger`
        return "`$XDG_DATA_HOME/gpuledger/ledger`"
    return "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"


# ---- command line, configuration, errors


def commands() -> Iterator[tuple[str, Any]]:
    """Every command as (what is typed, its click context), groups before their members."""
    import typer

    from gpuledger.cli.app import app
    from gpuledger.cli.verbs import VERBS, command_of

    root = _context(typer.main.get_command(app), "gpuledger")
    yield "gpuledger", root
    for verb in (verb for verbs in VERBS.values() for verb in verbs):
        yield from _walk(_context(command_of(verb), verb, root))


def _context(command: Any, name: str, parent: Any = None) -> Any:
    """A command as typed after `parent`, its help 100 columns wide on every machine."""
    settings = {**command.context_settings, "terminal_width": 100, "max_content_width": 100}
    return command.context_class(command, info_name=name, parent=parent, **settings)


def _walk(context: Any) -> Iterator[tuple[str, Any]]:
    yield context.command_path, context
    for name, command in getattr(context.command, "commands", {}).items():
        yield from _walk(_context(command, name, context))


def cli() -> str:
    """The help of every command."""
    pages = (f"## {path}\n\n```text\n{context.get_help().rstrip()}\n```" for path, context in commands())
    return "\n\n".join(["# Command line", CLI_INTRODUCTION, *pages])


CLI_INTRODUCTION = """\
Data goes to stdout, messages to stderr. Global options may stand before or after the verb. Exit codes are listed in
[errors.md](errors.md)."""


def configuration() -> str:
    """Every key of gpuledger.toml."""
    return "\n\n".join(["# Configuration", CONFIGURATION_INTRODUCTION, _fields(Settings)])


CONFIGURATION_INTRODUCTION = """\
The first of these is read: `--config`, `GPULEDGER_CONFIG`, `./gpuledger.toml`,
`$XDG_CONFIG_HOME/gpuledger/gpuledger.toml`, `/etc/gpuledger/gpuledger.toml`; a `.env` stands beside it. Every key can
be given as `GPULEDGER_<KEY>` in the environment (`DATABASE_URL` and `LOG_LEVEL` are accepted spellings of `ledger`
and `log_level`), and an option on the command line wins over both. An unknown key is an error that names the near
one. `gpuledger config show` prints what is in force, `config validate` checks, `config path` says where it was found.
The keys of `[sources.NAME]` are in [sources.md](sources.md), those of `[reports.NAME]` in [reports.md](reports.md), those
of `[channels.NAME]` and `[deliveries.NAME]` in [channels.md](channels.md)."""


def error_codes() -> str:
    """Every way to stop."""
    rows = (
        (f"`{error.__name__}`", str(error.exit_code), prose(error).split("\n\n")[0]) for error in _tree(LedgerError)
    )
    return "\n\n".join(["# Errors and exit codes", ERRORS_INTRODUCTION, grid(("error", "exit code", "meaning"), rows)])


ERRORS_INTRODUCTION = """\
A message is one sentence with the cause, and the fix where there is one; `--debug` adds the traceback. A bad *row* is
never an error: it is kept as a problem, counted and printed, and the rest is read: `ingest` ends with 0, for the ledger
knows what is missing and every report from it says so. An input that ends before its end is 3. So is anything that
`gpuledger experiment` makes of damaged files (a table, a report, a comparison, `watch --once`): it is made, says what is
missing, and is no success.

Exit codes: 0 done · 1 failed · 2 usage · 3 partial, empty or stale · 4 findings above threshold · 75 busy.

Of several inputs (`ingest`) some of which failed the code is 3; when all failed it is the code of the first."""


def _tree(error: type[LedgerError]) -> Iterator[type[LedgerError]]:
    if error.__module__ == errors.__name__:
        yield error
        for child in error.__subclasses__():
            yield from _tree(child)


PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables,
    "metrics.md": metrics,
    "sources.md": sources,
    "reports.md": reports,
    "channels.md": channels,
    "cli.md": cli,
    "configuration.md": configuration,
    "errors.md": error_codes,
}


def page(name: str) -> str:
    """The text of one reference page."""
    return f"{NOTICE}\n{PAGES[name]()}\n"


def main() -> None:
    """Writes every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name in PAGES:
        (REFERENCE / name).write_text(page(name), encoding="utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
