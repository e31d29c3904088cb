"""Checked rows of one table: the only thing a source yields beside problems."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from gpuledger.model.problems import Problem, Remark
from gpuledger.model.tables import Table


@dataclass(frozen=True)
class Batch:
    """Rows of one table.

    `rows` needs only the columns the source knows; `conform` adds the rest as null and casts. `input_rows` says how
    many input rows stand behind each row (a Slurm job with three steps: 4); None means one each, 0 means the
    input row is counted elsewhere (a job's `attempt_gpus`).
    """

    table: Table
    rows: pa.Table
    input_rows: pa.Array | None = None


@dataclass(frozen=True)
class Watermark:
    """The source has told everything about `cluster` in [since, until); becomes a row of `snapshots`.

    `is_local`: both are local stamps told as if they were UTC; the clock of the access point says what they are, and
    `local` keeps them when it has.
    """

    cluster: str
    since: datetime | None
    until: datetime
    status: str = "complete"
    is_local: bool = False
    local: "tuple[datetime | None, datetime] | None" = None


Parsed = Iterator[Batch | Problem | Remark | Watermark]
