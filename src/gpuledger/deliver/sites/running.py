"""Programs that carry a site: run without a shell and without a terminal, so that none of them waits for a password."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from gpuledger.deliver.sites import SiteError
from gpuledger.model.secrets import without_secret


def ran(argv: Sequence[str], timeout_seconds: float, accepted: Sequence[int] = (0,)) -> str:
    """What the program said on stdout. Raises SiteError when it is missing, too slow, or ends otherwise than `accepted`."""
    program = argv[0].rpartition("/")[2]
    try:
        done = subprocess.run(
            argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout_seconds, check=False,
            start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SiteError(f"{program} did not end within {timeout_seconds:g} s.") from None
    except OSError as error:
        raise SiteError(f"{program} cannot be run: {error.strerror}.") from None
    if done.returncode not in accepted:
        raise SiteError(f"{program} failed (exit code {done.returncode}): {_reason(done.stderr or done.stdout)}")
    return done.stdout.decode("utf-8", "replace")


def _reason(output: bytes) -> str:
    """The last lines, in one, without secrets."""
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return without_secret(" ".join(" ".join(lines[-3:]).split()))[-500:] or "it said nothing"


def require_plain(what: str, text: str) -> str:
    """The text of a target. Raises ValueError for what a program would take as an option, or cannot be a target."""
    if not text.strip() or text.startswith("-") or any(ord(c) < 32 for c in text):
        raise ValueError(f"{what} {text!r} is no place")
    return text


@dataclass(frozen=True)
class Elsewhere:
    """A folder that a program carries files to, and that we cannot look into."""

    to: str
    """The folder, such as `web@www.example.edu:/srv/www/gpu`."""

    def __post_init__(self) -> None:
        require_plain("to", self.to)

    @property
    def target(self) -> str:
        return self.to

    def receipt(self) -> str | None:
        return ""
