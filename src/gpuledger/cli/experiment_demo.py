"""`gpuledger experiment demo`: a made-up experiment to try the other commands on."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from gpuledger.cli.output import print_text
from gpuledger.model.errors import LedgerError


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write it to.")] = Path("experiment"),
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another number is another experiment.")] = 1,
) -> None:
    """Write a made-up experiment to try.

    A DAG, its dagman.out and an event log.

    \b
    Examples:
      gpuledger experiment demo
      gpuledger experiment demo --out autumn --seed 2
    """
    from gpuledger.demo.experiment import ZONE, write_experiment

    try:
        files = write_experiment(out, seed)
    except OSError as error:
        raise LedgerError(f"{out} cannot be written: {error.strerror or error}.") from error
    table = quote(str(out / "job_summary.csv"))
    named = f"--dag-files {quote(str(files[0]))} --metl-logs {quote(str(files[-1]))} --zone {ZONE} --output {table}"
    reports = quote(str(out / "reports"))
    print_text("\n".join(str(file) for file in files))
    print_text(
        f"\nTry next:\n  gpuledger experiment csv {named}\n  gpuledger experiment report {table} --output-dir {reports}"
    )
