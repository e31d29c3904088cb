"""A file sent to the service is read as `gpuledger ingest` reads it, and nothing that is sent can stop the service."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

import gpuledger
from gpuledger.model.tables import RUNS
from tests.serve.serving import MAY, Server, bearer, ledger_of, row, sacct, serving, token

INGEST = "/api/v1/ingest/slurm"
MEBIBYTE = 1 << 20
BAD = "77|77|hpg|cyd|bio|a100|normal|COMPLETED|2026-05-12T02:00:00|2026-05-12T02:00:00|2026-05-12T00:00:00|0|cpu=4|0:0|4|c|gx01"


@dataclass(frozen=True)
class Door:
    server: Server
    secret: str
    ledger: Path

    def send(self, content: bytes, source: str = "slurm", name: str = "sacct.txt", **fields: str) -> httpx.Response:
        with self.server.client(**bearer(self.secret)) as client:
            return client.post(f"/api/v1/ingest/{source}", files={"file": (name, content)}, data=fields)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("uploads")
    ledger = ledger_of(folder)
    secret = token(ledger, "up", "--scope", "read,upload")
    with serving(ledger, folder / "home", f"[serve]\nupload_bytes = {2 * MEBIBYTE}") as running:
        yield Door(running, secret, ledger)


def test_a_file_is_counted_row_by_row_and_the_same_again_changes_nothing(door: Door) -> None:
    content = sacct(row(101, "dora", "physics"), row(102, "dora", "physics", 11), BAD)
    first, again = door.send(content, zone="UTC"), door.send(content, zone="UTC")
    told = first.json()
    assert (first.status_code, told["accepted"], told["problems"], told["rows_read"]) == (200, 2, 1, 3)
    assert told["first_problems"][0]["line"] == 4
    assert "cyd" in told["first_problems"][0]["row"]
    assert again.json()["accepted"] == 0
    assert again.json()["unchanged"] + again.json()["problems"] == 3
    with gpuledger.open(door.ledger) as ledger:
        assert ledger.ask("jobs", by="user", where="user=dora", month="2026-05").records()[0]["jobs"] == 2
    assert "dora" in door.server.get("/api/v1/reports/usage", **MAY).text


def test_the_bytes_are_kept_so_that_they_can_be_read_again(door: Door) -> None:
    door.send(sacct(row(111, "kept", "physics")), zone="UTC", name="../../kept.txt")
    with gpuledger.open(door.ledger) as ledger:
        entries = [entry for entry in ledger._ledger.raw.entries() if entry.input_name == "kept.txt"]
        assert ledger._ledger.raw.open(entries[0]).read() == sacct(row(111, "kept", "physics"))
    assert entries[0].path is None


def test_a_file_in_which_every_row_is_bad_is_told_with_its_lines(door: Door) -> None:
    told = door.send(sacct(BAD.replace("77", "78")), zone="UTC").json()
    assert (told["accepted"], told["problems"]) == (0, 1)
    assert "None of the 1 rows" in told["error"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"\x00\xff" * 500, "sacct"), (b"a,b\n1,2\n", "sacct"), (b"\x1f\x8b\x08\x00broken", "damaged or cut off")],
    ids=["empty", "bytes", "csv", "gzip"],
)  # fmt: skip
def test_a_file_that_is_none_of_the_source_is_refused_in_words(content: bytes, words: str, door: Door) -> None:
    told = door.send(content)
    assert (told.status_code, told.json()["error"]["field"]) == (400, "file")
    assert words in told.json()["error"]["message"]


def test_a_source_there_is_not_is_named_with_the_near_one(door: Door) -> None:
    told = door.send(b"x", source="slrm")
    assert told.status_code == 404
    assert "did you mean 'slurm'" in told.json()["error"]["message"]


def test_a_zone_there_is_not_is_named(door: Door) -> None:
    assert door.send(b"x", zone="Mars/Olympus").json()["error"]["field"] == "zone"


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("text/plain", b"x", "file"),
        ("multipart/form-data", b"x", "file"),
        ("multipart/form-data; boundary=b", b"nothing of the kind", "file"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nno file name\r\n--b--\r\n", "file"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=\"other\"; filename=\"x\"\r\n\r\nx\r\n--b--\r\n", "file"),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense\r\n\r\n\r\n--b--", "file"),
        ("multipart/form-data; boundary=" + "b" * 5000, b"", "file"),
    ],
    ids=["text", "no boundary", "no parts", "no file name", "another field", "no header", "long boundary"],
)  # fmt: skip
def test_a_malformed_form_is_refused(kind: str, body: bytes, field: str, door: Door) -> None:
    with door.server.client(**bearer(door.secret), **{"Content-Type": kind}) as client:
        told = client.post(INGEST, content=body)
    error = told.json()["error"]
    assert (told.status_code, error["code"], error["field"]) == (400, "bad_form", field)
    assert ".." not in error["message"]


def test_two_files_in_one_form_are_refused(door: Door) -> None:
    with door.server.client(**bearer(door.secret)) as client:
        for names in (("file", "file"), ("file", "other", "third")):
            told = client.post(INGEST, files=[(name, (str(n), b"x")) for n, name in enumerate(names)])
            error = told.json()["error"]
            assert (told.status_code, error["code"], error["field"]) == (400, "bad_form", "file")
            assert "one file" in error["message"]


def test_bytes_that_are_there_under_another_cluster_are_refused_with_a_way_out_of_the_page(door: Door) -> None:
    content = sacct(row(121, "else", "physics")).replace(b"|hpg|", b"||")
    assert door.send(content, zone="UTC", cluster="one").status_code == 200
    told = door.send(content, zone="UTC", cluster="two")
    assert told.status_code == 400
    assert "ask the operator" in told.json()["error"]["message"]
    assert "--" not in told.json()["error"]["message"]


def test_what_is_wrong_with_an_upload_is_told_to_who_sent_it_and_not_in_every_report(door: Door) -> None:
    assert door.send(b"a,b\n1,2\n", name="mistaken.txt").status_code == 400
    assert "error" in door.send(sacct(BAD.replace("77", "79")), zone="UTC", name="all-bad.txt").json()
    with gpuledger.open(door.ledger) as ledger:
        runs = {run["input_name"]: run for run in ledger._ledger.store.matching(RUNS, run_kind="upload").to_pylist()}
    assert runs["mistaken.txt"]["result"] == "failed"
    told = door.server.get("/api/v1/reports/usage", **MAY)
    assert told.status_code == 200
    assert not [note for note in told.json()["banners"] if note["id"] == "failed-ingests"]
    assert "could not be read, or not to the end" not in told.text


def test_a_file_that_is_too_large_is_refused_before_it_is_read(door: Door) -> None:
    """One GiB is announced; nobody waits for it."""
    told = announced(door, 1 << 30)
    assert told.startswith("HTTP/1.1 413")
    assert f"At most {2 * MEBIBYTE:,} bytes" in told


def test_a_file_that_grows_too_large_is_cut_off(door: Door) -> None:
    def blocks() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        for _ in range(4):
            yield b"x" * MEBIBYTE

    head = bearer(door.secret) | {"Content-Type": "multipart/form-data; boundary=b"}
    with suppress(httpx.WriteError, httpx.ReadError), door.server.client(**head) as client:  # it may hang up on us
        assert client.post(INGEST, content=blocks()).status_code == 413
    assert door.server.get("/healthz").status_code == 200


@pytest.mark.parametrize("length", ["-1", "1e9", "x", "9" * 40])
def test_a_length_that_is_none_is_refused(length: str, door: Door) -> None:
    assert announced(door, length)[:12] in ("HTTP/1.1 400", "HTTP/1.1 413")


def test_a_client_that_goes_away_in_the_middle_leaves_the_service_up(door: Door) -> None:
    for _ in range(3):
        hung_up(
            door,
            f"POST {INGEST} HTTP/1.1",
            ["Content-Type: multipart/form-data; boundary=b", "Content-Length: 100000"],
            b"--b\r\n",
        )
        hung_up(door, "GET /api/v1/reports/usage?month=2026-05&top=3 HTTP/1.1", [], b"")
    assert door.server.get("/api/v1/reports/usage", **MAY).status_code == 200
    assert door.server.process.poll() is None


def test_uploads_are_counted_a_minute(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path)
    secret = token(ledger, "up", "--scope", "upload")
    with serving(ledger, tmp_path / "home") as running, running.client(**bearer(secret)) as client:
        real = {"file": ("x", b"x")}
        # all but two are without a file, so that a busy machine too is through within the minute
        told = [client.post(INGEST, files=sent).status_code for sent in (real, *[None] * 59, real)]
    assert told == [400] * 60 + [429]


def test_an_upload_is_written_down_with_its_counts(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path)
    secret = token(ledger, "up", "--scope", "upload")
    config = f'[serve]\naudit_file = "{tmp_path}/audit"'
    with serving(ledger, tmp_path / "home", config) as running, running.client(**bearer(secret)) as client:
        client.post(INGEST, files={"file": ("evil\x1b[31m.txt", sacct(row(9, "zoe", "physics")))})
    [line] = [json.loads(text) for text in (tmp_path / "audit").read_text().splitlines()]
    assert (line["event"], line["who"], line["source"], line["accepted"]) == ("upload", "up", "slurm", 1)
    assert "\x1b" not in line["file"]


def test_a_service_over_an_empty_place_says_so_and_takes_the_first_file(tmp_path: Path) -> None:
    secret = token(tmp_path / "led", "up", "--scope", "read,upload")
    with serving(tmp_path / "led", tmp_path / "home") as running, running.client(**bearer(secret)) as client:
        assert client.get("/api/v1/reports/usage", params=MAY).json()["error"]["code"] == "no_data"
        sent = client.post(INGEST, files={"file": ("x.txt", sacct(row(1, "ann", "physics")))})
        assert sent.json()["accepted"] == 1
        assert client.get("/api/v1/reports/usage", params=MAY).status_code == 200


def announced(door: Door, length: object) -> str:
    """The whole answer to an upload that says how long it is and sends nothing."""
    head = ["Content-Type: multipart/form-data; boundary=b", f"Content-Length: {length}", "Connection: close"]
    with connected(door, f"POST {INGEST} HTTP/1.1", head) as wire, wire.makefile("rb") as told:
        return told.read().decode()


def hung_up(door: Door, line: str, head: list[str], body: bytes) -> None:
    with connected(door, line, head) as wire:
        wire.sendall(body)


def connected(door: Door, line: str, head: list[str]) -> socket.socket:
    address = urlsplit(door.server.url)
    wire = socket.create_connection((address.hostname, address.port), timeout=60)
    lines = [line, "Host: localhost", f"Authorization: Bearer {door.secret}", *head, "", ""]
    wire.sendall("\r\n".join(lines).encode())
    return wire
