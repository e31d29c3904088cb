"""`gpuledger token`: who may read, upload and administer through the service."""

from datetime import datetime
from typing import Annotated

import typer

from gpuledger.cli import messages
from gpuledger.cli.options import FormOptions, spread, words
from gpuledger.cli.session import Session

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
SCOPES = ("read", "upload", "admin")


@app.callback()
def token() -> None:
    """Make, list and take back tokens for the service.

    \b
    Examples:
      gpuledger token create alice --scope read,upload --user alice
      gpuledger token list
    """


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What or whom the token is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="SCOPES", help="read, upload or admin; commas join them. [read]"),
    ] = None,
    expires: Annotated[str, typer.Option("--expires", metavar="SPAN", help="90d, 52w; `never` for no end.")] = "365d",
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="The person in the ledger whose token it is.")
    ] = None,
) -> None:
    """Make a token and print it: it is shown only this once.

    \b
    Examples:
      gpuledger token create dashboard
      gpuledger token create uploader --scope upload --expires 90d
    """
    from gpuledger.serve.tokens import tokens_of

    session: Session = ctx.obj
    scopes = _scopes(words(scope) or ["read"])
    ends = _end(expires, session.now)
    secret, made = tokens_of(session.settings).create(name, scopes, session.now, ends, user)
    messages.note("A token was made.", token=made.id, token_name=name, scopes=list(scopes), expires_at=made.expires_at)
    print(secret)
    until = f"until {ends:%Y-%m-%d}" if ends else "with no end"
    messages.say(f"Token {made.id} of {name} may {', '.join(scopes)} {until}. It is not kept: copy it now.")


@app.command("list")
@spread
def listed(ctx: typer.Context, form: FormOptions) -> None:
    """List tokens: whose, what for, until when. Never the token itself.

    \b
    Examples:
      gpuledger token list
      gpuledger token list --json
    """
    from gpuledger.cli.output import print_rows
    from gpuledger.serve.tokens import tokens_of

    session: Session = ctx.obj
    columns = ("id", "name", "scopes", "user", "state", "created_at", "expires_at")
    rows = [
        {**vars(each), "scopes": ", ".join(each.scopes), "state": each.state(session.now)}
        for each in tokens_of(session.of_tokens).all()
    ]
    print_rows(rows, dict.fromkeys(columns, "text"), form)


@app.command()
def revoke(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the token.")],
) -> None:
    """Take a token back: a running service refuses it at once.

    \b
    Examples:
      gpuledger token create guest && gpuledger token revoke guest
    """
    from gpuledger.serve.tokens import tokens_of

    session: Session = ctx.obj
    gone = tokens_of(session.of_tokens).revoke(name, session.now)
    messages.note("A token was taken back.", token=gone.id, token_name=gone.name)
    messages.say(f"Token {gone.id} of {gone.name} is taken back.")


def _scopes(given: list[str]) -> tuple[str, ...]:
    from gpuledger.model.errors import UsageError
    from gpuledger.model.names import unknown

    for one in given:
        if one not in SCOPES:
            raise UsageError(unknown("scope", one, SCOPES))
    return tuple(dict.fromkeys(given))


def _end(expires: str, now: datetime) -> datetime | None:
    from gpuledger.model.errors import UsageError
    from gpuledger.model.period import last

    if expires == "never":
        return None
    if expires.strip() == "all" or expires.strip().isdigit():
        raise UsageError(f"--expires {expires!r} is not a length of time; write 90d, 52w, or never.")
    try:
        return now + (now - last(expires, now).start)
    except OverflowError:
        raise UsageError(f"--expires {expires} is past the end of the calendar; write 365d, or never.") from None
