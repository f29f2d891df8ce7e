"""Settings: what is wrong is listed, what is right is documented, secrets stay secret."""

import os
import stat

import pytest
from installations import ROOT

from tracker.config import NAMES, SettingsError, load


def load_in(folder, **given):
    return load({"XIAOHAO_INSTANCE": str(folder), **given})


def test_every_setting_is_documented_and_every_documented_setting_exists():
    lines = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()
    documented = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert sorted(documented) == sorted(NAMES)


def test_without_any_setting_it_serves_this_machine_from_sqlite(tmp_path):
    settings = load_in(tmp_path)
    assert (settings.host, settings.port, settings.time_zone.key) == ("127.0.0.1", 8000, "Asia/Shanghai")
    assert settings.database_url.database == (tmp_path / "xiaohao.sqlite3").as_posix()


def test_the_secret_key_is_made_once_and_nobody_else_may_read_it(tmp_path):
    first, second = load_in(tmp_path), load_in(tmp_path)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) == 64
    assert first.secret_key not in repr(first)
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_a_secret_key_that_others_can_read_is_refused(tmp_path):
    load_in(tmp_path)
    (tmp_path / "secret_key").chmod(0o640)
    with pytest.raises(SettingsError, match="secret_key can be read by others"):
        load_in(tmp_path)


def test_all_mistakes_are_listed_at_once(tmp_path):
    given = {"PORT": "eighty", "XIAOHAO_TIME_ZONE": "Mars/Base", "XIAOHAO_DATABASE_URL": "oracle://x"}
    with pytest.raises(SettingsError) as caught:
        load_in(tmp_path, **given, XIAOHAO_HOST="0.0.0.0", XIAOHAO_THREADS="0")
    names = {line.split(":")[0] for line in caught.value.mistakes}
    assert names == {*given, "XIAOHAO_TRUSTED_HOSTS", "XIAOHAO_THREADS"}


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgresql://u:p@db/x", "postgresql+psycopg"),
        ("postgres://u:p@db/x", "postgresql+psycopg"),
        ("postgresql+psycopg://u:p@db/x", "postgresql+psycopg"),
        ("sqlite:///x.sqlite3", "sqlite"),
    ],
)
def test_a_plain_address_gets_our_driver(tmp_path, given, driver):
    assert load_in(tmp_path, XIAOHAO_DATABASE_URL=given).database_url.drivername == driver


@pytest.mark.parametrize("given", ["nonsense", "sqlite://", "sqlite:///:memory:", "mysql://x"])
def test_a_database_that_cannot_be_used_is_refused(tmp_path, given):
    with pytest.raises(SettingsError, match="XIAOHAO_DATABASE_URL"):
        load_in(tmp_path, XIAOHAO_DATABASE_URL=given)


def test_a_relative_file_lies_in_the_instance_folder(tmp_path):
    url = load_in(tmp_path, XIAOHAO_DATABASE_URL="sqlite:///other.sqlite3").database_url
    assert url.database == (tmp_path / "other.sqlite3").as_posix()


def test_the_environment_wins_over_the_file(tmp_path):
    (tmp_path / "settings.toml").write_text('PORT = 9000\nXIAOHAO_TLS = true\nXIAOHAO_PACK = "other"\n')
    settings = load_in(tmp_path, PORT="9001")
    assert (settings.port, settings.is_served_by_tls, settings.pack) == (9001, True, "other")


def test_an_unknown_name_in_the_file_is_a_mistake(tmp_path):
    (tmp_path / "settings.toml").write_text("PROT = 9000\n")
    with pytest.raises(SettingsError, match="unknown setting PROT"):
        load_in(tmp_path)


def test_a_damaged_file_is_a_mistake_and_no_traceback(tmp_path):
    (tmp_path / "settings.toml").write_text("PORT = = 1")
    with pytest.raises(SettingsError, match=r"settings\.toml"):
        load_in(tmp_path)
