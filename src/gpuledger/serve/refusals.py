"""Every way not to answer: a status, a code for programs, a sentence for people. Never SQL, a path or a traceback."""

import re
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

from gpuledger.model.errors import Busy, ConfigError, LedgerError, NoData, SourceError, StoreError, UsageError

_FLAG = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")
_COMMAND = re.compile(r"`gpuledger (?:report|query) [^`]*`")
_OPTION = re.compile(r"--([a-z][a-z-]*) ([^\s`]+)")
RETRY_SECONDS = 5


class ErrorTold(BaseModel):
    """What went wrong."""

    message: str = Field(description="One sentence for people: the cause, and the way out where there is one.")
    field: str | None = Field(None, description="The parameter that is wrong.")
    code: str = Field(description="The same for programs, e.g. bad_parameter, no_data, unauthenticated.")


class ErrorBody(BaseModel):
    """The body of every answer that is none."""

    error: ErrorTold


@dataclass
class Refused(Exception):
    """An answer that is none: `parameter` is the one that is wrong, `headers` go with it."""

    status: int
    code: str
    message: str
    parameter: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message

    @property
    def body(self) -> dict[str, object]:
        told: dict[str, object] = {"message": self.message, "code": self.code}
        return {"error": told | ({"field": self.parameter} if self.parameter else {})}


def refusal(error: LedgerError) -> Refused:
    """What a caller may know of an error of ours; what concerns this machine stays in the log."""
    match error:
        case Busy():
            return unavailable("busy", "The ledger is being written to and locked; try again in a moment.")
        case StoreError():
            return unavailable(
                "ledger_unavailable", "The ledger cannot be read or written now; its operator's log says why."
            )
        case ConfigError():
            return unavailable(
                "misconfigured", "The service is configured wrongly for this; its operator's log says how."
            )
        case UsageError():
            return Refused(400, "bad_parameter", as_parameters(str(error)))
        case NoData():
            return Refused(404, "no_data", as_parameters(str(error)))
        case SourceError():
            return Refused(400, "bad_input", str(error))
        case _:
            return Refused(500, "failed", "This could not be made; the operator's log says why.")


def unavailable(code: str, message: str) -> Refused:
    """503: the same request may be answered later."""
    return Refused(503, code, message, headers={"Retry-After": str(RETRY_SECONDS)})


def as_parameters(sentence: str) -> str:
    """A sentence about flags of the command line, said of parameters of a request: `last=30d&to=2026-06-01`."""
    said = _COMMAND.sub(lambda match: _as_query(match[0]), sentence)
    return _FLAG.sub(lambda match: match[1].replace("-", "_"), said)


def _as_query(command: str) -> str:
    given = _OPTION.findall(command)
    said = "&".join(f"{name.replace('-', '_')}={value}" for name, value in given)
    return f"`{said}`" if said else command
