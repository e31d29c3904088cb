"""The raw zone keeps what it was given, for whoever may see it, for as long as it should."""

import io
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gpuledger.model.errors import SourceError
from gpuledger.raw import REDACTED_AT_ONCE, Content, Entry, RawZone, identify
from tests.store.rows import at

NOW = at(0)


def entry_of(what: Content, **told: object) -> Entry:
    return replace(
        Entry("i1", NOW, "slurm", what.sha256, what.bytes, "a.txt", zone="UTC", options={"fields": "a,b"}), **told
    )  # type: ignore[arg-type]


@pytest.fixture
def zone(tmp_path: Path) -> RawZone:
    return RawZone(tmp_path / "led ger ü" / "raw")


def test_kept_bytes_come_back_and_are_stored_once(zone: RawZone) -> None:
    first, again = (zone.keep(io.BytesIO(b"abc\n" * 1000), NOW) for _ in range(2))
    assert first == again
    with zone.open(entry_of(first)) as raw:
        assert raw.read() == b"abc\n" * 1000
    (path,) = zone.root.rglob("*.zst")
    assert path.stat().st_size < 1000


def test_only_the_owner_can_look_inside(zone: RawZone) -> None:
    with zone.working(entry_of(zone.keep(io.BytesIO(b"x"), NOW))):
        pass
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in [zone.root, *zone.root.rglob("*")]}
    assert modes == {True: 0o700, False: 0o600}


def test_an_entry_comes_back_as_it_was_told(zone: RawZone) -> None:
    entry = entry_of(Content("ab", 2), cluster="ü", fields={"qos": ["a", "b"]}, path="/x y")
    with zone.working(entry):
        assert list(zone.entries()) == [entry]
    assert list(zone.entries("ab")) == [entry]
    assert list(zone.entries("cd")) == []


def test_an_entry_is_at_work_only_while_its_ingest_runs(zone: RawZone) -> None:
    entry = entry_of(Content("ab", 2))
    with zone.working(entry):
        assert zone.is_working(entry)
    assert not zone.is_working(entry)


def test_what_must_not_be_kept_is_taken_out_before(zone: RawZone) -> None:
    what = zone.keep(io.BytesIO(b"token=secret"), NOW, lambda content: content.replace(b"secret", b"-"))
    with zone.open(entry_of(what)) as raw:
        assert raw.read() == b"token=-"
    assert what.bytes == 7


def test_long_inputs_are_redacted_in_whole_lines(zone: RawZone) -> None:
    seen: list[int] = []

    def redact(block: bytes) -> bytes:
        assert block.endswith(b"\n")
        seen.append(len(block))
        return block

    size = zone.keep(io.BytesIO(b"0123456789\n" * (REDACTED_AT_ONCE // 10)), NOW, redact).bytes
    assert sum(seen) == size
    assert len(seen) > 1


def test_a_file_that_stayed_outside_is_opened_while_it_is_the_same(zone: RawZone, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one")
    entry = entry_of(identify(path), path=str(path))
    with zone.open(entry) as raw:
        assert raw.read() == b"one"
    path.write_bytes(b"two")
    with pytest.raises(SourceError, match="has changed since ingest i1"):
        zone.open(entry)
    path.unlink()
    with pytest.raises(SourceError, match="is no longer there"):
        zone.open(entry)


def test_bytes_that_expired_say_so(zone: RawZone) -> None:
    entry = replace(entry_of(zone.keep(io.BytesIO(b"x"), NOW)), is_collected=True)
    with zone.working(entry):
        pass
    assert zone.expire(NOW + timedelta(days=90)) == 0
    assert zone.expire(NOW + timedelta(days=91)) == 2
    assert list(zone.root.iterdir()) == []
    with pytest.raises(SourceError, match="no longer in the raw zone"):
        zone.open(entry)


def test_how_a_file_was_read_is_known_after_its_bytes_expired(zone: RawZone) -> None:
    entry = entry_of(zone.keep(io.BytesIO(b"x"), NOW))
    with zone.working(entry):
        pass
    assert [zone.expire(NOW + timedelta(days=days)) for days in (91, 92)] == [1, 0]
    assert list(zone.entries(entry.sha256)) == [entry]


def test_a_killed_keep_leaves_nothing_that_counts(zone: RawZone) -> None:
    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        zone.keep(Breaking(b"x"), NOW)
    assert [path for path in zone.root.rglob("*") if path.is_file()] == []
