"""Which files an experiment is made of: its DAGs with what stands beside them, its event logs, its standalone runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gpuledger.model.errors import SourceError

NODES_LOG = ".nodes.log"
METL_LOG = "metl.log"
STANDALONE = "metl_*.log"


@dataclass(frozen=True)
class Files:
    """Files that are there. What a DAG has beside it (dagman.out, rescue files, metrics) is read with the DAG."""

    dags: tuple[Path, ...]
    logs: tuple[Path, ...]
    copies: tuple[Path, ...] = ()
    """DAGMan's own logs of the same jobs."""


def found(
    folder: Path, dags: Sequence[Path] | None, logs: Sequence[Path] | None, standalone: Path | None = None
) -> Files:
    """The named files, else every `*.dag` and `metl.log` of `folder`; DAGMan's `nodes.log` beside each DAG.

    Logs of `standalone` are `metl_*.log` in it. Raises SourceError for a file that is named and not there, or when there
    is no log at all.
    """
    named_dags = [_there(path) for path in dags] if dags else sorted(folder.glob("*.dag"))
    named_logs = [_there(path) for path in logs] if logs else [path for path in [folder / METL_LOG] if path.is_file()]
    beside = [path for dag in named_dags if (path := dag.with_name(dag.name + NODES_LOG)).is_file()]
    alone = _standalone(standalone) if standalone else []
    every = _once([*named_logs, *alone])
    if not (every or beside):
        raise SourceError(
            f"There is no event log: neither {METL_LOG} in {folder} nor a nodes.log beside a DAG;"
            " name one with --metl-logs FILE."
        )
    return Files(_once(named_dags), every, tuple(path for path in _once(beside) if path not in every))


def _there(path: Path) -> Path:
    if not path.exists():
        raise SourceError(f"{path} does not exist; check the name.")
    return path


def _standalone(folder: Path) -> list[Path]:
    """Raises SourceError where the folder is not there or holds no log."""
    logs = sorted(folder.glob(STANDALONE))
    if not logs:
        raise SourceError(
            f"{folder} holds no {STANDALONE}; name the folder of standalone runs with --standalone-dir DIR."
        )
    return logs


def _once(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Each file once, in the order given."""
    return tuple({path.resolve(): path for path in paths}.values())
