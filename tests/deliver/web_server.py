"""A real web server on loopback that answers as it is told, and remembers every request."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class WebServer:
    port: int = 0
    answers: list[int] = field(default_factory=list)
    """Status codes from the front; empty is 200."""
    posts: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)


@contextmanager
def web_server(*answers: int, context: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    told = WebServer(answers=list(answers))

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.posts.append((dict(self.headers), body))
            self.send_response(told.answers.pop(0) if told.answers else 200)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Post)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    told.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
