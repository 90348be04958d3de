"""Settings: declared once, read strictly, written whole."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app import settings as module
from clinic_app.foundation import durable_files
from clinic_app.foundation.errors import DiskFullError, InvalidInputError, StorageError
from clinic_app.settings import (
    HUB_URL,
    KEY_STORAGE,
    LINK_BUDGETS,
    MONITOR_PORT,
    Setting,
    Settings,
    load_settings,
    save_settings,
)
from clinic_app.storage import Lane
from clinic_app.workstation import _limits
from tests.helpers.refusals import outcome
from tests.unit.foundation.test_durable_files import full_device


def test_a_folder_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path)
    assert loaded[KEY_STORAGE] == "keyring"
    assert loaded[MONITOR_PORT] == 0


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    saved = Settings(tmp_path, {"hub_url": 'http://127.0.0.1:1/"ә"', "monitor_port": 6661})
    save_settings(saved)
    loaded = load_settings(tmp_path)
    assert loaded[HUB_URL] == 'http://127.0.0.1:1/"ә"'
    assert loaded[MONITOR_PORT] == 6661
    assert list(tmp_path.iterdir()) == [tmp_path / "settings.toml"]


def test_a_saved_file_explains_each_value(tmp_path: Path) -> None:
    save_settings(Settings(tmp_path, {"key_storage": "file"}))
    assert "# Where the key" in (tmp_path / "settings.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line",
    ["no_such_setting = 1", "monitor_port = 70000", "monitor_port = true", 'key_storage = "cloud"', "monitor_port = "],
)
def test_a_wrong_line_is_named_in_a_sentence(tmp_path: Path, line: str) -> None:
    (tmp_path / "settings.toml").write_text(line, encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        load_settings(tmp_path)
    assert caught.value.text.render("ru")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInputError):
        load_settings(tmp_path)


def test_a_file_that_notepad_saved_with_its_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b'\xef\xbb\xbfkey_storage = "file"\r\nmonitor_port = 6661\r\n')
    loaded = load_settings(tmp_path)
    assert (loaded[KEY_STORAGE], loaded[MONITOR_PORT]) == ("file", 6661)


@pytest.mark.parametrize(
    "body", [b"a = " + b"[" * 100_000, b"#" * ((1 << 20) + 1), b"\x00", b"a = 1\na = 2", b"\xef\xbb"]
)
def test_a_damaged_or_hostile_file_is_named_in_a_sentence(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "settings.toml").write_bytes(body)
    with pytest.raises(InvalidInputError, match=r"settings\.toml"):
        load_settings(tmp_path)


def test_a_folder_in_the_files_place_is_a_sentence_too(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(StorageError, match=r"settings\.toml"):
        load_settings(tmp_path)
    with pytest.raises(StorageError):
        save_settings(Settings(tmp_path, {}))


def test_a_full_disk_leaves_the_old_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_settings(Settings(tmp_path, {"monitor_port": 6661}))
    monkeypatch.setattr(durable_files, "open_part", full_device)
    with pytest.raises(DiskFullError):
        save_settings(Settings(tmp_path, {"hub_url": "https://x" * 1000}))
    assert load_settings(tmp_path)[MONITOR_PORT] == 6661
    assert list(tmp_path.iterdir()) == [tmp_path / "settings.toml"]


def test_an_impossible_value_is_not_written(tmp_path: Path) -> None:
    save_settings(Settings(tmp_path, {"monitor_port": 6661}))
    with pytest.raises(InvalidInputError):
        save_settings(Settings(tmp_path, {"monitor_port": -1}))
    assert load_settings(tmp_path)[MONITOR_PORT] == 6661


WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(url=WORDS, host=WORDS, port=st.integers(0, 65535), seconds=st.integers(1, 3600))
def test_any_possible_values_survive_the_file(tmp_path: Path, url: str, host: str, port: int, seconds: int) -> None:
    values = {"hub_url": f"https://hub/{url}", "monitor_host": host, "monitor_port": port, "sync_interval_s": seconds}
    save_settings(Settings(tmp_path, values))
    assert load_settings(tmp_path).values == values


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=st.binary(max_size=60) | WORDS.map(str.encode))
def test_any_file_at_all_is_settings_or_a_sentence(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "settings.toml").write_bytes(body)
    loaded, error = outcome(lambda: load_settings(tmp_path))
    assert (loaded is None) == bool(error and error.text.render("kk"))


@pytest.mark.parametrize("setting", module._declared.values(), ids=lambda setting: setting.key)
def test_every_setting_has_a_possible_default_and_a_sentence_for_it(setting: Setting[str]) -> None:
    assert setting.checked(setting.default) == setting.default
    assert setting.sentence.endswith(".")
    for wrong in (None, [], {}, 1.5, True, object()):
        with pytest.raises(InvalidInputError) as caught:
            setting.checked(wrong)
        assert caught.value.field == setting.key


def test_a_setting_declared_twice_is_a_fault() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        module._declare(Setting("hub_url", "", "again"))


@pytest.mark.parametrize(("reserve_mb", "is_taken"), [(0, True), (1, False), (15, False), (16, True), (65537, False)])
def test_a_reserve_is_off_or_large_enough_to_be_one(tmp_path: Path, reserve_mb: int, is_taken: bool) -> None:
    (tmp_path / "settings.toml").write_text(f"reserve_mb = {reserve_mb}\n", encoding="utf-8")
    loaded, error = outcome(lambda: load_settings(tmp_path))
    assert (loaded is not None) == is_taken
    assert is_taken or (error is not None and "reserve_mb" in error.text.render("ru"))


def test_every_lane_but_that_of_emergencies_can_have_its_megabytes_of_the_day(tmp_path: Path) -> None:
    assert set(LINK_BUDGETS) == set(get_args(Lane)) - {"emergency"}
    settings = Settings(tmp_path, {LINK_BUDGETS["bulk"].key: 50, LINK_BUDGETS["audit"].key: 0})
    assert _limits(settings) == {"bulk": 50_000_000}
    assert _limits(Settings(tmp_path)) == {}
