"""Letters and messages to send."""

from datetime import UTC, datetime

from gpuledger.deliver.message import Composed, Heading, compose
from gpuledger.render.mail.letter import Figure, Letter

NOW = datetime(2026, 11, 20, 5, 30, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
SENDER = "GPU reports <gpu@example.edu>"
PEOPLE = ("ann@x.edu", "bob@x.edu", "cyd@x.edu")


def letter(subject: str = "Pool: 74 % allocated", text: str = "Numbers.\n", figures: int = 1) -> Letter:
    images = tuple(Figure(f"chart{n}@gpuledger", PNG, f"Chart {n}") for n in range(figures))
    shown = "".join(f'<img alt="x" src="cid:{image.cid}" width="600">' for image in images)
    return Letter(subject, text, f"<!doctype html><html><body><p>Numbers.</p>{shown}</body></html>", images)


def heading(**said: object) -> Heading:
    told: dict[str, object] = {
        "sender": SENDER, "to": PEOPLE[:1], "cc": PEOPLE[1:2], "message_id": "<nightly-1@example.edu>",
        "list_name": "nightly", "date": NOW,
    }  # fmt: skip
    return Heading(**(told | said))  # type: ignore[arg-type]


def composed(**said: object) -> Composed:
    return compose(letter(), heading(**said))
