"""Lists of hosts as sites write them: what is odd is an error with its line, never "no exclusions"."""

from pathlib import Path

import pytest

from gpuledger.config.hosts import masked_hosts, owned_hosts
from gpuledger.model.errors import ConfigError


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "hosts"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("gpu1: broken\ngpu2:\n", {"gpu1": "broken", "gpu2": ""}),
        ("excluded_hosts:\n  2003: Interactive only.\n  true: 'yes: really'\n", {"2003": "Interactive only.", "true": "yes: really"}),
        ("\ufeffexcluded_hosts: {}\r\n", {}),
        ("{}", {}),
    ],
)  # fmt: skip
def test_both_shapes_are_taken_as_written(tmp_path: Path, text: str, hosts: dict[str, str]) -> None:
    assert masked_hosts(written(tmp_path, text)) == hosts


def test_the_three_real_files_are_read(shared_data: Path) -> None:
    real = sorted((shared_data / "htcondor_pool_config").glob("*masked_hosts.yaml"))
    assert len(real) == 3
    assert all(any("voyles" in host for host in masked_hosts(file)) for file in real)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "`host: reason` lines are expected"),
        ("# nothing\n", "`host: reason` lines are expected"),
        ("excluded_hosts:\n", "line 1: `host: reason` lines are expected"),
        ("- gpu1\n- gpu2\n", "line 1: `host: reason` lines are expected"),
        ("gpu1: a\ngpu1: b\n", "line 2: 'gpu1' is named twice"),
        ("excluded_hosts:\n  gpu1: [a, b]\n", "line 2: the reason of 'gpu1' is no text"),
        ("gpu1: a\n'': b\n", "line 2: a host's name is expected"),
        ("gpu1: a\n\tgpu2: b", "is not YAML: line 2"),
    ],
)
def test_what_is_odd_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match="The list of masked hosts") as error:
        masked_hosts(written(tmp_path, text))
    assert said in str(error.value)


def test_a_list_of_aliases_does_not_blow_up(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    with pytest.raises(ConfigError, match="is no text"):
        masked_hosts(written(tmp_path, "\n".join(lines)))


def test_owned_hosts_are_one_a_line(tmp_path: Path) -> None:
    assert owned_hosts(written(tmp_path, "\ufeff# ours\r\ngpu1.x.edu  # first\r\n\r\n gpu1.x.edu\r\nlab*\r\n")) == (
        "gpu1.x.edu",
        "lab*",
    )
    with pytest.raises(ConfigError, match="names no host"):
        owned_hosts(written(tmp_path, "\n# none\n"))
    with pytest.raises(ConfigError, match="cannot be read"):
        owned_hosts(tmp_path / "gone")
