"""Attempts of a large simulated site as Arrow tables, drawn by numpy: what the ledger would hold after months."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

CLUSTER = "bench"
USERS = 200
MODELS = np.array(["A100-40GB", "A100-80GB", "H100-80GB", "L40S-48GB"])
STATES = np.array(["completed", "failed", "cancelled", "timeout", "out_of_memory"])
QUEUES = np.array(["gpu", "long", "debug", "cpu"])
MICRO = 1_000_000


def months(count: int, last: datetime) -> list[datetime]:
    """The first instants of `count` months, the newest being that of `last`."""
    number = last.year * 12 + last.month - 1
    return [datetime(n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(number - count + 1, number + 1)]


def month(start: datetime, count: int, seed: int, days: float | None = None) -> pa.Table:
    """`count` finished attempts submitted within the month (or `days`) from `start`, in the order of submission."""
    draw = np.random.default_rng(seed)
    span = timedelta(days=days) if days else (start.replace(day=28) + timedelta(days=4)).replace(day=1) - start
    submitted = np.sort(draw.integers(0, int(span.total_seconds()), count)) + int(start.timestamp())
    started = submitted + draw.exponential(1800, count).astype(np.int64)
    ended = started + 1 + draw.lognormal(7.5, 1.6, count).clip(1, 4e5).astype(np.int64)
    gpus = draw.choice([0.0, 1, 2, 4, 8], count, p=[0.3, 0.45, 0.12, 0.08, 0.05])
    cpus = np.maximum(1, gpus * draw.choice([4, 8, 16], count)) * 1.0
    ids = np.char.mod("%d", seed * 10_000_000 + np.arange(count))
    user = draw.zipf(1.4, count) % USERS
    texts = {
        "attempt_id": np.char.add(np.char.add(ids, "@"), np.char.mod("%d", submitted)),
        "job_id": ids,
        "job_name": np.char.mod("train-%d", draw.integers(0, 5000, count)),
        "user_name": np.char.mod("user%03d", user),
        "account": np.char.mod("lab%02d", user % 25),
        "queue": QUEUES[np.where(gpus > 0, draw.integers(0, 3, count), 3)],
        "state": STATES[draw.choice(5, count, p=[0.78, 0.1, 0.06, 0.04, 0.02])],
    }
    times = {
        "submitted_at": submitted,
        "eligible_at": submitted,
        "started_at": started,
        "ended_at": ended,
        "observed_at": ended,
    }
    numbers = {
        "node_count": np.maximum(1, gpus // 4), "cpu_count": cpus, "gpu_count": gpus, "memory_bytes": cpus * 4 * 2.0**30,
        "requested_gpu_count": gpus, "requested_cpu_count": cpus, "time_limit_seconds": np.full(count, 172_800.0),
        "used_cpu_seconds": (ended - started) * cpus * draw.random(count), "priority": draw.random(count) * 1e5,
    }  # fmt: skip
    busy = pa.array(draw.random(count), mask=(gpus == 0) | (draw.random(count) < 0.2))
    constant = {"cluster": CLUSTER, "kind": "batch", "qos": "normal", "partition_month": f"{start:%Y-%m}"}
    return pa.table(
        {name: pa.repeat(value, count) for name, value in constant.items()}
        | {name: pa.array(values) for name, values in texts.items()}
        | {name: pa.array(values * MICRO, pa.timestamp("us", tz="UTC")) for name, values in times.items()}
        | {name: pa.array(values) for name, values in numbers.items()}
        | {
            "gpu_model": pa.array(MODELS[draw.integers(0, 4, count)], mask=gpus == 0),
            "gpu_busy_ratio": busy,
            "usage_observed_at": pa.array(ended * MICRO, pa.timestamp("us", tz="UTC")),
            "exit_code": pa.array((texts["state"] != "completed").astype(np.int64)),
        }
    )


SACCT = """
    SELECT job_id AS JobIDRaw, job_id AS JobID, cluster AS Cluster, user_name AS "User", account AS Account, qos AS QOS,
        queue AS "Partition", upper(state) AS "State", submit AS Submit, submit AS Eligible, start AS "Start", stop AS "End",
        epoch(ended_at - started_at)::BIGINT AS ElapsedRaw, 2880 AS TimelimitRaw, '00:00:00' AS Suspended,
        exit_code || ':0' AS ExitCode, '0:0' AS DerivedExitCode, node_count::BIGINT AS NNodes, cpus AS NCPUS, cpus AS ReqCPUS,
        memory || 'M' AS ReqMem, tres AS ReqTRES, tres AS AllocTRES, 'node[01-02]' AS NodeList, priority::BIGINT AS Priority,
        'None' AS Reason, job_name AS JobName
    FROM (
        SELECT *, strftime(submitted_at, '%Y-%m-%dT%H:%M:%S') AS submit, strftime(started_at, '%Y-%m-%dT%H:%M:%S') AS start,
            strftime(ended_at, '%Y-%m-%dT%H:%M:%S') AS stop, 'billing=' || cpus || ',cpu=' || cpus
            || CASE WHEN gpus > 0 THEN ',gres/gpu:a100=' || gpus || ',gres/gpu=' || gpus ELSE '' END
            || ',mem=' || memory || 'M,node=' || node_count::BIGINT AS tres
        FROM (SELECT *, gpu_count::BIGINT AS gpus, cpu_count::BIGINT AS cpus, memory_bytes::BIGINT >> 20 AS memory FROM made)
    )
"""


def write_sacct(path: Path, count: int, start: datetime) -> None:
    """A header and `count` lines as `sacct -a -D -X -P --noconvert` prints them, UTC."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("made", month(start, count, seed=7))
    connection.execute(f"COPY ({SACCT}) TO '{path}' (FORMAT csv, DELIMITER '|', HEADER, QUOTE '')")
