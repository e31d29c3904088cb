"""A send killed at any step loses no message and doubles none, but for the gap between the server's yes and our record."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gpuledger import plugins
from gpuledger.actions.send import outbox_of
from tests.actions.sending import PEOPLE, installed, nightly, opened, runs, send_due
from tests.deliver.mail_server import MailServer, mail_server
from tests.kill.sending import run

pytestmark = pytest.mark.kill

STEPS = (
    "fsync message.eml", "fsync ticket.json", "fsync the draft", "rename to waiting/the message", "fsync waiting",
    "connect", "mail", "rcpt", "rcpt 2", "rcpt 3", "data", "fsync answers.jsonl", "fsync the message",
    "connect 2", "mail 2", "rcpt 4", "data 2", "fsync answers.jsonl 2", "fsync the message 2",
    "ledger row", "rename to finished/the message", "fsync finished", "fsync waiting 2",
)  # fmt: skip
"""All that a send to three people does, one of whom the server takes only at the second try."""
GAPS = {("data", True): PEOPLE[:2], ("data 2", True): PEOPLE[2:]}
"""Between the server's 250 and our record: who gets the message twice."""
GREYLISTED = {PEOPLE[2]: ["450 come again", "250 ok"]}


@pytest.fixture(autouse=True)
def sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "installed").mkdir()
    monkeypatch.syspath_prepend(str(installed(tmp_path / "installed")))
    plugins._offers.cache_clear()
    yield
    monkeypatch.undo()
    plugins._offers.cache_clear()


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server(recipient_answers={one: list(answers) for one, answers in GREYLISTED.items()}) as running:
        yield running


def test_these_are_all_the_steps_of_a_send(tmp_path: Path, server: MailServer) -> None:
    assert run(tmp_path / "led", server) == list(STEPS)
    assert [server.reached(person) for person in PEOPLE] == [1, 1, 1]


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_each_has_exactly_one_message_after_a_kill(
    step: str, is_after: bool, tmp_path: Path, server: MailServer
) -> None:
    run(tmp_path / "led", server, (step, is_after))
    twice = GAPS.get((step, is_after), ())
    with opened(tmp_path / "led", server, {"nightly": nightly()}) as ledger:
        codes = [sent.exit_code for sent in send_due(ledger)]
        assert send_due(ledger) == []
        box = outbox_of(ledger)
        assert (len(box.waiting()), len(box.finished())) == (0, 1)
        [row] = runs(ledger)
    assert {person: server.reached(person) for person in PEOPLE} == {
        person: 2 if person in twice else 1 for person in PEOPLE
    }
    assert len({str(taken.message["Message-ID"]) for taken in server.taken}) == 1
    assert set(codes) <= {0}
    assert (row["result"], sorted(row["recipients"])) == ("done", sorted(PEOPLE))
