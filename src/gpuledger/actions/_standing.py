"""What became of an order in earlier runs: who has it, who refused it and why, and how those get it once more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gpuledger.actions._orders import Order
from gpuledger.config import Ledger
from gpuledger.model.errors import NoData
from gpuledger.model.tables import RUNS

_LONGEST = 400


@dataclass(frozen=True)
class Standing:
    """What the ledger holds of an order that was dealt with.

    `having` took the message in any attempt. `refusal` tells who did not take the newest one and what they said ("": all
    took it).
    """

    name: str
    attempts: int
    having: tuple[str, ...]
    refusal: str

    @property
    def exit_code(self) -> int:
        """As that of the run that was refused."""
        return 0 if not self.refusal else NoData.exit_code if self.having else 1

    @property
    def outcome(self) -> str:
        return "sent" if not self.refusal else "refused by some" if self.having else "refused"

    @property
    def sentences(self) -> tuple[str, ...]:
        """Never "sent" of what was refused; and how those get it who lack it."""
        if not self.refusal:
            return ("It was sent before, and is not sent again.",)
        before = (
            f"It was sent before to {', '.join(self.having)}, and refused by others"
            if self.having
            else "It was refused before"
        )
        return (
            f"{before}: {self.refusal.rstrip('.')}.",
            f"When that is mended, `gpuledger send {self.name} --again --send` sends it to those who do not have it.",
        )


def standing(ledger: Ledger, order: Order) -> Standing | None:
    """How an order stands; None when it was never dealt with, or when its outcome is in the outbox alone."""
    rows = list(_attempts(ledger, order))
    if not rows:
        return None
    having = tuple(dict.fromkeys(one for row in rows for one in row["recipients"] or ()))
    newest = rows[-1]
    return Standing(order.name, len(rows), having, _refusal(newest))


def once_more(ledger: Ledger, order: Order) -> Order:
    """The order as its next attempt, to those who lack it, where that is asked for and it was dealt with before."""
    before = standing(ledger, order) if order.is_again else None
    return replace(order, attempt=before.attempts + 1, having=before.having) if before else order


def _refusal(row: Mapping[str, Any]) -> str:
    said = str(row["error"] or "nobody said why") if row["result"] != "done" else ""
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"


def _attempts(ledger: Ledger, order: Order) -> Iterator[dict[str, Any]]:
    """The ledger's rows of the attempts, in their order."""
    attempt = 1
    while rows := ledger.store.matching(RUNS, ingest_id=replace(order, attempt=attempt).key).to_pylist():
        yield rows[0]
        attempt += 1
