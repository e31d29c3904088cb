"""A bad input row as a value: where it stood, why it was refused, and what it said."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One refused input row.

    `line` counts from 1 in the input as received (for JSON: the record's number). `reason` is one sentence
    without the row's own text, so that reasons can be counted. `row` is the row as received, at most 2,000
    characters, undecodable bytes as `\\xNN`.
    """

    line: int
    reason: str
    row: str = ""
    input_rows: int = 1


@dataclass(frozen=True)
class Remark:
    """Something the reader of the result must know though no row was refused ("no zone given, read as UTC")."""

    sentence: str
