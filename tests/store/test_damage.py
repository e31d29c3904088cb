"""What a power cut, a full disk or a careless hand does to the lake is found, named and mended."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from gpuledger.actions.ingest import Manner, ingest
from gpuledger.actions.store import check
from gpuledger.model.batch import Batch
from gpuledger.model.errors import ConfigError, Damaged, DiskFull, ReadOnly
from gpuledger.model.schema import unbound
from gpuledger.model.tables import JOB_ATTEMPTS
from gpuledger.raw import Entry, RawZone
from gpuledger.sources import Context, Source
from gpuledger.store import Checked
from gpuledger.store.lake import Lake
from tests.actions.tiny_source import Tiny, lines
from tests.store.rows import at, attempt, attempts

NOW = at(2000)


@dataclass
class Site:
    store: Lake
    raw: RawZone
    root: Path

    def ingest(self, content: bytes) -> str:
        path = self.root.parent / f"{len(content)}.txt"
        path.write_bytes(content)
        return ingest(
            self, Tiny(), path, context=Context("", zone="UTC"), now=NOW, manner=Manner(is_copied=True)
        ).ingest_id

    def check(self, *, is_repair: bool = False) -> Checked:
        """As another process, that has nothing in memory."""
        self.store = Lake(self.root)
        return check(self, NOW, is_repair=is_repair, source_of=source_of)

    def count(self) -> int:
        return int(Lake(self.root).ask(unbound(JOB_ATTEMPTS).count().as_table()).column(0)[0].as_py())

    def logs(self) -> list[Path]:
        return sorted((self.root / "job_attempts" / "_delta_log").glob("0*.json"))

    def files(self) -> list[Path]:
        return sorted((self.root / "job_attempts").rglob("*.parquet"))


def source_of(entry: Entry) -> Source:
    return Tiny(**entry.fields)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Three ingests of 30 rows each, the last two grown files."""
    site = Site(Lake(tmp_path / "led ger"), RawZone(tmp_path / "led ger" / "raw"), tmp_path / "led ger")
    for n in (30, 60, 90):
        site.ingest(lines(range(n)))
    return site


def test_a_healthy_ledger_has_no_findings(site: Site) -> None:
    assert site.check() == Checked((), NOW, 0, 0)


@pytest.mark.parametrize(
    "cut", [lambda text: "", lambda text: text[: len(text) // 2], lambda text: text[:-5]], ids=["empty", "half", "end"]
)
def test_a_torn_last_log_is_taken_back_and_its_ingest_read_again(site: Site, cut: object) -> None:
    last = site.logs()[-1]
    last.write_text(cut(last.read_text()))  # type: ignore[operator]
    found = site.check()
    assert any("is torn" in one.sentence for one in found.findings)
    assert any(one.lost_ingest_id and "made 2 commits, 1 are there" in one.sentence for one in found.findings)
    assert all(one.is_mended for one in site.check(is_repair=True).findings)
    assert site.count() == 90
    assert site.check().findings == ()


def test_an_empty_last_log_is_refused_and_never_answered_with_fewer_rows(site: Site) -> None:
    open_lake = Lake(site.root)
    assert open_lake.version(JOB_ATTEMPTS) == len(site.logs()) - 1
    torn = site.logs()[-1].with_name(f"{len(site.logs()):020d}.json")
    torn.touch()
    for lake in (open_lake, Lake(site.root)):
        with pytest.raises(Damaged, match=r"job_attempts is torn .*store check --repair"):
            lake.ask(unbound(JOB_ATTEMPTS).count().as_table())
        with pytest.raises(Damaged, match="is torn"):
            lake.upsert(attempts(attempt(1)), "i9")
    assert all(one.is_mended for one in site.check(is_repair=True).findings)
    assert site.count() == 90


def zeroed(path: Path) -> None:
    """As long as before, with a hole of zeros where the first pages were."""
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(content)


def test_a_file_whose_bytes_were_changed_is_named_and_its_rows_read_again(site: Site) -> None:
    file = site.files()[0]
    zeroed(file)
    (finding,) = [one for one in site.check().findings if "cannot be decoded" in one.sentence]
    assert str(file) in finding.sentence
    assert finding.level == "critical"
    assert all(one.is_mended for one in site.check(is_repair=True).findings)
    assert site.count() == 90
    assert site.check().findings == ()


def test_a_lost_last_log_is_noticed_even_when_another_commit_took_its_number(site: Site) -> None:
    site.logs()[-1].unlink()
    site.ingest(lines(range(95)))
    assert site.count() == 95
    (finding,) = site.check().findings
    assert "made 2 commits, 1 are there" in finding.sentence
    assert all(one.is_mended for one in site.check(is_repair=True).findings)
    assert site.check().findings == ()


def test_a_torn_log_in_the_middle_keeps_its_place(site: Site) -> None:
    middle = site.logs()[2]
    middle.write_text(middle.read_text()[:-40])
    assert all(one.is_mended for one in site.check(is_repair=True).findings)
    assert site.count() == 90
    assert site.check().findings == ()


@pytest.mark.parametrize(
    "harm",
    [Path.unlink, lambda path: path.write_bytes(b""), lambda path: path.write_bytes(path.read_bytes()[:900])],
    ids=["gone", "empty", "cut"],
)
def test_a_lost_data_file_is_removed_and_its_rows_read_again(site: Site, harm: object) -> None:
    harm(site.files()[0])  # type: ignore[operator]
    with pytest.raises(Damaged, match="store check"):
        site.count()
    assert any("is missing or cut: 30 rows of cluster hpg" in one.sentence for one in site.check().findings)
    assert all(one.is_mended for one in site.check(is_repair=True).findings)
    assert site.count() == 90
    assert site.check().findings == ()


def test_a_lost_file_of_a_compacted_month_is_read_again(site: Site) -> None:
    assert site.store.compact(at(24 * 200)) > 0
    (path,) = {
        site.root / "job_attempts" / unquote(row)
        for row in Lake(site.root)._shelf.fresh(JOB_ATTEMPTS).adds["path"].to_pylist()
    }  # type: ignore[union-attr]
    path.unlink()
    site.check(is_repair=True)
    assert site.count() == 90
    assert site.check().findings == ()


@pytest.mark.parametrize(
    ("column", "kind", "said"),
    [
        ("gpu_count", pa.string(), "Column gpu_count of job_attempts holds VARCHAR where DOUBLE belongs"),
        ("started_at", pa.string(), "job_attempts cannot be opened (Binder Error"),
    ],
    ids=["another_type", "no_instant"],
)
def test_a_table_that_another_program_wrote_otherwise_is_a_finding(
    site: Site, column: str, kind: pa.DataType, said: str
) -> None:
    """Every file can be decoded, and yet questions of the table fail."""
    delta = DeltaTable(site.root / "job_attempts")
    rows = pa.RecordBatchReader.from_stream(delta.scan()).read_all()
    at_column = rows.schema.get_field_index(column)
    other = rows.set_column(at_column, column, rows[column].cast(kind))
    write_deltalake(delta, other, mode="overwrite", schema_mode="overwrite", partition_by=list(JOB_ATTEMPTS.partition))
    for is_repair in (False, True):
        (finding,) = site.check(is_repair=is_repair).findings
        assert (finding.table, finding.level, finding.is_mended) == ("job_attempts", "critical", False)
        assert finding.sentence.startswith(said)


def test_orphans_and_staging_files_are_counted_and_deleted_when_old(site: Site) -> None:
    month = site.files()[0].parent
    for path in (month / "part-dead.parquet", site.logs()[0].parent / "00000000000000000009.json#1"):
        path.write_bytes(b"x")
    found = site.check(is_repair=True)
    assert (found.orphan_files, found.staging_files) == (1, 1)
    assert (month / "part-dead.parquet").exists()
    for path in (month / "part-dead.parquet", site.logs()[0].parent / "00000000000000000009.json#1"):
        os.utime(path, (1, 1))
    site.check(is_repair=True)
    found = site.check()
    assert (found.orphan_files, found.staging_files) == (0, 0)
    assert site.count() == 90


@pytest.mark.parametrize("name", ["led[1]", "a]b", "st*r", "a%41b", "two\nlines"])
def test_a_folder_the_engine_cannot_spell_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="none of"):
        Lake(tmp_path / name)


def test_a_folder_with_a_plain_percent_sign_is_a_home(tmp_path: Path) -> None:
    Lake(tmp_path / "50% %G1").upsert(attempts(attempt(1)), "i1")
    assert Lake(tmp_path / "50% %G1").matching(JOB_ATTEMPTS, cluster="hpg").num_rows == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small tmpfs")
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"cannot mount a tmpfs here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def big(numbers: range) -> Batch:
    return attempts(*[attempt(n, job_name=os.urandom(60).hex()) for n in numbers])


def test_a_full_disk_is_a_sentence_and_harms_nothing(small_disk: Path) -> None:
    lake = Lake(small_disk / "ledger")
    with pytest.raises(DiskFull, match="is full; make room"):
        [lake.upsert(big(range(start, start + 2000)), "i") for start in range(0, 10**9, 2000)]
    written = 2000 * lake.version(JOB_ATTEMPTS)
    assert written > 0
    again = Lake(small_disk / "ledger")
    assert again.ask(unbound(JOB_ATTEMPTS).count().as_table()).column(0)[0].as_py() == written
    assert again.check().findings == ()


def test_a_read_only_disk_can_be_read_and_says_why_it_is_not_written(small_disk: Path) -> None:
    Lake(small_disk / "ledger").upsert(attempts(attempt(1)), "i")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    lake = Lake(small_disk / "ledger")
    assert lake.ask(unbound(JOB_ATTEMPTS)).num_rows == 1
    with pytest.raises(ReadOnly, match="may not be written to"):
        lake.upsert(attempts(attempt(2)), "i")
    with pytest.raises(ReadOnly, match="may not be written to"):
        Lake(small_disk / "new").upsert(attempts(attempt(2)), "i")
    with pytest.raises(ReadOnly, match="may not be written to"):
        RawZone(small_disk / "raw").keep(io.BytesIO(b"x"), NOW)


READ_ONLY_FOLDER = """
import os, sys
from gpuledger.model.errors import ReadOnly
from gpuledger.store.lake import Lake
from tests.store.rows import attempt, attempts
os.setuid(65534)
try:
    Lake(sys.argv[1]).upsert(attempts(attempt(2)), "i")
except ReadOnly as error:
    print(error)
"""


def test_a_folder_of_somebody_else_is_a_sentence(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    root = tmp_path / "ledger"
    Lake(root).upsert(attempts(attempt(1)), "i")
    for parent in [root, *root.parents][:4]:
        parent.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", READ_ONLY_FOLDER, str(root)], capture_output=True, text=True)
    assert "may not be written to" in done.stdout, done.stderr
