"""Services that tests share, and the ledger they read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.serve.serving import Server, ledger_of, serving, token


@pytest.fixture(scope="session")
def read_only_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six jobs of May 2026, some with hostile names; nobody writes to it."""
    return ledger_of(tmp_path_factory.mktemp("serve"))


@pytest.fixture(scope="session")
def server(read_only_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service as `gpuledger serve` starts it: on this machine's own address, reading open."""
    with serving(read_only_ledger, tmp_path_factory.mktemp("open")) as running:
        yield running


@dataclass(frozen=True)
class Guarded:
    """A service that asks everybody who they are, and tokens of it by name."""

    server: Server
    tokens: dict[str, str]
    ledger: Path


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    ledger = ledger_of(folder)
    tokens = {
        "reader": token(ledger, "reader"),
        "uploader": token(ledger, "uploader", "--scope", "upload"),
        "both": token(ledger, "both", "--scope", "read,upload"),
        "admin": token(ledger, "admin", "--scope", "admin"),
        "ann": token(ledger, "ann", "--user", "ann"),
        "expired": token(ledger, "expired", "--scope", "admin", "--expires", "1min"),
    }
    _age(ledger / "tokens.json", "expired")
    audit = folder / "audit.jsonl"
    with serving(ledger, folder / "home", f'[serve]\nauth = "token"\naudit_file = "{audit}"') as running:
        yield Guarded(running, tokens, ledger)


def _age(file: Path, name: str) -> None:
    """The token of this name ended long ago."""
    held = json.loads(file.read_text())
    for each in held["tokens"]:
        if each["name"] == name:
            each["expires_at"] = "2026-01-01T00:00:00+00:00"
    file.write_text(json.dumps(held))
