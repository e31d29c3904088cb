"""Job ads as `condor_history -l`, `-json` and HTCondor's history files hold them: one ad tells one job's last attempt.

Of the attempts before the last an ad tells only how many there were and how long they took together: they have no row,
and a remark says so. Environments are never read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, ClassVar

from gpuledger.model.batch import Parsed
from gpuledger.model.hashed_names import hashed_blocks
from gpuledger.model.secrets import without_secrets
from gpuledger.model.workflow import STEP
from gpuledger.sources import Context, Fetched, whole_files
from gpuledger.sources.condor_history.forms import form_of


@dataclass(frozen=True)
class CondorHistory:
    """Job ads of one or several access points."""

    name: ClassVar[str] = "condor-history"
    title: ClassVar[str] = "HTCondor job ads (condor_history -l or -json, history files)"

    path: str | tuple[str, ...] = ()
    """Files that `collect` reads; patterns are allowed."""
    cluster: str | None = None
    """Access point of ads that do not name it (GlobalJobId does)."""
    checkpoint_codes: tuple[int, ...] = (85,)
    """Exit codes that say: checkpoint written, run me again."""
    sites: Mapping[str, str] = field(default_factory=dict)
    """Site of a host suffix, a GLIDEIN name or a slot's name (`*` and `?` are wild), before those of `[sites]` and ours."""
    step_pattern: str = STEP
    """Regular expression whose first group is the step in a node's name."""

    def claims(self, head: bytes, input_name: str) -> str | None:
        """Told by ClusterId or GlobalJobId. Raises SourceError for ads as XML."""
        form = form_of(head)
        return form.value if form else None

    def fetch(self, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """Every file that `path` names, whole."""
        return whole_files(self.name, self.path, since, now)

    def parse(self, raw: BinaryIO, context: Context) -> Parsed:
        """The last attempt of each job with its GPUs. Raises SourceError for what holds no job ads."""
        from gpuledger.sources.condor_history.reading import parse

        return parse(self, raw, context)

    def hashed(self, content: BinaryIO, salt: bytes) -> Iterator[bytes]:
        """Users, hosts and addresses under pseudonyms; what tells the site stays."""
        return hashed_blocks(content, salt)

    def redact(self, content: bytes) -> bytes:
        """Environments, tokens and keys are removed; an ad stays an ad."""
        return without_secrets(content)
