"""Settings: flags over environment over .env over file over default, each value with its origin, no typo let through."""

from pathlib import Path

import pytest

from gpuledger.config.loading import load, unknown_variables
from gpuledger.config.show import shown, without_secrets
from gpuledger.model.errors import ConfigError, UsageError


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_without_any_setting_the_ledger_is_in_the_data_home(tmp_path: Path, home: dict[str, str]) -> None:
    assert load({}, home, tmp_path).settings.ledger == f"{tmp_path}/home/.local/share/gpuledger/ledger"
    assert load({}, home | {"XDG_DATA_HOME": "/data"}, tmp_path).settings.ledger == "/data/gpuledger/ledger"


def test_each_layer_wins_over_the_one_below(tmp_path: Path, home: dict[str, str]) -> None:
    write(tmp_path / "gpuledger.toml", 'ledger = "/file"\ndisplay_zone = "Europe/Berlin"\nraw_days = 7\n')
    write(tmp_path / ".env", "GPULEDGER_LEDGER=/dotenv\nGPULEDGER_RAW=copy\n")
    loaded = load({"ledger": "/flag"}, home | {"GPULEDGER_RAW": "reference"}, tmp_path)
    assert (loaded.settings.ledger, loaded.settings.raw, loaded.settings.raw_days) == ("/flag", "reference", 7)
    assert loaded.origins["ledger"] == "command line"
    assert loaded.origins["display_zone"] == str(tmp_path / "gpuledger.toml")
    assert load({}, home, tmp_path).settings.ledger == "/dotenv"


def test_the_file_is_searched_in_the_documented_order(tmp_path: Path, home: dict[str, str]) -> None:
    work = tmp_path / "work"
    work.mkdir()
    xdg = write(tmp_path / "xdg/gpuledger/gpuledger.toml", "raw_days = 1\n")
    assert load({}, home, work).file == xdg
    here = write(work / "gpuledger.toml", "raw_days = 2\n")
    assert load({}, home, work).file == here
    named = write(tmp_path / "named.toml", "raw_days = 3\n")
    assert load({}, home | {"GPULEDGER_CONFIG": str(named)}, work).file == named
    flag = write(tmp_path / "flag.toml", "raw_days = 4\n")
    assert load({}, home | {"GPULEDGER_CONFIG": str(named)}, work, flag).settings.raw_days == 4


def test_a_named_file_that_is_missing_is_an_error_not_a_default(tmp_path: Path, home: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="There is no configuration file"):
        load({}, home, tmp_path, tmp_path / "no.toml")


def test_spellings_of_other_tools_are_accepted_and_ours_win(tmp_path: Path, home: dict[str, str]) -> None:
    others = home | {"DATABASE_URL": "postgresql://db/ledger", "LOG_LEVEL": "DEBUG"}
    settings = load({}, others, tmp_path).settings
    assert (settings.ledger, settings.log_level) == ("postgresql://db/ledger", "debug")
    assert load({}, others | {"GPULEDGER_LEDGER": "/ours"}, tmp_path).settings.ledger == "/ours"


def test_the_environment_reaches_into_a_source(tmp_path: Path, home: dict[str, str]) -> None:
    write(tmp_path / "gpuledger.toml", '[sources.hpg]\ntype = "slurm"\n')
    loaded = load({}, home | {"GPULEDGER_SOURCES__HPG__CLUSTER": "hpg"}, tmp_path)
    assert loaded.settings.sources["hpg"].fields == {"cluster": "hpg"}


def test_a_relative_ledger_in_a_file_is_beside_the_file(tmp_path: Path, home: dict[str, str]) -> None:
    file = write(tmp_path / "etc/gpuledger.toml", 'ledger = "data"\n')
    assert load({}, home, tmp_path, file).settings.ledger == str(tmp_path / "etc/data")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('ledgr = "x"', "no setting 'ledgr'; did you mean 'ledger'"),
        ("ledger = ", "is not TOML"),
        ('log_level = "loud"', "log_level: Input should be 'debug', 'info', 'warning' or 'error'"),
        ("raw_days = 0", "raw_days: Input should be greater than or equal to 1"),
        ('ledger = ""', "ledger: String should have at least 1 character"),
        ("[sources.hpg]\ncluster = 'x'", "[sources.hpg] does not say its type"),
        ("sources = 3", "sources: Input should be a valid dictionary"),
    ],
)
def test_what_is_wrong_in_the_file_is_one_sentence_that_names_it(
    text: str, sentence: str, tmp_path: Path, home: dict[str, str]
) -> None:
    write(tmp_path / "gpuledger.toml", text)
    with pytest.raises(ConfigError) as error:
        load({}, home, tmp_path)
    assert sentence in str(error.value)
    assert str(tmp_path / "gpuledger.toml") in str(error.value)


def test_an_unknown_zone_is_named(tmp_path: Path, home: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="no time zone 'Europe/Berln'"):
        load({"display_zone": "Europe/Berln"}, home, tmp_path)


def test_a_variable_that_is_nearly_ours_is_told_and_a_strangers_is_not() -> None:
    typo = "GPULEDGER_LEGER is set and not used: There is no setting 'leger'; did you mean 'ledger'?"
    assert unknown_variables({"GPULEDGER_LEGER": "x"}) == [typo]
    ours = ("GPULEDGER_LEDGER", "GPULEDGER_CONFIG", "GPULEDGER_SOURCES__A__TYPE")
    assert unknown_variables(dict.fromkeys((*ours, "GPULEDGER_SHARED", "LEDGR"), "x")) == []


def test_a_secret_is_never_shown(tmp_path: Path, home: dict[str, str]) -> None:
    write(tmp_path / "gpuledger.toml", '[sources.cloud]\ntype = "slurm"\napi_key = "hunter2"\n')
    loaded = load({"ledger": "postgresql://me:hunter2@db/x"}, home, tmp_path)
    assert "hunter2" not in str(list(shown(loaded)))
    assert ("ledger", "postgresql://me:(hidden)@db/x", "command line") in list(shown(loaded))


@pytest.mark.parametrize("name", ["password", "sources.x.token", "smtp_password", "API_KEY", "salt"])
def test_every_name_of_a_secret_is_known(name: str) -> None:
    assert without_secrets(name, "value") == "(hidden)"


def test_a_file_that_holds_a_secret_is_named_not_hidden() -> None:
    assert without_secrets("password_file", "/etc/secret") == "/etc/secret"
