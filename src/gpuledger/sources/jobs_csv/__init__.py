"""Any file of jobs: CSV, Parquet or an SQLite table, read by a column mapping from the site's configuration.

See docs/how-to/bring-your-own-file.md and docs/examples.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal

from gpuledger.model.errors import ConfigError, UsageError
from gpuledger.sources import Context, Fetched, whole_files
from gpuledger.sources.jobs_csv.stamps import Stamps
from gpuledger.sources.jobs_csv.window import Window, instant

if TYPE_CHECKING:
    from gpuledger.model.batch import Parsed

OPTIONS = ("delimiter", "encoding", "quote", "format", "table")
"""Keys that may be given for one input: how the file is laid out, never what is computed from it."""


@dataclass(frozen=True)
class JobsCsv:
    """A mapping: each value of `columns` is a column of the file or a DuckDB scalar expression over its columns.

    Cells are text, except those of `numbers`, which are doubles.
    """

    name: ClassVar[str] = "jobs-csv"
    title: ClassVar[str] = "jobs file (CSV, Parquet or SQLite) by a column mapping"

    columns: Mapping[str, str] = field(default_factory=dict)
    """Canonical column = column of the file, or a DuckDB scalar expression over its columns."""
    path: str | tuple[str, ...] = ()
    """Files that `collect` reads; patterns are allowed."""
    format: Literal["", "csv", "parquet", "sqlite"] = ""
    """How the file is written; recognised when empty."""
    table: str = ""
    """Table of an SQLite file."""
    delimiter: str = ""
    """What stands between cells of a CSV; recognised when empty."""
    quote: str = '"'
    """What may stand around cells of a CSV."""
    encoding: str = "utf-8"
    """Encoding of a CSV."""
    names: tuple[str, ...] = ()
    """Names of the columns of a file without a header."""
    id: str | tuple[str, ...] = ()
    """What makes a row one attempt; without it a row is known by its content, and equal rows of one file are numbered."""
    duration: str = ""
    """Seconds that are added to the start where `columns` has no `ended_at`."""
    numbers: tuple[str, ...] = ()
    """Columns of the file that are doubles."""
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Texts that stand for "not known", for a column or for all ("*")."""
    stamps: Stamps | Mapping[str, Stamps] = "iso"
    """How moments are written, for all or by column: iso (without an offset: of `zone`), s, ms, us, relative (seconds since `origin`)."""
    origin: datetime | None = None
    """The moment that relative stamps count from."""
    zone: str | None = None
    """Zone of iso stamps without an offset."""
    states: Mapping[str, str] = field(default_factory=dict)
    """State of the file = canonical state."""
    window: Window | None = None
    """The time the file is complete for; becomes its watermark."""
    cluster: str | None = None
    """Cluster of rows that do not name one."""

    def __post_init__(self) -> None:
        """Raises ValueError for what is wrong whatever the file. The raw zone gives settings back as JSON wrote them."""
        from gpuledger.sources.jobs_csv.check import settings

        window: Any = self.window
        if isinstance(window, Mapping):
            object.__setattr__(self, "window", Window(**window))
        object.__setattr__(self, "origin", instant(self.origin))
        settings(self)

    def claims(self, head: bytes, input_name: str) -> str | None:
        """Only a configured mapping whose columns are all in the file claims it."""
        if not self.columns:
            return None
        from gpuledger.sources.jobs_csv.recognise import fits

        return fits(self, head)

    def fetch(self, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """Every file that `path` (patterns allowed) names, whole: a file does not tell what is new in it."""
        return whole_files(self.name, self.path, since, now)

    def parse(self, raw: BinaryIO, context: Context) -> "Parsed":
        """Rows of job_attempts in the file's order, a problem for each row refused, a watermark for a stated window."""
        if not self.columns:
            raise ConfigError(
                "jobs-csv needs a column mapping; `gpuledger ingest jobs-csv --suggest FILE` prints a first one."
            )
        from gpuledger.sources.jobs_csv.parsing import parse

        yield from parse(self.with_options(context.options), raw, context)

    def redact(self, content: bytes) -> bytes:
        """A jobs file is kept as it is."""
        return content

    @staticmethod
    def suggest(raw: BinaryIO, input_name: str, table: str = "") -> str:
        """A first mapping of a file as TOML, from its columns and first values, for a person to read and correct.

        `table` is needed for SQLite with several. Raises NoData for a file without rows, SourceError for one that
        cannot be read.
        """
        from gpuledger.sources.jobs_csv.suggestion import suggestion

        return suggestion(raw, input_name, table)

    @property
    def id_parts(self) -> tuple[str, ...]:
        """What makes a row one attempt; empty: its content."""
        return (self.id,) if isinstance(self.id, str) and self.id else tuple(self.id)

    def with_options(self, options: Mapping[str, str]) -> "JobsCsv":
        """With the keys given for one input. Raises UsageError for one that only the configuration may say."""
        for key in options:
            if key not in OPTIONS:
                raise UsageError(f"jobs-csv takes no option {key!r} for one file; only: {', '.join(OPTIONS)}.")
        given: dict[str, Any] = dict(options)
        return replace(self, **given)
