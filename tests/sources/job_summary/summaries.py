"""Summaries read, and small ones written for a test."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from gpuledger.model.batch import Batch, Watermark
from gpuledger.model.job_summary import EARLIER
from gpuledger.model.problems import Problem, Remark
from gpuledger.sources import Context
from gpuledger.sources.job_summary import JobSummary

Row = dict[str, Any]


@dataclass
class Told:
    """Everything the source said about one input."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    watermarks: list[Watermark] = field(default_factory=list)
    input_rows: int = 0

    @property
    def attempts(self) -> list[Row]:
        return self.tables.get("job_attempts", [])


def told(content: bytes, zone: str | None = None, cluster: str | None = "ap") -> Told:
    answer = Told()
    context = Context("file:0123456789ab", zone=zone, cluster=cluster, input_name="job_summary.csv")
    for item in JobSummary().parse(BytesIO(content), context):
        match item:
            case Batch():
                answer.tables.setdefault(item.table.name, []).extend(item.rows.to_pylist())
                assert item.input_rows is not None
                answer.input_rows += sum(item.input_rows.to_pylist())
            case Problem():
                answer.problems.append(item)
            case Remark():
                answer.remarks.append(item.sentence)
            case Watermark():
                answer.watermarks.append(item)
    return answer


def text(rows: Iterable[Mapping[str, str]], headers: Iterable[str]) -> bytes:
    """Rows as a CSV with these columns; cells that a row does not name are empty."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(headers), restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


HEADERS = [column.header for column in EARLIER]
ROW = {
    "Job Name": "run0-train_epoch3", "DAG Source": "global_pretraining", "Run UUID": "0ee9fad9",
    "HTCondor Cluster ID": "12713212", "Attempt Sequence": "1", "Final Status": "completed",
    "Targeted Resource": "aws", "Submit Time": "2025-11-05T09:00:00", "Start Time": "2025-11-05T09:10:00",
    "End Time": "2025-11-05T10:10:00", "Execution Duration (seconds)": "3600", "Total Bytes Sent": "511581144",
    "Total Bytes Received": "27066479133", "Number of GPUs": "2", "GPU Device Name": "NVIDIA L40S",
    "GPU Memory MB": "90916", "GPU Capability": "8.9", "GPU Driver Version": "12.9", "GPU ECC Enabled": "True",
    "GPU UUID": "11fd246e-b017-4d2a-9c1e-000000000000", "GPU ID": "GPU-11fd246e", "GPU PCI Bus ID": "0000:38:00.0",
    "GPU Usage": "1.85", "GPU Memory Usage MB": "64909", "CPU Usage": "4.35", "Peak Memory Usage MB": "97657",
    "Disk Usage KB": "57581863", "Transfer Input Start Time": "2025-11-05T09:03:12",
    "Transfer Input End Time": "2025-11-05T09:09:36", "Transfer Input Duration (seconds)": "384",
    "Epochs Completed": "1",
}  # fmt: skip


def one(**cells: str) -> bytes:
    """A summary of one row: ROW with these cells (`_` for a blank in a header) in place of its own."""
    return text([{**ROW, **{name.replace("_", " "): cell for name, cell in cells.items()}}], HEADERS)
