"""What some rows of the table tell, in columns: however they were read, the rest of the source deals with these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pyarrow as pa

from gpuledger.model.schema import ARROW
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, JOB_ATTEMPTS, Table
from gpuledger.sources.job_summary.attempts import Read

LIFE = ("started_at", "ended_at", "observed_at")
"""Times that the GPUs of an attempt have of it."""


@dataclass(frozen=True)
class Part:
    """Rows of job_attempts, attempt_gpus and attempt_events.

    Of each attempt: its number, what a DAG says of its node (`retry_limits`, `is_done_in_rescue`, `is_declared`), and from
    when until when the logs it is from tell. Of the whole: `others` are nodes that no row is of, `logs` rows of snapshots,
    `not_read` lines and sentences.
    """

    attempts: pa.Table
    gpus: pa.Table
    events: pa.Table
    sequences: pa.Array
    retry_limits: pa.Array
    is_done_in_rescue: pa.Array
    is_declared: pa.Array
    since: pa.Array
    until: pa.Array
    others: Sequence[Mapping[str, Any]]
    logs: Sequence[Mapping[str, Any]]
    not_read: Sequence[tuple[int, str]] = ()


def of_rows(rows: Sequence[Read]) -> Part:
    """The same of rows that were read one by one. What was not read of them is told with their lines."""
    return Part(
        table(JOB_ATTEMPTS, [row.attempt for row in rows]),
        table(ATTEMPT_GPUS, [gpu for row in rows for gpu in row.gpus]),
        table(ATTEMPT_EVENTS, [event for row in rows for event in row.events]),
        pa.array([row.sequence for row in rows], ARROW["whole"]),
        pa.array([row.retry_limit for row in rows], ARROW["whole"]),
        pa.array([row.is_done_in_rescue for row in rows], ARROW["flag"]),
        pa.array([row.is_declared for row in rows], ARROW["flag"]),
        pa.array([row.reach[0] for row in rows], ARROW["instant"]),
        pa.array([row.reach[1] for row in rows], ARROW["instant"]),
        others=[other for row in rows for other in row.others],
        logs=[log for row in rows for log in row.logs],
    )


def table(of: Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows with the columns that any of them has."""
    names = dict.fromkeys(chain.from_iterable(rows))
    kinds = {column.name: ARROW[column.kind] for column in of.columns}
    return pa.table({name: pa.array([row.get(name) for row in rows], kinds[name]) for name in names})
