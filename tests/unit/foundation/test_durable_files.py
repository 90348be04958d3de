"""A file is whole or not there."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from clinic_app.foundation import durable_files
from clinic_app.foundation.durable_files import disk_errors, write_atomically
from clinic_app.foundation.errors import DiskFullError, StorageError


def test_a_file_is_written_whole_into_a_folder_that_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.bin"
    write_atomically(path, (b"one ", b"two"))
    assert path.read_bytes() == b"one two"
    assert list(path.parent.iterdir()) == [path]


def test_a_writer_that_dies_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(b"old")

    def dying() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        write_atomically(path, dying())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_is_told_apart_from_other_refusals(tmp_path: Path, number: int) -> None:
    with pytest.raises(DiskFullError), disk_errors(tmp_path):
        raise OSError(number, "no room")


def test_another_refusal_says_which_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught, disk_errors(tmp_path / "x"):
        raise PermissionError(errno.EACCES, "not yours")
    assert not isinstance(caught.value, DiskFullError)
    assert str(tmp_path / "x") in str(caught.value)
    assert "not yours" in str(caught.value)


def test_a_missing_file_stays_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), disk_errors(tmp_path):
        (tmp_path / "none").read_bytes()


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/dev/full is the kernel's own full disk; elsewhere the device is played by a file that refuses."""
    path = tmp_path / "keys.json"
    path.write_bytes(b"old")
    monkeypatch.setattr(durable_files, "open_part", full_device)
    with pytest.raises(DiskFullError):
        write_atomically(path, (b"new" * 100_000,))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def full_device(_part: Path) -> BinaryIO:
    if sys.platform == "linux":
        return Path("/dev/full").open("wb")
    raise OSError(errno.ENOSPC, "no room")
