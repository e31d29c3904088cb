"""Each recipient has exactly one message, however often it has to be tried."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gpuledger.deliver.channels.email import Email
from gpuledger.deliver.dispatch import Patience, dispatch
from gpuledger.deliver.outbox import Outbox, Spooled
from tests.deliver.letters import NOW, PEOPLE, SENDER, composed
from tests.deliver.mail_server import MailServer, addresses, authority, mail_server
from tests.deliver.test_outbox import ticket

QUICK = Patience(tries=4, wait_seconds=0.01)


@pytest.fixture
def spooled(tmp_path: Path) -> Iterator[Spooled]:
    box = Outbox(tmp_path)
    with box.alone():
        yield box.spool(ticket(), composed().content)


def sent(spooled: Spooled, server: MailServer, patience: Patience = QUICK) -> dict[str, str]:
    channel = Email(host="127.0.0.1", sender=SENDER, tls="none", port=server.port, timeout_seconds=60)
    return {one: told.outcome for one, told in dispatch(spooled, channel, patience, NOW).items()}


def test_a_server_that_refuses_twice_drops_the_line_and_refuses_one_of_three(spooled: Spooled) -> None:
    with mail_server(
        data_answers=["451 not now", "421 not now either", "DROP"], recipient_answers={"bob@x.edu": ["550 unknown"]}
    ) as server:
        outcomes = sent(spooled, server)
    assert outcomes == {"ann@x.edu": "sent", "bob@x.edu": "refused", "cyd@x.edu": "sent"}
    assert addresses(server.taken) == ["ann@x.edu", "cyd@x.edu"]
    assert server.connections == 4


def test_who_has_it_is_not_sent_it_again(spooled: Spooled) -> None:
    with mail_server(recipient_answers={"cyd@x.edu": ["450 greylisted", "450 greylisted", "250 ok"]}) as server:
        outcomes = sent(spooled, server)
    assert set(outcomes.values()) == {"sent"}
    assert addresses(server.taken) == sorted(PEOPLE)
    assert [taken.recipients for taken in server.taken] == [PEOPLE[:2], PEOPLE[2:]]


def test_what_is_not_taken_within_one_run_waits_for_the_next(spooled: Spooled) -> None:
    with mail_server(data_answers=["451 not now"] * 9) as server:
        assert set(sent(spooled, server).values()) == {"waiting"}
        assert server.connections == QUICK.tries
        server.data_answers.clear()
        assert set(sent(spooled, server).values()) == {"sent"}
    assert addresses(server.taken) == sorted(PEOPLE)


def test_what_is_sent_is_not_sent_again_by_another_run(spooled: Spooled) -> None:
    with mail_server() as server:
        sent(spooled, server)
        sent(spooled, server)
    assert len(server.taken) == 1


def test_a_wrong_password_is_tried_once_so_that_no_account_is_locked(spooled: Spooled, tmp_path: Path) -> None:
    trusted = authority(tmp_path)
    with mail_server(trusted.context("localhost"), needs_login=True) as server:
        told = {"sender": SENDER, "port": server.port, "ca_file": trusted.file}
        channel = Email(host="localhost", user="gpu", password="no", **told)  # type: ignore[arg-type]
        answers = dispatch(spooled, channel, QUICK, NOW)
    assert {told.outcome for told in answers.values()} == {"waiting"}
    assert len(server.logins) == 2  # PLAIN and LOGIN of one connection


def test_the_gap_between_the_servers_yes_and_our_knowing_repeats_one_message_id(spooled: Spooled) -> None:
    """The line is cut after the server took the message: nobody can know, so it is sent again, recognisably."""
    with mail_server() as server:
        server.is_dropping_after = True
        assert set(sent(spooled, server, Patience(tries=1)).values()) == {"waiting"}
        server.is_dropping_after = False
        assert set(sent(spooled, server).values()) == {"sent"}
    assert {str(taken.message["Message-ID"]) for taken in server.taken} == {"<nightly-1@example.edu>"}
    assert len(server.taken) == 2


def test_every_answer_is_on_disk(spooled: Spooled) -> None:
    with mail_server(data_answers=["451 not now"]) as server:
        sent(spooled, server)
    assert [(one.recipient, one.delivered.outcome) for one in spooled.answers()] == [
        *((person, "waiting") for person in PEOPLE),
        *((person, "sent") for person in PEOPLE),
    ]


def test_a_strangers_channel_that_breaks_keeps_the_message_waiting(spooled: Spooled) -> None:
    class Broken:
        name, title, targets = "broken", "Broken", ()

        def send(self, message: object, recipients: object) -> dict[str, object]:
            raise KeyError("surprise")

    answers = dispatch(spooled, Broken(), QUICK, NOW)  # type: ignore[arg-type]
    assert {told.outcome for told in answers.values()} == {"waiting"}
    assert "KeyError" in answers["ann@x.edu"].said
