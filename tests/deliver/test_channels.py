"""Programs, folders, webhooks and chats: what each takes of a message and what its answer means."""

import sys
from pathlib import Path

import pytest

from gpuledger.deliver import ChannelError
from gpuledger.deliver.channels.chat import Chat
from gpuledger.deliver.channels.command import Command
from gpuledger.deliver.channels.folder import Folder
from gpuledger.deliver.channels.webhook import Webhook
from gpuledger.deliver.message import compose, parsed
from tests.deliver.letters import PEOPLE, composed, heading, letter
from tests.deliver.mail_server import authority
from tests.deliver.web_server import web_server

MADE = composed()
MESSAGE = MADE.message


def script(folder: Path, body: str) -> str:
    """A program that keeps its arguments and its input, then does `body`."""
    file = folder / "program"
    file.write_text(
        f"#!{sys.executable}\nimport os, sys, time\nhere = os.path.dirname(__file__)\n"
        "open(here + '/argv', 'w').write('\\n'.join(sys.argv[1:]))\n"
        f"open(here + '/stdin', 'wb').write(sys.stdin.buffer.read())\n{body}\n"
    )
    file.chmod(0o755)
    return str(file)


def test_a_program_gets_the_message_and_the_recipients_after_two_dashes(tmp_path: Path) -> None:
    answers = Command(argv=(script(tmp_path, ""), "-i")).send(MESSAGE, PEOPLE)
    assert (tmp_path / "argv").read_text().splitlines() == ["-i", "--", *PEOPLE]
    assert str(parsed((tmp_path / "stdin").read_bytes())["Message-ID"]) == "<nightly-1@example.edu>"
    assert {told.outcome for told in answers.values()} == {"sent"}


def test_a_program_that_reads_the_headers_is_not_trusted_with_bcc(tmp_path: Path) -> None:
    answers = Command(argv=(script(tmp_path, ""), "-t"), recipients="headers").send(MESSAGE, PEOPLE)
    assert (tmp_path / "argv").read_text() == "-t"
    assert {one: told.outcome for one, told in answers.items()} == {
        "ann@x.edu": "sent", "bob@x.edu": "sent", "cyd@x.edu": "refused",
    }  # fmt: skip


@pytest.mark.parametrize(("code", "outcome"), [(0, "sent"), (67, "refused"), (75, "waiting"), (1, "waiting")])
def test_the_exit_code_is_the_answer(code: int, outcome: str, tmp_path: Path) -> None:
    body = f"sys.stderr.write('first\\nno such user\\n'); sys.exit({code})"
    answers = Command(argv=(script(tmp_path, body),)).send(MESSAGE, PEOPLE[:1])
    assert answers["ann@x.edu"].outcome == outcome
    assert answers["ann@x.edu"].said == f"exit code {code} no such user"


def test_a_program_that_is_not_there_or_does_not_end_waits(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="/nowhere/sendmail cannot be run: No such file"):
        Command(argv=("/nowhere/sendmail",)).send(MESSAGE, PEOPLE)
    with pytest.raises(ChannelError, match=r"did not end within 0\.2 s"):
        Command(argv=(script(tmp_path, "time.sleep(60)"),), timeout_seconds=0.2).send(MESSAGE, PEOPLE)


def test_a_folder_holds_each_message_once(tmp_path: Path) -> None:
    channel = Folder(folder=tmp_path / "new" / "pages", form="both")
    channel.send(MESSAGE, channel.targets)
    channel.send(MESSAGE, channel.targets)
    files = sorted(path.name for path in channel.folder.iterdir())
    assert files == ["nightly-1-example.edu.eml", "nightly-1-example.edu.html"]
    assert parsed((channel.folder / files[0]).read_bytes())["Subject"] == MESSAGE["Subject"]
    page = (channel.folder / files[1]).read_text()
    assert "cid:" not in page
    assert "data:image/png;base64,iVBORw0KGgo" in page


def test_a_message_id_names_no_file_elsewhere(tmp_path: Path) -> None:
    hostile = composed(message_id="<../../../etc/passwd@example.edu>").message
    Folder(folder=tmp_path / "pages").send(hostile, ["x"])
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["etc-passwd-example.edu.eml"]


def test_a_folder_that_cannot_be_written_waits(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ChannelError, match="cannot be written"):
        Folder(folder=tmp_path / "file" / "pages").send(MESSAGE, ["x"])


def test_a_webhook_gets_subject_text_and_page_under_the_messages_id() -> None:
    with web_server() as server:
        channel = Webhook(url=f"http://127.0.0.1:{server.port}/hook?key=hidden", token="hunter2")
        answers = channel.send(MESSAGE, channel.targets)
    [(headers, body)] = server.posts
    assert headers["Idempotency-Key"] == "<nightly-1@example.edu>"
    assert headers["Authorization"] == "Bearer hunter2"
    assert (body["subject"], body["text"]) == ("Pool: 74 % allocated", "Numbers.\n")
    assert body["html"].startswith("<!doctype html>")
    assert [told.outcome for told in answers.values()] == ["sent"]
    assert "hidden" not in f"{answers} {channel!r}"
    assert "hunter2" not in repr(channel)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(204, "sent"), (400, "refused"), (404, "refused"), (429, "waiting"), (503, "waiting"), (302, "refused")],
)
def test_the_status_is_the_answer(status: int, outcome: str) -> None:
    with web_server(status) as server:
        channel = Webhook(url=f"http://127.0.0.1:{server.port}/", is_html_sent=False)
        [told] = channel.send(MESSAGE, channel.targets).values()
    assert (told.outcome, told.said.split()[0]) == (outcome, str(status))
    assert "html" not in server.posts[0][1]


def test_a_webhook_that_is_not_there_waits() -> None:
    with web_server() as server:
        pass
    with pytest.raises(ChannelError) as error:
        Webhook(url=f"http://127.0.0.1:{server.port}/").send(MESSAGE, ["x"])
    assert error.value.is_passing


def test_a_webhooks_certificate_is_verified(tmp_path: Path) -> None:
    trusted = authority(tmp_path)
    with web_server(context=trusted.context("localhost")) as server:
        url = f"https://localhost:{server.port}/"
        with pytest.raises(ChannelError, match=r"CERTIFICATE_VERIFY_FAILED|certificate"):
            Webhook(url=url).send(MESSAGE, ["x"])
        assert Webhook(url=url, ca_file=trusted.file).send(MESSAGE, ["x"])["x"].outcome == "sent"


@pytest.mark.parametrize("url", ["ftp://x.edu", "hooks.example.edu/x", "https://"])
def test_what_is_no_address_of_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url is no https"):
        Webhook(url=url)


def test_a_token_does_not_travel_in_the_clear() -> None:
    with pytest.raises(ValueError, match="in the clear"):
        Webhook(url="http://hooks.example.edu/x", token="x")


def test_each_chat_is_told_apart_so_that_none_hears_it_twice() -> None:
    pytest.importorskip("apprise")
    with web_server() as good, web_server(500) as bad:
        urls = f"# ours\njson://127.0.0.1:{good.port}/secret\n\njson://127.0.0.1:{bad.port}/secret\n"
        channel = Chat(urls=urls, longest_characters=100)
        message = compose(letter(text="n" * 500), heading()).message
        first = channel.send(message, channel.targets)
        again = channel.send(message, [one for one, told in first.items() if told.outcome == "waiting"])
    assert channel.targets == ("json #1", "json #2")
    assert [told.outcome for told in first.values()] == ["sent", "waiting"]
    assert [told.outcome for told in again.values()] == ["sent"]
    assert (len(good.posts), len(bad.posts)) == (1, 2)
    assert good.posts[0][1]["title"] == "Pool: 74 % allocated"
    assert "cut after 100 characters" in good.posts[0][1]["message"]
    assert "secret" not in f"{first} {channel!r}"


def test_a_line_that_is_no_chat_is_refused() -> None:
    with pytest.raises(ValueError, match="no apprise URL"):
        Chat(urls="slack")
