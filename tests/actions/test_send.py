"""send: once a period, the outbox first, and the operator alone where the numbers do not stand."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gpuledger import plugins
from gpuledger.actions._letters import prepare
from gpuledger.actions._orders import ByHand, by_hand, due, last_due, order_of, period_of, states
from gpuledger.actions.send import exit_code, outbox_of, plan_of, send
from gpuledger.config import Settings
from gpuledger.config.channels import outbox_folder
from gpuledger.config.deliveries import DeliverySettings
from gpuledger.model.errors import Busy, ConfigError, UsageError
from tests.actions.sending import NOW, PEOPLE, filled, installed, nightly, opened, runs, send_due, usage
from tests.deliver.mail_server import MailServer, addresses, mail_server


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To read only: a test that sends keeps its outbox and its runs in a ledger of its own."""
    return filled(tmp_path_factory.mktemp("whole"))


@pytest.fixture(autouse=True)
def sums(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The quick report is installed."""
    monkeypatch.syspath_prepend(str(installed(tmp_path_factory.mktemp("installed"))))
    plugins._offers.cache_clear()
    yield
    monkeypatch.undo()
    plugins._offers.cache_clear()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return filled(tmp_path)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def test_what_is_due_is_sent_once_and_recorded(own: Path, server: MailServer) -> None:
    with opened(own, server, {"nightly": nightly()}) as ledger:
        [first] = send_due(ledger)
        again = [send_due(ledger), send_due(ledger, NOW + timedelta(hours=5))]
        [row] = runs(ledger)
    assert (first.result, first.exit_code) == ("done", 0)
    assert again == [[], []]
    assert addresses(server.taken) == sorted(PEOPLE)
    assert (row["result"], row["input_name"], row["source_type"]) == ("done", "nightly", "sums")
    assert sorted(row["recipients"]) == sorted(PEOPLE)
    message = server.taken[0].message
    assert str(message["To"]) == "ann@x.edu, bob@x.edu"
    assert str(message["Message-ID"]).startswith("<nightly-20260520T0530Z-")


def test_the_period_ends_when_it_was_due_so_that_a_later_run_sends_the_same(place: Path, server: MailServer) -> None:
    with opened(place, server, {"nightly": nightly()}) as ledger:
        orders = [order_of(ledger.settings, "nightly", NOW + timedelta(hours=late)) for late in (0, 3, 23)]
        tomorrow = order_of(ledger.settings, "nightly", NOW + timedelta(hours=24))
    assert {order.key for order in orders} == {orders[0].key}
    assert orders[0].period.end == datetime(2026, 5, 20, 5, 30, tzinfo=UTC)
    assert tomorrow.key != orders[0].key


def test_the_next_day_it_is_due_again(own: Path, server: MailServer) -> None:
    with opened(own, server, {"nightly": nightly()}) as ledger:
        send_due(ledger, NOW - timedelta(days=1))
        [sent] = send_due(ledger)
    assert sent.result == "done"
    assert len({str(taken.message["Message-ID"]) for taken in server.taken}) == 2


def test_a_changed_configuration_does_not_send_what_was_sent(own: Path, server: MailServer) -> None:
    with opened(own, server, {"nightly": nightly()}) as ledger:
        send_due(ledger)
    with opened(own, server, {"nightly": nightly(last="7d")}) as ledger:
        assert send_due(ledger) == []


def test_when_the_server_is_down_the_message_waits_and_goes_first(own: Path, server: MailServer) -> None:
    server.data_answers = ["451 not now"] * 2
    with opened(own, server, {"nightly": nightly()}) as ledger:
        [down] = send_due(ledger)
        state = states(ledger, outbox_of(ledger), NOW)[0]["state"]
        assert (down.result, down.exit_code, runs(ledger)) == ("waiting", 3, [])
        [up] = send_due(ledger, NOW + timedelta(minutes=5))
        assert send_due(ledger, NOW + timedelta(minutes=10)) == []
    assert state == "waits"
    assert up.result == "done"
    assert addresses(server.taken) == sorted(PEOPLE)


def test_a_server_that_is_down_is_tried_fully_once_a_run(own: Path, server: MailServer) -> None:
    server.data_answers = ["451 not now"] * 20
    deliveries = {name: nightly() for name in ("a", "b", "c")}
    with opened(own, server, deliveries) as ledger:
        assert {sent.result for sent in send_due(ledger)} == {"waiting"}
    assert server.connections == 2 + 1 + 1


def test_a_refused_recipient_is_recorded_and_the_others_have_it(own: Path, server: MailServer) -> None:
    server.recipient_answers = {"bob@x.edu": ["550 no such user"]}
    with opened(own, server, {"nightly": nightly()}) as ledger:
        [sent] = send_due(ledger)
        [row] = runs(ledger)
        assert send_due(ledger) == []
    assert (sent.result, sent.exit_code) == ("partial", 3)
    assert row["error"] == "bob@x.edu: 550 no such user"
    assert sorted(row["recipients"]) == ["ann@x.edu", "cyd@x.edu"]


def test_nobody_took_it_is_a_failure_that_is_kept(own: Path, server: MailServer) -> None:
    server.data_answers = ["554 no"]
    with opened(own, server, {"nightly": nightly()}) as ledger:
        [sent] = send_due(ledger)
        [kept] = outbox_of(ledger).finished()
    assert (sent.result, sent.exit_code) == ("failed", 1)
    assert kept.message["Subject"] == sent.subject


def test_what_nobody_takes_is_given_up_at_last(own: Path, server: MailServer) -> None:
    server.data_answers = ["451 not now"] * 99
    with opened(own, server, {"nightly": nightly(at=None)}, outbox_days=3) as ledger:
        order = order_of(ledger.settings, "nightly", NOW)
        list(send(ledger, lambda outbox: [order], NOW))
        [later] = send(ledger, lambda outbox: (), NOW + timedelta(days=2))
        [last] = send(ledger, lambda outbox: (), NOW + timedelta(days=3))
        assert list(send(ledger, lambda outbox: (), NOW + timedelta(days=3))) == []
    assert (later.result, last.result) == ("waiting", "failed")
    assert "given up" in last.sentences[0]


def test_old_data_goes_to_the_operator_only_and_to_all_when_it_is_there(tmp_path: Path, server: MailServer) -> None:
    old = filled(tmp_path, NOW - timedelta(days=2))
    with opened(old, server, {"nightly": usage(last="7d")}) as ledger:
        [stopped] = send_due(ledger)
        [still] = send_due(ledger, NOW + timedelta(minutes=5))
    assert (stopped.result, stopped.exit_code) == ("stopped", 3)
    assert "of the period are missing" in stopped.sentences[0]
    assert addresses(server.taken) == ["op@x.edu"]
    assert "told before" in still.sentences[-1]
    notice = server.taken[0].message
    assert str(notice["Subject"]).startswith("Not sent: nightly: Data is")
    assert "gpuledger send nightly --send --force" in notice.get_content()
    filled(tmp_path)
    with opened(old, server, {"nightly": usage(last="7d")}) as ledger:
        [sent] = send_due(ledger, NOW + timedelta(minutes=10))
    assert sent.result == "done"
    assert addresses(server.taken[1:]) == sorted(PEOPLE)


def test_force_sends_old_data(tmp_path: Path, server: MailServer) -> None:
    with opened(filled(tmp_path, NOW - timedelta(days=2)), server, {"nightly": usage(last="7d")}) as ledger:
        order = replace(order_of(ledger.settings, "nightly", NOW), is_forced=True)
        [sent] = send(ledger, lambda outbox: [order], NOW)
    assert sent.result == "done"
    assert addresses(server.taken) == sorted(PEOPLE)


def test_no_data_is_nobodys_but_the_operators_business_force_or_not(tmp_path: Path, server: MailServer) -> None:
    with opened(filled(tmp_path, NOW - timedelta(days=5)), server, {"nightly": usage()}) as ledger:
        order = replace(order_of(ledger.settings, "nightly", NOW), is_forced=True)
        [sent] = send(ledger, lambda outbox: [order], NOW)
    assert (sent.result, sent.exit_code) == ("stopped", 3)
    assert "There is no data in" in sent.sentences[0]
    assert addresses(server.taken) == ["op@x.edu"]


def test_without_an_operator_nobody_is_mailed_and_it_is_said(tmp_path: Path, server: MailServer) -> None:
    with opened(filled(tmp_path, NOW - timedelta(days=5)), server, {"nightly": usage(operator=None)}) as ledger:
        [sent] = send_due(ledger)
    assert sent.exit_code == 3
    assert "has no operator" in sent.sentences[-1]
    assert server.taken == []


def test_a_test_reaches_the_test_recipient_alone(own: Path, server: MailServer) -> None:
    with opened(own, server, {"nightly": nightly(cc=["dan@x.edu"])}) as ledger:
        for minute in range(2):
            now = NOW + timedelta(minutes=minute)
            order = by_hand(ledger.settings, "nightly", ByHand(is_test=True), now)
            list(send(ledger, lambda outbox, order=order: [order], now))  # type: ignore[misc]
        [sent] = send_due(ledger)
    tests, real = server.taken[:2], server.taken[2:]
    assert addresses(tests) == ["me@x.edu", "me@x.edu"]
    assert str(tests[0].message["Subject"]).startswith("[test] ")
    assert (str(tests[0].message["To"]), tests[0].message["Cc"]) == ("me@x.edu", None)
    assert sent.result == "done"
    assert len(real) == 1


def test_mode_test_keeps_even_old_data_from_the_operator(tmp_path: Path, server: MailServer) -> None:
    old = filled(tmp_path, NOW - timedelta(days=2))
    with opened(old, server, {"nightly": usage(last="7d", mode="test")}) as ledger:
        [sent] = send_due(ledger)
        assert send_due(ledger) == []
    assert sent.result == "done"
    assert addresses(server.taken) == ["me@x.edu"]


def test_a_report_by_hand_goes_to_whom_was_typed(own: Path, server: MailServer) -> None:
    with opened(own, server, {"nightly": nightly()}) as ledger:
        for name in ("usage", "nightly"):
            order = by_hand(ledger.settings, name, ByHand(recipients=("Eve <eve@x.edu>",)), NOW)
            list(send(ledger, lambda outbox, order=order: [order], NOW))  # type: ignore[misc]
        assert [order.name for order in due(ledger, outbox_of(ledger), NOW)] == ["nightly"]
    assert [taken.recipients for taken in server.taken] == [("eve@x.edu",)] * 2


@pytest.mark.parametrize(
    ("name", "hand", "sentence"),
    [
        ("nigtly", ByHand(), "did you mean 'nightly'"),
        ("usage", ByHand(recipients=("eve",)), "'eve' is not one address"),
    ],
)
def test_what_is_typed_wrongly_is_said(name: str, hand: ByHand, sentence: str, place: Path, server: MailServer) -> None:
    with opened(place, server, {"nightly": nightly()}) as ledger, pytest.raises(UsageError, match=sentence):
        by_hand(ledger.settings, name, hand, NOW)


def test_one_wrong_delivery_does_not_keep_the_others_from_leaving(own: Path, server: MailServer) -> None:
    deliveries = {
        "a": nightly(report="usge"),
        "b": nightly(channel="pigeon"),
        "c": nightly(),
        "d": usage(where=["x=y"]),
    }
    with opened(own, server, deliveries) as ledger:
        sent = {one.delivery: one for one in send_due(ledger)}
    assert {name: one.result for name, one in sent.items()} == {
        "a": "failed",
        "b": "failed",
        "c": "done",
        "d": "failed",
    }
    assert "did you mean 'usage'" in sent["a"].sentences[0]
    assert "no channel 'pigeon'" in sent["b"].sentences[0]
    assert exit_code(one.exit_code for one in sent.values()) == 3


def test_a_fault_in_one_report_does_not_keep_the_others_from_leaving(own: Path, server: MailServer) -> None:
    with opened(own, server, {"a": nightly(parameters={"level": "broken"}), "b": nightly()}) as ledger:
        broken, fine = send_due(ledger)
    assert (broken.result, broken.exit_code, fine.result) == ("failed", 1, "done")
    assert "Unexpected KeyError: 'surprise'" in broken.sentences[0]


def test_messages_wait_where_the_settings_say(own: Path, server: MailServer, tmp_path: Path) -> None:
    with opened(own, server, {"nightly": nightly()}, outbox=str(tmp_path / "spool")) as ledger:
        send_due(ledger)
    assert not (own / "outbox").exists()
    assert len(list((tmp_path / "spool" / "finished").iterdir())) == 1


def test_a_ledger_that_is_no_folder_needs_a_folder_for_messages() -> None:
    settings = Settings(ledger="s3://bucket/ledger")
    with pytest.raises(ConfigError, match="say where messages wait"):
        outbox_folder(settings)
    assert outbox_folder(settings.model_copy(update={"outbox": Path("/var/spool/x")})) == Path("/var/spool/x")


def test_only_one_run_sends(own: Path, server: MailServer) -> None:
    with opened(own, server, {"nightly": nightly()}) as ledger, outbox_of(ledger).alone(), pytest.raises(Busy):
        send_due(ledger)
    assert server.taken == []


def test_one_who_is_named_twice_gets_it_once(own: Path, server: MailServer) -> None:
    twice = nightly(recipients=["Ann <ann@x.edu>", "ANN@x.edu"], cc=["ann@X.edu"], bcc=[])
    with opened(own, server, {"nightly": twice}) as ledger:
        send_due(ledger)
    assert len(addresses(server.taken)) == 1


def test_the_full_report_is_attached_unless_nobody_wants_it(place: Path, server: MailServer) -> None:
    with opened(place, server, {"a": usage(formats=["html", "csv"]), "b": usage()}) as ledger:
        with_files, without = (prepare(ledger, order_of(ledger.settings, name, NOW), NOW) for name in ("a", "b"))
    assert with_files.composed
    assert without.composed
    names = [part.get_filename() for part in with_files.composed.message.iter_attachments()]
    assert names[-1] == "usage.html"
    assert {Path(str(name)).suffix for name in names} == {".html", ".csv"}
    assert b"report is attached" not in without.composed.content.replace(b"=\r\n", b"")


# ---- numbers that do not add up


@pytest.mark.parametrize(
    ("level", "result", "code", "reached"),
    [
        ("ok", "done", 0, [*PEOPLE]),
        ("warning", "done", 0, [*PEOPLE, "op@x.edu"]),
        ("critical", "stopped", 4, ["op@x.edu"]),
    ],
)
def test_numbers_that_do_not_add_up_are_told_to_the_operator_and_stop_the_mail_when_large(
    level: str, result: str, code: int, reached: list[str], own: Path, server: MailServer
) -> None:
    with opened(own, server, {"nightly": nightly(parameters={"level": level})}) as ledger:
        [sent] = send_due(ledger)
    assert (sent.result, sent.exit_code) == (result, code)
    assert addresses(server.taken) == sorted(reached)
    for taken in server.taken:
        text = taken.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert level == "ok" or "The parts miss 17 of 752 GPUs." in text[:400]


# ---- when


def test_it_is_due_by_the_clock_of_the_display_zone_also_over_a_dst_night() -> None:
    zone = "America/New_York"
    moments = {
        "2026-03-08": "03:00",  # 2:30 does not exist: right after it
        "2026-03-09": "02:30",
        "2026-10-31": "02:30",
        "2026-11-01": "02:30",
    }
    for day, clock in moments.items():
        end = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone))
        assert last_due("30 2 * * *", end, zone) == datetime.fromisoformat(f"{day}T{clock}").replace(
            tzinfo=ZoneInfo(zone)
        )
    twice = datetime(2026, 11, 1, 6, 45, tzinfo=UTC)  # 1:45 for the second time
    assert last_due("30 1 * * *", twice, zone) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_it_is_due_at_the_very_moment_and_not_a_second_before() -> None:
    moment = datetime(2026, 5, 20, 5, 30, tzinfo=UTC)
    assert last_due("30 5 * * *", moment, "UTC") == moment
    assert last_due("30 5 * * *", moment - timedelta(seconds=1), "UTC") == moment - timedelta(days=1)


@pytest.mark.parametrize(
    ("key", "start", "end"),
    [
        ("day", "2026-05-31T06:00", "2026-06-01T06:00"),
        ("week", "2026-05-25T06:00", "2026-06-01T06:00"),
        ("month", "2026-05-01T06:00", "2026-06-01T06:00"),
        ("quarter", "2026-01-01T06:00", "2026-04-01T06:00"),
        ("year", "2025-01-01T06:00", "2026-01-01T06:00"),
        ("fiscal_year", "2024-10-01T06:00", "2025-10-01T06:00"),
    ],
)
def test_the_previous_one_is_of_the_calendar(key: str, start: str, end: str) -> None:
    """In a zone six hours behind UTC, at half past midnight of the first."""
    settings = Settings(ledger="x", display_zone="Etc/GMT+6")
    delivery = DeliverySettings.model_validate({"report": "usage", "channel": "", key: "previous"})
    period = period_of(settings, delivery, datetime(2026, 6, 1, 6, 30, tzinfo=UTC))
    assert (f"{period.start:%Y-%m-%dT%H:%M}", f"{period.end:%Y-%m-%dT%H:%M}") == (start, end)


def test_what_has_no_moment_is_never_due(place: Path, server: MailServer) -> None:
    with opened(place, server, {"nightly": nightly(at=None)}) as ledger:
        assert due(ledger, outbox_of(ledger), NOW) == []


def test_what_all_refused_is_never_called_sent_and_goes_again_when_asked(own: Path, server: MailServer) -> None:
    server.data_answers = ["554 5.7.1 too large"]
    with opened(own, server, {"nightly": nightly()}) as ledger:
        send_due(ledger)
        order = order_of(ledger.settings, "nightly", NOW)
        for _ in range(2):
            [known] = send(ledger, lambda outbox: [order], NOW)
            assert (known.result, known.exit_code) == ("known", 1)
            said = " ".join(known.sentences)
            assert "It was refused before" in said
            assert "ann@x.edu" in said
            assert "554 5.7.1 too large" in said
            assert "`gpuledger send nightly --again --send`" in said
        [row] = states(ledger, outbox_of(ledger), NOW)
        assert (row["state"], row["last_sent"]) == ("refused", None)
        assert (
            plan_of(ledger, prepare(ledger, order, NOW))["would"] == "was refused before, and would not be sent again"
        )
        assert send_due(ledger) == []
        again = replace(order, is_again=True)
        [sent] = send(ledger, lambda outbox: [again], NOW)
        [done] = send(ledger, lambda outbox: [order], NOW)
    assert (sent.result, sorted(sent.answers)) == ("done", sorted(PEOPLE))
    assert (done.exit_code, done.sentences) == (0, ("It was sent before, and is not sent again.",))
    assert addresses(server.taken) == sorted(PEOPLE)


def test_again_reaches_only_those_who_do_not_have_it(own: Path, server: MailServer) -> None:
    server.recipient_answers = {"bob@x.edu": ["550 no such user"]}
    with opened(own, server, {"nightly": nightly()}) as ledger:
        send_due(ledger)
        order = order_of(ledger.settings, "nightly", NOW)
        [known] = send(ledger, lambda outbox: [order], NOW)
        [row] = states(ledger, outbox_of(ledger), NOW)
        again = replace(order, is_again=True)
        [refused] = send(ledger, lambda outbox: [again], NOW + timedelta(minutes=1))
        [later] = states(ledger, outbox_of(ledger), NOW)
        server.recipient_answers = {}
        [sent] = send(ledger, lambda outbox: [again], NOW)
        [idle] = send(ledger, lambda outbox: [again], NOW)
    assert known.exit_code == 3
    assert "It was sent before to ann@x.edu, cyd@x.edu, and refused by others: bob@x.edu: 550" in known.sentences[0]
    assert (refused.result, row["state"], later["state"]) == ("failed", "refused by some", "refused by some")
    assert (sent.result, list(sent.answers)) == ("done", ["bob@x.edu"])
    assert (idle.exit_code, idle.sentences) == (0, ("Everyone has it; nobody is sent it again.",))
    assert addresses(server.taken) == sorted(PEOPLE)


def test_a_corrected_address_gets_what_the_wrong_one_refused(own: Path, server: MailServer) -> None:
    server.recipient_answers = {"bob@x.edu": ["550 no such user"]}
    with opened(own, server, {"nightly": nightly()}) as ledger:
        send_due(ledger)
    with opened(own, server, {"nightly": nightly(recipients=[PEOPLE[0], "rob@x.edu"])}) as ledger:
        again = replace(order_of(ledger.settings, "nightly", NOW), is_again=True)
        [sent] = send(ledger, lambda outbox: [again], NOW)
    assert list(sent.answers) == ["rob@x.edu"]


@pytest.mark.parametrize("days_old", [0, 3])
def test_a_plan_without_anybody_says_how_to_name_somebody(tmp_path: Path, server: MailServer, days_old: int) -> None:
    """Nobody has it, and there is nobody to keep it back from."""
    with opened(filled(tmp_path, NOW - timedelta(days=days_old)), server, {}) as ledger:
        plan = plan_of(ledger, prepare(ledger, by_hand(ledger.settings, "usage", ByHand(), NOW), NOW))
    assert plan["would"] == (
        "would not be sent. No recipient: add --recipient ADDRESS, or [deliveries.NAME] to the configuration"
    )
    assert plan["recipients"] == ()


def test_a_plan_that_is_kept_back_says_who_would_get_what_once(tmp_path: Path, server: MailServer) -> None:
    place = filled(tmp_path, NOW - timedelta(days=3))
    for operator, to in (("Op <op@x.edu>", ("op@x.edu",)), (None, ())):
        with opened(place, server, {"weekly": usage(last="7d", operator=operator)}) as ledger:
            plan = plan_of(ledger, prepare(ledger, order_of(ledger.settings, "weekly", NOW), NOW))
        assert plan["recipients"] == to
        assert plan["would"].startswith("would be kept back from ann@x.edu, bob@x.edu, cyd@x.edu; ")
        assert plan["subject"].startswith("Not sent: weekly: ") is bool(operator)
