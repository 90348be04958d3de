"""Settings: declared once, read strictly, written whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinic_app import settings as module
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.settings import (
    HUB_URL,
    KEY_STORAGE,
    MONITOR_PORT,
    Setting,
    Settings,
    load_settings,
    save_settings,
)


def test_a_folder_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings[KEY_STORAGE] == "keyring"
    assert settings[MONITOR_PORT] == 0


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


def test_a_setting_declared_twice_is_a_fault() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        module._declare(Setting("hub_url", "", "again"))
