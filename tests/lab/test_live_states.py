"""A living cluster collected: its queue, machines and limits are in the ledger as squeue, sacct, sreport and sinfo tell them."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gpuledger.actions.collect import Polled, collect
from gpuledger.config import Ledger, Settings, open_ledger
from gpuledger.ledger import OpenLedger
from gpuledger.model.document import Document
from gpuledger.model.tables import ATTEMPT_GPUS, GPU_STATES, HOST_STATES, JOB_ATTEMPTS, LIMITS, PENDING, Table
from gpuledger.render.json import from_json
from tests.lab.cluster import accounted, lines, rolled_up_to, submit, told, tried, until
from tests.serve.serving import serving

pytestmark = pytest.mark.lab
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def in_lab(slurm_lab: dict[str, str]) -> Iterator[None]:
    """The commands of this module speak to the lab, in UTC; what they leave is taken back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", slurm_lab["SLURM_CONF"])
        patch.setenv("TZ", "UTC")
        yield
        for user in ("ann", "bob", "cho", "dev", "eve"):
            tried("scancel", "-u", user)
        for node in ("cpu2", "a100n2"):
            tried("scontrol", "update", f"nodename={node}", "state=resume")


class Site:
    """The lab with jobs in every state, and a ledger that was collected from it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.began = ledger, datetime.now(UTC).replace(microsecond=0)
        long = "sleep 600"
        self.two = submit("ann", long, "-q", "physics", "-p", "gpu", "--gres=gpu:a100:2", "-c", "4", "-w", "a100n1")
        self.wide = submit("bob", long, "-q", "physics", "-p", "gpu", "--gres=gpu:1", "-N2", "--exclude=a100n2")
        self.array = submit("eve", long, "-q", "normal", "-p", "cpu", "--array=1-6%2", "-c", "2", "-w", "cpu1")
        self.held = submit("ann", long, "-q", "physics", "-p", "cpu", "--hold", "-J", "a | b")
        self.capped = submit("cho", long, "-q", "bio", "-p", "gpu", "--gres=gpu:5", "-w", "h200n1")
        self.failed = submit("eve", "sleep 1; exit 3", "-q", "normal", "-p", "cpu", "-w", "cpu1")
        self.done = submit("cho", "sleep 1", "-q", "bio", "-p", "cpu", "--array=1-2", "-c", "3", "-w", "cpu1")
        self.stopped = submit("eve", long, "-q", "normal", "-p", "cpu", "-w", "cpu1")
        until(lambda: all("RUNNING" in accounted(job) for job in (self.stopped, self.two, self.wide)))
        told("scancel", self.stopped)
        self._requeue()
        until(lambda: "FAILED" in accounted(self.failed) and "CANCELLED" in accounted(self.stopped))
        until(lambda: accounted(self.done) == "COMPLETED COMPLETED")
        until(lambda: len(lines("squeue", "-h", "-t", "R", "-u", "eve")) == 2)
        for node, reason in (("cpu2", "bad fan | State=IDLE"), ("a100n2", "Gres=gpu:9 burnt")):
            told("scontrol", "update", f"nodename={node}", "state=drain", f"reason={reason}")
        until(lambda: "None" not in lines("squeue", "-h", "-t", "PD", "-o", "%r"))  # it is said why each one waits

    def _requeue(self) -> None:
        """Its second attempt waits, under the same id; longer than the tests take."""
        self.again = submit("dev", "sleep 600", "-q", "bio", "-p", "cpu", "-w", "cpu1", "--requeue")
        until(lambda: accounted(self.again) == "RUNNING")
        told("scontrol", "requeue", self.again)
        until(lambda: "BeginTime" in lines("squeue", "-h", "-j", self.again, "-o", "%r"))
        told("scontrol", "update", f"jobid={self.again}", "StartTime=now+1hour")

    def collect(self) -> Polled:
        self.now = datetime.now(UTC)
        return collect(self.ledger, "lab", self.now)

    def rows(self, table: Table, **where: str) -> Rows:
        found: Rows = self.ledger.store.matching(table, cluster="lab").to_pylist()
        return [row for row in found if all(row[name] == value for name, value in where.items())]

    @property
    def led(self) -> Path:
        return Path(self.ledger.settings.ledger)

    def rolling(self, **chosen: Any) -> Document:
        return OpenLedger(self.ledger, self.now).report("rolling", **chosen)


@pytest.fixture(scope="module")
def site(in_lab: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    source = {"type": "slurm", "period_seconds": 300, "history_days": 12}
    settings = {"ledger": str(tmp_path_factory.mktemp("lab") / "led"), "sources": {"lab": source}}
    with open_ledger(Settings.model_validate(settings)) as ledger:
        site = Site(ledger)
        poll = site.collect()
        assert poll.error is None
        yield site


def test_running_attempts_and_their_gpus_are_those_that_scontrol_tells(site: Site) -> None:
    [two] = site.rows(JOB_ATTEMPTS, job_id=site.two)
    assert (two["state"], two["user_name"], two["gpu_count"], two["cpu_count"]) == ("running", "ann", 2, 4)
    held = {(row["host"], row["gpu_index"]) for row in site.rows(ATTEMPT_GPUS, attempt_id=two["attempt_id"])}
    assert {host for host, _ in held} == {"a100n1"}
    assert len(held) == 2
    [told] = lines("scontrol", "-d", "-o", "show", "job", site.two)
    low, high = sorted(index for _, index in held)
    assert f"GRES=gpu:a100:2(IDX:{low}-{high})" in told
    wide = site.rows(JOB_ATTEMPTS, job_id=site.wide)[0]["attempt_id"]
    hosts = {row["host"] for row in site.rows(ATTEMPT_GPUS, attempt_id=wide) if row["host"]}
    assert len(hosts) == 2


def test_each_attempt_is_there_once_whoever_told_of_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_TIME_FORMAT", "%s")
    form = ["sacct", "-a", "-X", "-D", "-P", "-n", "-S", f"{site.began:%Y-%m-%dT%H:%M:%S}"]
    rows = [line.split("|") for line in lines(*form, "-o", "JobIDRaw,Submit,Start,State")]
    started = {f"{job}@{submitted}" for job, submitted, start, _ in rows if start.isdigit()}
    found = [row for row in site.rows(JOB_ATTEMPTS) if row["submitted_at"] >= site.began.replace(tzinfo=None)]
    assert sorted(row["attempt_id"] for row in found if row["started_at"]) == sorted(started)
    assert [row["state"] for row in found if row["job_id"] == site.again and row["started_at"]] == ["requeued"]
    assert [row["wait_reason"] for row in site.rows(PENDING, job_id=site.again)] == ["BeginTime"]
    running = lines("squeue", "-h", "-t", "R", "-o", "%A")
    assert sorted(row["job_id"] for row in found if row["state"] == "running") == sorted(running)


def test_ends_are_told_with_their_state_and_hours(site: Site) -> None:
    [failed], [stopped] = site.rows(JOB_ATTEMPTS, job_id=site.failed), site.rows(JOB_ATTEMPTS, job_id=site.stopped)
    assert (failed["state"], failed["exit_code"]) == ("failed", 3)
    assert stopped["state"] == "cancelled"
    [elapsed] = lines("sacct", "-X", "-n", "-P", "-j", site.stopped, "-o", "ElapsedRaw")
    assert (stopped["ended_at"] - stopped["started_at"]).total_seconds() == int(elapsed)


def test_waiting_jobs_are_those_of_squeue_with_their_reasons(site: Site) -> None:
    told = dict(line.split("|") for line in lines("squeue", "-h", "-t", "PD", "-o", "%A|%r"))
    waiting = site.rows(PENDING)
    assert {row["job_id"]: row["wait_reason"] for row in waiting} == told
    assert told[site.held] == "JobHeldUser"
    assert told[site.capped] == "QOSGrpGRES"
    by_job = {row["job_id"]: row for row in waiting}
    assert by_job[site.array]["task_count"] == 4
    assert by_job[site.capped]["requested_gpu_count"] == 5
    assert by_job[site.held]["job_name"] == "a | b"


def test_machines_and_their_gpus_are_as_scontrol_tells_them(site: Site) -> None:
    hosts = {row["host"]: row for row in site.rows(HOST_STATES)}
    assert {host: row["total_gpu_count"] for host, row in hosts.items()} == {
        "cpu1": 0, "cpu2": 0, "a100n1": 4, "a100n2": 4, "h200n1": 8,
    }  # fmt: skip
    assert hosts["cpu2"]["host_state"] == "IDLE+DRAIN"
    assert hosts["cpu2"]["reason"] == "bad fan | State=IDLE"
    assert hosts["cpu1"]["allocated_cpu_count"] == 4
    gpus = site.rows(GPU_STATES)
    assert len(gpus) == 16
    assert {(row["admin_state"], row["prevented_reason"]) for row in gpus if row["host"] == "a100n2"} == {
        ("drained", "Gres=gpu:9 burnt")
    }
    claimed = {(row["host"], row["gpu"]): row["primary_user"] for row in gpus if row["occupancy"] == "claimed"}
    assert len(claimed) == 4
    assert sorted(claimed.values()) == ["ann", "ann", "bob", "bob"]


def test_limits_are_those_of_sacctmgr(site: Site) -> None:
    found = {(row["name"], row["resource"]): row["limit_count"] for row in site.rows(LIMITS, scope="qos")}
    assert [found["physics", name] for name in ("cpu", "gpu", "memory")] == [64, 8, 400 * 2**30]
    assert found["normal", "gpu"] is None


def test_the_pool_is_told_by_the_same_metrics_as_any_other(site: Site) -> None:
    answer = OpenLedger(site.ledger, site.now + timedelta(minutes=4)).ask(
        "drained_gpus", "allocated_gpus", "present_gpus", last="4min"
    )
    assert answer.totals == pytest.approx({"drained_gpus": 4, "allocated_gpus": 4, "present_gpus": 16})


def held_now() -> dict[str, list[float]]:
    """GPUs, CPUs and jobs of each user, as squeue tells them."""
    held: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for line in lines("squeue", "-h", "-t", "R,S", "-O", "UserName:30,tres-alloc:500"):
        user, tres = line.split()
        for number, amount in enumerate((*amounts(tres), 1.0)):
            held[user][number] += amount
    return dict(held)


def amounts(tres: str) -> tuple[float, float]:
    """GPUs and CPUs of a list of TRES."""
    counts = dict(part.split("=") for part in tres.split(",") if part)
    return float(counts.get("gres/gpu", 0)), float(counts.get("cpu", 0))


def table_of(document: Document, name: str) -> Any:
    [table] = [table for table in document.tables if table.id == name]
    return table


def test_the_current_table_equals_squeue(site: Site) -> None:
    now, held = table_of(site.rolling(), "now"), held_now()
    assert {row[0]: [row[1], row[2], row[4]] for row in now.rows} == held
    assert list(now.totals[1:3]) == [sum(each[n] for each in held.values()) for n in (0, 1)]


def test_the_live_page_is_given_the_same_table(site: Site, tmp_path: Path) -> None:
    """Asked for an end to the second: "last …" ends with the minute, which begins before the lab's jobs do."""
    day = {"from": (site.now - timedelta(days=1)).isoformat(), "to": site.now.isoformat()}
    with serving(site.led, tmp_path) as server:
        document = from_json(server.get("/api/v1/reports/rolling", **day).content)
    assert {row[0]: [row[1], row[2], row[4]] for row in table_of(document, "now").rows} == held_now()


def test_totals_of_a_mix_of_jobs_equal_sacct_to_the_second(site: Site) -> None:
    """GPUs, machines, arrays, failures and cancellations, some over and some still running at the end of the window."""
    window = [f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in (site.began, site.now)]
    form = ["sacct", "-a", "-X", "-D", "-P", "-n", "--truncate", "-S", window[0], "-E", window[1]]
    used: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    ends = set()
    for user, state, seconds, tres in (
        line.split("|") for line in lines(*form, "-o", "User,State,ElapsedRaw,AllocTRES")
    ):
        ends.add(state.split()[0])
        for number, amount in enumerate(amounts(tres)):
            used[user][number] += amount * int(seconds)
    assert ends >= {"RUNNING", "PENDING", "FAILED", "CANCELLED", "COMPLETED"}
    totals = table_of(site.rolling(start=window[0] + "Z", end=window[1] + "Z"), "totals")
    found = {row[0]: [round(row[1] * 3600), round(row[2] * 3600)] for row in totals.rows}
    assert found == {user: each for user, each in used.items() if any(each)}


def test_lines_of_the_charts_are_slurms_limits(site: Site) -> None:
    document = site.rolling(qos="physics")
    marks = {chart.id: [mark.at for mark in chart.marks] for chart in document.charts if chart.dimension == "user"}
    assert marks == {"cpus-in-use": [64], "gpus-in-use": [8], "memory-in-use": [400], "jobs-running": []}


def test_totals_of_whole_days_equal_sreport_to_the_second(site: Site, slurm_lab: dict[str, str]) -> None:
    end = rolled_up_to(slurm_lab)
    start = end - timedelta(days=10)
    window = (f"start={start:%Y-%m-%dT%H:%M:%S}", f"end={end:%Y-%m-%dT%H:%M:%S}")
    form = ["sreport", "-n", "-P", "-t", "seconds", "-T", "cpu,gres/gpu", "cluster", "AccountUtilizationByUser"]
    used: dict[str, dict[str, int]] = defaultdict(dict)
    for _, account, user, _, resource, seconds, *_ in (line.split("|") for line in lines(*form, *window)):
        if user and account == "physics":
            used[user][resource] = int(seconds)
    totals = table_of(site.rolling(account="physics", start=start.isoformat(), end=end.isoformat()), "totals")
    found = {row[0]: {"gres/gpu": round(row[1] * 3600), "cpu": round(row[2] * 3600)} for row in totals.rows}
    assert found == used


def test_a_second_poll_carries_waits_and_limits_on(site: Site) -> None:
    before = {row["job_id"]: row for row in site.rows(PENDING)}
    limits = site.rows(LIMITS)
    assert site.collect().error is None
    after = {row["job_id"]: row for row in site.rows(PENDING)}
    assert after.keys() == before.keys()
    assert {row["pending_id"] for row in after.values()} == {row["pending_id"] for row in before.values()}
    assert all(after[job]["last_seen_at"] > row["last_seen_at"] for job, row in before.items())
    assert len(site.rows(LIMITS)) == len(limits)


def test_what_does_not_answer_is_named_and_the_rest_is_kept(site: Site, tmp_path: Path) -> None:
    source = {"type": "slurm", "history_days": 1, "control_command": "false", "limits_command": ""}
    settings = Settings.model_validate({"ledger": str(tmp_path / "led"), "sources": {"lab": source}})
    with open_ledger(settings) as ledger:
        assert collect(ledger, "lab", datetime.now(UTC)).error is None
        rows = ledger.store.matching(PENDING, cluster="lab").to_pylist()
        polls = OpenLedger(ledger).report("rolling").blocks
    assert {row["job_id"] for row in rows} >= {site.held, site.capped}
    assert any("Not told by nodes: false failed" in getattr(block, "sentence", "") for block in polls)
