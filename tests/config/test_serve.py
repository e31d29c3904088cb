"""`[serve]`: a key that is not there is answered with the near one, and paths stand beside the file."""

from pathlib import Path

import pytest

from gpuledger.config.loading import load
from gpuledger.model.errors import ConfigError


def loaded(folder: Path, text: str):  # type: ignore[no-untyped-def]
    (folder / "gpuledger.toml").write_text(text)
    return load({}, {}, folder).settings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[serve]\nnmaes = "real"', "[serve]: There is no key 'nmaes'; did you mean 'names'?"),
        ('[serve.proxy]\nheader = "X"\npeers = ["a"]\nadmin = []', "[serve.proxy]: There is no key 'admin'; did you mean 'admins'?"),
        ("[pool]\nmaskd_hosts = {}", "[pool]: There is no key 'maskd_hosts'; did you mean 'masked_hosts'"),
        ("[serve.proxy]\npeers = []", "serve.proxy.header"),
    ],
)  # fmt: skip
def test_a_key_that_is_wrong_is_answered_with_the_near_one(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, text)
    assert words in str(raised.value)


def test_paths_stand_beside_the_file(tmp_path: Path) -> None:
    serve = loaded(tmp_path, '[serve]\ntokens = "t.json"\naudit_file = "/var/log/a"').serve
    assert (serve.tokens, serve.audit_file) == (tmp_path / "t.json", Path("/var/log/a"))
