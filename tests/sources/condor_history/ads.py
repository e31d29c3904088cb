"""Job ads read, and small ones written for a test."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from gpuledger.model.batch import Batch
from gpuledger.model.problems import Problem, Remark
from gpuledger.sources import Context
from gpuledger.sources.condor_history import CondorHistory


@dataclass
class Told:
    """Everything the source said about one input."""

    attempts: list[dict[str, Any]] = field(default_factory=list)
    gpus: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    input_rows: int = 0


def told(content: bytes, cluster: str | None = None, into: Told | None = None) -> Told:
    answer = into or Told()
    context = Context("file:0123456789ab", cluster=cluster, input_name="history")
    for item in CondorHistory().parse(BytesIO(content), context):
        match item:
            case Batch():
                {"job_attempts": answer.attempts, "attempt_gpus": answer.gpus}[item.table.name] += item.rows.to_pylist()
                assert item.input_rows is not None
                answer.input_rows += sum(item.input_rows.to_pylist())
            case Problem():
                answer.problems.append(item)
            case Remark():
                answer.remarks.append(item.sentence)
    return answer


AD: dict[str, Any] = {
    "ClusterId": 12713212, "ProcId": 0, "GlobalJobId": "ap40.uw.osg-htc.org#12713212.0#1762355376",
    "QDate": 1762355376, "Owner": "researcher", "User": "researcher@ap40", "ProjectName": "METL",
    "DAGNodeName": "run0-train_epoch3", "JobBatchName": "global_pretraining.dag+12713158", "JobStatus": 4,
    "NumJobStarts": 1, "JobStartDate": 1762355900, "JobCurrentStartDate": 1762355900,
    "JobCurrentStartTransferInputDate": 1762355901, "JobCurrentFinishTransferInputDate": 1762356285,
    "JobCurrentStartExecutingDate": 1762356290, "JobCurrentStartTransferOutputDate": 1762359890,
    "JobCurrentFinishTransferOutputDate": 1762359899, "CompletionDate": 1762359900, "EnteredCurrentStatus": 1762359900,
    "ExitBySignal": False, "ExitCode": 0, "RemoteWallClockTime": 4000.0, "LastRemoteWallClockTime": 4000.0,
    "LastRemoteHost": "slot1_9@glidein_2498702_695587462@spark-agpu225.chtc.wisc.edu",
    "MATCH_EXP_JOBGLIDEIN_ResourceName": "CHTC-Spark-CE1", "TargetAnnexName": "expanse_annex",
    "RequestCpus": 4, "RequestGPUs": 1, "RequestMemory": 65536, "RequestDisk": 104857600, "CpusProvisioned": 4,
    "GPUsProvisioned": 1, "MemoryProvisioned": 65536, "DiskProvisioned": 104860266, "RemoteUserCpu": 15000.0,
    "RemoteSysCpu": 300.0, "MemoryUsage": 97657, "DiskUsage_RAW": 57581863, "GPUsUsage": 0.94,
    "GPUsMemoryUsage": 64909, "BytesSent": 1158408111.0, "BytesRecvd": 18106943059.0, "AssignedGPUs": "GPU-e3b28da1",
    "GPUs_GPU_e3b28da1": '[ Id = "GPU-e3b28da1"; Capability = 8.0; DeviceName = "NVIDIA A100-SXM4-80GB"; ECCEnabled = true; GlobalMemoryMb = 81156; DriverVersion = 12.6 ]',
    "Environment": "WANDB_API_KEY=REDACTED-TEST-SECRET", "JobPrio": 3,
}  # fmt: skip


def long(**changed: Any) -> str:
    """An ad as `condor_history -l` writes it; None leaves an attribute out."""
    ad = {name: value for name, value in {**AD, **changed}.items() if value is not None}
    return "".join(f"{name} = {_literal(value)}\n" for name, value in ad.items())


def _literal(value: Any) -> str:
    if isinstance(value, str) and not value.startswith("["):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value).lower() if isinstance(value, bool) else str(value)
