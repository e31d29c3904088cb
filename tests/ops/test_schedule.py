"""Ready entries: one a thing that runs, at the right moments by the right clock, run by a shell with nothing around it."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from gpuledger.actions.ops.clock import by_clock_of, calendar
from gpuledger.actions.ops.entries import every, job_names
from gpuledger.actions.ops.schedule import Machine, Schedule, cron, schedule, scrontab, systemd
from gpuledger.config import Settings
from gpuledger.model.errors import UsageError

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
SAID: dict[str, Any] = {
    "ledger": "/srv/gpu", "display_zone": "America/New_York",
    "sources": {"hpg": {"type": "slurm", "cluster": "hpg"}, "pool": {"type": "htcondor", "period_seconds": 300}},
    "channels": {"f": {"type": "folder", "folder": "/tmp/x"}},
    "deliveries": {
        "nightly": {"report": "usage", "channel": "f", "at": "30 5 * * *"},
        "by-hand": {"report": "usage", "channel": "f"},
    },
    "publish": {
        "pages": {"type": "folder", "folder": "/srv/www", "names": "real"},
        "weekly": {"type": "folder", "folder": "/srv/week", "names": "real", "at": "0 7 * * 1"},
    },
}  # fmt: skip


def told(zone: str = "UTC", program: tuple[str, ...] = ("/opt/gpu ledger/bin/gpuledger",), **said: Any) -> Schedule:
    machine = Machine((*program, "--config", "/etc/50% off/g.toml"), zone, Path("/srv/gpu"))
    return schedule(Settings.model_validate(SAID | said), machine, NOW)


def test_there_is_one_entry_a_source_delivery_publication_and_the_watchdog() -> None:
    names = [entry.name.removeprefix("gpuledger-") for entry in told().entries]
    wanted = ["collect-hpg", "collect-pool", "send-nightly", "send-due", "publish-pages", "publish-weekly", "watchdog"]
    assert names == wanted
    commands = {entry.name.removeprefix("gpuledger-"): " ".join(entry.command) for entry in told().entries}
    assert commands["send-nightly"] == "send nightly --send"
    assert commands["publish-pages"] == "publish pages --publish"
    assert commands["publish-weekly"] == "publish weekly --due --publish"


def test_a_source_is_collected_by_its_own_period() -> None:
    at = {entry.name: entry.at for entry in told().entries}
    assert at["gpuledger-collect-pool"] == "*/5 * * * *"
    assert at["gpuledger-collect-hpg"] == "*/15 * * * *"


@pytest.mark.parametrize(
    ("seconds", "at"),
    [(10, "* * * * *"), (60, "* * * * *"), (300, "*/5 * * * *"), (420, "*/6 * * * *"), (3600, "0 * * * *"),
     (5 * 3600, "0 */4 * * *"), (86400, "0 0 * * *"), (7 * 86400, "0 0 * * *")],
)  # fmt: skip
def test_a_period_is_never_asked_less_often_than_it_is_long(seconds: float, at: str) -> None:
    assert every(seconds) == at
    ticks = CronSim(at, datetime(2026, 5, 1, 12, 1))
    moments = [next(ticks) for _ in range(100)]
    longest = max(b - a for a, b in zip(moments, moments[1:], strict=False))
    assert longest <= max(timedelta(seconds=seconds), timedelta(minutes=1))


def ticks_of(at: str, zone: str) -> set[datetime]:
    """Every moment of a year and more, with both its DST nights."""
    first, last = datetime(2026, 5, 3, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)
    found, ticks = set(), CronSim(at, (first - timedelta(days=2)).astimezone(ZoneInfo(zone)))
    while (tick := next(ticks).astimezone(UTC)) < last:
        found.add(tick)
    return {tick for tick in found if tick >= first}


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "UTC"])
@pytest.mark.parametrize("machine", ["UTC", "America/Chicago"])
@pytest.mark.parametrize("at", ["30 5 * * *", "0 7 1 * *", "15 0 * * 1"])
def test_cron_of_another_clock_asks_at_every_moment_that_was_meant(at: str, zone: str, machine: str) -> None:
    shifted, why = by_clock_of(machine, at, zone, NOW)
    meant = ticks_of(at, zone)
    asked = ticks_of(shifted, machine)
    assert meant <= asked
    assert why or shifted == at


def test_the_same_clock_by_another_name_is_the_same_clock() -> None:
    assert by_clock_of("Etc/UTC", "30 5 * * *", "UTC", NOW) == ("30 5 * * *", "")
    assert by_clock_of("UTC", "*/10 * * * *", "America/New_York", NOW) == ("*/10 * * * *", "")


@pytest.mark.parametrize(
    ("at", "lines"),
    [
        ("30 5 * * *", ["*-*-* 05:30:00 Europe/Berlin"]),
        ("0 7 * * 1-5", ["Mon,Tue,Wed,Thu,Fri *-*-* 07:00:00 Europe/Berlin"]),
        ("0 7 * * 7", ["Sun *-*-* 07:00:00 Europe/Berlin"]),
        ("0 7 1 */3 *", ["*-01,04,07,10-01 07:00:00 Europe/Berlin"]),
        ("0 7 1 * 1", ["*-*-01 07:00:00 Europe/Berlin", "Mon *-*-* 07:00:00 Europe/Berlin"]),
    ],
)
def test_systemd_is_told_the_same_moments(at: str, lines: list[str]) -> None:
    assert calendar(at, "Europe/Berlin") == lines


def test_what_systemd_cannot_say_is_refused() -> None:
    with pytest.raises(UsageError, match="systemd cannot tell"):
        calendar("0 7 L * *", None)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_reads_every_unit(tmp_path: Path) -> None:
    units = systemd(told(program=("/bin/true",)))
    for name, content in units.items():
        (tmp_path / name).write_text(content)
    calendars = [line.split("=", 1)[1] for unit in units.values() for line in unit.splitlines() if "OnCalendar" in line]
    subprocess.run(["systemd-analyze", "calendar", *calendars], check=True, capture_output=True)
    files = [str(tmp_path / name) for name in units]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True, check=False
    )
    assert "gpuledger" not in done.stderr, done.stderr


ECHO = """#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done
"""


@pytest.mark.parametrize("form", ["cron", "scrontab"])
def test_each_line_runs_in_a_bare_shell_with_its_words_whole(form: str, tmp_path: Path) -> None:
    program = tmp_path / "a folder" / "gpuledger"
    program.parent.mkdir()
    program.write_text(ECHO)
    program.chmod(0o755)
    text = {"cron": cron, "scrontab": scrontab}[form](told(program=(str(program),), ledger=str(tmp_path)))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) == 7
    for line in lines:
        command = line.split(" ", 5)[5].replace(" >/dev/null", "")
        command = command.replace(r"\%", "%") if form == "cron" else command  # as cron does before it asks the shell
        done = subprocess.run(["/bin/sh", "-c", command], env={}, capture_output=True, text=True, check=True, cwd="/")
        words = done.stdout.splitlines()
        assert words[:2] == ["--config", "/etc/50% off/g.toml"]
        assert "--log-file" in words


def test_scrontab_jobs_carry_the_names_that_the_watchdog_knows() -> None:
    text = scrontab(told())
    named = {line.split("=")[1] for line in text.splitlines() if "--job-name" in line}
    assert named == set(job_names(Settings.model_validate(SAID)))
    assert text.count("#SCRON --export=NONE") == 7


def test_programs_that_are_not_in_their_usual_place_are_found(tmp_path: Path) -> None:
    (tmp_path / "sacct").write_text("#!/bin/sh\n")
    (tmp_path / "sacct").chmod(0o755)
    machine = Machine(("/bin/gpuledger",), "UTC", Path("/srv"), str(tmp_path), {"SLURM_CONF": "/etc/my slurm.conf"})
    made = schedule(Settings.model_validate(SAID), machine, NOW)
    [line] = [line for line in cron(made).splitlines() if line.endswith("collect hpg >/dev/null")]
    assert f"/usr/bin/env PATH={tmp_path}:/usr/bin:/bin 'SLURM_CONF=/etc/my slurm.conf' /bin/gpuledger" in line


def test_names_of_the_configuration_break_no_line() -> None:
    source = {"we\nird: $(touch x) %": {"type": "slurm"}}
    made = told(sources=source)
    assert made.entries[0].name == "gpuledger-collect-we-ird-touch-x"
    for text in (cron(made), scrontab(made)):
        comment = next(line for line in text.splitlines() if "Source we ird" in line)
        assert comment.startswith("# ")
    assert "Source we ird: $(touch x) %%" in systemd(made)["gpuledger-collect-we-ird-touch-x.service"]


def test_nothing_to_run_is_said() -> None:
    with pytest.raises(UsageError, match="Nothing runs by itself yet"):
        schedule(Settings.model_validate({"ledger": "x"}), Machine(("g",), "UTC", Path("/")), NOW)


def test_without_slurm_cron_needs_no_watchdog() -> None:
    made = told(sources={"pool": SAID["sources"]["pool"]})
    assert "watchdog" not in cron(made)
    assert "watchdog" in scrontab(made)
