"""The words of a file's state column, as the ledger's."""

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

WAITING = ("pending", "held")
RUNNING = ("running", "suspended", "resizing")
ENDED = (
    "completed", "failed", "cancelled", "timeout", "out_of_memory", "node_fail", "preempted", "requeued", "boot_fail",
    "deadline", "revoked", "removed",
)  # fmt: skip
OTHER = "other"
MOST_WORDS = 1_000
"""A state column of free text would fill memory with its words."""
STATES = (*WAITING, *RUNNING, *ENDED, OTHER)


def canonical(raw: pa.Array, words: Mapping[str, str], unknown: "Counter[str]") -> pa.Array:
    """The ledger's state of each row, null where the file says nothing; words nobody mapped are counted and become other."""
    told = {word.casefold(): state for word, state in words.items()}
    encoded = raw.dictionary_encode()
    meant = [_state(word, told) for word in encoded.dictionary.to_pylist()]
    for index, count in zip(*_counts(encoded.indices), strict=True):
        word = encoded.dictionary[index].as_py()
        if meant[index] is None and (word in unknown or len(unknown) < MOST_WORDS):
            unknown[word] += count
    return pa.array([state or OTHER for state in meant], pa.string()).take(encoded.indices)


def _counts(indices: pa.Array) -> tuple[list[int], list[int]]:
    counted = pc.value_counts(indices.drop_null())
    return counted.field("values").to_pylist(), counted.field("counts").to_pylist()


def _state(word: str, told: Mapping[str, str]) -> str | None:
    plain = word.strip().casefold()
    if plain in told:
        return told[plain]
    plain = plain.replace("-", "_").replace(" ", "_")
    return plain if plain in STATES else None


def derived(state: pa.Array, has_started: pa.Array, has_ended: pa.Array) -> pa.Array:
    """Where the file says nothing: it ended (how, nobody knows), it runs, or it waits."""
    guess = pc.if_else(has_ended, OTHER, pc.if_else(has_started, "running", "pending"))
    return pc.coalesce(state, guess)
