"""`[sites]`: sites of one's own and what they are called, without code."""

from gpuledger.config import Settings
from gpuledger.config.sites import SiteSettings, rules_of, with_sites
from gpuledger.config.sources import source_named
from gpuledger.model.sites import site_by
from gpuledger.sources.condor_log import CondorLog
from gpuledger.sources.job_summary import JobSummary

OURS = SiteSettings(rules={"tacc.utexas.edu": "frontera"}, names={"frontera": "Frontera (TACC)"})


def test_a_host_a_glidein_or_a_slot_tells_a_site_of_ones_own() -> None:
    rules = {"tacc.utexas.edu": "frontera", "TACC-*": "frontera", "slot*@nid*": "perlmutter"}
    assert site_by(rules, "c1.tacc.utexas.edu", "", "") == "frontera"
    assert site_by(rules, "notacc.utexas.edu", "", "") is None
    assert site_by(rules, "10.0.0.1", "TACC-CE1", "") == "frontera"
    assert site_by(rules, "", "", "slot1@nid0042") == "perlmutter"


def test_every_source_that_tells_sites_has_the_rules_after_its_own() -> None:
    settings = Settings.model_validate(
        {"ledger": "x", "sites": OURS, "sources": {"a": {"type": "condor-log", "sites": {"other.edu": "other"}}}}
    )
    for name in ("a", "condor-log", "condor-history"):
        assert source_named(settings, name).sites["tacc.utexas.edu"] == "frontera"
    assert list(source_named(settings, "a").sites) == ["other.edu", "tacc.utexas.edu"]
    own = CondorLog(sites={"tacc.utexas.edu": "mine"})
    assert with_sites(own, OURS) == own
    assert with_sites(JobSummary(), OURS) == JobSummary()


def test_names_for_people_come_before_the_built_in_ones() -> None:
    names = rules_of(OURS)
    assert (names.label("frontera"), names.label("aws"), names.label("elsewhere")) == (
        "Frontera (TACC)", "AWS", "elsewhere",
    )  # fmt: skip
