"""`gpuledger publish`: a site of ready reports. A dry run unless --publish."""

from typing import TYPE_CHECKING, Annotated

import typer

from gpuledger.cli import messages
from gpuledger.cli.options import FormOptions, spread
from gpuledger.cli.output import Row, print_rows, print_text
from gpuledger.cli.session import Session
from gpuledger.model.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from gpuledger.actions._site import Site
    from gpuledger.actions.publish import Published
    from gpuledger.config import Ledger
    from gpuledger.model.document import Format

app = typer.Typer(rich_markup_mode=None, add_completion=False)
MOST_BYTES = 5_000_000
"""A site above this is remarked on: it is slow on a phone."""
SHOWN = 10
"""Names that a dry run shows."""


@app.command()
@spread
def publish(
    ctx: typer.Context,
    form: FormOptions,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", show_default=False, help="Names of [publish.NAME]; all when left out."),
    ] = None,
    is_published: Annotated[
        bool, typer.Option("--publish", help="Really publish; without it nothing leaves this machine.")
    ] = False,
    is_forced: Annotated[bool, typer.Option("--force", help="Publish even if nothing has changed.")] = False,
    is_due: Annotated[
        bool, typer.Option("--due", help="Only those whose time (`at`) has come since they were last made.")
    ] = False,
) -> None:
    """Publish reports as a site of static files; a dry run without --publish.

    A dry run shows the files with their sizes, and ten names as strangers will read them.

    \b
    Examples:
      gpuledger publish
      gpuledger publish pages
      gpuledger publish pages --publish
    """
    from gpuledger.actions.publish import is_due as due

    session: Session = ctx.obj
    wanted = names or list(session.settings.publish)
    if not wanted:
        raise UsageError("No publication is configured: add [publish.NAME] to the configuration.")
    with session.open_existing(may_be_empty=True) as ledger:
        if is_due:
            wanted = [name for name in wanted if due(ledger, name, session.now)]
        done = [_one(ledger, session, name, is_published, is_forced) for name in wanted]
    _print([one for one in done if not isinstance(one, LedgerError)], form, is_published)
    if codes := {one.exit_code for one in done if one.exit_code}:
        raise typer.Exit(codes.pop() if len(codes) == 1 and all(one.exit_code for one in done) else 3)


def _one(
    ledger: "Ledger", session: Session, name: str, is_published: bool, is_forced: bool
) -> "Published | LedgerError":
    """One publication; an error is told at once and does not keep the others from being made."""
    from gpuledger.actions.publish import plan
    from gpuledger.actions.publish import publish as action

    try:
        if not is_published:
            return plan(ledger, name, session.now)
        done = action(ledger, name, session.now, is_forced=is_forced)
    except UsageError:
        raise
    except LedgerError as error:
        messages.error(f"{name}: {error}")
        return error
    messages.note("Published.", publication=name, result=done.result, target=done.target)
    return done


def _print(done: "list[Published]", form: FormOptions, is_published: bool) -> None:
    rows: list[Row] = [row for one in done for row in _rows(one)]
    columns: dict[str, Format] = {"publication": "text", "result": "text", "file": "text", "bytes": "byte"}
    if form.is_json or form.is_csv or form.parquet:
        print_rows(rows, columns, form)
    for one in done:
        for page in one.site.missing if one.site else ():
            where = " ".join(part for part in (page.wanted.report, page.tab, page.wanted.last) if part)
            messages.warn(f"{one.name}: {where} is not shown: {page.reason}")
        if not (form.is_json or form.is_csv or form.parquet):
            print_text(_said(one) if is_published else _plan(one))
        if one.site and one.site.size_bytes > MOST_BYTES:
            messages.warn(f"{one.name}: {_size(one.site)}: fewer windows make it lighter.")
    if done and not is_published:
        messages.say("Nothing was published: this is a dry run; add --publish.")


def _rows(one: "Published") -> list[Row]:
    told = {"publication": one.name, "result": one.result}
    files = one.site.files if one.site else {}
    return [{**told, "file": name, "bytes": len(content)} for name, content in files.items()] or [told]


def _said(one: "Published") -> str:
    if one.result == "unchanged":
        return f"{one.name}: unchanged, nothing was published to {one.target}"
    return f"{one.name}: published to {one.target}: {_size(one.site)}" if one.site else ""


def _size(site: "Site") -> str:
    return f"{len(site.files)} files, {site.size_bytes / 1e6:.2f} MB"


def _plan(one: "Published") -> str:
    """What would be published, as lines."""
    assert one.site
    would = "would be published" if one.result == "published" else "has not changed, and would not be published again"
    shown = ", ".join(one.site.names[:SHOWN]) or "none"
    more = f" … {len(one.site.names)} in all" if len(one.site.names) > SHOWN else ""
    lines = [
        f"{one.name}: {would}",
        f"  to       {one.target}",
        f"  names    {shown}{more}",
        f"  size     {_size(one.site)}",
    ]
    lines += [f"  {len(content):>9,}  {name}" for name, content in one.site.files.items()]
    return "\n".join(lines)
