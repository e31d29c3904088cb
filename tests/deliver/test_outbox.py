"""The outbox: whole or not there, each answer kept, one sender at a time, for its owner's eyes only."""

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gpuledger.deliver import Delivered
from gpuledger.deliver.outbox import Outbox, Ticket
from gpuledger.model.errors import Busy, DiskFull, ReadOnly
from tests.deliver.letters import NOW, PEOPLE, composed

CONTENT = composed().content


def ticket(key: str = "nightly-1", **said: object) -> Ticket:
    told = {
        "key": key, "delivery": "nightly", "report": "pool", "channel": "mail", "recipients": PEOPLE, "subject": "s",
        "period": "yesterday", "spooled_at": NOW,
    }  # fmt: skip
    return Ticket(**(told | said))  # type: ignore[arg-type]


def test_a_message_is_kept_as_it_was_spooled(tmp_path: Path) -> None:
    box = Outbox(tmp_path / "outbox")
    with box.alone():
        box.spool(ticket(), CONTENT)
        box.spool(ticket(subject="another"), b"another message under the same key")
    [spooled] = Outbox(tmp_path / "outbox").waiting()
    assert spooled.ticket == ticket()
    assert spooled.content == CONTENT
    assert spooled.remaining == PEOPLE


def test_the_newest_answer_of_each_recipient_counts(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    with box.alone():
        spooled = box.spool(ticket(), CONTENT)
        spooled.record(dict.fromkeys(PEOPLE, Delivered("waiting", "down")), NOW)
        spooled.record({"ann@x.edu": Delivered("sent", "250 ok"), "bob@x.edu": Delivered("refused", "550")}, NOW)
        assert box.waiting()[0].remaining == ("cyd@x.edu",)
        spooled.record({"cyd@x.edu": Delivered("sent")}, NOW)
        box.finish(spooled)
    assert box.waiting() == []
    assert box.is_finished("nightly-1")
    assert [one.ticket.key for one in box.finished()] == ["nightly-1"]
    assert len(box.finished()[0].answers()) == 6


def test_a_line_that_a_kill_cut_is_no_answer_and_spoils_none_after_it(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    with box.alone():
        spooled = box.spool(ticket(), CONTENT)
        spooled.record({"ann@x.edu": Delivered("sent")}, NOW)
        with (spooled.folder / "answers.jsonl").open("a") as cut:
            cut.write('{"at": "2026-11-20T05:30:00+00:00", "recipient": "bob@x.edu", "outco')
        assert spooled.remaining == ("bob@x.edu", "cyd@x.edu")
        spooled.record({"bob@x.edu": Delivered("sent")}, NOW)
    assert spooled.remaining == ("cyd@x.edu",)


def test_two_runs_never_send_at_once(tmp_path: Path) -> None:
    with Outbox(tmp_path).alone(), pytest.raises(Busy), Outbox(tmp_path).alone():
        pass
    with Outbox(tmp_path).alone():
        pass


def test_half_a_message_of_a_killed_run_is_cleared_away(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    with box.alone():
        pass
    (tmp_path / "waiting" / ".nightly-1").mkdir()
    (tmp_path / "waiting" / ".nightly-1" / "message.eml").write_bytes(CONTENT[:10])
    assert box.waiting() == []
    with box.alone():
        assert list((tmp_path / "waiting").iterdir()) == []
        assert box.spool(ticket(), CONTENT).content == CONTENT


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with Outbox(tmp_path / "outbox").alone():
            spooled = Outbox(tmp_path / "outbox").spool(ticket(), CONTENT)
            spooled.record({"ann@x.edu": Delivered("sent")}, NOW)
    finally:
        os.umask(old)
    modes = {path: path.stat().st_mode & 0o777 for path in [tmp_path / "outbox", *(tmp_path / "outbox").rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_what_was_dealt_with_is_kept_for_a_while(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    with box.alone():
        for key, age in (("old", 20), ("new", 10), ("waits", 99)):
            spooled = box.spool(ticket(key, spooled_at=NOW - timedelta(days=age)), CONTENT)
            if key != "waits":
                box.finish(spooled)
        assert box.expire(NOW, 14) == 1
    assert [one.ticket.key for one in box.finished()] == ["new"]
    assert [one.ticket.key for one in box.waiting()] == ["waits"]


def test_a_message_that_is_damaged_is_named_and_keeps_no_other_from_leaving(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    with box.alone():
        box.spool(ticket("good"), CONTENT)
        bad = box.spool(ticket("bad"), CONTENT)
    (bad.folder / "ticket.json").write_text("{")
    assert [one.ticket.key for one in box.waiting()] == ["good"]
    assert list(box.unreadable()) == ["bad"]
    assert "look at the folder" in box.unreadable()["bad"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with room for little."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small tmpfs")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("cannot mount a tmpfs here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_is_said_and_leaves_no_half_message(small_disk: Path) -> None:
    box = Outbox(small_disk / "outbox")
    with box.alone():
        with pytest.raises(DiskFull, match="make room"):
            box.spool(ticket(), bytes(1 << 20))
        assert list((small_disk / "outbox" / "waiting").iterdir()) == []
        assert box.spool(ticket(), CONTENT).content == CONTENT


def test_a_folder_of_somebody_else_is_said(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    os.seteuid(65534)
    try:
        with pytest.raises(ReadOnly, match="ask its owner"), Outbox(tmp_path / "outbox").alone():
            pass
    finally:
        os.seteuid(0)
