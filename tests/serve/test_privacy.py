"""Who may see only their own rows sees no others, and where names are pseudonyms no answer holds a name."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.serve.serving import HOSTILE, MAY, ROWS, Server, bearer, ledger_of, of_one_hour, row, serving, token

NAMES = ("ann", "bob", "cyd", "physics", "biology", "train", HOSTILE, "alert(1)", "=cmd()")
READABLE = (
    "/api/v1/reports/usage", "/api/v1/reports/usage.html", "/api/v1/reports/usage.txt", "/api/v1/reports/usage.csv?table=by-user",
    "/api/v1/reports/usage.csv?table=by-account", "/api/v1/reports/usage.svg?chart=gpus-in-use", "/api/v1/reports/rolling?last=3d&to=2026-05-16",
    "/api/v1/reports/usage?by=account", "/api/v1/query?metric=gpu_hours&by=user", "/api/v1/query?metric=gpu_hours&by=account,user,job_name",
    "/api/v1/inventory", "/api/v1/tables/job_attempts", "/api/v1/tables/runs", "/api/v1/tables/problems", "/api/v1/tables/job_events", "/metrics",
    "/readyz", "/api/v1/reports", "/",
)  # fmt: skip


TABS = '[reports.rolling]\nqueue = ["biology", "a100"]\naccount = ["physics"]'
"""A queue is called as an account is."""


@dataclass(frozen=True)
class Veiled:
    server: Server
    tokens: dict[str, str]

    def get(self, path: str, name: str) -> str:
        joint = "&" if "?" in path else "?"
        dated = (
            path
            if "to=" in path or not path.startswith(("/api/v1/reports/", "/api/v1/query"))
            else f"{path}{joint}month=2026-05"
        )
        with self.server.client(**bearer(self.tokens[name])) as client:
            return client.get(dated).text


@pytest.fixture(scope="module")
def veiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Veiled]:
    folder = tmp_path_factory.mktemp("veiled")
    ledger = ledger_of(folder, *ROWS, row(7, "cyd", "biology", 14, queue="biology"))
    tokens = {"public": token(ledger, "public"), "operator": token(ledger, "operator", "--scope", "admin")}
    with serving(ledger, folder / "home", f'[serve]\nauth = "token"\nnames = "pseudonym"\n{TABS}') as running:
        yield Veiled(running, tokens)


@pytest.mark.parametrize("path", READABLE)
def test_no_answer_holds_a_name(path: str, veiled: Veiled) -> None:
    told = veiled.get(path, "public")
    assert "error" not in told[:9] or path.endswith("/problems")
    for name in NAMES:
        assert not re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", told), name
    assert str(veiled.server.log.parent) not in told


def test_a_person_has_one_pseudonym_everywhere_and_always(veiled: Veiled) -> None:
    found = [
        set(re.findall(r"user-[0-9a-f]{8}", veiled.get(path, "public")))
        for path in (*READABLE[:3], READABLE[8], "/api/v1/tables/job_attempts")
    ]
    assert len(found[0]) == 5
    assert all(each == found[0] for each in found)


def test_the_operator_sees_names(veiled: Veiled) -> None:
    assert "ann" in veiled.get("/api/v1/query?metric=gpu_hours&by=user", "operator")
    assert '"user_name": "ann"' in veiled.get("/api/v1/tables/job_attempts", "operator")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/reports/usage?where=user=ann", "/api/v1/reports/usage?where=user!=ann", "/api/v1/reports/usage?where=account=physics",
        "/api/v1/reports/usage?where=job_name=x", "/api/v1/query?metric=gpu_hours&where=user=ann", "/api/v1/tables/job_attempts?where=user_name=ann",
        "/api/v1/tables/job_attempts?sort=user_name", "/api/v1/tables/job_attempts?where=user_id=1", "/api/v1/tables/job_attempts?where=user_name>=a",
        "/api/v1/reports/rolling?account=physics", "/api/v1/tables/job_attempts?where=end_reason=x",
        "/api/v1/reports/rolling?queue=biology", "/api/v1/reports/rolling?queue=a100,biology", "/api/v1/reports/usage?where=queue=biology",
        "/api/v1/query?metric=gpu_hours&where=queue!=biology", "/api/v1/tables/job_attempts?where=queue=biology",
        "/api/v1/tables/job_attempts?where=queue>b", "/api/v1/tables/job_attempts?sort=-queue", "/api/v1/tables/job_attempts?where=row_hash=1",
        "/api/v1/tables/job_attempts?sort=row_hash", "/api/v1/tables/runs?where=source=file:00", "/api/v1/tables/runs?where=ingest_id>2",
    ],
)  # fmt: skip
def test_a_question_by_name_would_tell_who_is_who_and_is_refused(path: str, veiled: Veiled) -> None:
    with veiled.server.client(**bearer(veiled.tokens["public"])) as client:
        told = client.get(path)
    assert (told.status_code, told.json()["error"]["code"]) == (403, "hidden")
    assert not re.search(r"\b(ann|physics|biology)\b", told.text)


def test_no_hash_of_a_row_or_file_lets_a_guessed_name_be_checked(veiled: Veiled) -> None:
    """A hash without a salt is the same for whoever guesses the row right."""
    told = {name: veiled.get(f"/api/v1/tables/{name}", "public") for name in ("job_attempts", "runs")}
    known = {name: json.loads(veiled.get(f"/api/v1/tables/{name}", "operator"))["rows"] for name in told}
    [run], attempts = known["runs"], known["job_attempts"]
    secrets = [run["input_sha256"], run["input_sha256"][:8], run["ingest_id"], run["source"]]
    for secret in (*secrets, *(str(each["row_hash"]) for each in attempts)):
        assert not any(secret in text for text in told.values()), secret
    assert json.loads(told["runs"])["rows"][0]["source"].startswith("file-")


def test_the_next_page_tells_nothing_of_the_rows_of_this_one(veiled: Veiled) -> None:
    jobs, cursor = [], ""
    while cursor is not None:
        told = json.loads(veiled.get(f"/api/v1/tables/job_attempts?limit=3&cursor={cursor}", "public"))
        jobs += [row["job_id"] for row in told["rows"]]
        cursor = told["next"]
        assert b"2026" not in base64.urlsafe_b64decode(cursor or "")
    assert sorted(jobs) == ["1", "2", "3", "4", "5", "6", "7"]
    forged = base64.urlsafe_b64encode(b'{"order": [false, "submitted_at"], "after": []}').decode()
    assert '"cursor"' in veiled.get(f"/api/v1/tables/job_attempts?cursor={forged}", "public")


def test_a_tab_called_as_an_account_has_the_pseudonym_and_is_asked_for_by_it(veiled: Veiled) -> None:
    listed = json.loads(veiled.get("/api/v1/reports", "public"))["reports"]
    [biology, a100, physics] = next(each["tabs"] for each in listed if each["name"] == "rolling")
    assert a100["label"] == "a100"
    for tab, key in ((biology, "queue"), (physics, "account")):
        assert re.fullmatch(r"group-[0-9a-f]{8}", tab["label"])
        assert tab["parameters"][key] == tab["label"]
        asked = "&".join(f"{key}={value}" for key, value in tab["parameters"].items())
        told = veiled.get(f"/api/v1/reports/rolling?{asked}", "public")
        assert tab["label"] in told
        assert "error" not in told[:9]
        assert not re.search(r"\b(physics|biology)\b", told)


def test_accounts_are_not_listed_in_the_order_of_their_names(veiled: Veiled) -> None:
    """Who knows the names would number them."""
    accounts = json.loads(veiled.get("/api/v1/inventory?month=2026-05", "public"))["accounts"]
    assert [each["account"] for each in accounts] == sorted(each["account"] for each in accounts)


def test_people_that_tie_are_not_listed_in_the_order_of_their_names(veiled: Veiled) -> None:
    rows = json.loads(veiled.get("/api/v1/query?metric=users&by=user", "public"))["rows"]
    shown = [row["user"] for row in rows if row["users"] == 1]
    assert len(shown) == 5
    assert shown == sorted(shown)


def test_a_dimension_there_is_not_is_named_with_the_near_ones(veiled: Veiled) -> None:
    error = json.loads(veiled.get("/api/v1/query?metric=gpu_hours&by=usr", "public"))["error"]
    assert (error["field"], error["code"]) == ("by", "bad_parameter")
    assert "'user'" in error["message"]


def test_a_near_name_is_not_proposed(veiled: Veiled) -> None:
    told = veiled.get("/api/v1/reports/usage?where=queue=a10", "public")
    assert "did you mean" not in told


class TestOwnRows:
    """`own_rows`: who is signed in by name sees only what is theirs."""

    @pytest.fixture(scope="class")
    def own(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Veiled]:
        folder = tmp_path_factory.mktemp("own")
        ledger = ledger_of(folder)
        tokens = {
            "ann": token(ledger, "anns", "--user", "ann"),
            "hostile": token(ledger, "hostile", "--user", "ann,bob"),
            "program": token(ledger, "program"),
            "operator": token(ledger, "operator", "--user", "ann", "--scope", "admin"),
        }
        with serving(ledger, folder / "home", '[serve]\nauth = "token"\nown_rows = true') as running:
            yield Veiled(running, tokens)

    @pytest.mark.parametrize(
        "path",
        [path for path in READABLE if not path.endswith(("runs", "problems", "job_events", "/metrics", "readyz"))],
    )
    def test_no_answer_holds_another_person(self, path: str, own: Veiled) -> None:
        told = own.get(path, "ann")
        for name in ("bob", "cyd", HOSTILE, "biology"):
            assert not re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", told), name

    def test_their_own_rows_are_all_there(self, own: Veiled) -> None:
        with own.server.client(**bearer(own.tokens["ann"])) as client:
            rows = client.get("/api/v1/query", params={"metric": "jobs", "by": "user", **MAY}).json()["rows"]
            assert rows == [{"user": "ann", "jobs": 2.0}]
            assert len(client.get("/api/v1/tables/job_attempts").json()["rows"]) == 2

    @pytest.mark.parametrize("path", ["/api/v1/tables/runs", "/api/v1/tables/problems", "/api/v1/tables/attempt_gpus"])
    def test_rows_that_are_nobodys_own_are_the_operators(self, path: str, own: Veiled) -> None:
        with own.server.client(**bearer(own.tokens["ann"])) as client:
            assert client.get(path).json()["error"]["code"] == "hidden"
        with own.server.client(**bearer(own.tokens["operator"])) as client:
            assert client.get(path).status_code == 200

    @pytest.mark.parametrize(
        ("path", "field"),
        [("/api/v1/reports/health", "name"), ("/api/v1/query?metric=device_events&by=host", "metric")],
    )
    def test_numbers_of_devices_are_not_theirs_and_the_answer_says_so(self, path: str, field: str, own: Veiled) -> None:
        error = json.loads(own.get(path, "ann"))["error"]
        assert (error["code"], error["field"]) == ("hidden", field)

    def test_reports_they_may_not_see_are_not_offered(self, own: Veiled) -> None:
        for path in ("/", "/api/v1/reports"):
            assert '"name": "usage"' in own.get(path, "ann")
            assert '"name": "health"' not in own.get(path, "ann")
            assert '"name": "health"' in own.get(path, "operator")

    def test_a_name_with_a_comma_is_one_name(self, own: Veiled) -> None:
        """A filter's commas part values: the person's name may not become several."""
        with own.server.client(**bearer(own.tokens["hostile"])) as client:
            told = client.get("/api/v1/query", params={"metric": "jobs", "by": "user", **MAY})
            rows = client.get("/api/v1/tables/job_attempts")
        assert "bob" not in told.text
        assert "bob" not in rows.text

    def test_a_token_that_is_nobodys_sees_all(self, own: Veiled) -> None:
        assert "bob" in own.get("/api/v1/query?metric=gpu_hours&by=user", "program")

    def test_what_was_made_for_one_is_not_shown_to_another(self, own: Veiled) -> None:
        names = ("operator", "ann", "operator")
        whole, part, again = of_one_hour(lambda: [own.get("/api/v1/reports/usage", name) for name in names])
        assert "bob" in whole
        assert "bob" not in part
        assert again == whole


def test_pseudonyms_outlive_a_restart_and_differ_between_ledgers(tmp_path: Path) -> None:
    told = []
    for folder in ("one", "one", "two"):
        place = tmp_path / folder
        ledger = place / "led" if (place / "led").exists() else ledger_of(place)
        with serving(ledger, place / "home", '[serve]\nnames = "pseudonym"') as running:
            rows = running.get("/api/v1/query", metric="jobs", by="user", **MAY).json()["rows"]
        told.append(sorted(row["user"] for row in rows))
        assert (ledger / "pseudonyms.salt").stat().st_mode & 0o777 == 0o600
    assert told[0] == told[1]
    assert not set(told[0]) & set(told[2])
