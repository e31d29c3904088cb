"""The canonical tables: grain, key, columns, how they are cut into files. Source: DESIGN §4."""

from dataclasses import dataclass
from functools import cached_property

from gpuledger.model.columns import Column
from gpuledger.model.vocabulary import BY_NAME


@dataclass(frozen=True)
class Table:
    """One canonical table.

    `key` columns are never null and identify a row. `partition` columns cut the table into folders. `order` is the column rows are sorted by and files are pruned by.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    column_names: tuple[str, ...]
    order: str
    partition: tuple[str, ...] = ()
    is_polled: bool = False

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Key first, then the rest in reading order, then `ingest_id`."""
        return tuple(BY_NAME[name] for name in self.column_names)


def _table(  # noqa: PLR0913 - a declaration reads best in one call
    name: str, grain: str, key: str, rest: str, *, order: str, partition: str = "", is_polled: bool = False
) -> Table:
    names = dict.fromkeys([*key.split(), *rest.split(), *partition.split(), "ingest_id"])
    return Table(name, grain, tuple(key.split()), tuple(names), order, tuple(partition.split()), is_polled)


JOB_ATTEMPTS = _table(
    "job_attempts",
    "one attempt of a job to run",
    "cluster attempt_id",
    """job_id job_name kind array_id array_index het_id het_index task_count
    workflow node_name workflow_run workflow_step tags user_name user_id account account_id queue qos
    site resource_name target_site host_names slot_name submitted_at eligible_at matched_at started_at is_start_known
    ended_at suspended_seconds time_limit_seconds state state_raw exit_code derived_exit_code signal end_code end_subcode
    end_reason wait_reason priority node_count cpu_count gpu_count memory_bytes disk_bytes gpu_model gpu_memory_bytes
    billing_count requested_node_count requested_cpu_count requested_gpu_count requested_memory_bytes
    requested_disk_bytes requested_gpu_model used_cpu_seconds used_cpu_count used_memory_bytes used_disk_bytes
    gpu_busy_ratio gpu_busy_source used_gpu_memory_bytes sent_bytes received_bytes transfer_in_seconds transfer_out_seconds
    failed_transfer_seconds held_seconds energy_joules
    reported_by observed_at usage_observed_at row_hash usage_hash""",
    order="submitted_at",
    partition="cluster partition_month",
)
ATTEMPT_GPUS = _table(
    "attempt_gpus",
    "one GPU of one attempt",
    "cluster attempt_id host gpu",
    """gpu_index gpu_model gpu_memory_bytes capability driver_version cuda_version is_ecc_enabled gpu_uuid bus_id
    share_ratio started_at ended_at observed_at row_hash""",
    order="started_at",
    partition="cluster partition_month",
)
ATTEMPT_EVENTS = _table(
    "attempt_events",
    "one event in the life of an attempt",
    "cluster attempt_id time event_kind",
    "ended_event_at host code subcode message sent_bytes received_bytes row_hash",
    order="time",
    partition="cluster partition_month",
)
JOB_EVENTS = _table(
    "job_events",
    "one telling of one job's events by one input; attempts are derived from all of them",
    "cluster job_id time events_hash",
    "events reported_by observed_at row_hash",
    order="time",
    partition="cluster partition_month",
)
CLOCKS = _table(
    "clocks",
    "what one log knows of the clock of its access point; local stamps of all its logs are read by all of them",
    "cluster zone time",
    "row_count observed_at row_hash",
    order="time",
)
WORKFLOW_NODES = _table(
    "workflow_nodes",
    "one try of one node of a workflow run",
    "cluster workflow workflow_run node_name try_number",
    """node_kind workflow_step target_site job_id attempt_id retry_limit is_done_in_rescue state end_reason observed_at
    row_hash""",
    order="workflow_run",
)
GPU_STATES = _table(
    "gpu_states",
    "one GPU at one snapshot",
    "cluster source time host gpu",
    """owner_projects occupancy admin_state primary_user primary_account primary_job_id is_interactive prevented_reason
    backfill_occupancy backfill_user backfill_job_id occupant_count gpu_model gpu_memory_bytes""",
    order="time",
    partition="cluster partition_day",
    is_polled=True,
)
HOST_STATES = _table(
    "host_states",
    "one host at one snapshot",
    "cluster source time host",
    """host_state reason total_cpu_count total_gpu_count total_memory_bytes allocated_cpu_count allocated_gpu_count
    allocated_memory_bytes""",
    order="time",
    partition="cluster partition_day",
    is_polled=True,
)
SNAPSHOTS = _table(
    "snapshots",
    "one poll of one source",
    "cluster source time",
    "since until local_since local_until status row_count period_seconds error told_tables",
    order="time",
    is_polled=True,
)
DEVICES = _table(
    "devices",
    "one description of one device while it holds",
    "cluster host gpu valid_from",
    """valid_to gpu_uuid gpu_index bus_id slot_name serial_number vendor gpu_model gpu_memory_bytes capability
    driver_version parent_gpu slice_ratio site slowdown_celsius shutdown_celsius row_hash""",
    order="valid_from",
)
PENDING = _table(
    "pending",
    "one waiting job over one interval",
    "cluster pending_id",
    """job_id job_name user_name account queue qos submitted_at first_seen_at last_seen_at task_count
    requested_node_count requested_cpu_count requested_gpu_count requested_memory_bytes requested_gpu_model
    requested_gpu_memory_bytes command wait_reason row_hash""",
    order="first_seen_at",
)
LIMITS = _table(
    "limits",
    "one limit while it holds",
    "cluster scope name resource valid_from",
    "valid_to limit_count unit row_hash",
    order="valid_from",
)
DEVICE_SAMPLES = _table(
    "device_samples",
    "one reading of one device",
    "cluster host gpu source time",
    """busy_ratio sm_active_ratio memory_used_bytes memory_total_bytes temperature_celsius memory_temperature_celsius
    temperature_margin_celsius power_watts power_limit_watts sm_clock_hertz memory_clock_hertz fan_ratio
    throttle_reasons thermal_violation_seconds power_violation_seconds ecc_corrected_count ecc_uncorrected_count
    remapped_rows_count energy_joules""",
    order="time",
    partition="cluster partition_day",
    is_polled=True,
)
DEVICE_EVENTS = _table(
    "device_events",
    "one event of one device",
    "cluster host gpu time device_event_kind source event_id",
    "time_precision site severity temperature_celsius mean_temperature_celsius code message row_hash",
    order="time",
)
RESOURCE_SERIES = _table(
    "resource_series",
    "one cluster-wide reading",
    "cluster series_kind time",
    "used_count capacity_count unit",
    order="time",
    is_polled=True,
)
RUNS = _table(
    "runs",
    "one execution of our own ingest, report or send",
    "ingest_id",
    """run_kind run_started_at run_ended_at source source_type cluster input_name input_sha256 input_bytes
    rows_read_count accepted_count unchanged_count problem_count commit_count result error remarks told_tables told_clusters
    recipients""",
    order="run_started_at",
    is_polled=True,
)
PROBLEMS = _table(
    "problems",
    "one refused input row",
    "input_sha256 input_line problem_reason",
    "problem_row source_type time",
    order="time",
)

TABLES: tuple[Table, ...] = (
    JOB_ATTEMPTS, ATTEMPT_GPUS, ATTEMPT_EVENTS, JOB_EVENTS, CLOCKS, WORKFLOW_NODES, GPU_STATES, HOST_STATES, SNAPSHOTS, DEVICES, PENDING,
    LIMITS, DEVICE_SAMPLES, DEVICE_EVENTS, RESOURCE_SERIES, RUNS, PROBLEMS,
)  # fmt: skip
BY_TABLE = {table.name: table for table in TABLES}

USAGE_COLUMNS = (
    "used_cpu_seconds", "used_cpu_count", "used_memory_bytes", "used_disk_bytes", "gpu_busy_ratio", "gpu_busy_source",
    "used_gpu_memory_bytes", "energy_joules",
)  # fmt: skip
"""Measured use of an attempt: merged apart, so that a reading without it never erases it."""
