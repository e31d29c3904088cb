"""An input is read by the one source that claims it; none or several are an error that names them."""

import bz2
import gzip
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from gpuledger.actions.recognise import HEAD, files, from_stream, recognised
from gpuledger.model.errors import NoData, SourceError
from gpuledger.sources import Source
from tests.cli.conftest import Run


@dataclass(frozen=True)
class Lines:
    """A source that claims what begins with its word."""

    word: bytes
    title: str

    def claims(self, head: bytes, input_name: str) -> str | None:
        return self.title if head.startswith(self.word) else None


SOURCES = cast(
    dict[str, Source], {"red": Lines(b"r", "red lines"), "rose": Lines(b"ro", "roses"), "blue": Lines(b"b", "blue")}
)


def test_the_one_that_claims_it_reads_it() -> None:
    assert recognised(b"blue", "x", SOURCES) is SOURCES["blue"]
    assert recognised(gzip.compress(b"blue" * 100), "x.gz", SOURCES) is SOURCES["blue"]


def test_two_that_claim_it_are_both_named_with_the_command_that_decides() -> None:
    with pytest.raises(SourceError) as error:
        recognised(b"rose", "x", SOURCES)
    assert (
        str(error.value) == "x could be read by red (red lines) and rose (roses); say which: `gpuledger ingest red x`."
    )


def test_an_unknown_format_says_what_is_expected() -> None:
    with pytest.raises(
        SourceError, match=r"x is in no format that is known here. Known are red: red lines; rose: roses; blue: blue."
    ):
        recognised(b"green", "x", SOURCES)


def test_nothing_is_no_format() -> None:
    with pytest.raises(NoData, match="x is empty"):
        recognised(b" \n", "x", SOURCES)


@pytest.mark.parametrize("size", [0, 10, HEAD, HEAD + 1, 5 * HEAD])
def test_a_pipe_that_was_looked_at_gives_every_byte(size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    fetched, head = from_stream(io.BytesIO(content), datetime(2026, 5, 1, tzinfo=UTC))
    assert head == content[:HEAD]
    assert cast(Any, fetched.content).read() == content


def test_a_glob_is_written_out_in_order_and_a_file_with_signs_is_itself(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "[x].txt"):
        (tmp_path / name).touch()
    every, odd, missing = (str(tmp_path / name) for name in ("[ab].txt", "[x].txt", "none*.txt"))
    assert files([every]) == [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    assert files([odd, missing, "-"]) == [odd, missing, "-"]


def test_a_packed_or_recoded_file_is_named_for_what_it_is(work: Path, cli: Run) -> None:
    (work / "a.bz2").write_bytes(bz2.compress(b"JobID|State\n"))
    (work / "b.txt").write_bytes("JobID|State\n".encode("utf-16"))
    assert "a.bz2 is packed with bzip2; unpack it first" in cli("--ledger", "led", "ingest", "a.bz2").err
    assert "b.txt is UTF-16 text; convert it first" in cli("--ledger", "led", "ingest", "b.txt").err


def test_a_closed_standard_input_is_a_sentence(work: Path, cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    ran = cli("--ledger", "led", "ingest", "slurm", "-")
    assert (ran.code, "There is no standard input to read from." in ran.err) == (2, True)
