"""A first mapping of an unknown file, from its column names and its first values: to be read and corrected by a person."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import PurePath
from typing import BinaryIO

import pyarrow as pa

from gpuledger.model.delimited.layout import Lines
from gpuledger.model.delimited.text import Text
from gpuledger.model.errors import NoData
from gpuledger.model.problems import Problem
from gpuledger.model.vocabulary import BY_NAME
from gpuledger.sources.jobs_csv import JobsCsv
from gpuledger.sources.jobs_csv.expressions import quoted
from gpuledger.sources.jobs_csv.layout import Input
from gpuledger.sources.jobs_csv.parsing import opened_input
from gpuledger.sources.jobs_csv.states import STATES
from gpuledger.sources.jobs_csv.tables import Sqlite

NAMES: tuple[tuple[str, str], ...] = (
    # column of the ledger, what files call it (without signs and case); the first that fits wins
    ("job_id", "jobid|idjob|job|taskid|podname|instancesn|name|id"),
    ("user_name", "user|username|userid|iduser|hpcuser|owner|uid|appname"),
    ("account", "account|project|accountname|projectname|group|groupname|team|vc|tenant|virtualcluster"),
    ("queue", "partition|queue|queuename|clusterpartition|pool|qos|role"),
    ("qos", "qos|priorityclass|servicelevel"),
    ("job_name", "jobname|name|title"),
    ("submitted_at", "submit|submitted|submittedat|submittime|timesubmit|creationtime|createdat|created|queued|queuedat|queuetime|enqueued"),
    ("eligible_at", "eligible|eligibletime|timeeligible"),
    ("started_at", "start|started|startedat|starttime|timestart|scheduledtime|begin|begintime|timestamp"),
    ("ended_at", "end|ended|endedat|endtime|timeend|deletiontime|finish|finished|finishedat|finishtime|completiontime"),
    ("duration", "duration|seconds|secs|runtime|runtimeseconds|runseconds|wallclock|elapsed|elapsedraw|walltimeused|durationseconds|servicetime"),
    ("time_limit_seconds", "timelimitseconds|walltime|timelimit|requestedtime"),
    ("state", "state|status|jobstate|podphase|phase|jobstatus|exitstatus|result|outcome"),
    ("exit_code", "exitcode|exit|returncode"),
    ("node_count", "nodes|numnodes|nnodes|nodesalloc|nodecount|allocnodes"),
    ("cpu_count", "cpus|ncpus|numcpus|cpucount|cores|ncores|numhwthreads|alloccpus|cpurequest|cpusreq"),
    ("gpu_count", "gpus|ngpus|numgpus|numgpu|gpucount|numacc|gpurequest|allocgpus|gpunum"),
    ("memory_bytes", "(mem|memory|memoryrequest|memreq|allocmem)(bytes|b|kb|kib|mb|mib|gb|gib)?"),
    ("gpu_model", "gpumodel|gputype|gpuspec|gpuname|model"),
    ("host_names", "nodelist|hosts|hostnames|host|hostname|nodename"),
    ("priority", "priority"),
)  # fmt: skip
BYTES = {"kb": 1_000, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
EPOCHS = ((1e14, "us"), (1e11, "ms"), (3e8, "s"))
"""Smallest number that is a moment of our days, by the unit it counts."""
SAMPLE_ROWS, SHOWN = 1_000, 3
WORDS = {
    "succeeded": "completed", "success": "completed", "done": "completed", "finished": "completed", "pass": "completed",
    "ok": "completed",
    "canceled": "cancelled", "killed": "cancelled", "terminated": "cancelled", "error": "failed", "oom": "out_of_memory",
}  # fmt: skip
"""What other systems call the ledger's states."""

_OF_NO_TEXT = frozenset(map(chr, range(32))) - set("\t\r\n") | {"\ufffd"}
"""What names of columns hold where a picture or an archive was read as if it were text."""
_TABLES = "CSV text with a header, SQLite or Parquet"
Sample = Mapping[str, Sequence[str]]


def suggestion(raw: BinaryIO, input_name: str, table: str = "") -> str:
    """TOML of a source. Raises NoData for a file without rows."""
    with ExitStack() as until:
        given, _ = opened_input(JobsCsv(table=table), raw, until)
        sample = _sample(given.read(given.columns))
    if any(_OF_NO_TEXT & set(name) for name in sample):
        raise NoData(f"{_clean(PurePath(input_name).name)} is no table of text; a mapping is guessed of {_TABLES}.")
    name = _slug(input_name)
    columns = _chosen(sample)
    duration = columns.pop("duration", None)
    if "ended_at" in columns:
        duration = None
    lines = [
        f"# A first mapping of {_clean(PurePath(input_name).name)}, guessed from names and values: read it, correct it, then",
        f"# gpuledger --config THIS ingest {name} FILE --dry-run",
        f"[sources.{name}]",
        'type = "jobs-csv"',
        f"cluster = {_toml(name)}",
        *_layout(given, table),
        *_stamps(columns, sample),
        *_id(columns, sample),
        *([f"duration = {_toml(duration)}"] if duration else []),
        "",
        f"[sources.{name}.columns]",
        *(
            f"{ours} = {_toml(_written(ours, theirs))}  # {_examples(sample[theirs])}"
            for ours, theirs in columns.items()
        ),
        *_unused(columns, duration, sample),
        *_unknown(name, {**columns, **({"duration": duration} if duration else {})}, sample),
        *_states(name, columns, sample),
    ]
    return "\n".join(lines) + "\n"


def _sample(parts: Iterable[tuple[pa.Table, Lines] | Problem]) -> Sample:
    for part in parts:
        if not isinstance(part, Problem):
            step = max(1, len(part[0]) // SAMPLE_ROWS)
            rows = part[0].take(list(range(0, len(part[0]), step)))
            return {
                name: ["" if cell is None else str(cell) for cell in rows[name].to_pylist()]
                for name in rows.column_names
            }
    raise NoData(f"The file has no rows to learn from; a mapping is guessed of {_TABLES}.")


def _chosen(sample: Sample) -> dict[str, str]:
    """Column of the ledger → column of the file; each is used once."""
    plain = {_plain(name): name for name in reversed(list(sample))}
    chosen: dict[str, str] = {}
    for ours, words in NAMES:
        for word in plain:
            theirs = plain[word]
            if (
                ours not in chosen
                and re.fullmatch(words, word)
                and theirs not in chosen.values()
                and _can_be(ours, sample[theirs])
            ):
                chosen[ours] = theirs
    if "job_id" in chosen and len(set(sample[chosen["job_id"]])) * 2 < len(sample[chosen["job_id"]]):
        del chosen["job_id"]
    return chosen


def _plain(name: str) -> str:
    """A column's name without case and signs: `Mem (MB)` is `memmb`."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _can_be(ours: str, values: Sequence[str]) -> bool:
    """Whether the values are of the kind the column needs."""
    kind = "number" if ours == "duration" else BY_NAME[ours].kind
    told = [value for value in values if value.strip() not in ("", "0")] or [value for value in values if value.strip()]
    if kind == "instant" and set(told) == {"0"}:
        return False
    if kind in ("number", "whole"):
        return bool(told) and all(_number(value) is not None for value in told)
    if kind == "instant":
        return bool(told) and all(
            _number(value) is not None or re.match(r"\d{4}-\d\d-\d\d", value.strip()) for value in told
        )
    return True


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _layout(given: Input, table: str) -> Iterator[str]:
    if isinstance(given, Text) and given.delimiter != ",":
        yield f"delimiter = {_toml(given.delimiter)}"
    if isinstance(given, Sqlite):
        yield f"table = {_toml(given.table)}"


def _stamps(columns: Mapping[str, str], sample: Sample) -> Iterator[str]:
    moments = [columns[name] for name in columns if BY_NAME[name].kind == "instant"]
    told = [value for name in moments for value in sample[name] if value.strip()]
    numbers = [number for value in told if (number := _number(value)) is not None]
    if not told:
        yield "# No column of moments was found: map started_at, and ended_at or `duration`."
    elif not numbers:
        yield 'zone = "UTC"  # correct it: the zone of stamps without an offset'
    else:
        unit = next((unit for least, unit in EPOCHS if max(numbers) >= least), "relative")
        yield f'stamps = "{unit}"'
        if unit == "relative":
            yield "origin = 1970-01-01T00:00:00Z  # correct it: the moment of second 0"


def _id(columns: Mapping[str, str], sample: Sample) -> Iterator[str]:
    theirs = columns.get("job_id")
    if theirs is None:
        yield "# No id was found: a row is known by its content, equal rows of one file are numbered."
        return
    values = sample[theirs]
    moment = columns.get("submitted_at") or columns.get("started_at")
    parts = [theirs] if len(set(values)) == len(values) or moment is None else [theirs, moment]
    yield f"id = {_toml(parts)}"


def _written(ours: str, theirs: str) -> str:
    unit = re.search(r"(kib|mib|gib|kb|mb|gb)$", _plain(theirs))
    if ours == "memory_bytes" and unit:
        return f"{quoted(theirs)}::DOUBLE * {BYTES[unit[0]]}"
    return theirs


def _unused(columns: Mapping[str, str], duration: str | None, sample: Sample) -> Iterator[str]:
    left = [name for name in sample if name not in columns.values() and name != duration]
    for name in left[:40]:
        yield f"# not used: {_clean(name)} ({_examples(sample[name])})"
    if len(left) > 40:
        yield f"# not used: {len(left) - 40} more"


def _unknown(name: str, columns: Mapping[str, str], sample: Sample) -> Iterator[str]:
    """A -1 among amounts is how many systems write "not known"."""
    amounts = [
        theirs for ours, theirs in columns.items() if ours == "duration" or BY_NAME[ours].kind in ("number", "whole")
    ]
    signs = {theirs: sorted({v for v in sample[theirs] if v.strip() and _number(v) == -1}) for theirs in amounts}
    marked = {theirs: found for theirs, found in signs.items() if found and theirs != columns.get("exit_code")}
    if marked:
        yield from ("", f'[sources.{name}.unknown]  # correct it: what stands for "not known"')
        yield from (f"{_toml(theirs)} = {_toml(found)}" for theirs, found in marked.items())


def _states(name: str, columns: Mapping[str, str], sample: Sample) -> Iterator[str]:
    if "state" not in columns:
        return
    words = sorted({value for value in sample[columns["state"]] if value.strip()})
    strange = [word for word in words if word.casefold().replace("-", "_").replace(" ", "_") not in STATES][:30]
    if strange:
        yield from ("", f"[sources.{name}.states]  # correct them; there are {', '.join(STATES)}")
        yield from (f'{_toml(word)} = "{WORDS.get(word.casefold(), "other")}"' for word in strange)


def _examples(values: Sequence[str]) -> str:
    different = list(dict.fromkeys(value for value in values if value.strip()))[:SHOWN]
    return ", ".join(_clean(value) for value in different) or "empty"


def _clean(text: str) -> str:
    """One short printable line: file contents are not trusted."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[:40]


def _toml(value: str | Sequence[str]) -> str:
    """JSON's strings and lists are TOML's, but for one sign."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _slug(input_name: str) -> str:
    stem = PurePath(input_name).name.partition(".")[0].casefold()
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-") or "jobs"
