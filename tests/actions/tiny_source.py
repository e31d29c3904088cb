"""A source small enough to see through: one attempt a line, `number,state,end hour[,use]`; `!` lines are bad."""

from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from gpuledger.model.batch import Parsed, Watermark
from gpuledger.model.errors import SourceError
from gpuledger.model.problems import Problem, Remark
from gpuledger.sources import Context
from tests.store.rows import at, attempt, attempts


@dataclass(frozen=True)
class Tiny:
    name: ClassVar[str] = "tiny"
    title: ClassVar[str] = "Tiny test input"
    rows_a_batch: int = 100
    bad_mark: str = "!"
    qos: tuple[str, ...] = ("a", "b")

    def parse(self, raw: BinaryIO, context: Context) -> Parsed:
        if context.zone is None:
            yield Remark("No zone given: stamps were read as UTC.")
        rows = []
        for line, text in enumerate(raw, 1):
            if b"\0" in text:
                raise SourceError(f"{context.input_name} is binary, not text.")
            if text.startswith(self.bad_mark.encode()):
                yield Problem(line, "the line begins with a mark", text.decode().strip())
                continue
            rows.append(self._row(text.decode().strip(), context))
            if len(rows) == self.rows_a_batch:
                yield attempts(*rows)
                rows = []
        if rows:
            yield attempts(*rows)
        yield Watermark(context.cluster or "hpg", None, at(1000))

    def _row(self, text: str, context: Context) -> dict[str, object]:
        number, state, end = text.split(",")
        ended = at(float(end)) if end else None
        told = {"state": state, "ended_at": ended, "observed_at": ended or at(int(number) + 1)}
        return attempt(
            int(number), **told, cluster=context.cluster or "hpg", reported_by=None if ended else context.reported_by
        )

    def redact(self, content: bytes) -> bytes:
        return content.replace(b"secret", b"******")


def lines(numbers: range, state: str = "completed") -> bytes:
    return b"".join(f"{n},{state},{n + 2}\n".encode() for n in numbers)
