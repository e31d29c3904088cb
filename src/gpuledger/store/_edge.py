"""What the engines throw, said in our words: one place that knows their texts."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
from deltalake.exceptions import CommitFailedError, DeltaError

from gpuledger.model import durable
from gpuledger.model.errors import Damaged, DiskFull, ReadOnly, StoreError

FULL = ("os error 28", "No space left")
LOCKED_UP = ("os error 30", "Read-only file system", "os error 13", "os error 1)", "Permission denied")
LOST = ("No files found", "os error 2)", "not found", "too small to be a Parquet", "No magic bytes", "Invalid Parquet",
        "No such file", "Thrift", "snappy", "Metadata error", "Failed to parse", "Invalid JSON", "Json error", "EOF while parsing",
        "corrupt", "ParquetError", "Snappy", "ZSTD")  # fmt: skip


@contextmanager
def edge(place: str) -> Iterator[None]:
    """Raises one of our errors for whatever the lake's libraries raise at `place` (a path in the message)."""
    try:
        yield
    except CommitFailedError:
        raise
    except (DeltaError, OSError, duckdb.Error) as error:
        raise in_our_words(error, place) from error
    except BaseException as error:
        # pyo3's PanicException is no Exception and cannot be imported: it is known by its name only.
        if type(error).__name__ != "PanicException":
            raise
        raise Damaged(
            f"The ledger's engine stopped at {place} ({_short(error)}); `store check` says what is wrong."
        ) from error


def in_our_words(error: Exception, place: str) -> StoreError:
    """The error of an engine as one of ours, with the fix."""
    text = str(error)
    code = getattr(error, "errno", None)
    if code in durable.FULL or any(sign in text for sign in FULL):
        return DiskFull(f"The disk of {place} is full; make room and run the same command again, nothing is lost.")
    if code in durable.LOCKED or any(sign in text for sign in LOCKED_UP):
        return ReadOnly(f"{place} may not be written to; mount it read-write or ask its owner for the right to write.")
    if any(sign in text for sign in LOST):
        return Damaged(
            f"Files of the ledger at {place} are missing or unreadable ({_short(error)}); run `store check --repair`."
        )
    return StoreError(f"The ledger at {place} cannot be used: {_short(error)}.")


def _short(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
