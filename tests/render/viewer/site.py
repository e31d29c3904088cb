"""Small servers for the page: plain files as any web server gives them, and an API that answers from ready documents."""

import gzip
import json
import mimetypes
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gpuledger.model.chart import Axis, Bar, Bars, Chart, Grid, GridRow, Lines, Series
from gpuledger.model.document import Block, Document, Note, Section, Text
from gpuledger.plugins import load
from gpuledger.render import viewer
from gpuledger.render.json import to_json
from tests.render import samples


def classed(document: Document) -> Document:
    """The document with its lanes' hosts in a domain, each GPU of a class: every other host is open to all."""

    def row(one: GridRow) -> GridRow:
        host, _, gpu = one.label.partition(" / ")
        return replace(
            one, label=f"{host}.pool.example.edu / {gpu}", category=("Open capacity", "Reserved")[int(host[-1]) % 2]
        )

    def block(one: Block) -> Block:
        if not isinstance(one, Chart) or not isinstance(one.shape, Grid) or not one.shape.states:
            return one
        rows = tuple(row(each) for each in one.shape.rows)
        return replace(one, shape=replace(one.shape, rows=rows, group_label="GPU model", category_label="Class"))

    sections = tuple(replace(one, blocks=tuple(map(block, one.blocks))) for one in document.sections)
    return replace(document, sections=sections)


def ranked() -> Document:
    """Bars of one part and of several, a name with a tag in it, the rest, and none."""
    users = tuple(Bar(name, name, ((name, 40.0 - n),), f"{40 - n} · {n} %") for n, name in enumerate(samples.NAMES))
    rest = Bar("others", "17 others", (("others", 9.0),), "9 · 4 %")
    parts = (
        Bar("a", "<b>Anvil</b>", (("okafor", 20.0), ("tanaka", 10.0)), "30 h"),
        Bar("z", "Zero", (("okafor", 0.0),), "0"),
    )
    axes = Axis(""), Axis("", kind="category")
    blocks = (
        Chart("one", "Attempts by user", "okafor had most.", *axes, Bars((*users, rest)), "user"),
        Chart("parts", "Hours by site", "All at Anvil.", *axes, Bars(parts, "user")),
        Chart("none", "Nothing", "", *axes, Bars(()), empty="No attempt failed."),
    )  # fmt: skip
    fine = [Note(f"n{number}", "ok", "r", "Fine.") for number in range(3)]
    noted = (
        Section("advice", "Recommendations", (fine[0],)),
        Section("quality", "Data quality", (Text("t1", "Words."), fine[1])),
        Section("method", "Method", (Text("t2", "Words."), fine[2])),
    )
    return samples.document("bars", "Ranked bars", (Section("all", "Bars", (*blocks, earlier())), *noted))


def earlier() -> Chart:
    """A trend: the mean of each of eight weeks, six of them before the document's period."""
    weeks = tuple(samples.START - timedelta(weeks=6 - n) for n in range(8))
    shape = Lines("line", False, (Series("all", "All", (0.5, 0.6, 0.4, 0.5, 0.7, 0.6, 0.5, 0.6)),), 7 * 86_400.0)
    x = Axis("week", kind="time", values=weeks, zone="UTC")
    return Chart("trend", "Allocated share by week", "It rose.", x, Axis("share", "ratio"), shape)


def ends() -> Document:
    """Lines with names at their ends, and one of a hundred bins that is nearly empty."""
    hours = tuple(samples.START + timedelta(hours=n) for n in range(100))
    x = Axis("", kind="time", values=hours, zone="UTC")
    shares = (("Researcher-owned", 0.45), ("Open capacity", 0.8))
    classes = tuple(Series(name, name, tuple(share + n % 5 / 50 for n in range(100))) for name, share in shares)
    few = Series("all", "All", (0.01, *(20.0 + n % 30 for n in range(99))))
    charts = (
        Chart("classes", "Share by class", "", x, Axis("share", "ratio"), Lines("line", False, classes, 3600.0)),
        Chart("few", "GPUs in use", "", x, Axis("GPUs"), Lines("line", False, (few,), 3600.0)),
    )
    return samples.document("ends", "Ends of lines", tuple(Section(one.id, one.title, (one,)) for one in charts))


DOCUMENTS: dict[str, Document] = {
    "usage": samples.usage(samples.BANNERS),
    "shapes": samples.shapes(),
    "hostile": samples.hostile(),
    "edges": samples.edges(),
    "rankings": samples.rankings(),
    "pool": classed(samples.pool()),
    "bars": ranked(),
    "ends": ends(),
}
NAMES = tuple(DOCUMENTS)


def info(name: str, **more: Any) -> dict[str, Any]:
    """A report as the page lists it."""
    told = viewer.report_info(load("reports", "usage"))
    return told | {"name": name, "title": name.title()} | more


def single_file(folder: Path) -> Path:
    """Every sample in one file."""
    infos = [info(name, windows=[{"last": None, "tab": None, "file": f"{name}.json"}]) for name in NAMES]
    documents = [(f"{name}.json", to_json(document)) for name, document in DOCUMENTS.items()]
    path = folder / "report.html"
    path.write_bytes(
        viewer.page({"mode": "embedded", "title": "Samples", "reports": infos}, inline=True, documents=documents)
    )
    return path


MISSING = "There is no data in <6 h>; try `--to 2026-11-16`."


def static_site(folder: Path, **config: Any) -> Path:
    """A published site: usage in two tabs with two windows each and one that could not be made, the others in one."""
    files = dict(viewer.files())
    windows = [
        {"last": last, "tab": tab, "file": f"usage.{tab}.{last}.json", "generated_at": "2026-11-16T14:04:00Z"}
        for tab in ("physics", "bio")
        for last in ("7d", "30d")
    ]
    tabs = [{"label": "physics", "parameters": {"by": "user"}}, {"label": "bio", "parameters": {"by": "account"}}]
    missing = [{"last": "6h", "tab": "bio", "reason": MISSING}]
    reports = [info("usage", tabs=tabs, windows=windows, missing=missing)]
    for window in windows:
        titled = replace(DOCUMENTS["usage"], title=f"QoS {window['tab']}, last {window['last']}", banners=())
        files[f"data/{window['file']}"] = to_json(titled)
    for other in NAMES[1:]:
        reports.append(info(other, windows=[{"last": "30d", "tab": None, "file": f"{other}.json"}]))
        files[f"data/{other}.json"] = to_json(DOCUMENTS[other])
    files["data/index.json"] = json.dumps({"reports": reports}).encode()
    files["index.html"] = viewer.page({"mode": "static", "title": "Samples", "reports": []} | config, inline=False)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@dataclass
class Answer:
    """What a server says."""

    status: int
    content: bytes
    kind: str = "application/json"


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Server:
    """A server on a free port of this machine; `asked` is what was asked of it."""

    answer: Callable[[Asked], Answer]
    policy: str
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> "Server":
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                split = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Asked(self.command, split.path, parse_qs(split.query), dict(self.headers), body)
                outer.asked.append(request)
                self.reply(outer.answer(request))

            do_POST = do_GET  # noqa: N815 - the library's name

            def reply(self, answer: Answer) -> None:
                packed = gzip.compress(answer.content, 6)
                self.send_response(answer.status)
                for name, value in {
                    "Content-Type": answer.kind, "Content-Encoding": "gzip", "Content-Length": str(len(packed)),
                    "Content-Security-Policy": f"{outer.policy}; frame-ancestors 'none'", "X-Content-Type-Options": "nosniff",
                    "Cache-Control": "max-age=31536000, immutable" if "/assets/" in self.path else "no-cache",
                }.items():  # fmt: skip
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(packed)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"


def file_server(folder: Path) -> Server:
    """A plain web server of `folder`."""

    def answer(asked: Asked) -> Answer:
        path = (folder / (asked.path.lstrip("/") or "index.html")).resolve()
        if not path.is_file() or not path.is_relative_to(folder.resolve()):
            return Answer(404, b"{}")
        return Answer(200, path.read_bytes(), mimetypes.guess_type(path)[0] or "text/plain")

    return Server(answer, viewer.csp(inline=False))


@dataclass
class Service:
    """The API's contract, answered from a sample; what it should do next is set from outside."""

    scopes: list[str] = field(default_factory=lambda: ["read"])
    is_authenticated: bool = False
    failing: Answer | None = None
    held: threading.Event | None = None
    """Set, it lets answers go that wait for it."""
    empty: tuple[str, ...] = ()
    """Reports without data."""
    listed: list[dict[str, Any]] | None = None
    """The reports as they are listed, where it matters."""
    title: str = "QoS physics"
    told: dict[str, Any] = field(default_factory=dict)
    changes: Callable[[Document], Document] = lambda document: document

    def server(self, **config: Any) -> Server:
        said = {"mode": "live", "title": "Samples", "reports": [], "base": "", "refresh_seconds": 300} | config
        files = {f"/{path}": content for path, content in viewer.files().items()}

        def answer(asked: Asked) -> Answer:
            if asked.path in files:
                return Answer(200, files[asked.path], mimetypes.guess_type(asked.path)[0] or "text/plain")
            if asked.path == "/":
                return Answer(200, viewer.page(said, inline=False), "text/html")
            return self.api(asked)

        return Server(answer, viewer.csp(inline=False))

    def api(self, asked: Asked) -> Answer:
        if asked.path.startswith("/api/v1/reports/") and (refusal := self._refusal(asked)):
            return refusal
        if asked.path == "/api/v1/reports":
            return _json({"reports": self.listed or [info("usage"), info("pool")]})
        if asked.path == "/api/v1/me":
            return _json(
                {
                    "is_authenticated": self.is_authenticated,
                    "scopes": self.scopes,
                    **({"csrf": "c5"} if self.is_authenticated else {}),
                }
            )
        if asked.path == "/api/v1/sources":
            return _json({"sources": [{"name": "slurm", "type": "slurm", "title": "Slurm"}]})
        if asked.path == "/login":
            return self._login(asked)
        if asked.path.startswith("/api/v1/ingest/"):
            return _json(self.told)
        if asked.path == "/api/v1/reports/usage":
            if self.held:
                assert self.held.wait(120), "nobody let the answer go"
            return Answer(200, to_json(self._document(asked)))
        if asked.path == "/api/v1/reports/pool":
            return Answer(200, to_json(samples.pool()))
        return _json({"error": {"message": f"There is no {asked.path}.", "code": "not_found"}}, 404)

    def _refusal(self, asked: Asked) -> Answer | None:
        if asked.path.rpartition("/")[2] in self.empty:
            return _json({"error": {"message": "The ledger holds no <b>such</b> data yet.", "code": "no_data"}}, 404)
        return self.failing

    def _login(self, asked: Asked) -> Answer:
        if json.loads(asked.body)["token"] != "right":
            return _json(
                {"error": {"message": "The token is wrong, expired or revoked.", "code": "unauthenticated"}}, 401
            )
        self.is_authenticated, self.scopes, self.failing = True, ["read", "upload"], None
        return _json({"is_authenticated": True, "scopes": self.scopes, "csrf": "c5"})

    def _document(self, asked: Asked) -> Document:
        """The sample moved to now, cut to what was asked."""
        made = replace(samples.usage(), title=f"{self.title}, {_words(asked.query)}")
        return self.changes(replace(made, generated_at=datetime.now(UTC), parameters={"by": asked.query.get("by", ["user"])[0], "top": 12, "rows": 50, "where": tuple(asked.query.get("where", ()))}))  # fmt: skip


def _words(query: Mapping[str, list[str]]) -> str:
    if "from" in query:
        return f"from {query['from'][0][:16]} to {query['to'][0][:16]}"
    return f"last {query['last'][0]}"


def _json(content: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode())


def aged(document: Document, age: timedelta) -> Document:
    """The document as it was made `age` ago."""
    return replace(document, generated_at=datetime.now(UTC) - age)
