"""`[publish.NAME]`: a site of ready reports, what it shows, and where it goes."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from gpuledger.config.deliveries import Cron, Names, listed
from gpuledger.model.errors import UsageError
from gpuledger.model.period import last


def _span(text: str) -> str:
    try:
        last(text, datetime(2026, 1, 1, tzinfo=UTC))
    except UsageError as error:
        raise ValueError(str(error).rstrip(".")) from None
    return text.strip()


class PublishSettings(BaseModel):
    """`[publish.NAME]`: one site; every key that is not here is a field of the type's dataclass."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: Annotated[str, Field(description="Where it goes: folder, rsync, scp or git.")]
    names: Annotated[
        Literal["real", "pseudonym"], Field(description="People and accounts by name, or by a stable pseudonym.")
    ]
    reports: Annotated[
        Names, Field(description="Reports that are shown; every one that has something to tell when left out.")
    ] = ()
    windows: Annotated[
        Annotated[tuple[Annotated[str, AfterValidator(_span)], ...], BeforeValidator(listed)],
        Field(description="Spans such as 24h and 30d, each made ready; each report's own when left out."),
    ] = ()
    hosts: Annotated[bool, Field(description="Also a page for each host of the pool (report pool-host).")] = False
    title: Annotated[str, Field(description="Name of the page.")] = "gpuledger"
    refresh_seconds: Annotated[int, Field(ge=10, description="How often an open page looks for a newer one.")] = 300
    at: Annotated[Cron | None, Field(description="When it is due, as cron writes it, in the display zone.")] = None

    @property
    def fields(self) -> dict[str, Any]:
        """The keys of the type, as written."""
        return dict(self.model_extra or {})
