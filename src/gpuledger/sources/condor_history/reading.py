"""Job ads in; batches of attempts and GPUs, problems and remarks out."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pyarrow as pa

from gpuledger.model.batch import Batch, Parsed
from gpuledger.model.errors import BrokenOff, NoData, SourceError
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.schema import ARROW
from gpuledger.model.secrets import without_secret
from gpuledger.model.tables import ATTEMPT_GPUS, JOB_ATTEMPTS, Table
from gpuledger.sources import Context
from gpuledger.sources.condor_history.before import Before
from gpuledger.sources.condor_history.forms import LONGEST_ROW, Ad, Lost, ads, form_of
from gpuledger.sources.condor_history.jobs import NO_ACCESS_POINT, Job, Refused, Setting, attempt, gpu_rows

if TYPE_CHECKING:
    from gpuledger.sources.condor_history import CondorHistory

HEAD = 65_536
CHUNK = 20_000


def parse(source: "CondorHistory", raw: BinaryIO, context: Context) -> Parsed:
    """Each ad is counted once: an attempt, or a problem."""
    stream = raw if hasattr(raw, "peek") else io.BufferedReader(cast("Any", raw), HEAD)
    head = cast("Any", stream).peek(HEAD)[:HEAD]
    name = context.input_name or "The input"
    if not head.strip():
        raise NoData(f"{name} is empty.")
    form = form_of(head)
    if form is None:
        raise SourceError(f"{name} holds no job ads (ClusterId or GlobalJobId).")
    cluster = context.cluster or source.cluster
    setting = Setting(cluster, context.reported_by, source.checkpoint_codes, source.step_pattern, source.sites)
    lost, before = Lost(), Before()
    yield from _batches(ads(stream, form, lost), setting, before)
    yield from (Remark(sentence) for sentence in _remarks(lost, before))


def _batches(found: Iterator[Ad | Problem], setting: Setting, before: Before) -> Iterator[Batch | Problem]:
    """Raises BrokenOff, after what was read before the break."""
    attempts: list[dict[str, Any]] = []
    gpus: list[dict[str, Any]] = []
    broken = None
    try:
        for ad in found:
            told = _told(ad, setting, before)
            if isinstance(told, Problem):
                yield told
                continue
            attempts.append(told[0])
            gpus += told[1]
            if len(attempts) >= CHUNK:
                yield from _waiting(attempts, gpus)
                attempts, gpus = [], []
    except BrokenOff as error:
        broken = error
    yield from _waiting(attempts, gpus)
    if broken:
        raise broken


def _told(ad: Ad | Problem, setting: Setting, before: Before) -> tuple[dict[str, Any], list[dict[str, Any]]] | Problem:
    if isinstance(ad, Problem):
        return ad
    job = Job(ad.told)
    try:
        row = attempt(job, setting, before)
    except Refused as refused:
        return Problem(ad.line, str(refused), _shown(ad))
    before.note(ad.line, row)
    return row, gpu_rows(row, job)


def _waiting(attempts: list[dict[str, Any]], gpus: list[dict[str, Any]]) -> Iterator[Batch]:
    if attempts:
        yield _batch(JOB_ATTEMPTS, attempts, 1)
    if gpus:
        yield _batch(ATTEMPT_GPUS, gpus, 0)


def _batch(table: Table, rows: list[dict[str, Any]], weight: int) -> Batch:
    kinds = {column.name: ARROW[column.kind] for column in table.columns}
    columns = {name: pa.array([row[name] for row in rows], kinds[name]) for name in rows[0]}
    return Batch(table, pa.table(columns), pa.array([weight] * len(rows), pa.int64()))


def _shown(ad: Ad) -> str:
    """The ad as text without its secrets."""
    text = "; ".join(f"{name} = {value!r}" for name, value in ad.told.items())
    return without_secret(text[: 4 * LONGEST_ROW])[:LONGEST_ROW]


def _remarks(lost: Lost, before: Before) -> Iterator[str]:
    if lost.count:
        yield f"{lost.count:,} lines are no attribute (the first is line {lost.first:,}); each cost one attribute, no ad."
    if before.jobs:
        took = f", {before.hours:,.1f} hours together" if before.is_hours_known else ""
        yield (
            f"{before.jobs:,} jobs started more than once: an ad tells only the last attempt; the {before.attempts:,} before"
            f"{took} have no row. The event log tells each."
        )
    if before.endless:
        yield f"Of {before.endless:,} attempts the end is not told (removed, held or idle some time after): they count no time."
    if before.uncounted:
        yield f"{before.uncounted:,} ads do not tell how often their job started; JobStartDate was taken for the start of its only attempt."
    if before.otherwise:
        yield (
            f"{len(before.otherwise):,} ads tell of an attempt that was told before with another end (the first is line"
            f" {before.otherwise[0]:,}): the one seen last holds."
        )
    if before.nameless:
        yield f"{before.nameless:,} ads do not name their access point: they are kept under {NO_ACCESS_POINT!r} (--cluster NAME)."
