"""`[serve]`: where the service listens, who may do what, and what names it shows."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Scope = Literal["read", "upload", "admin"]


class ProxySettings(BaseModel):
    """`[serve.proxy]`: a proxy that signs people in and names them in a header."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: Annotated[str, Field(min_length=1, description="Header that holds the name, such as X-Remote-User.")]
    peers: Annotated[
        tuple[str, ...], Field(min_length=1, description="Addresses of the proxy: nobody else's header is believed.")
    ]
    uploaders: Annotated[tuple[str, ...], Field(description="Names that may also upload.")] = ()
    admins: Annotated[tuple[str, ...], Field(description="Names that may do everything.")] = ()


class ServeSettings(BaseModel):
    """`[serve]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Annotated[str, Field(description="Name of the page.")] = "gpuledger"
    names: Annotated[
        Literal["real", "pseudonym"], Field(description="Show people and accounts by name, or by a stable pseudonym.")
    ] = "real"
    auth: Annotated[
        Literal["auto", "token"],
        Field(description="auto: on the loopback address reading needs no token; token: it does."),
    ] = "auto"
    proxy: Annotated[ProxySettings | None, Field(description="A proxy that signs people in.")] = None
    own_rows: Annotated[
        bool, Field(description="Whoever is signed in by name and is no admin sees only their own jobs.")
    ] = False
    https: Annotated[bool, Field(description="The page is reached by https: cookies are sent only there.")] = False
    refresh_seconds: Annotated[int, Field(ge=10, description="How often an open page looks for new data.")] = 300
    longest_days: Annotated[int, Field(ge=1, description="The longest period that may be asked for.")] = 3700
    upload_bytes: Annotated[int, Field(ge=1, description="The largest file that may be uploaded.")] = 512 << 20
    cache_bytes: Annotated[int, Field(ge=0, description="How much of what was made is kept in memory.")] = 128 << 20
    builds: Annotated[int, Field(ge=1, le=64, description="How many reports are made at once.")] = 2
    audit_file: Annotated[
        Path | None,
        Field(description="Also write who signed in, uploaded or was refused here, one JSON object a line."),
    ] = None
    tokens: Annotated[
        Path | None, Field(description="File of the tokens' hashes; `tokens.json` in the ledger's folder by default.")
    ] = None
