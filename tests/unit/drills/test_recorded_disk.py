"""A log of system calls becomes what happened to the disk, also where threads overlap; nothing is overlooked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.drills import recorded_disk
from tests.drills.disk_image import Disk
from tests.drills.recorded_disk import CannotRecordError, Event, Recording, record

ROOT = Path(__file__).parents[3]
FOLDER = Path("/data")


def hexed(text: str | bytes) -> str:
    body = text.encode() if isinstance(text, str) else text
    return '"' + "".join(f"\\x{byte:02x}" for byte in body) + '"'


def events(*lines: str) -> list[Event]:
    return list(Recording(FOLDER).events(f"{line}\n" for line in lines))


def opened(name: str, descriptor: int = 5, flags: str = "O_RDWR|O_CREAT") -> str:
    return f"7 openat(AT_FDCWD, {hexed(name)}, {flags}, 0600) = {descriptor}"


def kinds(found: list[Event]) -> list[str]:
    return [event.kind for event in found]


def test_a_new_file_is_a_name_then_bytes_then_a_flush() -> None:
    found = events(opened("/data/x"), f"7 pwrite64(5, {hexed('abc')}, 3, 10) = 3", "7 fsync(5) = 0", "7 close(5) = 0")
    assert kinds(found) == ["link", "end", "write", "end", "flush", "end"]
    link, write, flush = found[0], found[2], found[4]
    assert (link.name, write.offset, write.data) == ("/data/x", 10, b"abc")
    assert link.file == write.file == flush.file
    assert [event.of for event in found if event.kind == "end"] == [link.number, write.number, flush.number]


def test_a_write_goes_where_the_file_stands() -> None:
    found = events(
        opened("/data/x"),
        f"7 write(5, {hexed('abc')}, 3) = 3",
        f"7 write(5, {hexed('de')}, 2) = 2",
        "7 lseek(5, 1, SEEK_SET) = 1",
        f"7 write(5, {hexed('f')}, 1) = 1",
        "7 dup(5) = 9",
        f"7 write(9, {hexed('g')}, 1) = 1",
        opened("/data/x", 6, "O_WRONLY|O_APPEND"),
        f"7 write(6, {hexed('h')}, 1) = 1",
    )
    assert [(event.offset, event.data) for event in found if event.kind == "write"] == [
        (0, b"abc"), (3, b"de"), (1, b"f"), (2, b"g"), (5, b"h")
    ]  # fmt: skip


def test_a_file_opened_to_be_written_anew_is_cut() -> None:
    found = events(opened("/data/x"), f"7 write(5, {hexed('abc')}, 3) = 3", opened("/data/x", 6, "O_WRONLY|O_TRUNC"))
    assert kinds(found)[-2:] == ["cut", "end"]
    assert events(opened("/data/x"), "7 ftruncate(5, 8) = 0")[-2].offset == 8


def test_names_are_made_moved_and_taken_away() -> None:
    found = events(
        f"7 mkdir({hexed('/data/b')}, 0777) = 0",
        opened("/data/b/x.part"),
        f"7 rename({hexed('/data/b/x.part')}, {hexed('/data/b/x')}) = 0",
        opened("/data/b", 6, "O_RDONLY|O_CLOEXEC"),
        "7 fsync(6) = 0",
        f"7 unlink({hexed('/data/b/x')}) = 0",
    )
    told = [(event.kind, event.name, event.target) for event in found if event.kind != "end"]
    assert told == [
        ("link", "/data/b", ""),
        ("link", "/data/b/x.part", ""),
        ("move", "/data/b/x.part", "/data/b/x"),
        ("flush", "/data/b", ""),
        ("unlink", "/data/b/x", ""),
    ]


def test_calls_of_threads_overlap_and_begin_before_they_end() -> None:
    found = events(
        opened("/data/x"),
        f"7 pwrite64(5, {hexed('abc')}, 3, 0 <unfinished ...>",
        "8 fsync(5 <unfinished ...>",
        "7 <... pwrite64 resumed>) = 3",
        "8 <... fsync resumed>) = 0",
    )
    assert kinds(found)[2:] == ["write", "flush", "end", "end"]
    assert [event.of for event in found[4:]] == [found[2].number, found[3].number]


def test_the_number_of_a_file_may_be_given_away_before_its_closing_has_ended() -> None:
    found = events(
        opened("/data/x"),
        "7 close(5 <unfinished ...>",
        opened("/data/y").replace("7 ", "8 ", 1),
        "7 <... close resumed>) = 0",
        f"8 write(5, {hexed('abc')}, 3) = 3",
    )
    link = next(event for event in found if event.name == "/data/y")
    assert next(event for event in found if event.kind == "write").file == link.file


def test_what_was_said_is_heard_and_what_happens_elsewhere_is_not() -> None:
    found = events(
        f"7 write(1, {hexed('saved')}, 5) = 5",
        opened("/elsewhere/x"),
        f"7 write(5, {hexed('abc')}, 3) = 3",
        opened("/data/clinic.db-shm", 6),
        "7 ftruncate(6, 32768) = 0",
        f"7 mkdir({hexed('/data/b')}, 0777) = -1 EEXIST (File exists)",
        f"7 unlink({hexed('/data/none')}) = -1 ENOENT (No such file or directory)",
        f"7 openat(AT_FDCWD, {hexed('/data/none')}, O_RDONLY) = -1 ENOENT (No such file or directory)",
        "7 +++ exited with 0 +++",
    )
    assert [(event.kind, event.data) for event in found if event.kind != "end"] == [("said", b"saved")]


@pytest.mark.parametrize(
    "line",
    [
        f"7 truncate({hexed('/data/x')}, 5) = 0",
        f"7 link({hexed('/data/x')}, {hexed('/data/y')}) = 0",
        "7 fallocate(5, 0, 0, 100) = 0",
        "7 writev(5, [{iov_base=, iov_len=1}], 1) = 1",
        "7 copy_file_range(4, NULL, 5, NULL, 10, 0) = 10",
        f"7 rename({hexed('/data/x')}, {hexed('/data/b/x')}) = 0",
        f"7 write(5, {hexed('abc')}..., 3000) = 3000",
        f"7 write(5, {hexed('abc')}, 3) = -1 ENOSPC (No space left on device)",
    ],
)
def test_what_has_no_model_ends_the_recording(line: str) -> None:
    with pytest.raises(CannotRecordError):
        events(opened("/data/x"), line)


def test_the_same_calls_elsewhere_are_nobodys_business() -> None:
    assert events("7 fallocate(9, 0, 0, 100) = 0", f"7 link({hexed('/tmp/a')}, {hexed('/tmp/b')}) = 0") == []


SCRIPT = """
import os, sys, threading
from pathlib import Path
folder = Path(sys.argv[1])
(folder / "b").mkdir()
def work(number):
    path = folder / "b" / f"{number}.part"
    with path.open("wb") as file:
        for piece in range(20):
            file.write(bytes([number]) * 9000)
            file.seek(piece * 1000)
        file.flush()
        os.fsync(file.fileno())
        file.truncate(15000)
    os.replace(path, folder / "b" / str(number))
threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
(folder / "b" / "2").unlink()
with (folder / "notes").open("a") as notes: notes.write("more")
os.write(1, b"done")
"""


def test_a_recorded_program_did_what_lies_on_the_disk(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    found = record([sys.executable, "-c", SCRIPT, str(folder)], folder, tmp_path / "log", ROOT)
    disk = Disk(folder)
    for event in found:
        disk.take(event)
    real = {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
    assert disk.everything() == real
    assert len(real) == 5
    assert [event.data for event in found if event.kind == "said"] == [b"done"]


def test_a_program_that_fails_is_not_a_recording(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no such luck"):
        record([sys.executable, "-c", "raise SystemExit('no such luck')"], tmp_path, tmp_path / "log", ROOT)


def test_without_strace_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded_disk.shutil, "which", lambda name: None)
    with pytest.raises(CannotRecordError, match="apt-get install strace"):
        record(["true"], tmp_path, tmp_path / "log", ROOT)


def test_where_processes_may_not_be_watched_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(command: list[str], **words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "strace: ptrace(PTRACE_TRACEME): Operation not permitted")

    monkeypatch.setattr(recorded_disk.subprocess, "run", refused)
    with pytest.raises(CannotRecordError, match="Operation not permitted"):
        record(["true"], tmp_path, tmp_path / "log", ROOT)
