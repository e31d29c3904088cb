"""A pool asked through HTCondor's commands, `condor_status` and `condor_q`, where the bindings are not installed."""

import shlex
import subprocess
from io import BytesIO
from typing import TYPE_CHECKING

from gpuledger.model.errors import SourceError
from gpuledger.sources.htcondor.ads import of_text
from gpuledger.sources.htcondor.attributes import IDLE_GPU_JOBS, JOB, SLOT
from gpuledger.sources.htcondor.document import Ad
from gpuledger.sources.htcondor.values import Expression, plain

if TYPE_CHECKING:
    from gpuledger.sources.htcondor import HTCondor


EVALUATED = "-autoformat:lngV"
"""Labelled, a line each, an empty line between ads, values as literals: `-long` text with every expression evaluated."""


class Commands:
    """One collector and its access points."""

    def __init__(self, source: "HTCondor") -> None:
        self._source = source
        self._pool = ["-pool", source.collector] if source.collector else []
        self.asked = f"{source.status_command} of {source.collector or 'the configured pool'}"

    def slots(self) -> list[Ad]:
        """See `Pool`. Where the GPUs of a slot differ, its whole ad tells them apart."""
        constraint = self._source.constraint
        slots = _ads(self._run(self._source.status_command, [*self._pool, "-constraint", constraint, EVALUATED, *SLOT]))
        if all("GPUs_DeviceName" in slot for slot in slots):
            return slots
        mixed = [*self._pool, "-constraint", f"({constraint}) && GPUs_DeviceName =?= undefined", "-long"]
        devices = {ad.get("Name"): _devices(ad) for ad in _ads(self._run(self._source.status_command, mixed))}
        return [{**slot, **devices.get(slot.get("Name"), {})} for slot in slots]

    def schedds(self) -> list[str]:
        """See `Pool`."""
        said = self._run(self._source.status_command, [*self._pool, "-schedd", "-autoformat", "Name"])
        return sorted(set(said.decode("utf-8", "replace").split()))

    def idle_jobs(self, schedd: str) -> list[Ad]:
        """See `Pool`."""
        wanted = ["-name", schedd, "-allusers", "-constraint", IDLE_GPU_JOBS, EVALUATED, *JOB]
        return _ads(self._run(self._source.queue_command, [*self._pool, *wanted]))

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
    """The ads of an output; what is an expression still, only HTCondor can evaluate and is not known."""
    ads = (ad for _, ad in of_text(BytesIO(output)))
    return [{name: plain(told) for name, told in ad.items() if not isinstance(told, Expression)} for ad in ads]


def _devices(ad: Ad) -> Ad:
    return {name: told for name, told in ad.items() if isinstance(told, dict)}
