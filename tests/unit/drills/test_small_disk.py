"""A small disk runs full when it is told to and has room again afterwards, whichever way it is made."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drills import small_disk as room
from tests.drills.small_disk import best_way, small_disk

ROOT = Path(__file__).parents[3]
LIMITED = """
import sys
from pathlib import Path
from tests.drills.small_disk import small_disk
root = Path(sys.argv[1])
with small_disk(root, "file size limit", 8) as disk:
    disk.folder.mkdir()
    disk.fill(0)
    try:
        (disk.folder / "x").write_bytes(bytes(1_000_000))
    except OSError as error:
        print(error.errno, (disk.folder / "x").stat().st_size < 1_000_000)
    disk.empty()
    print((disk.folder / "x").write_bytes(bytes(1_000_000)))
"""


def test_there_is_a_way_to_a_full_disk_here() -> None:
    assert best_way() in {"tmpfs", "namespace", "file size limit"}


def test_a_limit_on_files_refuses_in_the_middle_of_a_write_and_can_be_lifted(tmp_path: Path) -> None:
    """In a process of its own: the limit is the whole process's."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], check=True, cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.split() == [str(errno.EFBIG), "True", "1000000"]


def test_a_full_disk_leaves_what_was_asked_for_and_takes_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the real folder's disk, played small: only the arithmetic is tested here, mounting is the drill's."""
    taken: list[int] = []
    free = 1_000_000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, free))  # type: ignore[attr-defined]

    def allocate(_: int, __: int, size: int) -> None:
        if size > free - 20_000:  # somebody else wrote meanwhile
            raise OSError(errno.ENOSPC, "full")
        taken.append(size)

    monkeypatch.setattr(room.os, "posix_fallocate", allocate)
    disk = room.MemoryDisk(tmp_path)
    disk.fill(100_000)
    disk.fill(0)
    disk.fill(2_000_000)
    assert taken == [900_000, free - 2 * room._STEP_BYTES]
    disk.empty()
    assert list(tmp_path.iterdir()) == []
    disk.empty()


@pytest.mark.parametrize(
    ("platform", "can_mount", "inside", "way"),
    [
        ("linux", True, 0, "tmpfs"),
        ("linux", False, 0, "namespace"),
        ("linux", False, 1, "file size limit"),
        ("darwin", False, 1, "file size limit"),
        ("win32", False, 1, "none"),
    ],
)
def test_the_way_is_the_best_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, platform: str, can_mount: bool, inside: int, way: str
) -> None:
    monkeypatch.setattr(room.sys, "platform", platform)
    monkeypatch.setattr(room, "_can_mount", lambda: can_mount)
    monkeypatch.setattr(room.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], inside))
    assert best_way() == way


def test_a_disk_is_gone_after_the_block(tmp_path: Path) -> None:
    with small_disk(tmp_path, "file size limit", 8) as disk:
        assert disk.folder.parent == tmp_path
    assert not disk.folder.exists()
