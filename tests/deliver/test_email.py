"""E-mail against a real server: who refused, what may pass, and never in the clear unless told."""

from pathlib import Path

import pytest

from gpuledger.deliver import ChannelError, Delivered
from gpuledger.deliver.channels.email import Email
from tests.deliver.letters import PEOPLE, SENDER, composed
from tests.deliver.mail_server import Authority, addresses, authority, mail_server

MESSAGE = composed().message


def plain(port: int) -> Email:
    return Email(host="127.0.0.1", sender=SENDER, tls="none", port=port, timeout_seconds=60)


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ca"))


def test_one_message_for_all_with_the_senders_bare_address() -> None:
    with mail_server() as server:
        answers = plain(server.port).send(MESSAGE, PEOPLE)
    assert answers == dict.fromkeys(PEOPLE, Delivered("sent", "250 ok"))
    [taken] = server.taken
    assert (taken.sender, taken.recipients) == ("gpu@example.edu", PEOPLE)
    assert taken.message.get_body(("plain",)).get_content().replace("\r", "") == "Numbers.\n"  # type: ignore[union-attr]
    assert "cyd@x.edu" not in taken.content.decode()


def test_each_recipient_has_an_answer_of_its_own() -> None:
    told = {"bob@x.edu": ["550 no such user"], "cyd@x.edu": ["451 greylisted, come again"]}
    with mail_server(recipient_answers=told) as server:
        answers = plain(server.port).send(MESSAGE, PEOPLE)
    assert {one: answer.outcome for one, answer in answers.items()} == {
        "ann@x.edu": "sent", "bob@x.edu": "refused", "cyd@x.edu": "waiting",
    }  # fmt: skip
    assert answers["bob@x.edu"].said == "550 no such user"
    assert addresses(server.taken) == ["ann@x.edu"]


@pytest.mark.parametrize(("answer", "outcome"), [("554 spam", "refused"), ("452 disk full", "waiting")])
def test_the_answer_to_the_message_is_everyones(answer: str, outcome: str) -> None:
    with mail_server(data_answers=[answer]) as server:
        answers = plain(server.port).send(MESSAGE, PEOPLE)
    assert {told.outcome for told in answers.values()} == {outcome}
    assert server.taken == []


def test_a_line_cut_in_the_middle_of_the_message_is_no_answer() -> None:
    with mail_server(data_answers=["DROP"]) as server, pytest.raises(ChannelError) as error:
        plain(server.port).send(MESSAGE, PEOPLE)
    assert error.value.is_passing


def test_a_server_that_is_not_there_may_be_there_later() -> None:
    with mail_server() as server:
        pass
    with pytest.raises(ChannelError, match=r"127\.0\.0\.1:\d+: Connection refused") as error:
        plain(server.port).send(MESSAGE, PEOPLE)
    assert error.value.is_passing


def test_starttls_with_the_sites_own_authority_and_a_login(trusted: Authority) -> None:
    with mail_server(trusted.context("localhost"), needs_login=True) as server:
        channel = Email(
            host="localhost", sender=SENDER, port=server.port, user="gpu", password="hunter2", ca_file=trusted.file
        )
        answers = channel.send(MESSAGE, PEOPLE[:1])
    assert answers["ann@x.edu"].outcome == "sent"
    assert server.logins == [(b"gpu", b"hunter2")]


def test_smtps(trusted: Authority) -> None:
    with mail_server(trusted.context("localhost"), is_smtps=True) as server:
        channel = Email(host="localhost", sender=SENDER, port=server.port, tls="smtps", ca_file=trusted.file)
        channel.send(MESSAGE, PEOPLE)
    assert len(server.taken) == 1


@pytest.mark.parametrize("case", ["unknown authority", "another name"])
def test_a_certificate_that_does_not_hold_is_refused(case: str, trusted: Authority, tmp_path: Path) -> None:
    name = "mail.example.org" if case == "another name" else "localhost"
    ca_file = authority(tmp_path).file if case == "unknown authority" else trusted.file
    with mail_server(trusted.context(name)) as server:
        channel = Email(host="localhost", sender=SENDER, port=server.port, ca_file=ca_file)
        with pytest.raises(ChannelError, match="certificate is not trusted") as error:
            channel.send(MESSAGE, PEOPLE)
    assert not error.value.is_passing
    assert server.taken == []


def test_a_server_without_starttls_is_not_spoken_to_in_the_clear() -> None:
    with mail_server() as server:
        channel = Email(host="127.0.0.1", sender=SENDER, port=server.port)
        with pytest.raises(ChannelError, match="does not offer"):
            channel.send(MESSAGE, PEOPLE)
    assert server.taken == []


def test_a_wrong_password_is_said_without_it_and_not_tried_again(trusted: Authority) -> None:
    with mail_server(trusted.context("localhost"), needs_login=True) as server:
        channel = Email(
            host="localhost", sender=SENDER, port=server.port, user="gpu", password="swordfish", ca_file=trusted.file
        )
        with pytest.raises(ChannelError, match="refused the login of gpu") as error:
            channel.send(MESSAGE, PEOPLE)
    assert not error.value.is_passing
    assert "swordfish" not in f"{error.value} {channel!r}"


def test_a_password_does_not_travel_in_the_clear() -> None:
    with pytest.raises(ValueError, match="in the clear"):
        Email(host="mail.example.edu", sender=SENDER, tls="none", user="gpu", password="x")


def test_a_sender_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="address"):
        Email(host="mail.example.edu", sender="GPU reports")
