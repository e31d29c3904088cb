"""kill -9 at 500 random moments over ingest, compaction and vacuum: nothing acknowledged is lost, nothing doubled."""

from pathlib import Path

from benchmarks.case import Action, Case, Goal

KILLS = 500


def make(folder: Path, is_quick: bool) -> None:
    (folder / "kills").write_text(str(KILLS // 10 if is_quick else KILLS))


def ours(data: Path, scratch: Path) -> Action:
    kills = int((data / "kills").read_text())

    def kill() -> int:
        from tests.kill.killing import kill_loop

        outcome = kill_loop(scratch, kills)
        wrong = {"errors": outcome.errors, "lost": outcome.lost, "doubled": outcome.doubled, "left": outcome.left}
        if any(wrong.values()) or outcome.unmended:
            raise SystemExit(f"after {kills} kills: {wrong}, not mended: {outcome.unmended}")
        return outcome.kills

    return kill


CASE = Case(
    "kills",
    "kill -9 over ingest, compaction and vacuum, then store check: 0 lost, 0 doubled",
    "",
    make,
    ours,
    None,
    (Goal("kills survived", lambda ours, _: ours.rows, ">=", KILLS),),
    rounds=1,
)
