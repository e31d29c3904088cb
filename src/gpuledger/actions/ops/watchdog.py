"""Frees scrontab jobs of ours that Slurm holds because it could not start them.

Slurm puts a scrontab job back and holds it when the user's environment could not be read or its node failed to launch it;
then nothing runs until somebody looks. Jobs that a person or an administrator holds are never touched, nor any job whose
name the configuration does not say.
"""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gpuledger.deliver.sites.running import ran
from gpuledger.model.errors import LedgerError, SourceError

STUCK = ("user env retrieval failed", "launch failed requeued held")
"""What Slurm gives as the reason of a job that it could not start and holds; other held jobs are held on purpose."""
_DISABLED = "#DISABLED: "
"""What Slurm puts before the lines of a scrontab whose job was cancelled."""
_CALL_SECONDS = 60.0


@dataclass(frozen=True)
class Stuck:
    """A job of ours that waits for nobody."""

    job: str
    name: str
    reason: str


@dataclass(frozen=True)
class Act:
    """What was done about a stuck job (or would be): released, cancelled, failed. `said` is Slurm's word about it."""

    stuck: Stuck
    done: str
    said: str = ""


def watch(names: Sequence[str], wait: Callable[[], None], *, is_dry: bool = False) -> Iterator[Act]:
    """Releases what is stuck; after `wait` cancels what is still stuck: its scrontab line starts it again.

    Raises SourceError when Slurm cannot be asked.
    """
    found = stuck(names)
    if is_dry:
        yield from (Act(one, "would be released") for one in found)
        return
    yield from (_acted(one, "released", ["scontrol", "release", one.job]) for one in found)
    if not found:
        return
    wait()
    still = {one.job for one in stuck(names)}
    for one in found:
        if one.job in still:
            yield _acted(one, "cancelled", ["scancel", *_cron_option(), one.job])
            yield from _enabled_again(one)


def stuck(names: Sequence[str]) -> list[Stuck]:
    """Our waiting jobs of exactly these names that Slurm could not start."""
    if not names:
        return []
    asked = ["squeue", "--me", "--noheader", "--states=PENDING", f"--name={','.join(names)}", "--format=%i|%r|%j"]
    lines = (line.split("|", 2) for line in _slurm(asked).splitlines())
    told = [Stuck(line[0], line[2], line[1]) for line in lines if len(line) == 3]
    return [one for one in told if is_stuck(one.reason) and one.name in names and re.fullmatch(r"[\d_\[\]-]+", one.job)]


def is_stuck(reason: str) -> bool:
    """Is it one of STUCK, however Slurm's version spells it?"""
    plain = " ".join(reason.lower().replace("_", " ").split())
    return any(sign in plain for sign in STUCK)


def _slurm(argv: Sequence[str]) -> str:
    try:
        return ran(argv, _CALL_SECONDS)
    except LedgerError as error:
        raise SourceError(f"Slurm cannot be asked: {error}") from None


def _acted(one: Stuck, done: str, argv: Sequence[str]) -> Act:
    """One job's failure keeps no other from being freed."""
    try:
        return Act(one, done, " ".join(ran(argv, _CALL_SECONDS).split()))
    except LedgerError as error:
        return Act(one, "failed", str(error))


def _cron_option() -> list[str]:
    """Newer Slurms cancel a scrontab job only when told that it is meant."""
    try:
        return ["--cron"] if "--cron" in ran(["scancel", "--help"], _CALL_SECONDS) else []
    except LedgerError:
        return []


def _enabled_again(one: Stuck) -> Iterator[Act]:
    """Newer Slurms disable the line of a cancelled job: it would never start again."""
    if shutil.which("scrontab") is None:
        return
    try:
        text = ran(["scrontab", "-l"], _CALL_SECONDS)
    except LedgerError:
        return
    mended = enabled(text, one.name)
    if mended != text:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "scrontab"
            file.write_text(mended, encoding="utf-8")
            yield _acted(one, "enabled again", ["scrontab", str(file)])


def enabled(text: str, name: str) -> str:
    """The scrontab with the lines of the job of this name no longer disabled; every other line as it was."""
    mended: list[str] = []
    entry: list[str] = []
    for line in text.splitlines(keepends=True):
        entry.append(line)
        plain = line.removeprefix(_DISABLED).strip()
        if plain and not plain.startswith("#"):  # the line that runs something ends its entry
            mended += _entry(entry, name)
            entry = []
    return "".join([*mended, *entry])


def _entry(lines: list[str], name: str) -> list[str]:
    options = " ".join(line.removeprefix(_DISABLED) for line in lines if "#SCRON" in line)
    is_ours = re.search(rf"(?:--job-name[= ]|-J ?){re.escape(name)}(?=\s|$)", options)
    return [line.removeprefix(_DISABLED) for line in lines] if is_ours else lines
