"""`[channels.NAME]` and `[deliveries.NAME]`: what goes to whom, by which way, and when."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from gpuledger.model.choice import PeriodChoice
from gpuledger.model.errors import UsageError

PREVIOUS = "previous"
"""`month = "previous"`: the one before that in which the delivery is made."""
CALENDAR = ("day", "week", "month", "quarter", "year", "fiscal_year")


def listed(value: Any) -> Any:
    """One text is a list with commas, as the environment gives it."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _address(text: str) -> str:
    from gpuledger.deliver.addresses import address_of

    address_of(text)
    return text.strip()


def _cron(expression: str) -> str:
    from cronsim import CronSim, CronSimError

    try:
        CronSim(expression, datetime(2026, 1, 1))  # noqa: DTZ001 - only its spelling is looked at
    except CronSimError as error:
        raise ValueError(
            f"{expression!r} is no cron expression ({error}); write 30 5 * * * for 5:30 every day"
        ) from None
    if len(expression.split()) != 5:
        raise ValueError(f"{expression!r} has not the five fields minute, hour, day, month and day of the week")
    return expression


Address = Annotated[str, AfterValidator(_address)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(listed)]
Names = Annotated[tuple[str, ...], BeforeValidator(listed)]
Cron = Annotated[str, AfterValidator(_cron)]


class ChannelSettings(BaseModel):
    """`[channels.NAME]`: the type of the channel; every other key is a field of that type's dataclass."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: Annotated[str, Field(description="email, command, folder, webhook, chat, or one that is installed.")]
    tries: Annotated[int, Field(ge=1, le=20, description="How often one run tries; then the outbox keeps it.")] = 4
    wait_seconds: Annotated[
        float, Field(ge=0, le=600, description="Wait after the first try; each further wait doubles.")
    ] = 2.0

    @property
    def fields(self) -> dict[str, Any]:
        """The keys of the type, as written."""
        return dict(self.model_extra or {})


class DeliverySettings(BaseModel):
    """`[deliveries.NAME]`: one report, of a period that moves along, to these people by that channel."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    report: Annotated[str, Field(description="The report that is sent.")]
    channel: Annotated[str, Field(description="The channel it goes by: a NAME of [channels.NAME].")]
    recipients: Annotated[Addresses, Field(description="Addresses in To.")] = ()
    cc: Annotated[Addresses, Field(description="Addresses in Cc.")] = ()
    bcc: Annotated[Addresses, Field(description="Addresses that get it and are in no header.")] = ()
    operator: Annotated[
        Address | None,
        Field(description="The only one told when there is no data, old data, or numbers that do not add up."),
    ] = None
    test_recipient: Annotated[Address | None, Field(description="The only one who gets what is sent as a test.")] = None
    mode: Annotated[Literal["live", "test"], Field(description="test reaches only the test recipient.")] = "live"
    subject_prefix: Annotated[str, Field(description="Begins the subject, such as [pool].")] = ""
    at: Annotated[
        Cron | None,
        Field(description="When it is due, as cron writes it, in the display zone: 30 5 * * * is 5:30 every day."),
    ] = None
    start: Annotated[str | None, Field(alias="from", description="Start of a fixed period.")] = None
    end: Annotated[str | None, Field(alias="to", description="End of a fixed period.")] = None
    last: Annotated[str | None, Field(description="24h, 7d, 2w: the span that ends when it is due.")] = None
    day: Annotated[str | None, Field(description="previous, or a fixed day such as 2026-05-01.")] = None
    week: Annotated[str | None, Field(description="previous, or a fixed week such as 2026-W20.")] = None
    month: Annotated[str | None, Field(description="previous, or a fixed month such as 2026-05.")] = None
    quarter: Annotated[str | None, Field(description="previous, or a fixed quarter such as 2026-Q2.")] = None
    year: Annotated[str | None, Field(description="previous, or a fixed year such as 2026.")] = None
    fiscal_year: Annotated[str | None, Field(description="previous, or a fixed fiscal year such as FY2026.")] = None
    where: Annotated[tuple[str, ...], Field(description="Filters, as --where of the report.")] = ()
    parameters: Annotated[dict[str, Any], Field(description="Parameters of the report that differ here.")] = {}
    formats: Annotated[Names, Field(description="Attached: the full report as html, xlsx, csv …; [] for nothing.")] = (
        "html",
    )
    link: Annotated[str, Field(description="Where the full report is read; named in the mail.")] = ""
    templates: Annotated[
        Path | None,
        Field(description="Folder with your subject.txt, mail.txt or mail.html (`gpuledger send --templates DIR`)."),
    ] = None

    @model_validator(mode="after")
    def _one_period(self) -> "DeliverySettings":
        written = self.period_keys
        if len(written) > 1 and set(written) != {"start", "end"}:
            raise ValueError(f"one period at a time: {' and '.join(sorted(written))} do not go together")
        fixed = {key: value for key, value in written.items() if key not in CALENDAR or value != PREVIOUS}
        try:
            PeriodChoice(**fixed).period(datetime(2026, 1, 1, tzinfo=UTC), "UTC")
        except UsageError as error:
            raise ValueError(str(error).rstrip(".")) from None
        return self

    @property
    def everyone(self) -> tuple[str, ...]:
        """Bare addresses of all who get it, each once."""
        from gpuledger.deliver.addresses import address_of

        told = (address_of(text) for text in (*self.recipients, *self.cc, *self.bcc))
        return tuple({address.casefold(): address for address in told}.values())

    @property
    def period_keys(self) -> dict[str, str]:
        """The period as written."""
        return {f.name: value for f in fields(PeriodChoice) if (value := getattr(self, f.name)) is not None}


def nested(path: list[str]) -> Iterator[str]:
    """The keys there are at `path` of the file, for saying which is near a wrong one."""
    kind = {"deliveries": DeliverySettings}.get(path[0])
    for name, field in (kind.model_fields if kind else {}).items():
        yield field.alias or name
