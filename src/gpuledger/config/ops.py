"""`[ops]`: when things run by themselves, what the watchdog may touch, and when something is late."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from gpuledger.config.deliveries import Cron, listed


def _job_name(name: str) -> str:
    if not name or not all(c.isalnum() or c in "._-" for c in name) or name.startswith("-"):
        raise ValueError(f"{name!r} is no name of a scrontab job: letters, digits, '.', '_' and '-' make one")
    return name


JobNames = Annotated[tuple[Annotated[str, AfterValidator(_job_name)], ...], BeforeValidator(listed)]


class OpsSettings(BaseModel):
    """`[ops]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    collect: Annotated[Cron, Field(description="When a source is asked that has no period_seconds.")] = "*/15 * * * *"
    publish: Annotated[Cron, Field(description="When a publication is made that has no `at`.")] = "*/15 * * * *"
    watch: Annotated[Cron, Field(description="When the watchdog looks.")] = "*/5 * * * *"
    jobs: Annotated[
        JobNames,
        Field(description="Names of scrontab jobs the watchdog looks after beside those of `ops schedule scrontab`."),
    ] = ()
    late_minutes: Annotated[
        int, Field(ge=0, description="How long after its time something may come before it is late.")
    ] = 15
    disk_ratio: Annotated[float, Field(gt=0, le=1, description="Share of a disk in use that is too much.")] = 0.9
