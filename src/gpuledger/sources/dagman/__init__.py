"""DAGMan's own files: the DAG with what it includes, its rescue files, its metrics and dagman.out.

Only together they tell what became of which node: the DAG knows runs, steps and targets, dagman.out which job was a
try of which node, the rescue file and the metrics what was done. So one input is one DAG with all that stands beside
it, packed by `gather` into an uncompressed tar: `parse` stays pure, the raw zone keeps what was read, a replay says the
same. A single file is read too, as far as it goes: a .dag alone tells its nodes, dagman.out alone its tries.

Each node is a row of workflow_nodes with `try_number` 0; each try is one with HTCondor's cluster id as number, and
`job_id` (`12713212.0`) as event logs name it. `workflow` is the DAG's name without `.dag`, `workflow_run` the run's id
among the node's VARS, else the workflow: names that come again in another DAG or run stay apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar

from gpuledger.model.batch import Parsed
from gpuledger.model.errors import SourceError
from gpuledger.model.secrets import without_secrets
from gpuledger.model.workflow import STEP
from gpuledger.sources import Context, Fetched
from gpuledger.sources.dagman.kinds import Kind, kind_of


@dataclass(frozen=True)
class Dagman:
    """Workflows of HTCondor's DAGMan."""

    name: ClassVar[str] = "dagman"
    title: ClassVar[str] = "HTCondor DAGMan workflow (.dag and what stands beside it)"

    path: str | tuple[str, ...] = "*.dag"
    """DAG files that `collect` reads with what stands beside them; patterns are allowed."""
    cluster: str | None = None
    """Access point the DAGs run at; else as their logs tell it."""
    zone: str | None = None
    """Zone of the stamps in dagman.out: that of the access point."""
    run_variable: str = "run_uuid"
    """The variable (VARS) that names a node's run."""
    target_variable: str = "ResourceName"
    """The variable that names the resource a node asks for."""
    step_variables: tuple[str, ...] = ("epoch", "step")
    """Variables that tell the step where the node's name does not."""
    step_pattern: str = STEP
    """Regular expression whose first group is the step in a node's name."""

    def claims(self, head: bytes, input_name: str) -> str | None:
        """Told by the content. Raises SourceError for files that tell nothing without their DAG."""
        kind = kind_of(head)
        if kind in (Kind.RESCUE, Kind.METRICS):
            raise SourceError(f"This is {kind.value}; it is read with its DAG: name the .dag, it is found beside it.")
        return kind.value if kind else None

    def fetch(self, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """Every DAG that `path` names and every SUBDAG of these, each with what stands beside it."""
        from gpuledger.sources.dagman.bundle import gathered

        yield from gathered(self.path, now)

    def gather(self, path: Path, now: datetime) -> Fetched | Path:
        """One DAG with its includes, splices, rescue files, metrics and dagman.out, without secrets, as one input.

        A file that is no DAG stands alone. Raises SourceError when it cannot be read.
        """
        from gpuledger.sources.dagman.bundle import gather

        return gather(path, now) if _is_dag(path) else path

    def parse(self, raw: BinaryIO, context: Context) -> Parsed:
        """Rows of workflow_nodes, a problem for each line that is wrong, remarks where the files disagree."""
        from gpuledger.sources.dagman.parsing import parse

        return parse(self, raw, context)

    def hashed(self, content: BinaryIO, salt: bytes) -> Iterator[bytes]:
        """Users, hosts and addresses under pseudonyms, in each file of what `gather` packed."""
        from gpuledger.sources.dagman.bundle import hashed

        return hashed(content, salt)

    def redact(self, content: bytes) -> bytes:
        """Environments, tokens and keys are removed; what `gather` packed has none, and stays a tar."""
        return content if kind_of(content[:1024]) is Kind.BUNDLE else without_secrets(content)


def _is_dag(path: Path) -> bool:
    try:
        with path.open("rb") as content:
            return kind_of(content.read(2**16)) is Kind.DAG
    except OSError:
        return False
