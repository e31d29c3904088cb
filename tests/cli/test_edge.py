"""The edge: every way to stop is one sentence, a code, and no traceback; nothing of the data commands a terminal."""

import errno
import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from functools import partial
from pathlib import Path

import pytest

from gpuledger.cli import edge
from gpuledger.cli.app import hoisted
from gpuledger.cli.messages import escaped
from gpuledger.model import errors
from tests.cli.accounting import ANN, HEADER, accounting
from tests.cli.conftest import Run


class PanicException(BaseException):
    """What a Rust library raises when it panics: no Exception."""


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (errors.SourceError("It is a letter."), 1, "It is a letter."),
        (errors.UsageError("Say which."), 2, "Say which."),
        (errors.NoData("There is nothing."), 3, "There is nothing."),
        (errors.Findings("2 GPUs are ill."), 4, "2 GPUs are ill."),
        (errors.Busy("Another run holds it."), 75, "Another run holds it."),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "No space is left on the disk"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 1, "/x: Permission denied."),
        (PanicException("called `Option::unwrap()` on a `None` value\nmore"), 1, "run it again with --debug"),
        (
            ZeroDivisionError("division by zero"),
            1,
            "Unexpected ZeroDivisionError: division by zero; run it again with --debug",
        ),
    ],
)
def test_every_way_to_stop_is_one_sentence_and_a_code(
    error: BaseException, code: int, sentence: str, work: Path, monkeypatch: pytest.MonkeyPatch, cli: Run
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("gpuledger.config.loading.load", fail)
    ran = cli("config", "show")
    assert (ran.code, ran.out) == (code, "")
    assert sentence in ran.err
    assert len(ran.err.splitlines()) == 1


def test_debug_shows_where(cli: Run) -> None:
    assert "Traceback" in cli("--display-zone", "Mars", "config", "show", "--debug").err
    assert "Traceback" not in cli("--display-zone", "Mars", "config", "show").err


def test_every_error_of_the_tree_has_a_documented_exit_code() -> None:
    def tree(kind: type[errors.LedgerError]) -> list[type[errors.LedgerError]]:
        return [kind, *(each for child in kind.__subclasses__() for each in tree(child))]

    assert {kind.exit_code for kind in tree(errors.LedgerError)} <= {1, 2, 3, 4, 75}


def test_a_reader_that_goes_away_is_quiet(led: Path, work: Path) -> None:
    command = f"{sys.executable} -m gpuledger --ledger {led} query --list; echo $? >&2"
    done = subprocess.run(
        ["bash", "-c", f"( {command} ) | head -1 >/dev/null"], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() in ("0", "141")


def test_a_closed_stdout_does_not_end_in_a_traceback(work: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m gpuledger query --list >&-"], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr


def test_interrupting_a_pipe_ends_with_130_and_the_ledger_is_whole(work: Path, cli: Run) -> None:
    command = [sys.executable, "-m", "gpuledger", "--ledger", "led", "ingest", "slurm", "-", "--zone", "UTC"]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # tests that run behind a shell's & would not hear it
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heard
    )
    assert process.stdin
    process.stdin.write(f"{HEADER}\n{ANN}\n".encode() * 3000)
    process.stdin.flush()
    _until_read(process.stdin.fileno())
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=200)
    assert process.returncode == 130, err
    assert err.decode().splitlines()[-1] == "gpuledger: Interrupted."
    assert cli("--ledger", "led", "ingest", accounting(work / "a.txt", ANN), "--zone", "UTC").code == 0
    assert cli("--ledger", "led", "store", "check").code == 0


def _until_read(pipe: int) -> None:
    """Waits until whoever reads the pipe has taken all that was written."""
    unread, end = bytearray(4), time.monotonic() + 200
    while fcntl.ioctl(pipe, termios.FIONREAD, unread) or any(unread):
        assert time.monotonic() < end, "nobody reads the pipe"
        time.sleep(0.02)


def test_global_options_are_found_anywhere_but_after_a_double_dash() -> None:
    assert hoisted(["query", "x", "--ledger", "a", "-q"]) == ["--ledger", "a", "-q", "query", "x"]
    assert hoisted(["ingest", "--", "--ledger", "-q"]) == ["ingest", "--", "--ledger", "-q"]
    assert hoisted(["query", "--ledger=a"]) == ["--ledger=a", "query"]


def test_a_global_option_without_its_value_is_a_usage_error(cli: Run) -> None:
    ran = cli("query", "gpu_hours", "--ledger")
    assert (ran.code, ran.err) == (2, "gpuledger: --ledger needs a value.\n")


@pytest.mark.parametrize("text", ["\x1b[31m", "\x07", "\u202e", "\x9b", "\u2028", "\ud800"])
def test_no_control_character_passes(text: str) -> None:
    shown = escaped(f"a{text}b")
    assert shown.isprintable()
    assert shown.startswith("a\\")


@pytest.mark.parametrize("text", ["plain", "Ünïcode 日本", "two\nlines\tand a tab", "4 d 20\u202fh"])
def test_text_people_write_is_left_alone(text: str) -> None:
    assert escaped(text) == text


def on_a_terminal(*args: str) -> str:
    """What the command prints when stdout is a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "gpuledger", *args], stdout=follower, stderr=subprocess.DEVNULL)
    os.close(follower)
    text = b""
    while True:
        try:
            block = os.read(leader, 65536)
        except OSError:
            break
        if not block:
            break
        text += block
    process.wait()
    return text.decode()


def test_a_terminal_gets_a_table_and_no_color_takes_the_colour(led: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    question = ("query", "gpu_hours", "--by", "user", "--month", "2026-05")
    assert "─" in on_a_terminal(*question)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in on_a_terminal(*question)


def logged(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_the_log_file_holds_one_json_object_a_line(
    led: Path, work: Path, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPULEDGER_LEGER", "typo")
    ran = cli("query", "gpu_hours", "--month", "2026-05", "--log-file", "log.jsonl")
    assert "did you mean 'ledger'" in ran.err
    read, warned = logged(work / "log.jsonl")
    assert (read["level"], warned["level"]) == ("info", "warning")
    assert all({"time", "level", "message"} <= set(line) for line in (read, warned))


def test_the_log_file_holds_the_counts_and_the_error_that_cron_does_not_see(work: Path, cli: Run) -> None:
    ran = cli("--ledger", "led", "ingest", accounting(work / "a.txt", ANN), "no.txt", "-q", "--log-file", "log.jsonl")
    assert len(ran.err.splitlines()) == 1
    lines = logged(work / "log.jsonl")
    assert [line["rows_read"] for line in lines if "rows_read" in line] == [1]
    assert [line["message"] for line in lines if line["level"] == "error"] == ["no.txt does not exist; check the name."]


def test_more_is_said_when_asked(led: Path, cli: Run) -> None:
    assert "INFO: Settings are read." in cli("store", "info", "-v").err
    assert "INFO" not in cli("store", "info").err


def test_a_log_file_that_cannot_be_written_is_one_sentence(cli: Run) -> None:
    ran = cli("config", "show", "--log-file", "/nowhere/log")
    assert (ran.code, ran.err) == (
        2,
        "gpuledger: The log file '/nowhere/log' cannot be written: No such file or directory.\n",
    )


def test_run_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert edge.run(["--version"]) == 0
