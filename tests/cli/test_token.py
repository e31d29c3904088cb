"""Tokens are made, listed and taken back; the secret is shown once and never kept."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def tokens(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GPULEDGER_LEDGER", str(work / "led"))
    return work / "led" / "tokens.json"


def test_a_token_is_printed_once_and_only_its_hash_is_kept(cli: Run, tokens: Path) -> None:
    made = cli("token", "create", "dashboard", "--scope", "read,upload", "--expires", "90d", "--user", "ann")
    assert made.code == 0
    assert re.fullmatch(r"gpl_[\w-]{43}\n", made.out)
    assert "may read, upload until" in made.err
    assert made.out.strip() not in tokens.read_text()
    assert tokens.stat().st_mode & 0o777 == 0o600
    [listed] = json.loads(cli("token", "list", "--json").out)
    assert (listed["name"], listed["scopes"], listed["user"], listed["state"]) == (
        "dashboard",
        "read, upload",
        "ann",
        "valid",
    )
    assert "sha256" not in listed


def test_two_tokens_are_never_the_same_and_names_are_one_each(cli: Run, tokens: Path) -> None:
    secrets = {cli("token", "create", name).out for name in ("a", "b")}
    assert len(secrets) == 2
    again = cli("token", "create", "a")
    assert again.code == 2
    assert "There is a token called 'a'" in again.err


def test_a_token_taken_back_stays_listed_and_its_name_is_free(cli: Run, tokens: Path) -> None:
    cli("token", "create", "a")
    assert cli("token", "revoke", "a").code == 0
    assert "revoked" in cli("token", "list").out
    assert cli("token", "revoke", "a").code == 2
    assert cli("token", "create", "a").code == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("create", "a", "--scope", "raed"), "did you mean 'read'"),
        (("create", "a", "--expires", "soon"), "not a length of time"),
        (("create", "a", "--expires", "99999999d"), "calendar"),
        (("revoke", "nobody"), "There is no valid token"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(args: tuple[str, ...], words: str, cli: Run, tokens: Path) -> None:
    ran = cli("token", *args)
    assert ran.code == 2
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"tokens": [{"id": 1}]}', "\x00"])
def test_a_file_that_is_not_ours_is_never_written_over(content: str, cli: Run, tokens: Path) -> None:
    tokens.parent.mkdir()
    tokens.write_text(content)
    ran = cli("token", "create", "a")
    assert ran.code == 2
    assert "is not a file of tokens of ours" in ran.err
    assert tokens.read_text() == content


def test_a_mistake_elsewhere_in_the_settings_keeps_no_token_alive(cli: Run, tokens: Path, work: Path) -> None:
    cli("token", "create", "guest")
    (work / "gpuledger.toml").write_text('dispaly_zone = "UTC"\n')
    assert cli("query", "gpu_hours").code == 2
    assert "guest" in cli("token", "list").out
    gone = cli("token", "revoke", "guest")
    assert gone.code == 0
    assert "did you mean 'display_zone'" in gone.err
    assert str(work / "led") in gone.err


def test_the_file_still_says_where_the_tokens_are(cli: Run, work: Path) -> None:
    file = work / "gpuledger.toml"
    file.write_text('ledger = "led"\n[serve]\ntokens = "kept/tokens.json"\n')
    cli("token", "create", "guest")
    file.write_text('dispaly_zone = "UTC"\n' + file.read_text())
    assert cli("token", "revoke", "guest").code == 0
    assert "revoked_at" in (work / "kept" / "tokens.json").read_text()


@pytest.mark.parametrize("length", ["90", "all"])
def test_a_length_without_a_unit_is_asked_for_one(length: str, cli: Run, tokens: Path) -> None:
    refused = cli("token", "create", "a", "--expires", length)
    assert refused.code == 2
    assert "write 90d, 52w, or never" in refused.err
