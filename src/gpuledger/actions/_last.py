"""The last answer of a live source, as the raw zone keeps it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BufferedReader, RawIOBase
from typing import BinaryIO, cast

from gpuledger.model.errors import SourceError
from gpuledger.model.schema import unbound
from gpuledger.model.tables import RUNS
from gpuledger.raw import RawZone
from gpuledger.store import Store


@dataclass(frozen=True)
class Answer:
    """When it came, and the bytes it was."""

    raw: RawZone
    time: datetime
    sha256: str

    @property
    def day(self) -> date:
        """The day (UTC) of the poll."""
        return self.time.astimezone(UTC).date()

    @contextmanager
    def opened(self) -> Iterator[BinaryIO | None]:
        """Its bytes, None when they have expired."""
        entry = next(self.raw.entries(self.sha256), None)
        try:
            content = self.raw.open(entry) if entry else None
        except SourceError:
            content = None
        if content is None:
            yield None
            return
        with BufferedReader(cast(RawIOBase, content)) as lines:
            yield cast(BinaryIO, lines)


def last_answer(store: Store, raw: RawZone, name: str, beginning: str = "") -> Answer | None:
    """The newest answer of the source `name` that was read to its end; of those whose name begins so."""
    runs = unbound(RUNS)
    ours = runs.filter((runs.source == name) & (runs.run_kind == "collect") & (runs.result == "done"))
    ours = ours.filter(ours.input_name.startswith(beginning)) if beginning else ours
    newest = ours.aggregate(time=ours.run_started_at.max(), sha256=ours.input_sha256.argmax(ours.run_started_at))
    row = store.ask(newest).to_pylist()[0]
    return Answer(raw, row["time"].replace(tzinfo=UTC), row["sha256"]) if row["time"] else None
