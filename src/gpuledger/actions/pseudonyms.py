"""What pseudonyms of one ledger are made with: its salt, and every name it holds."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gpuledger.config import Settings, ledger_folder
from gpuledger.model.errors import Damaged, ReadOnly
from gpuledger.model.pseudonym import KEPT
from gpuledger.model.schema import unbound
from gpuledger.model.tables import GPU_STATES, JOB_ATTEMPTS, PENDING, Table

if TYPE_CHECKING:
    from gpuledger.store import Store

SALT = "pseudonyms.salt"
"""File in the ledger's folder: who has it can tell who is who."""
_BYTES = 32
_NAMED: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (JOB_ATTEMPTS, ("user_name", "account")),
    (PENDING, ("user_name", "account")),
    (GPU_STATES, ("primary_user", "backfill_user", "primary_account", "owner_projects")),
)


def salt_of(settings: Settings) -> bytes:
    """The ledger's salt, made when first asked for and the same ever after: so are the pseudonyms.

    Raises ReadOnly where it cannot be written, Damaged when the file is not what we wrote.
    """
    path = ledger_folder(settings.ledger) / SALT
    if not path.exists():
        _make(path)
    try:
        salt = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise Damaged(f"The salt of the pseudonyms at {path} cannot be read ({error}).") from None
    if len(salt) != _BYTES:
        raise Damaged(f"The salt of the pseudonyms at {path} is not whole; put it back from a copy, or delete it.")
    return salt


def _make(path: Path) -> None:
    """Whole or not at all, and only once when two processes begin together."""
    draft = path.with_name(f".{SALT}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError as error:
        raise ReadOnly(f"The salt of the pseudonyms cannot be written to {path}: {error.strerror}.") from None
    finally:
        draft.unlink(missing_ok=True)


def names_of(store: "Store") -> tuple[tuple[str, str], ...]:
    """(column, name) of every person, account and project the ledger knows, each once."""
    return tuple(dict.fromkeys(_names(store)))


def _names(store: "Store") -> Iterator[tuple[str, str]]:
    for table, columns in _NAMED:
        rows = unbound(table)
        for column in columns:
            found = store.ask(rows.select(name=rows[column]).distinct().order_by("name"))["name"].to_pylist()
            parts = (part for name in found if name for part in (name, *name.split(", ")))
            yield from ((column, part) for part in parts if part not in KEPT)
