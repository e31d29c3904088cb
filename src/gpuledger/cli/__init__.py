"""What people type: arguments → one action → print → exit code. One file a verb; nothing is computed here."""

import sys


def main() -> int:
    """The `gpuledger` command; returns its exit code."""
    from gpuledger.cli.edge import run

    return run(sys.argv[1:])
