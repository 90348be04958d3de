"""A disk after a power cut: what was flushed is there, the rest may be, and no name waits for its bytes."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.drills.disk_image import SECTOR_BYTES, Disk
from tests.drills.recorded_disk import Event

FOLDER = Path("/data")
MANY = 200
"""Images of one moment: every way of keeping is met."""


_number = itertools.count()


class Program:
    """Does things to a disk, one whole call after the other.

    ``fsync`` is of the one file or of a folder.
    """

    def __init__(self) -> None:
        self.disk = Disk(FOLDER)
        self._number = 0
        self._files: dict[str, int] = {}

    def create(self, name: str) -> None:
        self._files[name] = self._number + 1
        self._do("link", file=self._files[name], name=f"/data/{name}")

    def mkdir(self, name: str) -> None:
        self._do("link", name=f"/data/{name}")

    def write(self, name: str, offset: int, data: bytes) -> None:
        self._do("write", file=self._files[name], offset=offset, data=data)

    def cut(self, name: str, size: int) -> None:
        self._do("cut", file=self._files[name], offset=size)

    def rename(self, old: str, new: str) -> None:
        self._files[new] = self._files.pop(old)
        self._do("move", file=self._files[new], name=f"/data/{old}", target=f"/data/{new}")

    def unlink(self, name: str) -> None:
        self._do("unlink", name=f"/data/{name}")

    def fsync(self, name: str) -> None:
        self._do("flush", file=self._files[name])

    def sync_folder(self, name: str = "") -> None:
        self._do("flush", name=f"/data/{name}" if name else "/data")

    def begin(self, kind: str, name: str) -> int:
        self._number += 1
        self.disk.take(Event(kind, self._number, self._files[name], data=b"new"))  # type: ignore[arg-type]
        return self._number

    def end(self, number: int) -> None:
        self._number += 1
        self.disk.take(Event("end", self._number, of=number))

    def _do(self, kind: str, **words: object) -> None:
        self._number += 1
        self.disk.take(Event(kind, self._number, **words))  # type: ignore[arg-type]
        self.end(self._number)


def images(disk: Disk, tmp_path: Path, name: str) -> set[bytes | None]:
    """Return every content a file may have after a power cut at this moment; None where it is not there."""
    found: set[bytes | None] = set()
    for seed in range(MANY):
        folder = tmp_path / f"image-{next(_number)}"
        folder.mkdir()
        disk.write_image(folder, random.Random(seed))
        path = folder / name
        found.add(path.read_bytes() if path.exists() else None)
    return found


def test_flushed_bytes_under_a_flushed_name_are_there_whatever_happens(tmp_path: Path) -> None:
    program = Program()
    program.create("x")
    program.write("x", 0, b"saved")
    program.fsync("x")
    program.sync_folder()
    assert images(program.disk, tmp_path, "x") == {b"saved"}


def test_flushed_bytes_without_their_name_may_be_gone(tmp_path: Path) -> None:
    program = Program()
    program.create("x")
    program.write("x", 0, b"saved")
    program.fsync("x")
    assert images(program.disk, tmp_path, "x") == {b"saved", None}


def test_a_name_may_come_before_its_bytes(tmp_path: Path) -> None:
    program = Program()
    program.create("x")
    program.write("x", 0, b"saved")
    program.sync_folder()
    assert images(program.disk, tmp_path, "x") == {b"saved", b""}


def test_a_file_replaced_without_a_flush_is_the_old_one_the_new_one_or_a_part(tmp_path: Path) -> None:
    program = Program()
    for name, data in (("keys", b"old"), ("keys.part", b"N" * 1024)):
        program.create(name)
        program.write(name, 0, data)
    program.fsync("keys")
    program.sync_folder()
    program.rename("keys.part", "keys")
    found = images(program.disk, tmp_path, "keys")
    assert {b"old", b"N" * 1024, b""} <= found
    assert bytes(SECTOR_BYTES) + b"N" * SECTOR_BYTES in found


def test_a_file_replaced_in_the_right_order_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    program = Program()
    program.create("keys")
    program.write("keys", 0, b"old")
    program.fsync("keys")
    program.sync_folder()
    program.create("keys.part")
    program.write("keys.part", 0, b"new")
    program.fsync("keys.part")
    program.rename("keys.part", "keys")
    assert images(program.disk, tmp_path, "keys") == {b"old", b"new"}
    program.sync_folder()
    assert images(program.disk, tmp_path, "keys") == {b"new"}


def test_an_unflushed_write_tears_at_the_disks_sectors_and_nowhere_else(tmp_path: Path) -> None:
    program = Program()
    program.create("log")
    program.write("log", 0, b"a" * 2000)
    program.fsync("log")
    program.sync_folder()
    program.write("log", 24, b"b" * 1500)
    torn = images(program.disk, tmp_path, "log") - {b"a" * 2000, None}
    assert len(torn) > 3
    edges = {place for body in torn if body for place in range(1, 2000) if body[place] != body[place - 1]}
    assert edges <= {24, 512, 1024, 1524}


def test_a_hole_before_a_kept_write_is_zeros(tmp_path: Path) -> None:
    program = Program()
    program.create("x")
    program.sync_folder()
    program.write("x", 0, b"first")
    program.write("x", 5, b"second")
    assert bytes(5) + b"second" in images(program.disk, tmp_path, "x")


def test_a_cut_is_kept_or_not_and_may_make_longer(tmp_path: Path) -> None:
    program = Program()
    program.create("x")
    program.write("x", 0, b"long content")
    program.fsync("x")
    program.sync_folder()
    program.cut("x", 4)
    assert images(program.disk, tmp_path, "x") == {b"long content", b"long"}
    program.fsync("x")
    program.cut("x", 6)
    program.fsync("x")
    assert images(program.disk, tmp_path, "x") == {b"long\0\0"}


def test_a_file_in_a_folder_whose_name_was_not_flushed_may_go_with_it(tmp_path: Path) -> None:
    program = Program()
    program.mkdir("blobs")
    program.create("blobs/x")
    program.write("blobs/x", 0, b"saved")
    program.fsync("blobs/x")
    program.sync_folder("blobs")
    assert images(program.disk, tmp_path, "blobs/x") == {b"saved", None}
    program.sync_folder()
    assert images(program.disk, tmp_path, "blobs/x") == {b"saved"}


def test_a_name_taken_away_may_still_be_there(tmp_path: Path) -> None:
    program = Program()
    program.create("x")
    program.sync_folder()
    program.unlink("x")
    assert images(program.disk, tmp_path, "x") == {b"", None}
    program.sync_folder()
    assert images(program.disk, tmp_path, "x") == {None}


def test_a_flush_covers_only_what_had_ended_when_it_began(tmp_path: Path) -> None:
    program = Program()
    program.create("x")
    program.sync_folder()
    write = program.begin("write", "x")
    flush = program.begin("flush", "x")
    program.end(write)
    program.end(flush)
    assert images(program.disk, tmp_path, "x") == {b"new", b""}
    program.fsync("x")
    assert images(program.disk, tmp_path, "x") == {b"new"}


def test_a_flush_that_has_not_ended_is_no_promise(tmp_path: Path) -> None:
    program = Program()
    program.create("x")
    program.sync_folder()
    program.write("x", 0, b"new")
    program.begin("flush", "x")
    assert images(program.disk, tmp_path, "x") == {b"new", b""}


@given(
    writes=st.lists(st.tuples(st.integers(0, 3000), st.binary(min_size=1, max_size=1500)), max_size=8),
    flush_after=st.integers(0, 8),
)
def test_everything_kept_is_what_the_program_saw(writes: list[tuple[int, bytes]], flush_after: int) -> None:
    program, seen = Program(), bytearray()
    program.create("x")
    for number, (offset, data) in enumerate(writes):
        program.write("x", offset, data)
        seen.extend(bytes(max(0, offset - len(seen))))
        seen[offset : offset + len(data)] = data
        if number == flush_after:
            program.fsync("x")
    assert program.disk.everything() == {"/data/x": bytes(seen)}
