"""What few periods have, looked for once: a question without it stays short."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from gpuledger.metrics.jobs import tried_again
from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import ATTEMPT_GPUS

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Rare:
    """Lives as long as one Ask and speaks of its period."""

    fetch: "Callable[[ir.Table], pa.Table]"
    period: Period

    @cached_property
    def has_parts(self) -> bool:
        """Whether any attempt's GPUs are told one by one (`attempt_gpus`)."""
        return bool(len(self.fetch(unbound(ATTEMPT_GPUS).select("attempt_id").limit(1))))

    @cached_property
    def has_tries(self) -> bool:
        """Whether any job was tried again."""
        return bool(len(self.fetch(tried_again(self.period).limit(1))))
