"""One state machine per job: which events make an attempt, and how it ended."""

import pytest

from gpuledger.sources.condor_log import CondorLog
from tests.sources.condor_log.reading import at, event, execute, read, submit, terminate, transfer

D = "2025-11-04"
TABLE = "\n".join(
    (
        "\tPartitionable Resources :       Usage   Request Allocated Assigned",
        "\t   Cpus                 :        4.35         4         4 ",
        "\t   Disk (KB)            : 57581863    104857600 104857600 ",
        '\t   GPUs                 :                     1         1 "GPU-e3b28da1"',
        "\t   GpusMemory (MB)      :    64909                        ",
        "\t   Memory (MB)          :    97657       120000    120064 ",
        "",
    )
)
BYTES = "\t1158408111  -  Run Bytes Sent By Job\n\t18106943059  -  Run Bytes Received By Job\n\t45359565990  -  Total Bytes Received By Job\n"


def test_a_match_lasts_from_its_transfer_to_its_end() -> None:
    log = (
        submit(f"{D} 10:00:00")
        + transfer(f"{D} 10:10:00", "Started transferring input files")
        + transfer(f"{D} 10:15:00", "Finished transferring input files")
        + execute(
            f"{D} 10:15:01", "\tSlotName: slot1_1@exp-1-1.expanse.sdsc.edu\n\tCpus = 4\n\tGPUs = 1\n\tMemory = 120064\n"
        )
        + transfer(f"{D} 12:00:00", "Started transferring output files")
        + transfer(f"{D} 12:00:30", "Finished transferring output files")
        + terminate(f"{D} 12:00:31", 0, BYTES + TABLE)
    )
    row = read(log).only
    assert row["attempt_id"] == "ap1.example.org#100.0#1762251000"
    assert (row["submitted_at"], row["matched_at"], row["started_at"], row["ended_at"]) == (
        at(f"{D}T10:00:00"), at(f"{D}T10:10:00"), at(f"{D}T10:15:01"), at(f"{D}T12:00:31"),
    )  # fmt: skip
    assert (row["state"], row["exit_code"], row["signal"], row["node_name"]) == ("completed", 0, 0, "A")
    assert (row["site"], row["host_names"]) == ("expanse", ["exp-1-1.expanse.sdsc.edu"])
    assert (row["transfer_in_seconds"], row["transfer_out_seconds"], row["failed_transfer_seconds"]) == (300, 30, None)
    assert (row["received_bytes"], row["sent_bytes"]) == (1158408111, 18106943059)
    assert (row["requested_memory_bytes"], row["used_memory_bytes"]) == (120000 * 2**20, 97657 * 2**20)
    assert (row["used_disk_bytes"], row["used_gpu_memory_bytes"]) == (57581863 * 2**10, 64909 * 2**20)


def test_a_blank_usage_of_gpus_is_not_the_request() -> None:
    reading = read(submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00") + terminate(f"{D} 11:00:00", 0, TABLE))
    row = reading.only
    assert (row["gpu_busy_ratio"], row["requested_gpu_count"], row["gpu_count"]) == (None, 1, 1)
    assert [gpu["gpu"] for gpu in reading.gpus] == ["GPU-e3b28da1"]


def test_busy_is_the_share_of_the_gpus_allocated() -> None:
    table = TABLE.replace(
        ':                     1         1 "GPU-e3b28da1"',
        ':        1.85         2         2 "GPU-e3b28da1,GPU-aaaaaaaa"',
    )
    row = read(submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00") + terminate(f"{D} 11:00:00", 0, table)).only
    assert row["gpu_busy_ratio"] == pytest.approx(0.925)
    assert row["gpu_busy_source"] == "htcondor"


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (terminate(f"{D} 11:00:00", 127), ("failed", 127, 0, None, "exit code 127")),
        (terminate(f"{D} 11:00:00", 85), ("requeued", 85, 0, None, "exit code 85")),
        (
            event("005", f"{D} 11:00:00", "Job terminated.", "\t(0) Abnormal termination (signal 9)\n\t(0) No core file\n"),
            ("failed", None, 9, None, "killed by signal 9"),
        ),
        (
            event("004", f"{D} 11:00:00", "Job was evicted. Code 1013 Subcode 0", "\t(0) CPU times\n\tReason: startd shut down\n"),
            ("preempted", None, None, 1013, "startd shut down"),
        ),
        (event("009", f"{D} 11:00:00", "Job was aborted.", "\tvia condor_rm (by user ann)\n"), ("removed", None, None, None, "via condor_rm (by user ann)")),
        (
            event("012", f"{D} 11:00:00", "Job was held.", "\tExcessive CPU usage.\n\tCode 26 Subcode 102\n"),
            ("held", None, None, 26, "Excessive CPU usage."),
        ),
        (
            event("024", f"{D} 11:00:00", "Job reconnection failed", "    Job disconnected too long\n    Can not reconnect\n"),
            ("preempted", None, None, None, "Job disconnected too long"),
        ),
        (
            event("007", f"{D} 11:00:00", "Shadow exception!", "\tError from slot1@h: no space left\n\t0  -  Run Bytes Sent By Job\n"),
            ("preempted", None, None, None, "Error from slot1@h: no space left"),
        ),
    ],
    ids=["exit 127", "checkpoint", "signal", "eviction", "removal", "hold", "reconnection failed", "shadow exception"],
)  # fmt: skip
def test_how_an_attempt_ends(end: str, expected: tuple[object, ...]) -> None:
    row = read(submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00") + end).only
    assert tuple(row[name] for name in ("state", "exit_code", "signal", "end_code", "end_reason")) == expected
    assert row["ended_at"] == at(f"{D}T11:00:00")


def test_a_new_execution_ends_the_one_before() -> None:
    first, second = read(submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00") + execute(f"{D} 12:00:00")).attempts
    assert (first["ended_at"], first["state"]) == (at(f"{D}T12:00:00"), "preempted")
    assert (second["started_at"], second["ended_at"], second["state"]) == (at(f"{D}T12:00:00"), None, "running")


def test_an_eviction_after_a_lost_connection_belongs_to_the_same_attempt() -> None:
    log = (
        submit(f"{D} 10:00:00")
        + execute(f"{D} 10:01:00")
        + event("024", f"{D} 11:00:00", "Job reconnection failed", "    Job disconnected too long\n")
        + event("004", f"{D} 11:00:01", "Job was evicted. Code 1008 Subcode 0", f"\t(0) CPU times\n{BYTES}{TABLE}")
    )
    row = read(log).only
    assert (row["ended_at"], row["end_code"], row["sent_bytes"]) == (at(f"{D}T11:00:01"), 1008, 18106943059)


def stalled(stamp: str, slot: str) -> str:
    reason = f"\t(0) CPU times\n\tReason: Error from {slot}: Input File transfer stalled for 3620 seconds\n"
    return event("004", stamp, "Job was evicted. Code 1007 Subcode 0", reason)


def test_each_eviction_before_execution_is_an_attempt_at_the_slot_that_its_reason_names() -> None:
    log = (
        submit(f"{D} 10:00:00")
        + stalled(f"{D} 11:00:00", "slot1_5@glidein_1_2@spark-a.chtc.wisc.edu")
        + stalled(f"{D} 12:00:00", "slot1_2@exp-1-2.expanse.sdsc.edu")
    )
    rows = read(log).attempts
    assert [(row["ended_at"], row["site"], row["host_names"]) for row in rows] == [
        (at(f"{D}T11:00:00"), "ospool", ["spark-a.chtc.wisc.edu"]),
        (at(f"{D}T12:00:00"), "expanse", ["exp-1-2.expanse.sdsc.edu"]),
    ]
    assert [row["eligible_at"] for row in rows] == [at(f"{D}T10:00:00"), at(f"{D}T11:00:00")]
    assert all((row["state"], row["started_at"], row["end_code"]) == ("preempted", None, 1007) for row in rows)


def evicted_after(seconds: int, gpu: str, stamp: str, code: int = 1013) -> str:
    table = TABLE.replace("GPU-e3b28da1", gpu) + f"\t   TimeExecute (s)      : {seconds:>8}                        \n"
    return event("004", stamp, f"Job was evicted. Code {code} Subcode 0", f"\t(0) CPU times\n{table}")


def test_an_eviction_told_twice_is_one_attempt() -> None:
    log = (
        submit(f"{D} 10:00:00") + execute(f"{D} 10:00:00") + evicted_after(3600, "GPU-a", f"{D} 11:00:00")
        + evicted_after(3600, "GPU-a", f"{D} 13:00:00", 1008)
    )  # fmt: skip
    row = read(log).only
    assert (row["ended_at"], row["used_memory_bytes"]) == (at(f"{D}T11:00:00"), 97657 * 2**20)


def test_a_lost_match_on_another_gpu_is_an_attempt_and_used_nothing() -> None:
    lost = "    Job disconnected too long\n    Can not reconnect to slot1_1@glidein_2_3@gpu9, rescheduling job\n"
    log = (
        submit(f"{D} 10:00:00") + execute(f"{D} 10:00:00") + evicted_after(3600, "GPU-a", f"{D} 11:00:00")
        + event("024", f"{D} 13:00:00", "Job reconnection failed", lost)
        + evicted_after(3600, "GPU-b", f"{D} 13:00:10", 1008)
    )  # fmt: skip
    first, second = read(log).attempts
    assert (first["end_code"], first["ended_at"]) == (1013, at(f"{D}T11:00:00"))
    assert (second["end_code"], second["ended_at"], second["host_names"]) == (1008, at(f"{D}T13:00:10"), ["gpu9"])
    assert (second["used_memory_bytes"], second["requested_memory_bytes"]) == (None, 120000 * 2**20)


def test_an_eviction_for_removal_is_a_removal() -> None:
    log = (
        submit(f"{D} 10:00:00")
        + execute(f"{D} 10:01:00")
        + event("004", f"{D} 11:00:00", "Job was evicted. Code 1023 Subcode 0", "\tReason: DAG Removed: by ann\n")
        + event("009", f"{D} 11:00:02", "Job was aborted.", "\tDAG Removed: by ann\n")
    )
    row = read(log).only
    assert (row["state"], row["end_code"], row["end_reason"]) == ("removed", 1023, "DAG Removed: by ann")


def test_a_job_removed_long_after_its_eviction_does_not_change_the_eviction() -> None:
    log = (
        submit(f"{D} 10:00:00")
        + execute(f"{D} 10:01:00")
        + event("004", f"{D} 11:00:00", "Job was evicted. Code 21 Subcode 102", "\tReason: memory\n")
        + event("009", f"{D} 15:00:00", "Job was aborted.", "\tvia condor_rm (by user ann)\n")
    )
    reading = read(log)
    assert (reading.only["state"], reading.only["ended_at"]) == ("preempted", at(f"{D}T11:00:00"))
    assert ("remove", at(f"{D}T15:00:00")) in {(one["event_kind"], one["time"]) for one in reading.events}


def test_input_for_an_attempt_that_never_executed_was_in_vain() -> None:
    log = (
        submit(f"{D} 10:00:00")
        + transfer(f"{D} 10:10:00", "Started transferring input files")
        + transfer(f"{D} 10:40:00", "Finished transferring input files")
        + event(
            "021",
            f"{D} 10:40:00",
            "Error from starter on slot1_9@glidein_1_2@gpu7:",
            "\tInput File transfer stalled\n\tCode 1007 Subcode 0\n",
        )
        + event("004", f"{D} 10:40:00", "Job was evicted. Code 1007 Subcode 0")
    )
    row = read(log).only
    assert (row["started_at"], row["transfer_in_seconds"], row["failed_transfer_seconds"]) == (None, None, 1800)
    assert (row["site"], row["host_names"], row["end_reason"]) == ("ospool", ["gpu7"], "Input File transfer stalled")


@pytest.mark.parametrize(
    ("log", "state", "ended"),
    [
        (submit(f"{D} 10:00:00"), "pending", None),
        (submit(f"{D} 10:00:00") + event("009", f"{D} 11:00:00", "Job was aborted.", "\tvia condor_rm\n"), "removed", at(f"{D}T11:00:00")),
        (submit(f"{D} 10:00:00") + event("012", f"{D} 11:00:00", "Job was held.", "\tspooling\n\tCode 16 Subcode 0\n"), "held", at(f"{D}T11:00:00")),
    ],
    ids=["idle", "removed", "held"],
)  # fmt: skip
def test_a_job_that_was_never_matched_is_one_attempt_that_waited(log: str, state: str, ended: object) -> None:
    row = read(log).only
    assert (row["state"], row["ended_at"], row["matched_at"], row["started_at"]) == (state, ended, None, None)


def test_waiting_begins_anew_with_a_release_and_holds_are_timed() -> None:
    log = (
        submit(f"{D} 10:00:00")
        + execute(f"{D} 10:01:00")
        + event("012", f"{D} 11:00:00", "Job was held.", "\tbad\n\tCode 13 Subcode 2\n")
        + event("013", f"{D} 11:30:00", "Job was released.", "\tvia condor_release\n")
        + execute(f"{D} 11:50:00")
    )
    first, second = read(log).attempts
    assert (first["held_seconds"], second["eligible_at"]) == (1800, at(f"{D}T11:30:00"))


HOLD = event("012", f"{D} 11:00:00", "Job was held.", "\tinput is too large\n\tCode 32 Subcode 0\n")
REMOVAL = event("009", f"{D} 15:00:00", "Job was aborted.", "\tvia condor_rm\n")


def test_a_hold_that_ends_with_the_removal_is_neither_queue_nor_hold_time() -> None:
    waited = read(submit(f"{D} 10:00:00") + HOLD + REMOVAL).only
    assert (waited["state"], waited["end_code"], waited["end_reason"]) == ("held", 32, "input is too large")
    assert (waited["eligible_at"], waited["ended_at"]) == (at(f"{D}T10:00:00"), at(f"{D}T11:00:00"))
    ran = read(submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00") + HOLD + REMOVAL).only
    assert (waited["held_seconds"], ran["held_seconds"]) == (None, None)


def test_a_job_that_waits_again_after_a_hold_waited_until_its_removal() -> None:
    row = read(submit(f"{D} 10:00:00") + HOLD + event("013", f"{D} 12:00:00", "Job was released.", "") + REMOVAL).only
    assert (row["state"], row["held_seconds"]) == ("removed", 3600)
    assert (row["eligible_at"], row["ended_at"]) == (at(f"{D}T12:00:00"), at(f"{D}T15:00:00"))


def test_no_name_or_sentence_acts_on_a_terminal() -> None:
    removal = event("009", f"{D} 11:00:00", "Job was aborted.", "\tby \x1b[31mann\x9b\tx\n")
    row = read(submit(f"{D} 10:00:00", "A\x07\x1b[0m") + removal).only
    assert (row["node_name"], row["end_reason"]) == (r"A\x07\x1b[0m", r"by \x1b[31mann\x9b x")


def test_a_job_still_open_at_the_end_of_the_log_has_no_end_and_the_log_bounds_it() -> None:
    log = (
        submit(f"{D} 10:00:00")
        + execute(f"{D} 10:01:00")
        + event("006", f"{D} 10:30:00", "Image size of job updated: 1")
    )
    reading = read(log)
    assert (reading.only["state"], reading.only["ended_at"], reading.only["reported_by"]) == ("running", None, "file:0")
    assert (reading.watermarks[0].cluster, reading.watermarks[0].until) == ("ap1.example.org", at(f"{D}T10:30:00"))


def test_an_end_whose_beginning_is_not_in_the_log_is_an_attempt() -> None:
    row = read(submit(f"{D} 10:00:00", job="7.000.000") + terminate(f"{D} 11:00:00")).attempts[0]
    assert (row["job_id"], row["state"], row["started_at"], row["ended_at"]) == (
        "100.0",
        "completed",
        None,
        at(f"{D}T11:00:00"),
    )


def test_equal_events_told_twice_are_one() -> None:
    log = submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00") * 2 + terminate(f"{D} 11:00:00") * 2
    reading = read(log)
    assert reading.only["state"] == "completed"
    assert reading.event_count == 5


def test_an_id_used_again_is_another_submission() -> None:
    one = submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00") + terminate(f"{D} 11:00:00")
    other = submit("2026-02-04 10:00:00", "B") + execute("2026-02-04 10:01:00") + terminate("2026-02-04 11:00:00", 1)
    assert [(row["node_name"], row["state"]) for row in read(one + other).attempts] == [
        ("A", "completed"),
        ("B", "failed"),
    ]


def test_every_gpu_of_a_match_is_told() -> None:
    ads = "".join(
        f'\tGPUs_GPU_{i}0058af5 = [ Id = "GPU-{i}0058af5"; ClockMhz = 1410.0; Capability = 8.9; DeviceName = "NVIDIA L40S"; '
        f'DeviceUuid = "{i}0058af5-b017-1"; ECCEnabled = true; NvidiaDriver = "575.57.08"; DriverVersion = 12.9; '
        f'DevicePciBusId = "0000:3C:00.{i}"; GlobalMemoryMb = 45458; MaxSupportedVersion = 12090 ]\n'
        for i in (1, 2)
    )
    reading = read(submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00", f"\tGPUs = 2\n{ads}"))
    assert (reading.only["gpu_model"], reading.only["gpu_memory_bytes"]) == ("NVIDIA L40S", 45458 * 2**20)
    first = reading.gpus[0]
    names = ("gpu", "gpu_uuid", "gpu_model", "capability", "driver_version", "cuda_version", "bus_id", "is_ecc_enabled")
    assert tuple(first[name] for name in names) == (
        "GPU-10058af5", "10058af5-b017-1", "NVIDIA L40S", "8.9", "575.57.08", "12.9", "0000:3C:00.1", True,
    )  # fmt: skip
    assert len(reading.gpus) == 2


def test_a_site_of_ones_own_needs_no_code() -> None:
    log = submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00").replace("exp-1-1.expanse.sdsc.edu", "c1.tacc.utexas.edu")
    assert read(log).only["site"] is None
    assert read(log, source=CondorLog(sites={"tacc.utexas.edu": "frontera"})).only["site"] == "frontera"


@pytest.mark.parametrize("note", ["    DAG Node: A\n", '    [ DAGNodeName = "A"; JobBatchName = "train.dag+17" ]\n'])
def test_both_forms_of_a_node_s_name(note: str) -> None:
    log = submit(f"{D} 10:00:00").replace("    DAG Node: A\n", note)
    assert read(log).only["node_name"] == "A"


def test_a_pilot_on_a_known_site_is_of_the_pool_that_sent_it() -> None:
    body = '\tSlotName: slot1_1@glidein_1_2@spark-agpu225.chtc.wisc.edu\n\tGLIDEIN_ResourceName = "CHTC-Spark-CE1"\n'
    row = read(submit(f"{D} 10:00:00") + execute(f"{D} 10:01:00", body)).only
    assert (row["site"], row["resource_name"], row["slot_name"]) == (
        "ospool", "CHTC-Spark-CE1", "slot1_1@glidein_1_2@spark-agpu225.chtc.wisc.edu",
    )  # fmt: skip
