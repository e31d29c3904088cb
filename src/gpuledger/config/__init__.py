"""What a site says about itself (`Settings`), and the only place where parts are wired together (`open_ledger`).

Nothing here reads the environment or the clock: the caller passes them in.
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gpuledger.config.deliveries import ChannelSettings, DeliverySettings
from gpuledger.config.ops import OpsSettings
from gpuledger.config.pool import PoolSettings
from gpuledger.config.publish import PublishSettings
from gpuledger.config.serve import ServeSettings
from gpuledger.config.sites import SiteSettings
from gpuledger.model.period import tzinfo
from gpuledger.plugins import load

if TYPE_CHECKING:
    from gpuledger.raw import RawZone
    from gpuledger.store import Store


def _zone(name: str) -> str:
    tzinfo(name)
    return name


class SourceSettings(BaseModel):
    """`[sources.NAME]`: the type of the source; every other key is a field of that type's dataclass."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str

    @property
    def fields(self) -> dict[str, Any]:
        """The keys beside `type`, as written."""
        return dict(self.model_extra or {})


class Settings(BaseModel):
    """Every setting, checked. `config.loading.load` makes it from flags, environment and file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ledger: Annotated[
        str,
        Field(description="Folder or URL of the ledger; ~/.local/share where XDG_DATA_HOME is not set.", min_length=1),
    ]
    display_zone: Annotated[
        str, AfterValidator(_zone), Field(description="Zone that days and months are cut by and shown in.")
    ] = "UTC"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="What is logged on stderr.")
    ] = "warning"
    log_file: Annotated[Path | None, Field(description="Also log to this file, one JSON object a line.")] = None
    fiscal_start_month: Annotated[int, Field(ge=1, le=12, description="First month of the fiscal year.")] = 10
    raw: Annotated[
        Literal["reference", "copy"],
        Field(description="Of files from disk, `reference` records path and sha256, `copy` keeps the bytes."),
    ] = "reference"
    raw_days: Annotated[int, Field(ge=1, description="Days that the raw zone keeps what it holds.")] = 90
    pool: Annotated[PoolSettings, Field(description="Whose capacity GPUs are, and what is left out.")] = PoolSettings()
    hash_names: Annotated[
        bool, Field(description="Keep users, hosts and addresses of HTCondor's files under pseudonyms only.")
    ] = False
    sites: Annotated[SiteSettings, Field(description="Where jobs of workflows ran, and what sites are called.")] = (
        SiteSettings()
    )
    sources: Annotated[dict[str, SourceSettings], Field(description="Outside systems, by our name for them.")] = {}
    reports: Annotated[
        dict[str, dict[str, Any]], Field(description="Parameters of a report that differ from its own.")
    ] = {}
    channels: Annotated[dict[str, ChannelSettings], Field(description="Ways to people, by our name for them.")] = {}
    deliveries: Annotated[dict[str, DeliverySettings], Field(description="What is sent to whom, and when.")] = {}
    outbox: Annotated[
        Path | None, Field(description="Folder of messages on their way; `outbox` in the ledger's folder by default.")
    ] = None
    outbox_days: Annotated[
        int, Field(ge=1, description="Days that a message is tried, and that sent ones are kept.")
    ] = 14
    serve: Annotated[ServeSettings, Field(description="The service: who may do what, what names it shows.")] = (
        ServeSettings()
    )
    publish: Annotated[
        dict[str, PublishSettings], Field(description="Sites of ready reports, by our name for them.")
    ] = {}
    ops: Annotated[OpsSettings, Field(description="What runs by itself, when, and when it is late.")] = OpsSettings()


@dataclass(frozen=True)
class Ledger:
    """An open ledger: its rows, what the sources said, and the settings in force. Close it, or use `with`."""

    store: "Store"
    raw: "RawZone"
    settings: Settings

    def close(self) -> None:
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_ledger(settings: Settings) -> Ledger:
    """The ledger at `settings.ledger`; a folder that does not exist yet is an empty ledger, made by the first write."""
    from gpuledger.raw import RawZone

    root = ledger_folder(settings.ledger)
    return Ledger(load("stores", "lake")(root), RawZone(root / "raw"), settings)


def ledger_folder(place: str) -> Path:
    """The folder a `ledger` setting names: a path, `~` included, or a file:// URL."""
    parts = urlsplit(place)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if "://" in place:
        load("stores", {"postgresql": "postgres"}.get(parts.scheme, parts.scheme))
    return Path(place).expanduser().absolute()
