"""A key file as the first issue wrote it: one slot for a file, no seal. It opens, and grows new slots."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from clinic_app.foundation.errors import KeyLockedError
from clinic_app.keys import FileKeyStorage, KeySlots, SlotCost, unlock
from clinic_app.keys.slot_file import SLOT_FILES

KEPT: Final = Path(__file__).parents[1] / "data" / "keys" / "first-form"
KEY: Final = bytes.fromhex("423807a3eaadc37c85ce42c650529e40dd9484f4b530cf1bf98a046f2287e1ef")
QUICK: Final = SlotCost(8, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KEPT, tmp_path / "data"))


def _bodies(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in SLOT_FILES]


def test_it_opens_and_nothing_is_written(folder: Path) -> None:
    before = _bodies(folder)
    assert unlock(folder, FileKeyStorage(folder)) == KEY
    assert _bodies(folder) == before


@pytest.mark.parametrize("name", SLOT_FILES)
def test_one_copy_of_it_alone_opens_and_makes_the_other(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert unlock(folder, FileKeyStorage(folder)) == KEY
    assert len(set(_bodies(folder))) == 1
    assert unlock(folder, FileKeyStorage(folder)) == KEY


def test_it_grows_the_new_ways_and_keeps_the_one_it_had(folder: Path) -> None:
    slots = KeySlots(folder, QUICK)
    key = unlock(folder, FileKeyStorage(folder))
    slots.keep_password("doctor", "дала-самалы-7", key)
    code = slots.new_recovery_code(key)
    assert slots.kinds() == {"file", "user", "recovery"}
    assert slots.open_with_password("doctor", "дала-самалы-7") == KEY
    assert slots.open_with_recovery_code(code) == KEY
    assert slots.open_from(FileKeyStorage(folder)) == KEY


def test_its_slot_is_no_slot_of_another_kind(folder: Path) -> None:
    for name in SLOT_FILES:
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").replace('"file"', '"user"'), encoding="utf-8")
    slots = KeySlots(folder, QUICK)
    with pytest.raises(KeyLockedError):
        slots.open_from(FileKeyStorage(folder))
    with pytest.raises(KeyLockedError):
        slots.open_with_password("doctor", "дала-самалы-7")
