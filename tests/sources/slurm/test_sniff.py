"""What an input is: ours in words, a relative refused in words, or not ours."""

import bz2
import gzip
import lzma
from io import BytesIO
from pathlib import Path

import pytest

from gpuledger.model.errors import SourceError
from gpuledger.sources import Context
from gpuledger.sources.slurm import Slurm

REFUSED = {
    "slurm_22.05/scontrol_show_node_22.05.txt": "scontrol show node",
    "slurm_22.05/scontrol_d_show_job_22.05.txt": "scontrol show job",
    "slurm_22.05/scontrol_show_partition_22.05.txt": "scontrol show partition",
    "slurm_22.05/scontrol_show_config_22.05.txt": "scontrol show config",
    "slurm_22.05/scontrol_show_assoc_mgr_22.05.txt": "assoc_mgr",
    "slurm_22.05/sinfo_22.05.json": "nodes JSON",
    "slurm_24.11/sinfo_24.11.json": "sinfo JSON",
    "slurm_22.05/sinfo_N_22.05.txt": "sinfo output",
    "slurm_22.05/squeue_22.05.txt": "squeue text",
    "slurm_22.05/sprio_22.05.txt": "sprio output",
    "slurm_22.05/sshare_22.05.txt": "sshare output",
    "slurm_22.05/sreport_user_22.05.txt": "sreport output",
    "slurm_22.05/sacctmgr_assoc_22.05.txt": "sacctmgr output",
    "slurm_24.11/sacctmgr_qos_24.11.txt": "sacctmgr output",
    "slurm_22.05/sacct_default_table_22.05.txt": "table for people",
    "slurm_22.05/sacct_epochfmt_22.05.txt": "no State column",
    "slurm_broken_sacct/sample-scontrol-output.txt": "scontrol show partition",
    "slurm_broken_sacct/sample-sinfo-output.txt": "sinfo output",
    "slurm_broken_sacct/sample-squeue-output.txt": "squeue text",
    "slurm_rest_json/rivos_sdiag_2405.json": "sdiag JSON",
    "slurm_rest_json/rivos_sinfo_out.json": "nodes JSON",
    "slurm_rest_json/slurmweb_24.05_0.0.41_slurm-nodes.json": "nodes JSON",
    "slurm_rest_json/slurmweb_24.05_0.0.41_slurm-node-unfound.json": "without jobs",
}


@pytest.mark.parametrize("file", REFUSED)
def test_a_relative_is_refused_by_name(shared_data: Path, file: str) -> None:
    with pytest.raises(SourceError, match=REFUSED[file]):
        Slurm().claims((shared_data / file).read_bytes()[:65536], file)


@pytest.mark.parametrize(
    "pattern", ["slurm_rest_json/*node*.json", "slurm_2*/scontrol*", "slurm_2*/s[ihpr]*", "slurm_2*/sacctmgr*"]
)
def test_no_file_without_accounting_is_claimed(shared_data: Path, pattern: str) -> None:
    files = [path for path in shared_data.glob(pattern) if "job" not in path.name or "scontrol" in path.name]
    assert files
    for path in files:
        with pytest.raises(SourceError):
            Slurm().claims(path.read_bytes()[:65536], path.name)


@pytest.mark.parametrize("pattern", ["slurm_2*/squeue*.json", "slurm_rest_json/*job*.json", "slurm_2*/sacct*.json"])
def test_every_jobs_document_is_claimed(shared_data: Path, pattern: str) -> None:
    files = list(shared_data.glob(pattern))
    assert files
    assert all(Slurm().claims(path.read_bytes()[:65536], path.name) for path in files)


@pytest.mark.parametrize("folder", ["slurm_supercloud", "slurm_fox", "slurm_xdmod"])
def test_notes_and_tables_of_others_are_not_ours(shared_data: Path, folder: str) -> None:
    others = [path for path in (shared_data / folder).iterdir() if path.suffix in (".json", ".csv", ".md")]
    assert others
    assert [path.name for path in others if Slurm().claims(path.read_bytes()[:65536], path.name)] == []


def test_zipped_text_is_told_by_what_it_holds() -> None:
    head = gzip.compress(b"JobID|State|End\n1|COMPLETED|2026-01-01T00:00:00\n")
    assert Slurm().claims(head, "sacct.gz") == "sacct text"


@pytest.mark.parametrize(
    "head",
    [
        b"JobID;User;Group;Queued;Start;Seconds;GPUs;Result\n101;ann;bio;;;7200;2;ok\n",
        b"",
        b"hello\n",
        b"\x00\x01\x02",
        b"a,b,c\n1,2,3\n",
        b"[]",
        b"{}",
        b'{"jobs": 3}',
        b"\xff\xfe\x00",
    ],
)
def test_anything_else_is_left_to_others(head: bytes) -> None:
    assert Slurm().claims(head, "x") is None


def test_lines_that_end_with_a_carriage_return_alone_are_told() -> None:
    with pytest.raises(SourceError, match="carriage return alone"):
        Slurm().claims(b"JobID|State|End\r1|COMPLETED|2026-01-01T00:00:00\r", "x")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("JobID|State|End\n1|COMPLETED|2026-01-01T00:00:00\n".encode("utf-16"), "is UTF-16 text"),
        (bz2.compress(b"JobID|State\n"), "is packed with bzip2"),
        (lzma.compress(b"JobID|State\n"), "is packed with xz"),
    ],
)
def test_what_must_be_unpacked_or_converted_first_is_named(content: bytes, what: str) -> None:
    with pytest.raises(SourceError, match=rf"x\.txt {what}; "):
        list(Slurm().parse(BytesIO(content), Context("", input_name="x.txt")))


def test_rows_without_a_header_ask_for_their_columns_as_the_command_takes_them() -> None:
    rows = b"1|1|ann|physics|COMPLETED|2026-01-01T10:00:00\n2|2|ann|physics|COMPLETED|2026-01-01T10:00:00\n"
    with pytest.raises(SourceError, match="--fields JobID,State"):
        list(Slurm().parse(BytesIO(rows), Context("")))
