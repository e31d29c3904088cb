"""The error tree: every way to stop, with its exit code.

    LedgerError (1)
    ├── UsageError (2)        what was typed or configured is wrong
    │   └── ConfigError
    ├── SourceError (1)       an input is not what it claims, or cannot be read
    │   └── NoData (3)        nothing to show: the input or the period is empty, partial or stale
    │       └── BrokenOff     an input ends before its end
    ├── StoreError (1)        the ledger cannot be read or written
    │   ├── DiskFull
    │   ├── ReadOnly
    │   └── Damaged
    ├── Findings (4)          a check found something above its threshold
    └── Busy (75)             another run holds the lock

A message is one sentence with the cause, and the fix where there is one. A bad *row* is never an error:
it is a `Problem`, a value.
"""

from typing import ClassVar


class LedgerError(Exception):
    """We stop; the message is for the person who runs us."""

    exit_code: ClassVar[int] = 1


class UsageError(LedgerError):
    """What was typed or configured is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration file or environment is wrong."""


class SourceError(LedgerError):
    """An input is missing, unreadable, or not what it claims to be."""


class NoData(SourceError):
    """Empty, partial or stale: there is nothing (trustworthy) to show."""

    exit_code = 3


class BrokenOff(NoData):
    """An input ends before its end. A source raises it last: what it told before stays."""


class StoreError(LedgerError):
    """The ledger cannot be read or written."""


class DiskFull(StoreError):
    """No space left where the ledger lives."""


class ReadOnly(StoreError):
    """The ledger's place may not be written to."""


class Damaged(StoreError):
    """Files of the ledger are missing or unreadable; `store check` says which."""


class Findings(LedgerError):
    """A check found something above its threshold."""

    exit_code = 4


class Busy(LedgerError):
    """Another run holds the lock."""

    exit_code = 75
