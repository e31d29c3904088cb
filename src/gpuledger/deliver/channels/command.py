"""Any program that takes a message on its standard input, such as sendmail."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses
from typing import ClassVar, Literal

from gpuledger.deliver import ChannelError, Delivered
from gpuledger.deliver.addresses import address_of

REFUSED = {65: "bad data", 67: "unknown recipient", 68: "unknown host"}
"""Exit codes (sysexits.h) after which another try is of no use; any other but 0 may pass."""


@dataclass(frozen=True)
class Command:
    """Runs a program without a shell, the message on its standard input, the recipients after `--`.

    Exit code 0 is sent; 65, 67 and 68 (sysexits.h) are refused; any other waits and is tried again.
    """

    name: ClassVar[str] = "command"
    title: ClassVar[str] = "A program such as sendmail"

    argv: tuple[str, ...]
    """The program and its arguments, such as ["/usr/sbin/sendmail", "-i"]; without `-t`, which would add the header's."""
    sender: str = ""
    """Who the mail is from, such as `GPU reports <gpu@example.edu>`."""
    recipients: Literal["arguments", "headers"] = "arguments"
    """Whether the program is given the recipients as arguments, or finds those of To and Cc itself (Bcc is refused)."""
    timeout_seconds: float = 120.0
    """How long the program may take."""

    def __post_init__(self) -> None:
        if not self.argv:
            raise ValueError("argv names no program")
        if self.sender:
            address_of(self.sender)

    @property
    def targets(self) -> Sequence[str]:
        return ()

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Mapping[str, Delivered]:
        reached = [one for one in recipients if self.recipients == "arguments" or one in _in_headers(message)]
        answers = dict.fromkeys(recipients, Delivered("refused", "is in no header, which is all this program reads"))
        return answers | (dict.fromkeys(reached, self._ran(message, reached)) if reached else {})

    def _ran(self, message: EmailMessage, recipients: Sequence[str]) -> Delivered:
        arguments = ["--", *recipients] if self.recipients == "arguments" else []
        try:
            done = subprocess.run(
                [*self.argv, *arguments], input=message.as_bytes(), capture_output=True, timeout=self.timeout_seconds,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ChannelError(f"{self.argv[0]} did not end within {self.timeout_seconds:g} s.") from error
        except OSError as error:
            raise ChannelError(f"{self.argv[0]} cannot be run: {error.strerror}.", is_passing=False) from error
        words = " ".join(f"exit code {done.returncode} {_last_line(done.stderr or done.stdout)}".split())
        if done.returncode == 0:
            return Delivered("sent", words)
        return Delivered("refused" if done.returncode in REFUSED else "waiting", words)


def _in_headers(message: EmailMessage) -> set[str]:
    values = [str(value) for name in ("To", "Cc") for value in message.get_all(name, [])]
    return {address for _, address in getaddresses(values)}


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
