"""A bundle or one file of DAGMan's in; rows of workflow_nodes, problems and remarks out."""

import io
import re
import tarfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

import pyarrow as pa

from gpuledger.model.batch import Batch, Parsed
from gpuledger.model.errors import BrokenOff, NoData, SourceError
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.schema import ARROW
from gpuledger.model.secrets import without_secret
from gpuledger.model.tables import WORKFLOW_NODES
from gpuledger.sources import Context
from gpuledger.sources.dagman import bundle
from gpuledger.sources.dagman.graph import Graph
from gpuledger.sources.dagman.kinds import Kind, kind_of
from gpuledger.sources.dagman.progress import Progress
from gpuledger.sources.dagman.rescue import metrics, rescue
from gpuledger.sources.dagman.rows import Told, disagreements, node_rows, try_rows

if TYPE_CHECKING:
    from gpuledger.sources.dagman import Dagman

HEAD = 65_536
ROWS_A_BATCH = 50_000
NAMED = 3
"""So many files that are missing are named."""
NO_ACCESS_POINT = "condor"
"""The access point's name when no file and nobody said one; event logs without one are kept under it too."""
_ALIAS = re.compile(r"[?&]alias=([^&>\s]+)")
_ADDRESS = re.compile(r"submitted from host: <\[?([^>?\]]+?)\]?(?::\d+)?[?>]")


def parse(source: "Dagman", raw: BinaryIO, context: Context) -> Parsed:
    """Raises SourceError for what is none of DAGMan's files, NoData for one that tells of no node, in the end BrokenOff for a
    DAG of which files are missing.
    """
    stream = io.BufferedReader(cast("Any", raw), HEAD) if not hasattr(raw, "peek") else raw
    kind = kind_of(cast("Any", stream).peek(HEAD)[:HEAD])
    name = context.input_name or "The input"
    if kind is None:
        raise SourceError(f"{name} is neither a DAG nor another file of DAGMan.")
    told = _read(source, stream, kind, context)
    yield from _problems(told)
    yield from _batches(node_rows(told, source), 1)
    yield from _batches(try_rows(told, source), 0 if told.graph.nodes else 1)
    is_empty = not told.graph.nodes and not told.progress.tries
    if not is_empty:
        yield from (Remark(sentence) for sentence in _remarks(told, kind, source, context))
    if missing := list(dict.fromkeys(told.graph.missing)):
        named = ", ".join(missing[:NAMED]) + (f" and {len(missing) - NAMED} more" if len(missing) > NAMED else "")
        raise BrokenOff(f"{name} names files that are not there, put them where it says: {named}.")
    if is_empty:
        raise NoData(f"{name} tells of no node.")


def _read(source: "Dagman", stream: BinaryIO, kind: Kind, context: Context) -> Told:
    zone = context.zone or source.zone or "UTC"
    files: dict[str, str] = {}
    told = Told(context.input_name, NO_ACCESS_POINT, Graph(files), Progress(zone))
    if kind is Kind.BUNDLE:
        _unpack(told, files, stream)
    else:
        _take(told, files, context.input_name, stream, kind)
    if kind is Kind.OUT:
        told.name = told.progress.dag or told.name.removesuffix(".dagman.out")
    elif told.name in files:
        told.graph.read(told.name)
    told.cluster = context.cluster or source.cluster or told.cluster
    return told


def _unpack(told: Told, files: dict[str, str], stream: BinaryIO) -> None:
    """The first file of a bundle is the DAG itself. Raises SourceError for one that is damaged."""
    try:
        for at, (name, content) in enumerate(bundle.members(stream)):
            told.name = name if at == 0 else told.name
            _take(told, files, name, content, _kind_in(name, told.name))
    except (tarfile.TarError, EOFError) as error:
        raise SourceError(f"The bundle of a DAG is damaged or cut off: {error}.") from error


def _kind_in(name: str, dag: str) -> Kind | None:
    """What a file of a bundle is, by its name beside that of the DAG."""
    end = name.removeprefix(dag)
    if end.startswith(".rescue"):
        return Kind.RESCUE
    known = {".metrics": Kind.METRICS, bundle.ACCESS_POINT: None, bundle.NODES_LOG: Kind.EVENTS}
    return known.get(end, Kind.OUT if ".dagman.out" in end else Kind.DAG)


def _take(told: Told, files: dict[str, str], name: str, content: "IO[bytes] | BinaryIO", kind: Kind | None) -> None:
    if kind in (Kind.OUT, Kind.EVENTS):
        read = told.progress.read if kind is Kind.OUT else told.progress.read_events
        read((line.decode("utf-8", "backslashreplace") for line in content), name)
        return
    text_of = content.read().decode("utf-8-sig", "backslashreplace")
    match kind:
        case Kind.DAG:
            files[name] = text_of
        case Kind.RESCUE:
            told.rescues.append(rescue(name, text_of))
        case Kind.METRICS:
            told.metrics = metrics(text_of)
        case _:
            found = _ALIAS.search(text_of) or _ADDRESS.search(text_of)
            told.cluster = found[1] if found else told.cluster


def _problems(told: Told) -> Iterator[Problem]:
    """Without the secrets that a line of a DAG may hold."""
    for problem in [*told.graph.problems, *(one for file in told.rescues for one in file.problems)]:
        yield Problem(problem.line, problem.reason, without_secret(problem.row))


def _batches(rows: Iterator[dict[str, Any]], weight: int) -> Iterator[Batch]:
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) >= ROWS_A_BATCH:
            yield _batch(waiting, weight)
            waiting = []
    if waiting:
        yield _batch(waiting, weight)


def _batch(rows: list[dict[str, Any]], weight: int) -> Batch:
    kinds = {column.name: ARROW[column.kind] for column in WORKFLOW_NODES.columns}
    columns = zip(rows[0], zip(*(row.values() for row in rows), strict=True), strict=True)
    told = {name: pa.array(values, kinds[name]) for name, values in columns}
    return Batch(WORKFLOW_NODES, pa.table(told), pa.array([weight] * len(rows), pa.int64()))


def _remarks(told: Told, kind: Kind, source: "Dagman", context: Context) -> Iterator[str]:
    progress = told.progress
    if kind is Kind.DAG:
        yield f"{told.name} was read alone: what became of its nodes stands in the files beside it (dagman.out, rescue files)."
    if kind is Kind.OUT:
        yield "dagman.out was read without its DAG: runs, steps in VARS, targets and retries of its nodes are not known."
    if progress.line_count and not (context.zone or source.zone):
        yield "No zone was given: the stamps of dagman.out were read as UTC; they only order readings (--zone NAME)."
    if told.cluster == NO_ACCESS_POINT:
        yield f"No file names the access point: nodes are kept under {NO_ACCESS_POINT!r} (--cluster NAME)."
    if progress.failed_submits:
        yield f"{progress.failed_submits:,} attempts to submit a node failed; such a try has no job and no row."
    if progress.several:
        yield (
            f"{len(progress.several):,} tries are several jobs at once (the first: {next(iter(progress.several.values()))}):"
            " each job is an attempt of its node, and the try failed where one of them did."
        )
    if progress.told_otherwise:
        yield (
            f"{len(progress.told_otherwise):,} ends of jobs are told again as another (the first: {progress.told_otherwise[0]});"
            " the later word holds."
        )
    if strange := progress.unknown.keys() - progress.tries.keys():
        yield f"DAGMan saw events of {len(strange):,} jobs that belong to no node it knew."
    if told.graph.nodes and (undeclared := {one.node for one in progress.tries.values()} - told.graph.nodes.keys()):
        yield f"dagman.out tells of {len(undeclared):,} nodes that {told.name} does not declare (any more); their tries are kept."
    yield from disagreements(told)
