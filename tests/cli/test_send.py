"""send: a dry run unless --send; who would get what; exit codes; files to look at; no secret anywhere."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

import gpuledger
from gpuledger import plugins
from tests.actions.sending import installed
from tests.cli.accounting import accounting
from tests.cli.conftest import Run
from tests.deliver.mail_server import MailServer, addresses, authority, mail_server

ROW = "{n}|{n}|hpg|ann|physics|a100|COMPLETED|{t}|{t}|{e}|7200|cpu=8,gres/gpu=2|0:0|8|a"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def job(number: int, ended: datetime) -> str:
    stamp = "%Y-%m-%dT%H:%M:%S"
    return ROW.format(n=number, t=(ended - timedelta(hours=2)).strftime(stamp), e=ended.strftime(stamp))


@pytest.fixture
def site(work: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A configuration beside a ledger whose newest job ended an hour ago; a quick report is installed."""
    (work / "installed").mkdir()
    monkeypatch.syspath_prepend(str(installed(work / "installed")))
    monkeypatch.setenv("PYTHONPATH", str(work / "installed"))
    plugins._offers.cache_clear()
    now = datetime.now(UTC)
    accounting(work / "sacct.txt", *(job(n, now - timedelta(hours=n)) for n in range(1, 30)))
    with gpuledger.open(work / "led") as ledger:
        ledger.ingest(work / "sacct.txt", zone="UTC")
    (work / "gpuledger.toml").write_text(configuration(server.port))
    yield work
    monkeypatch.undo()
    plugins._offers.cache_clear()


def configuration(port: int, more: str = "") -> str:
    return f"""
ledger = "led"
[channels.mail]
type = "email"
host = "127.0.0.1"
port = {port}
tls = "none"
sender = "GPU reports <gpu@example.edu>"
wait_seconds = 0.01
[deliveries.nightly]
report = "sums"
last = "24h"
channel = "mail"
recipients = ["ann@x.edu"]
bcc = ["bob@x.edu"]
operator = "op@x.edu"
test_recipient = "me@x.edu"
subject_prefix = "[gpu]"
{more}
"""


@pytest.mark.usefixtures("site")
def test_without_send_nothing_leaves_and_it_says_who_would_get_what(cli: Run, server: MailServer) -> None:
    ran = cli("send", "nightly")
    assert ran.code == 0
    assert "nightly: would be sent\n" in ran.out
    assert "to       ann@x.edu, bob@x.edu" in ran.out
    assert "subject  [gpu] Sums" in ran.out
    assert "KB, of which the page" in ran.out
    assert "add --send" in ran.err
    assert server.connections == 0


@pytest.mark.usefixtures("site")
def test_send_sends_once(cli: Run, server: MailServer) -> None:
    ran = cli("send", "nightly", "--send")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[:4] for line in ran.out.splitlines()[1:]] == [
        ["nightly", "done", "ann@x.edu", "sent"], ["nightly", "done", "bob@x.edu", "sent"],
    ]  # fmt: skip
    assert addresses(server.taken) == ["ann@x.edu", "bob@x.edu"]
    assert "bob@x.edu" not in server.taken[0].content.decode()


def test_due_sends_what_is_due_and_then_nothing(site: Path, cli: Run, server: MailServer) -> None:
    (site / "gpuledger.toml").write_text(configuration(server.port, 'at = "* * * * *"'))
    (site / "gpuledger.toml").write_text(configuration(server.port, 'at = "0 0 * * *"'))
    assert json.loads(cli("send", "--json").out)[0]["state"] == "due"
    assert cli("send", "--due", "--send").code == 0
    ran = cli("send", "--due", "--send")
    assert (ran.code, ran.out) == (0, "")
    assert "nothing to send" in ran.err
    assert json.loads(cli("send", "--json").out)[0]["state"] == "done"
    assert "was sent before" in cli("send", "nightly", "--send").err
    assert "was sent before" in cli("send", "nightly").out
    assert len(server.taken) == 1


def test_what_waits_is_said_and_sent_by_the_next_run(site: Path, cli: Run, server: MailServer) -> None:
    server.data_answers = ["451 not now"] * 4
    ran = cli("send", "nightly", "--send", "--json")
    assert ran.code == 3
    assert {row["outcome"] for row in json.loads(ran.out)} == {"waiting"}
    assert "1 message waits in the outbox" in cli("send").err
    assert cli("send", "--send").code == 0
    assert addresses(server.taken) == ["ann@x.edu", "bob@x.edu"]
    assert (site / "led" / "outbox").stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("site")
def test_two_sends_at_once_are_one(cli: Run, shell: Run, server: MailServer) -> None:
    """The second comes while the server has not answered the first."""
    server.is_slow.set()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(shell, "send", "nightly", "--send")
        assert server.is_asked.wait(60)
        second = cli("send", "nightly", "--send")
        server.is_slow.clear()
        assert first.result().code == 0
    assert second.code == 75
    assert "Another send is running" in second.err
    assert "nothing to send" not in second.err
    assert len(server.taken) == 1


@pytest.mark.usefixtures("site")
def test_a_refused_recipient_is_exit_code_3(cli: Run, server: MailServer) -> None:
    server.recipient_answers = {"bob@x.edu": ["550 no such user"]}
    ran = cli("send", "nightly", "--send")
    assert ran.code == 3
    assert "550 no such user" in ran.out


@pytest.mark.usefixtures("site")
def test_nobody_took_it_is_exit_code_1(cli: Run, server: MailServer) -> None:
    server.data_answers = ["554 no"]
    assert cli("send", "nightly", "--send").code == 1
    known = cli("send", "nightly", "--send")
    assert known.code == 1
    assert "refused before" in known.err
    assert "sent before" not in known.err
    dry = cli("send", "nightly")
    assert (dry.code, "554 no" in dry.err, "was refused before" in dry.out) == (1, True, True)
    assert cli("send", "nightly", "--again").code == 0
    assert cli("send", "nightly", "--again", "--send").code == 0
    assert addresses(server.taken) == ["ann@x.edu", "bob@x.edu"]


def test_old_data_is_exit_code_3_and_the_operators_mail(site: Path, cli: Run, server: MailServer) -> None:
    accounting(site / "old.txt", job(1, datetime.now(UTC) - timedelta(days=4)))
    with gpuledger.open(site / "old") as ledger:
        ledger.ingest(site / "old.txt", zone="UTC")
    options = ("--ledger", "old", "send", "nightly")
    (site / "gpuledger.toml").write_text(configuration(server.port).replace('"24h"', '"7d"').replace("sums", "usage"))
    dry = cli(*options)
    assert (dry.code, server.taken) == (3, [])
    assert "would be kept back from ann@x.edu, bob@x.edu; its operator would be told" in dry.out
    assert re.findall(r"^  to +(.*)$", dry.out, re.MULTILINE) == ["op@x.edu"]
    assert cli(*options, "--send").code == 3
    assert addresses(server.taken) == ["op@x.edu"]
    assert cli(*options, "--send", "--force").code == 0
    assert addresses(server.taken[1:]) == ["ann@x.edu", "bob@x.edu"]


@pytest.mark.usefixtures("site")
def test_a_test_and_a_report_by_hand(cli: Run, server: MailServer) -> None:
    assert cli("send", "nightly", "--test", "--send").code == 0
    assert cli("send", "sums", "--recipient", "eve@x.edu", "--last", "12h", "--where", "user=ann", "--send").code == 0
    assert [taken.recipients for taken in server.taken] == [("me@x.edu",), ("eve@x.edu",)]


def test_a_message_is_written_to_look_at(site: Path, cli: Run, server: MailServer) -> None:
    assert cli("send", "nightly", "--eml", "out/one.eml").out == "out/one.eml\n"
    message = message_from_bytes((site / "out/one.eml").read_bytes(), policy=default)
    assert str(message["To"]) == "ann@x.edu"
    assert cli("send", "nightly", "--preview", "look").out.split() == [
        "look/mail.html", "look/mail.txt", "look/mail.eml",
    ]  # fmt: skip
    assert "cid:" not in (site / "look/mail.html").read_text()
    assert server.connections == 0


def test_built_in_templates_are_a_beginning_for_ones_own(site: Path, cli: Run, server: MailServer) -> None:
    assert cli("send", "--templates", "mine").code == 0
    (site / "mine" / "subject.txt").write_text("Ours: {{ subject }}\n")
    assert cli("send", "--templates", "mine").code == 0
    (site / "gpuledger.toml").write_text(configuration(server.port, 'templates = "mine"'))
    assert "subject  [gpu] Ours: Sums" in cli("send", "nightly").out
    (site / "mine" / "mail.txt").write_text("{{ subject.__class__.__mro__ }}{% nothing %}")
    ran = cli("send", "nightly", "--send")
    assert ran.code == 2
    assert "mail.txt" in ran.err
    assert server.taken == []


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["nigtly"], "did you mean 'nightly'?"),
        (["nightly", "--due"], "leave the name out"),
        (["nightly", "--send", "--eml", "x"], "--send and --eml do not go together"),
        (["--recipient", "ann@x.edu"], "Say which delivery"),
        (["usage", "--send"], "nobody gets it"),
        (["usage", "--send", "--channel", "pigeon"], "no channel 'pigeon'"),
        (["usage", "--recipient", "ann@x.edu\nBcc: eve@x.edu"], "line break"),
    ],
    ids=["name", "due", "eml", "recipient", "nobody", "channel", "newline"],
)  # fmt: skip
@pytest.mark.usefixtures("site")
def test_what_is_typed_wrongly_is_one_sentence(args: list[str], sentence: str, cli: Run, server: MailServer) -> None:
    ran = cli("send", *args)
    assert ran.code == 2
    assert sentence in ran.err
    assert server.connections == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[channels.a]\ntype = "emial"', "[channels.a]: There is no type of channel 'emial'; did you mean 'email'?"),
        ('[channels.a]\nhost = "x"', "[channels.a] does not say its type"),
        ('[channels.a]\ntype = "email"\nhots = "x"', "[channels.a]: There is no key 'hots'; did you mean 'host'?"),
        ('[channels.a]\ntype = "email"\nhost = "x"\nsender = "x"', "[channels.a]: email: 'x' is not one address"),
        ("[deliveries.b]", "[deliveries.b] does not say its report"),
        (
            '[deliveries.b]\nrecipents = "x@y"',
            "[deliveries.b]: There is no key 'recipents'; did you mean 'recipients'",
        ),
        ('[deliveries.b]\nreport = "usage"\nchannel = "mial"', "[deliveries.b]: There is no channel 'mial'"),
        (
            '[channels.f]\ntype = "folder"\nfolder = "x"\n[deliveries.b]\nreport = "usge"\nchannel = "f"',
            "There is no report 'usge'; did you mean 'usage'?",
        ),
        (
            '[channels.f]\ntype = "folder"\nfolder = "x"\n[deliveries.b]\nreport = "usage"\nchannel = "f"\nformats = ["htm"]',
            "[deliveries.b]: There is no format 'htm'; did you mean 'html'?",
        ),
        ('[deliveries.b]\nreport = "usage"\nchannel = "x"\nat = "5:30"', "'5:30' is no cron expression"),
        ('[deliveries.b]\nreport = "usage"\nchannel = "x"\nlast = "1d"\nmonth = "previous"', "do not go together"),
        ('[deliveries.b]\nreport = "usage"\nchannel = "x"\nlast = "soon"', "'soon' is not a length of time"),
        ('[deliveries.b]\nreport = "usage"\nchannel = "x"\nrecipients = ["a@b, c@d"]', "is not one address"),
    ],
)
def test_validate_names_what_is_wrong_with_a_delivery(text: str, sentence: str, work: Path, cli: Run) -> None:
    (work / "gpuledger.toml").write_text(text)
    ran = cli("config", "validate")
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


SECRETS = """
[channels.mail]
type = "email"
host = "localhost"
port = {port}
sender = "gpu@example.edu"
user = "gpu"
password_file = "smtp.secret"
ca_file = "{ca}"
wait_seconds = 0
[channels.hook]
type = "webhook"
url = "https://hooks.example.edu/services/hunter2"
[channels.chat]
type = "chat"
urls = "slack://hunter2/hunter2/hunter2"
[deliveries.nightly]
report = "sums"
last = "24h"
channel = "mail"
recipients = ["ann@x.edu"]
"""


def test_a_secret_is_printed_nowhere(site: Path, cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "smtp.secret").write_text("hunter2\n")
    monkeypatch.setenv("GPULEDGER_CHANNELS__HOOK__TOKEN", "hunter2")
    trusted = authority(tmp_path)
    with mail_server(trusted.context("localhost"), needs_login=True) as server:
        (site / "gpuledger.toml").write_text('ledger = "led"' + SECRETS.format(port=server.port, ca=trusted.file))
        for args in (
            ["config", "show"],
            ["config", "validate"],
            ["send", "nightly", "--send", "-vv", "--log-file", "log"],
        ):
            ran = cli(*args)
            assert ran.code == 0, ran.err
            assert "hunter2" not in ran.out + ran.err, args
        (site / "smtp.secret").write_text("swordfish\n")
        ran = cli(
            "send", "sums", "--recipient", "eve@x.edu", "--channel", "mail", "--send", "--debug", "--log-file", "log"
        )
    assert ran.code == 3
    assert "refused the login of gpu" in ran.out
    assert "swordfish" not in ran.out + ran.err
    left = b"".join(path.read_bytes() for path in [site / "log", *(site / "led").rglob("*")] if path.is_file())
    assert b"hunter2" not in left
    assert b"swordfish" not in left
    assert len(server.taken) == 1


def test_help_shows_the_verb(cli: Run) -> None:
    assert "Send reports to people; a dry run without --send." in cli("--help").out
