"""Nobody gets in by a side door: every endpoint, without, with wrong and with under-scoped tokens."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute

from gpuledger.config import Settings, open_ledger
from gpuledger.serve.app import application
from gpuledger.serve.site import Site
from tests.serve.conftest import Guarded
from tests.serve.serving import MAY, Server, bearer, ledger_of, serving, token

OPEN = {
    ("GET", "/"), ("GET", "/assets/{name}"), ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/healthz"), ("GET", "/readyz"),
    ("GET", "/api/v1/me"), ("POST", "/login"), ("POST", "/logout"),
}  # fmt: skip
"""What everybody may see: it tells nothing of the ledger but its age."""
UPLOAD = {("POST", "/api/v1/ingest/{source}")}
FILLED = {"{name}": "usage", "{source}": "slurm"}


def endpoints() -> list[tuple[str, str]]:
    """Every route of the application, taken from itself: a new one cannot be forgotten."""
    app = application(Site(open_ledger(Settings(ledger="/nowhere"))))
    found: list[tuple[str, str]] = []
    pending = list(app.routes)
    while pending:
        route = pending.pop()
        inner = getattr(route, "original_router", route)
        pending += getattr(inner, "routes", [])
        methods = getattr(route, "methods", None) or ()
        found += [(method, route.path) for method in methods if method != "HEAD" or isinstance(route, APIRoute)]
    assert {path for _, path in found} >= set(app.openapi()["paths"])
    return sorted(set(found))


ENDPOINTS = endpoints()
GUARDED = [one for one in ENDPOINTS if one not in OPEN]


def ask(guarded: Guarded, endpoint: tuple[str, str], **headers: str) -> httpx.Response:
    method, path = endpoint
    for hole, name in FILLED.items():
        path = path.replace(hole, "job_attempts" if "/tables/" in path and hole == "{name}" else name)
    with guarded.server.client(**headers) as client:
        return client.request(method, path)


def test_there_are_endpoints_to_try() -> None:
    assert len(GUARDED) >= 8
    assert set(ENDPOINTS) >= OPEN


@pytest.mark.parametrize("endpoint", GUARDED, ids=" ".join)
def test_without_a_token_nothing_is_told(endpoint: tuple[str, str], guarded: Guarded) -> None:
    told = ask(guarded, endpoint)
    assert told.status_code == 401
    assert told.headers["www-authenticate"] == "Bearer"
    assert told.json()["error"]["code"] == "unauthenticated"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)
@pytest.mark.parametrize("secret", ["gpl_wrong", "x" * 5000, "expired"], ids=["wrong", "long", "expired"])
def test_a_wrong_or_expired_token_opens_nothing_not_even_what_is_open(
    endpoint: tuple[str, str], secret: str, guarded: Guarded
) -> None:
    told = ask(guarded, endpoint, **bearer(guarded.tokens.get(secret, secret)))
    assert told.status_code == 401


@pytest.mark.parametrize("endpoint", GUARDED, ids=" ".join)
def test_a_token_without_the_scope_is_forbidden(endpoint: tuple[str, str], guarded: Guarded) -> None:
    lacking = "reader" if endpoint in UPLOAD else "uploader"
    told = ask(guarded, endpoint, **bearer(guarded.tokens[lacking]))
    assert told.status_code == 403
    assert "scope" in told.json()["error"]["message"]


@pytest.mark.parametrize("endpoint", GUARDED, ids=" ".join)
def test_a_token_with_the_scope_passes(endpoint: tuple[str, str], guarded: Guarded) -> None:
    for name in ("admin", "both"):
        assert ask(guarded, endpoint, **bearer(guarded.tokens[name])).status_code not in (401, 403)


@pytest.mark.parametrize("endpoint", sorted(OPEN), ids=" ".join)
def test_what_is_open_tells_nothing_of_the_ledger(endpoint: tuple[str, str], guarded: Guarded) -> None:
    told = ask(guarded, endpoint)
    assert told.status_code in (200, 204, 400, 404)
    for secret in ("ann", "physics", "hpg", str(guarded.ledger)):
        assert not re.search(rf"\b{secret}\b", told.text)


@pytest.mark.parametrize("header", [b"Bearer", b"", b"Bearer \xc3\x9c", b"Bearer \xff\xfe", b"Bearer gpl_ gpl_"])
def test_a_malformed_authorization_is_refused(header: bytes, guarded: Guarded) -> None:
    with guarded.server.client() as client:
        told = client.get("/api/v1/reports", headers=[(b"Authorization", header)])
    assert told.status_code == 401


@pytest.mark.parametrize("scheme", ["Basic", "bearer ", "Token", "gpl_"])
def test_another_scheme_is_refused(scheme: str, guarded: Guarded) -> None:
    told = ask(guarded, ("GET", "/api/v1/reports"), Authorization=f"{scheme} {guarded.tokens['reader']}")
    assert told.status_code == (200 if scheme.strip().lower() == "bearer" else 401)


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "q"])
def test_a_token_in_a_url_is_refused_and_in_no_log(name: str, guarded: Guarded) -> None:
    secret = guarded.tokens["reader"]
    told = guarded.server.get("/api/v1/reports", **{name: secret})
    assert (told.status_code, told.json()["error"]["code"]) == (400, "token_in_url")
    assert secret not in told.text
    assert secret not in guarded.server.log.read_text()


def test_no_log_ever_holds_a_token(guarded: Guarded) -> None:
    ask(guarded, ("GET", "/api/v1/reports"), **bearer(guarded.tokens["reader"]))
    with guarded.server.client() as client:
        client.post("/login", json={"token": guarded.tokens["reader"]})
        cookie = client.cookies["gpuledger"]
    folder = guarded.ledger.parent
    for file in [path for path in folder.rglob("*") if path.is_file()]:
        content = file.read_bytes()
        assert not [name for name, secret in guarded.tokens.items() if secret.encode() in content], file
        assert cookie.encode() not in content


def test_who_did_what_is_written_down(guarded: Guarded) -> None:
    ask(guarded, ("GET", "/api/v1/reports"))
    with guarded.server.client() as client:
        client.post("/login", json={"token": "gpl_no"})
        client.post("/login", json={"token": guarded.tokens["reader"]})
    lines = [json.loads(line) for line in (guarded.ledger.parent / "audit.jsonl").read_text().splitlines()]
    events = {line["event"] for line in lines}
    assert {"refused", "login refused", "login"} <= events
    assert all(line["peer"] == "127.0.0.1" for line in lines)
    assert [line["who"] for line in lines if line["event"] == "login"][-1] == "reader"


def test_a_token_taken_back_opens_nothing_from_then_on(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path)
    secret = token(ledger, "short")
    with serving(ledger, tmp_path / "home", '[serve]\nauth = "token"') as running, running.client() as client:
        client.post("/login", json={"token": secret})
        assert client.get("/api/v1/reports").status_code == 200
        assert client.get("/api/v1/reports", headers=bearer(secret)).status_code == 200
        with open_ledger(Settings(ledger=str(ledger))) as opened:
            Site(opened).doors.tokens.revoke("short", Site(opened).now())
        assert client.get("/api/v1/reports", headers=bearer(secret)).status_code == 401
        assert client.get("/api/v1/reports").status_code == 401, "its sessions end with it"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "",
        "127.0.0.1, evil",
        "[::2]",
        "169.254.169.254",
    ],
)
def test_without_sign_in_a_foreign_host_is_refused(host: str, server: Server) -> None:
    with server.client(Host=host) as client:
        told = client.get("/api/v1/reports")
    assert told.status_code in (400, 403)
    assert "usage" not in told.text


@pytest.mark.parametrize(
    "header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"]
)
def test_without_sign_in_a_proxy_is_refused(header: str, server: Server) -> None:
    with server.client(**{header: "10.0.0.1"}) as client:
        told = client.get("/api/v1/reports")
    assert (told.status_code, told.json()["error"]["code"]) == (403, "forwarded")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1234", "LOCALHOST:80", "[::1]:8000"])
def test_this_machine_may_be_called_by_its_own_names(host: str, server: Server) -> None:
    with server.client(Host=host) as client:
        assert client.get("/api/v1/reports").status_code == 200


def test_reading_is_open_on_this_machine_and_uploading_is_not(server: Server) -> None:
    assert server.get("/api/v1/me").json() == {"is_authenticated": False, "scopes": ["read"]}
    with server.client() as client:
        told = client.post("/api/v1/ingest/slurm", files={"file": ("x.txt", b"x")})
    assert told.status_code == 401


def test_every_answer_carries_the_headers_that_browsers_obey(server: Server) -> None:
    for path in ("/", "/docs", "/api/v1/reports", "/api/v1/reports/usage.html?month=2026-05", "/nothing", "/healthz"):
        told = server.get(path)
        assert told.headers["x-content-type-options"] == "nosniff"
        assert told.headers["referrer-policy"] == "no-referrer"
        policy = told.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "server" not in told.headers


def test_the_page_runs_no_script_but_its_own_files(server: Server) -> None:
    told = server.get("/")
    assert "script-src 'self'" in told.headers["content-security-policy"]
    for script in re.findall(r"<script\b([^>]*)>", told.text):
        assert 'src="assets/' in script or 'type="application/json"' in script
    assert not re.search(r'(?:src|href)="(?:https?:)?//', told.text)


def test_the_pages_files_are_served_for_good_and_no_other_file(server: Server) -> None:
    names = re.findall(r'(?:src|href)="(assets/[^"]+)"', server.get("/").text)
    assert len(names) >= 3
    for name in names:
        told = server.get(f"/{name}")
        assert told.status_code == 200
        assert "immutable" in told.headers["cache-control"]
    with server.client() as client:
        for path in (
            "/assets/../gpuledger.toml",
            "/assets/%2e%2e/pyproject.toml",
            "/assets/..%2f..%2fetc%2fpasswd",
            "/assets//etc/passwd",
            "/assets/%00",
        ):
            told = client.get(path)
            assert told.status_code == 404, path
            assert "root:" not in told.text


def test_documentation_asks_for_nothing_from_elsewhere(server: Server) -> None:
    told = server.get("/docs")
    assert "/api/v1/reports/{name}" in told.text
    assert "<script" not in told.text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', told.text)


class TestSession:
    """A browser shows a token once and has a cookie from then on."""

    def test_a_login_gives_a_cookie_that_scripts_and_other_sites_cannot_use(self, guarded: Guarded) -> None:
        with guarded.server.client() as client:
            told = client.post("/login", json={"token": guarded.tokens["reader"]})
            cookie = told.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=strict" in cookie
            assert told.json()["is_authenticated"] is True
            assert client.get("/api/v1/reports/usage", params=MAY).status_code == 200
            csrf = client.get("/api/v1/me").json()["csrf"]
            assert client.post("/logout").status_code == 403, "another page could have sent it"
            assert client.post("/logout", headers={"X-CSRF-Token": csrf}).status_code == 204
            assert client.get("/api/v1/reports").status_code == 401

    def test_the_cookie_of_a_session_that_is_over_opens_nothing(self, guarded: Guarded) -> None:
        with guarded.server.client() as client:
            csrf = client.post("/login", json={"token": guarded.tokens["reader"]}).json()["csrf"]
            cookie = client.cookies["gpuledger"]
            client.post("/logout", headers={"X-CSRF-Token": csrf})
            assert client.get("/api/v1/reports", headers={"Cookie": f"gpuledger={cookie}"}).status_code == 401

    def test_behind_https_the_cookie_is_sent_only_there(self, tmp_path: Path) -> None:
        ledger = ledger_of(tmp_path)
        secret = token(ledger, "t")
        config = '[serve]\nauth = "token"\nhttps = true'
        with serving(ledger, tmp_path / "home", config) as running, running.client() as client:
            cookie = client.post("/login", json={"token": secret}).headers["set-cookie"]
        assert cookie.startswith("__Host-gpuledger=")
        assert "Secure" in cookie

    def test_an_upload_with_a_cookie_needs_the_csrf_header(self, guarded: Guarded) -> None:
        with guarded.server.client() as client:
            csrf = client.post("/login", json={"token": guarded.tokens["both"]}).json()["csrf"]
            for header in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": ""}):
                told = client.post("/api/v1/ingest/slurm", files={"file": ("x.txt", b"x")}, headers=header)
                assert (told.status_code, told.json()["error"]["code"]) == (403, "csrf")
            told = client.post("/api/v1/ingest/slurm", files={"file": ("x.txt", b"x")}, headers={"X-CSRF-Token": csrf})
            assert told.status_code == 400, "it is let in, and the file is none"

    def test_a_page_of_another_site_changes_nothing(self, guarded: Guarded) -> None:
        with guarded.server.client(Origin="https://evil.example") as client:
            told = client.post("/login", json={"token": guarded.tokens["reader"]})
        assert (told.status_code, told.json()["error"]["code"]) == (403, "foreign_origin")

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b'{"token": 1}', b'{"token": ""}', b'{"tokn": "x"}', b"\xff" * 100, b"[" * 50_000]
    )
    def test_a_login_that_is_none_is_named(
        self, body: bytes, tmp_path_factory: pytest.TempPathFactory, logins: Server
    ) -> None:
        with logins.client(**{"Content-Type": "application/json"}) as client:
            told = client.post("/login", content=body)
        assert (told.status_code, told.json()["error"]["field"]) == (400, "token")

    @pytest.fixture(scope="class")
    def logins(self, read_only_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        with serving(read_only_ledger, tmp_path_factory.mktemp("logins")) as running:
            yield running

    def test_guessing_is_slowed_down(self, tmp_path: Path, read_only_ledger: Path) -> None:
        with serving(read_only_ledger, tmp_path) as running, running.client() as client:
            told = [client.post("/login", json={"token": f"gpl_{number}"}) for number in range(12)]
        assert [each.status_code for each in told] == [401] * 10 + [429] * 2
        assert 0 < int(told[-1].headers["retry-after"]) <= 61


class TestProxy:
    """A proxy that signs people in is believed, and nobody else."""

    CONFIG = '[serve.proxy]\nheader = "X-Remote-User"\npeers = ["{peer}"]\nuploaders = ["ann"]\nadmins = ["root"]'

    def test_its_header_says_who_asks(self, tmp_path: Path, read_only_ledger: Path) -> None:
        with (
            serving(read_only_ledger, tmp_path, self.CONFIG.format(peer="127.0.0.1")) as running,
            running.client() as client,
        ):
            me = {
                name: client.get("/api/v1/me", headers={"X-Remote-User": name}).json()
                for name in ("ann", "bob", "root")
            }
            assert {name: each["scopes"] for name, each in me.items()} == {
                "ann": ["read", "upload"], "bob": ["read"], "root": ["read", "upload", "admin"],
            }  # fmt: skip
            assert client.get("/api/v1/reports").status_code == 401, "without the header nobody is signed in"
            both = [("X-Remote-User", "ann"), ("X-Remote-User", "root")]
            assert client.get("/api/v1/reports", headers=both).status_code == 401
            file = {"file": ("x.txt", b"x")}
            told = client.post("/api/v1/ingest/slurm", files=file, headers={"X-Remote-User": "ann"})
            assert told.json()["error"]["code"] == "csrf", "a browser's sign-in at the proxy is sent by itself"

    def test_the_header_of_anybody_else_is_refused(self, tmp_path: Path, read_only_ledger: Path) -> None:
        config = self.CONFIG.format(peer="10.9.8.7")
        with (
            serving(read_only_ledger, tmp_path, config) as running,
            running.client(**{"X-Remote-User": "root"}) as client,
        ):
            told = client.get("/api/v1/reports")
        assert (told.status_code, told.json()["error"]["code"]) == (403, "untrusted_proxy")
