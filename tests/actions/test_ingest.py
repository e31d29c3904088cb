"""An ingest: what goes in, what is counted, what is kept, and what happens when it is no good."""

import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gpuledger.actions import _intake
from gpuledger.actions.ingest import Ingested, Manner, ingest, replay
from gpuledger.actions.store import check
from gpuledger.model.batch import Batch
from gpuledger.model.errors import DiskFull, NoData, SourceError
from gpuledger.model.schema import unbound
from gpuledger.model.tables import JOB_ATTEMPTS, PROBLEMS, RUNS, SNAPSHOTS, Table
from gpuledger.raw import RawZone
from gpuledger.sources import Context, Fetched
from gpuledger.store import Written
from gpuledger.store.lake import Lake
from tests.actions.tiny_source import Tiny, lines
from tests.store.rows import at

NOW = at(2000)
UTC_FILE = Context("", zone="UTC")
AGAIN = Manner(is_replay=True)


@dataclass
class Site:
    """A ledger and a folder of inputs."""

    store: Lake
    raw: RawZone
    folder: Path

    def file(self, content: bytes, name: str = "tiny.txt") -> Path:
        (self.folder / name).write_bytes(content)
        return self.folder / name

    def ingest(self, content: bytes, name: str = "tiny.txt", **how: Any) -> Ingested:
        return ingest(self, Tiny(), self.file(content, name), **{"context": UTC_FILE, "now": NOW, **how})

    def rows(self, table: Table = JOB_ATTEMPTS) -> list[dict[str, Any]]:
        whole = unbound(table)
        return self.store.ask(whole.order_by([whole[name] for name in table.key])).to_pylist()

    def versions(self) -> list[int]:
        return [self.store.version(table) for table in (JOB_ATTEMPTS, SNAPSHOTS, PROBLEMS)]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "inputs").mkdir()
    return Site(Lake(tmp_path / "ledger"), RawZone(tmp_path / "ledger" / "raw"), tmp_path / "inputs")


def assert_adds_up(done: Ingested) -> None:
    assert done.accepted + done.unchanged + done.problems == done.rows_read


def test_every_row_is_counted_once(site: Site) -> None:
    done = site.ingest(lines(range(250)) + b"!bad\n" + lines(range(250, 260)))
    assert (done.rows_read, done.accepted, done.unchanged, done.problems) == (261, 260, 0, 1)
    assert len(site.rows()) == 260
    assert done.tables["job_attempts"].inserted == 260


def test_many_commits_count_every_row_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_intake, "ROWS_A_COMMIT", 100)
    done = site.ingest(lines(range(950)) + b"!bad\n")
    assert (done.accepted, done.problems, done.tables["job_attempts"].commits) == (950, 1, 10)
    assert len(site.rows()) == 950
    again = site.ingest(lines(range(950)) + b"!bad\n!worse\n")
    assert (again.accepted, again.unchanged, again.tables["job_attempts"].commits) == (0, 950, 0)


class SoonFull(Lake):
    """A disk that has room for two commits of attempts."""

    def upsert(self, batch: Batch, ingest_id: str) -> Written:
        if self.version(JOB_ATTEMPTS) == 2:
            raise DiskFull("No room.")
        return super().upsert(batch, ingest_id)


def test_a_commit_that_fails_while_the_source_reads_on_ends_the_ingest(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_intake, "ROWS_A_COMMIT", 100)
    site.store = SoonFull(site.folder.parent / "ledger")
    with pytest.raises(DiskFull):
        site.ingest(lines(range(950)))
    assert len(site.rows()) == 200
    assert site.rows(RUNS) == []


def test_the_run_is_told_with_its_counts(site: Site) -> None:
    done = site.ingest(lines(range(5)) + b"!bad\n", context=Context("", cluster="c"))
    (run,) = site.rows(RUNS)
    told = {
        name: run[name]
        for name in (
            "ingest_id",
            "result",
            "run_kind",
            "rows_read_count",
            "accepted_count",
            "problem_count",
            "cluster",
            "source_type",
            "remarks",
            "told_tables",
            "told_clusters",
        )
    }
    assert told == {
        "ingest_id": done.ingest_id, "result": "done", "run_kind": "ingest", "rows_read_count": 6, "accepted_count": 5,
        "problem_count": 1, "cluster": "c", "source_type": "tiny", "remarks": ["No zone given: stamps were read as UTC."],
        "told_tables": ["job_attempts"], "told_clusters": ["c"],
    }  # fmt: skip
    assert {row["ingest_id"] for row in site.rows()} == {done.ingest_id}


def test_the_watermark_becomes_a_snapshot_of_the_file(site: Site) -> None:
    done = site.ingest(lines(range(5)))
    (snapshot,) = site.rows(SNAPSHOTS)
    assert snapshot["source"].startswith("file:")
    assert (snapshot["until"], snapshot["status"]) == (at(1000).replace(tzinfo=None), "complete")
    assert done.rows_read == 5


def test_the_same_bytes_again_make_no_commit(site: Site) -> None:
    site.ingest(lines(range(300)))
    before = site.versions()
    done = site.ingest(lines(range(300)), name="other name.txt")
    assert (done.rows_read, done.accepted, done.unchanged, done.is_known) == (300, 0, 300, True)
    assert site.versions() == before
    assert len(site.rows(RUNS)) == 2


def test_a_replay_of_unchanged_bytes_parses_and_makes_no_commit(site: Site) -> None:
    site.ingest(lines(range(300)))
    before = site.versions()
    done = site.ingest(lines(range(300)), manner=AGAIN)
    assert (done.accepted, done.unchanged, done.is_known) == (0, 300, False)
    assert site.versions() == before


def test_a_file_with_problems_is_parsed_again_and_its_problems_are_not_doubled(site: Site) -> None:
    content = lines(range(3)) + b"!bad\n!worse\n"
    site.ingest(content)
    done = site.ingest(content)
    assert (done.unchanged, done.problems, done.is_known) == (3, 2, False)
    assert [row["problem_row"] for row in site.rows(PROBLEMS)] == ["!bad", "!worse"]


def test_a_replay_after_a_fix_takes_solved_problems_away(site: Site) -> None:
    content = lines(range(3)) + b"!bad\n?bad\n"
    path = site.file(content)
    with pytest.raises(ValueError, match="unpack"):
        ingest(site, Tiny(), path, context=UTC_FILE, now=NOW)
    ingest(site, Tiny(bad_mark="?"), site.file(content.replace(b"!bad", b"9,failed,11")), context=UTC_FILE, now=NOW)
    (entry,) = [entry for entry in site.raw.entries() if entry.fields["bad_mark"] == "?"]
    assert len(site.rows(PROBLEMS)) == 1
    fixed = site.file(path.read_bytes())
    assert fixed == path
    done = replay(site, Tiny(bad_mark="?"), entry, now=NOW)
    assert (done.unchanged, done.problems) == (4, 1)


def test_a_grown_file_changes_only_what_is_new(site: Site) -> None:
    site.ingest(lines(range(10)) + b"10,running,\n")
    done = site.ingest(lines(range(12)))
    assert (done.accepted, done.unchanged) == (2, 10)
    assert [row["state"] for row in site.rows()].count("running") == 0


def test_a_dry_run_counts_and_writes_nothing(site: Site) -> None:
    done = site.ingest(lines(range(5)) + b"!bad\n", manner=Manner(is_dry_run=True))
    assert (done.rows_read, done.accepted, done.problems) == (6, 5, 1)
    assert "ended_at" in done.columns["job_attempts"]
    assert not (site.folder.parent / "ledger").exists()


def test_a_packed_file_is_unpacked(site: Site) -> None:
    assert site.ingest(gzip.compress(lines(range(40))), name="tiny.gz").accepted == 40


def test_a_cut_packed_file_is_an_error_and_what_was_read_stays(site: Site) -> None:
    with pytest.raises(SourceError, match=r"tiny\.txt is cut off or damaged"):
        site.ingest(gzip.compress(lines(range(40)))[:-12])
    assert site.rows(RUNS)[0]["result"] == "failed"


def test_an_error_after_good_rows_is_told_by_the_run(site: Site) -> None:
    with pytest.raises(SourceError, match="is binary"):
        site.ingest(lines(range(150)) + b"\0\0\n")
    (run,) = site.rows(RUNS)
    assert (run["result"], run["accepted_count"]) == ("failed", 100)
    assert "is binary" in run["error"]
    assert site.rows(SNAPSHOTS) == []
    assert check(site, NOW).findings == ()


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda path: None, SourceError, "does not exist"),
        (lambda path: path.mkdir(), SourceError, "is a folder"),
        (lambda path: path.write_bytes(b""), NoData, "is empty"),
        (lambda path: path.write_bytes(b"\0\1\2"), SourceError, "is binary"),
        (lambda path: path.write_bytes(b"!a\n!b\n"), NoData, "None of the 2 rows .* line 1: the line begins"),
    ],
)
def test_an_input_that_is_no_good_is_one_sentence(
    site: Site, make: Callable[[Path], None], error: type, words: str
) -> None:
    make(site.folder / "bad.txt")
    with pytest.raises(error, match=words):
        ingest(site, Tiny(), site.folder / "bad.txt", context=UTC_FILE, now=NOW)


def test_a_file_without_an_acceptable_row_leaves_its_problems(site: Site) -> None:
    with pytest.raises(NoData) as caught:
        site.ingest(b"!a\n!b\n")
    assert caught.value.exit_code == 3
    assert len(site.rows(PROBLEMS)) == 2
    assert site.rows(RUNS)[0]["result"] == "empty"


def test_what_was_fetched_is_kept_without_its_secrets_and_its_reach_is_left_to_the_asker(site: Site) -> None:
    fetched = Fetched(io.BytesIO(b"!secret\n" + lines(range(3))), "sacct -a", None, NOW)
    done = ingest(site, Tiny(), fetched, context=Context("hpg", zone="UTC"), now=NOW)
    (entry,) = site.raw.entries()
    with site.raw.open(entry) as raw:
        assert raw.read() == b"!******\n" + lines(range(3))
    assert site.rows(PROBLEMS)[0]["problem_row"] == "!******"
    assert (done.accepted, site.rows(RUNS)[0]["run_kind"]) == (3, "collect")
    assert site.rows(SNAPSHOTS) == []


def test_a_poll_without_rows_is_no_error(site: Site) -> None:
    fetched = Fetched(io.BytesIO(b""), "sacct", None, NOW)
    assert ingest(site, Tiny(), fetched, context=Context("hpg", zone="UTC"), now=NOW).rows_read == 0
    assert site.rows(RUNS)[0]["result"] == "done"


def test_a_file_is_copied_only_when_asked(site: Site) -> None:
    site.ingest(lines(range(3)))
    assert list(site.raw.root.rglob("*.zst")) == []
    site.ingest(lines(range(4)), manner=Manner(is_copied=True))
    assert len(list(site.raw.root.rglob("*.zst"))) == 1


def test_progress_ends_at_the_whole(site: Site) -> None:
    seen: list[tuple[int, int]] = []
    content = lines(range(1000))
    site.ingest(content, manner=Manner(progress=lambda read, whole: seen.append((read, whole))))
    assert seen[-1] == (len(content), len(content))
    assert seen == sorted(seen)


def test_an_interrupted_ingest_is_named_and_read_again(site: Site) -> None:
    done = site.ingest(lines(range(30)), manner=Manner(is_copied=True))
    lost = site.store.retract(RUNS, ingest_id=done.ingest_id) + site.store.retract(
        JOB_ATTEMPTS, ingest_id=done.ingest_id
    )
    assert lost == 31
    (finding,) = check(site, NOW).findings
    assert (finding.lost_ingest_id, finding.is_mended) == (done.ingest_id, False)
    (finding,) = check(site, NOW, is_repair=True, source_of=lambda entry: Tiny(**entry.fields)).findings
    assert finding.is_mended
    assert len(site.rows()) == 30
    assert check(site, NOW).findings == ()


def test_a_file_that_changed_cannot_be_read_again_and_says_so(site: Site) -> None:
    done = site.ingest(lines(range(30)))
    site.store.retract(RUNS, ingest_id=done.ingest_id)
    site.file(lines(range(31)))
    (finding,) = check(site, NOW, is_repair=True, source_of=lambda entry: Tiny(**entry.fields)).findings
    assert "has changed since" in finding.sentence
    assert not finding.is_mended
