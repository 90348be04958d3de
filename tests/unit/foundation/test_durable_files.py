"""A file is whole or not there."""

from __future__ import annotations

import errno
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation import durable_files
from clinic_app.foundation.durable_files import disk_errors, write_atomically
from clinic_app.foundation.errors import DiskFullError, StorageError

ROOT = Path(__file__).parents[3]


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


def test_many_writers_of_one_file_leave_one_of_their_files_whole(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"

    def write(number: int) -> None:
        write_atomically(path, (bytes([number]) * 1000 for _ in range(50)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(16)))
    body = path.read_bytes()
    assert body in {bytes([number]) * 50_000 for number in range(16)}
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_atomically(path, (b"0" * 100_000,))
    seen: set[bytes] = set()
    is_done = threading.Event()

    def read() -> None:
        while not is_done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for digit in b"123456789":
            write_atomically(path, (bytes([digit]) * 1000 for _ in range(100)))
    finally:
        is_done.set()
        reader.join()
    assert all(len(body) == 100_000 and len(set(body)) == 1 for body in seen)


@pytest.mark.parametrize("when", ["fsync", "replace"])
def test_a_process_killed_while_it_writes_leaves_the_old_file_and_the_next_writer_is_not_disturbed(
    tmp_path: Path, when: str
) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(b"old")
    script = f"""
import os, sys
from pathlib import Path
from clinic_app.foundation import durable_files
durable_files.os.{when} = lambda *_: os._exit(9)
durable_files.write_atomically(Path(sys.argv[1]), (b"new",))
"""
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == 9
    assert path.read_bytes() == b"old"
    write_atomically(path, (b"newer",))
    assert path.read_bytes() == b"newer"


@pytest.mark.parametrize("name", ["x" * 300, "a\x00b"])
def test_a_name_no_disk_takes_is_refused_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises((StorageError, ValueError)):
        write_atomically(tmp_path / name, (b"x",))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_files_place_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "keys.json").mkdir()
    (tmp_path / "keys.json" / "inside").write_bytes(b"x")
    with pytest.raises(StorageError, match=r"keys\.json"):
        write_atomically(tmp_path / "keys.json", (b"x",))
    assert [path.name for path in tmp_path.rglob("*")] == ["keys.json", "inside"]


def test_a_file_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis").write_bytes(b"years")
    with pytest.raises(StorageError):
        write_atomically(tmp_path / "thesis" / "data" / "x", (b"x",))
    assert (tmp_path / "thesis").read_bytes() == b"years"


@given(chunks=st.lists(st.binary(max_size=200), max_size=8))
def test_what_is_written_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("durable") / "file"
    write_atomically(path, chunks)
    assert path.read_bytes() == b"".join(chunks)
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose entries were flushed, in order."""
    folders: list[Path] = []
    monkeypatch.setattr(durable_files, "folder_sync", lambda: folders.append)
    return folders


def test_the_name_of_a_new_folder_is_flushed_before_the_file_in_it(tmp_path: Path, flushed: list[Path]) -> None:
    folder = tmp_path / "blobs" / "ab"
    write_atomically(folder / "content", (b"x",))
    assert flushed[-3:] == [tmp_path, tmp_path / "blobs", folder]
    flushed.clear()
    write_atomically(folder / "another", (b"y",))
    assert flushed == [folder]


def test_a_folder_another_run_made_is_flushed_once_by_this_one(tmp_path: Path, flushed: list[Path]) -> None:
    """That run may have been killed between making it and flushing its name."""
    (tmp_path / "left").mkdir()
    write_atomically(tmp_path / "left" / "content", (b"x",))
    write_atomically(tmp_path / "left" / "content", (b"y",))
    assert flushed == [tmp_path, tmp_path / "left", tmp_path / "left"]


def test_a_folder_that_was_taken_away_is_made_and_flushed_again(tmp_path: Path, flushed: list[Path]) -> None:
    path = tmp_path / "restored" / "content"
    write_atomically(path, (b"x",))
    path.unlink()
    path.parent.rmdir()
    flushed.clear()
    write_atomically(path, (b"y",))
    assert flushed[-2:] == [tmp_path, tmp_path / "restored"]
    assert path.read_bytes() == b"y"


def test_a_folder_above_the_data_that_may_not_be_opened_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()

    def sync(folder: Path) -> None:
        if folder == tmp_path:
            raise PermissionError(errno.EACCES, "not yours")

    monkeypatch.setattr(durable_files, "folder_sync", lambda: sync)
    write_atomically(tmp_path / "data" / "keys.json", (b"x",))
    assert (tmp_path / "data" / "keys.json").read_bytes() == b"x"
    with pytest.raises(StorageError, match="not yours"):
        write_atomically(tmp_path / "new" / "keys.json", (b"x",))
