"""Asking a living Slurm: a stand-in command shows what is asked for and how failures are told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gpuledger.model.errors import SourceError
from gpuledger.sources.slurm import Slurm
from gpuledger.sources.slurm.live import WANTED

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)


def command(folder: Path, script: str) -> str:
    """An executable that stands where sacct would."""
    path = folder / "sacct"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def recorder(folder: Path) -> str:
    fields = " ".join(name for name in WANTED if name != "AdminComment")
    return command(
        folder, f'[ "$1" = -e ] && echo "{fields}" && exit\necho "$TZ $SLURM_TIME_FORMAT $@" >> {folder}/calls'
    )


def asked(folder: Path, source: Slurm, since: datetime | None) -> list[str]:
    for fetched in source.fetch(since, NOW):
        fetched.content.close()
    return (folder / "calls").read_text().splitlines()


def test_each_day_is_asked_twice_in_epoch_seconds(tmp_path: Path) -> None:
    calls = asked(tmp_path, Slurm(command=recorder(tmp_path)), NOW - timedelta(days=1))
    assert len(calls) == 4
    assert all(call.startswith("UTC %s -a -D -P --noconvert --delimiter=\x1f") for call in calls)
    assert ["-s BF,CA" in call for call in calls] == [False, True, False, True]
    assert "-S 2026-05-01T12:00:00 -E 2026-05-02T12:00:00" in calls[0]


def test_only_fields_this_sacct_knows_are_asked_for(tmp_path: Path) -> None:
    call = asked(tmp_path, Slurm(command=recorder(tmp_path), overlap_hours=1), NOW)[0]
    assert "AdminComment" not in call
    assert "AllocTRES" in call
    assert ",JobName -S" in call


def test_the_first_call_goes_back_the_configured_days(tmp_path: Path) -> None:
    assert len(asked(tmp_path, Slurm(command=recorder(tmp_path), history_days=3), None)) == 6


def test_qos_limits_what_is_asked(tmp_path: Path) -> None:
    source = Slurm(command=recorder(tmp_path), qos=("groupa", "groupa-b"), overlap_hours=1)
    assert asked(tmp_path, source, NOW)[0].endswith("-q groupa,groupa-b")


def test_a_missing_command_is_told_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no command '.*nowhere/sacct' here.*set `command`"):
        list(Slurm(command=str(tmp_path / "nowhere" / "sacct")).fetch(None, NOW))


def test_a_failure_is_told_with_the_first_line_it_said(tmp_path: Path) -> None:
    failing = command(tmp_path, "echo 'sacct: error: slurmdbd is away' >&2; echo more >&2; exit 1")
    with pytest.raises(SourceError, match="exit code 1: sacct: error: slurmdbd is away$"):
        list(Slurm(command=failing).fetch(None, NOW))


def test_a_hanging_command_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="did not answer within 0.2 s"):
        list(Slurm(command=command(tmp_path, "exec sleep 5"), timeout_seconds=0.2).fetch(None, NOW))


def test_a_command_that_is_no_sacct_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not list sacct's fields"):
        list(Slurm(command=command(tmp_path, "echo hello")).fetch(None, NOW))


def test_what_is_kept_is_what_was_received() -> None:
    assert Slurm().redact(b"a|b") == b"a|b"
