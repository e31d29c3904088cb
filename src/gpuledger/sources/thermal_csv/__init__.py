"""Events of GPUs that throttled or failed by heat, one a row of a CSV: node, time, GPU, temperature, reason.

See docs/how-to/gpu-health.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Literal

from gpuledger.sources import Context, Fetched, whole_files

if TYPE_CHECKING:
    from gpuledger.model.batch import Parsed

DateOrder = Literal["", "mdy", "dmy"]


@dataclass(frozen=True)
class ThermalCsv:
    """Thermal events of both layouts: with a mean temperature ("Thermally Failed") and without one ("Throttled")."""

    name: ClassVar[str] = "thermal-csv"
    title: ClassVar[str] = "thermal events of GPUs (CSV with node, time, GPU, temperature and reason)"

    path: str | tuple[str, ...] = ()
    """Files that `collect` reads; patterns are allowed."""
    cluster: str | None = None
    """Cluster of rows that do not name one."""
    site: str | None = None
    """Site of rows that do not name one."""
    zone: str | None = None
    """Zone of times without an offset, and of days."""
    date_order: DateOrder = ""
    """Order of dates such as 2/3/2025, mdy or dmy; without it, those that can be read both ways are refused."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Reason in the file = kind of event (throttled, thermally_failed, other …), beside those that are known."""

    def __post_init__(self) -> None:
        """Raises ValueError for an order of dates or a kind of event that there is not."""
        from gpuledger.sources.thermal_csv.check import settings

        settings(self)

    def claims(self, head: bytes, input_name: str) -> str | None:
        """By its header, and a reason that is known among the first rows."""
        from gpuledger.sources.thermal_csv.recognise import fits

        return "thermal events in CSV" if fits(self, head) else None

    def fetch(self, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """Every file that `path` names, whole: an event that is in the ledger stays as it is."""
        return whole_files(self.name, self.path, since, now)

    def parse(self, raw: BinaryIO, context: Context) -> "Parsed":
        """Rows of device_events in the file's order, and a problem for each row refused.

        Raises SourceError when the header lacks the host, the GPU, the time or the reason, NoData for an empty input.
        """
        from gpuledger.sources.thermal_csv.parsing import parse

        yield from parse(self, raw, context)

    def redact(self, content: bytes) -> bytes:
        """The files are kept as they are."""
        return content
