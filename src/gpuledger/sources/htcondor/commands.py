"""A pool asked through HTCondor's commands, `condor_status` and `condor_q`, where the bindings are not installed."""

import json
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

from gpuledger.model.errors import SourceError
from gpuledger.sources.htcondor.attributes import IDLE_GPU_JOBS, JOB, SLOT, kept
from gpuledger.sources.htcondor.document import Ad
from gpuledger.sources.htcondor.values import Expression, plain, unwrapped

if TYPE_CHECKING:
    from gpuledger.sources.htcondor import HTCondor


class Commands:
    """One collector and its access points."""

    def __init__(self, source: "HTCondor") -> None:
        self._source = source
        self._pool = ["-pool", source.collector] if source.collector else []
        self.asked = f"{source.status_command} of {source.collector or 'the configured pool'}"

    def slots(self) -> list[Ad]:
        """See `Pool`."""
        wanted = ["-constraint", self._source.constraint, "-attributes", ",".join(SLOT), "-json"]
        return _ads(self._run(self._source.status_command, [*self._pool, *wanted]))

    def schedds(self) -> list[str]:
        """See `Pool`."""
        said = self._run(self._source.status_command, [*self._pool, "-schedd", "-autoformat", "Name"])
        return sorted(set(said.decode("utf-8", "replace").split()))

    def idle_jobs(self, schedd: str) -> list[Ad]:
        """See `Pool`."""
        wanted = ["-allusers", "-constraint", IDLE_GPU_JOBS, "-attributes", ",".join(JOB), "-json"]
        return _ads(self._run(self._source.queue_command, [*self._pool, "-name", schedd, *wanted]))

    def _run(self, command: str, arguments: list[str]) -> bytes:
        words = [*shlex.split(command), *arguments]
        try:
            done = subprocess.run(words, capture_output=True, timeout=self._source.timeout_seconds, check=False)
        except FileNotFoundError:
            raise SourceError(
                f"There is no command {words[0]!r} here; run on a machine of the pool, set status_command and "
                "queue_command, or pip install 'gpuledger[condor]'."
            ) from None
        except subprocess.TimeoutExpired:
            raise SourceError(f"{words[0]} did not answer within {self._source.timeout_seconds:g} s.") from None
        if done.returncode:
            said = " ".join(done.stderr.decode("utf-8", "replace").split())
            raise SourceError(f"{words[0]} failed with exit code {done.returncode}: {said[:300] or 'it said nothing'}")
        return done.stdout


def _ads(output: bytes) -> list[Ad]:
    """The ads of `-json`; nothing at all is no ad. What only HTCondor can evaluate is not known."""
    if not output.strip():
        return []
    try:
        ads: list[dict[str, Any]] = json.loads(output.decode("utf-8", "backslashreplace"))
        return [_known(ad) for ad in ads]
    except (ValueError, AttributeError, TypeError) as error:
        raise SourceError(f"HTCondor's command printed no JSON ({error}); its first words: {output[:80]!r}") from error


def _known(ad: dict[str, Any]) -> Ad:
    told = kept((name, unwrapped(value)) for name, value in ad.items())
    return {name: plain(value) for name, value in told.items() if not isinstance(value, Expression)}
