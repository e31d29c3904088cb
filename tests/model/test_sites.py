"""The site of an attempt from what its own event says."""

from dataclasses import replace

import pytest

from gpuledger.model.sites import DEFAULT, site_of


@pytest.mark.parametrize(
    ("host", "glidein", "slot", "site"),
    [
        ("gpua017.delta.ncsa.illinois.edu", None, None, "delta"),
        ("exp-9-58.expanse.sdsc.edu", None, "slot1_1@exp-9-58.expanse.sdsc.edu", "expanse"),
        ("ip-172-31-30-54.ec2.internal", None, None, "aws"),
        ("ec2-54-91-94-240.compute-1.amazonaws.com", None, None, "aws"),
        ("v032.pvt.bridges2.psc.edu", None, None, "bridges2"),
        ("g004.anvil.rcac.purdue.edu", None, None, "anvil"),
        ("GPU2001.CHTC.wisc.edu.", None, None, "chtc"),
        ("spark-agpu225.chtc.wisc.edu", "CHTC-Spark-CE1", None, "ospool"),
        ("rails01", None, "slot1_9@glidein_2498702_695587462@rails01", "ospool"),
        (None, None, "slot1_1@g004.anvil.rcac.purdue.edu", "anvil"),
        ("notdelta.ncsa.illinois.edu", None, None, None),
        (None, None, None, None),
    ],
)
def test_the_site_is_told_by_the_attempts_own_machine(
    host: str | None, glidein: str | None, slot: str | None, site: str | None
) -> None:
    assert site_of(host, glidein, slot, None) == site


def test_the_target_speaks_only_where_the_machine_says_nothing() -> None:
    assert site_of("g004.anvil.rcac.purdue.edu", None, None, "delta") == "anvil"
    assert site_of("g004", None, None, "anvil") == "anvil"
    assert site_of("node7", None, None, "Duke-NCShare-CE1") == "ospool"


def test_a_mistyped_target_is_not_made_a_site() -> None:
    assert site_of(None, None, None, "delospool") is None


def test_a_new_site_needs_configuration_only() -> None:
    rules = replace(
        DEFAULT, hosts={**DEFAULT.hosts, "tacc.utexas.edu": "frontera"}, labels={"frontera": "TACC Frontera"}
    )
    assert site_of("c101.frontera.tacc.utexas.edu", None, None, None, rules) == "frontera"
    assert (rules.label("frontera"), rules.label("aws")) == ("TACC Frontera", "aws")
