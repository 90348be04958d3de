"""What a program did to one folder's disk, read from a log of its system calls.

``strace`` writes every call with its whole contents. Threads overlap there: a call begins on one line and ends on
another. A write may be on the disk from its beginning on; a flush covers only what had ended before the flush began.

Sources: strace(1); fsync(2) ("does not necessarily ensure that the entry in the directory ... has also reached disk").
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

KNOWN_CALLS: Final = (
    "open", "openat", "creat", "close", "dup", "dup2", "dup3", "lseek", "write", "pwrite64", "ftruncate", "fsync",
    "fdatasync", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat",
)  # fmt: skip
UNKNOWN_CALLS: Final = (
    "truncate", "fallocate", "writev", "pwritev", "pwritev2", "sync_file_range", "copy_file_range", "sendfile", "link",
    "linkat", "symlink", "symlinkat", "splice",
)  # fmt: skip
"""Ways to change a file that are not modelled: one on our folder ends the recording, it is never overlooked."""
_LONGEST_STRING: Final = 1 << 22
_CALL: Final = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)", re.DOTALL)
_BEGUN: Final = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>", re.DOTALL)
_ENDED: Final = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>.*\) += (-?\d+)", re.DOTALL)
_STRING: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


class Event(NamedTuple):
    """One thing that happened, in the order of the log.

    ``kind``: ``write`` (bytes at an offset), ``cut`` (a file got ``offset`` bytes long), ``link`` (a new name for
    file ``file``, 0 for a folder), ``move`` and ``unlink`` (of names), ``flush`` (of a file, or of the folder
    ``name``), ``end`` (of the earlier event ``of``), ``said`` (bytes on standard output).
    """

    kind: Literal["write", "cut", "link", "move", "unlink", "flush", "end", "said"]
    number: int
    file: int = 0
    name: str = ""
    target: str = ""
    offset: int = 0
    data: bytes = b""
    of: int = 0


class CannotRecordError(Exception):
    """The recorder does not work on this computer, or met a call it does not know; the message says what."""


@dataclass
class _Open:
    """An open file: which it is, or which folder, and where the next ``write`` goes."""

    file: int
    folder: str = ""
    position: int = 0
    is_append: bool = False


def record(command: Sequence[str], folder: Path, log: Path, cwd: Path) -> list[Event]:
    """Run a command to its end and return what it did in ``folder``, which is there and empty.

    Raises:
        CannotRecordError: no strace, no permission to watch a process, or a call nobody thought of.
        RuntimeError: the command failed.
    """
    if shutil.which("strace") is None:
        raise CannotRecordError("strace is not installed (Debian: apt-get install strace)")
    test = subprocess.run(["strace", "-o", str(log), "true"], check=False, capture_output=True, text=True)
    if test.returncode:
        raise CannotRecordError(f"strace may not watch processes here: {test.stderr.strip()}")
    calls = ",".join(f"?{name}" for name in (*KNOWN_CALLS, *UNKNOWN_CALLS))
    watch = ["strace", "-f", "--seccomp-bpf", "-qq", "-xx", "-s", str(_LONGEST_STRING), "-e", f"trace={calls}"]
    watched = subprocess.run(
        [*watch, "-e", "signal=none", "-o", str(log), *command], check=False, capture_output=True, text=True, cwd=cwd
    )
    if watched.returncode:
        raise RuntimeError(f"the writer failed under strace: {watched.stderr[-2000:]}")
    with log.open(encoding="ascii") as lines:
        return list(Recording(folder).events(lines))


class Recording:
    """Follows a log line by line.

    Args:
        folder: what happens outside it is left out, and so are shared-memory files, which SQLite makes anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._open: dict[int, _Open] = {}
        self._names: dict[str, int] = {self._folder: 0}
        self._sizes: dict[int, int] = {}
        self._number = 0
        self._begun: dict[str, tuple[str, str, int]] = {}

    def events(self, lines: Iterable[str]) -> Iterator[Event]:
        """Yield what happened."""
        for line in lines:
            if call := _CALL.match(line):
                _, name, words, result = call.groups()
                yield from self._whole(name, words, int(result))
            elif begun := _BEGUN.match(line):
                thread, name, words = begun.groups()
                first = self._first_half(name, words)
                self._begun[thread] = (name, words, first.number if first else 0)
                yield from (first,) if first else ()
            elif ended := _ENDED.match(line):
                thread, name, result = ended.groups()
                yield from self._second_half(*self._begun.pop(thread), int(result))

    def _whole(self, name: str, words: str, result: int) -> Iterator[Event]:
        first = self._first_half(name, words)
        yield from (first,) if first else ()
        yield from self._second_half(name, words, first.number if first else 0, result)

    def _first_half(self, name: str, words: str) -> Event | None:
        """Return what may be on the disk from the beginning of the call on: what is written, cut or being flushed."""
        if name in UNKNOWN_CALLS:
            self._refuse_unknown(name, words)
        descriptor, _, rest = words.partition(", ")
        if name == "close":  # its number may be given to another thread's file before this call has ended
            self._open.pop(int(descriptor), None)
        if name not in ("write", "pwrite64", "ftruncate", "fsync", "fdatasync"):
            return None
        if name == "write" and descriptor == "1":
            return self._event("said", data=_bytes_of(rest))
        known = self._open.get(int(descriptor))
        if known is None:
            return None
        if name in ("fsync", "fdatasync"):
            return self._event("flush", known.file, known.folder)
        if name == "ftruncate":
            self._sizes[known.file] = int(rest)
            return self._event("cut", known.file, offset=int(rest))
        return self._written(known, rest, is_at_offset=name == "pwrite64")

    def _written(self, known: _Open, rest: str, *, is_at_offset: bool) -> Event:
        data = _bytes_of(rest)
        size = self._sizes.get(known.file, 0)
        offset = int(rest.rpartition(", ")[2]) if is_at_offset else size if known.is_append else known.position
        if not is_at_offset:
            known.position = offset + len(data)
        self._sizes[known.file] = max(size, offset + len(data))
        return self._event("write", known.file, offset=offset, data=data)

    def _second_half(self, name: str, words: str, first: int, result: int) -> Iterator[Event]:
        if first:
            if result < 0:
                raise CannotRecordError(f"{name} failed while it was recorded; there is no model of that")
            yield self._event("end", of=first)
        elif result < 0:
            return
        elif name in ("open", "openat", "creat"):
            yield from self._opened(words, result, is_creating=name == "creat")
        elif name in ("dup", "dup2", "dup3", "lseek"):
            self._descriptor_call(name, words, result)
        elif name in ("mkdir", "mkdirat"):
            yield from self._linked(_names_of(words)[0], is_folder=True)
        elif name in ("unlink", "unlinkat", "rmdir"):
            yield from self._unlinked(_names_of(words)[0])
        elif name.startswith("rename"):
            yield from self._moved(*_names_of(words))

    def _opened(self, words: str, descriptor: int, *, is_creating: bool) -> Iterator[Event]:
        name = _names_of(words)[0]
        self._open.pop(descriptor, None)
        if not self._is_ours(name):
            return
        if name not in self._names:
            yield from self._linked(name)
        file = self._names[name]
        if file and (is_creating or "O_TRUNC" in words) and self._sizes.get(file):
            self._sizes[file] = 0
            yield (cut := self._event("cut", file, offset=0))
            yield self._event("end", of=cut.number)
        self._open[descriptor] = _Open(file, "" if file else name, is_append="O_APPEND" in words)

    def _descriptor_call(self, name: str, words: str, result: int) -> None:
        descriptor = int(words.partition(",")[0])
        known = self._open.get(descriptor)
        if known is not None and name == "lseek":
            known.position = result
        elif known is not None:
            self._open[result] = known

    def _linked(self, name: str, *, is_folder: bool = False) -> Iterator[Event]:
        if self._is_ours(name):
            self._names[name] = 0 if is_folder else self._number + 1
            yield from self._named("link", self._names[name], name)

    def _unlinked(self, name: str) -> Iterator[Event]:
        if self._names.pop(name, None) is not None:
            yield from self._named("unlink", 0, name)

    def _moved(self, source: str, target: str) -> Iterator[Event]:
        if not self._is_ours(source) and not self._is_ours(target):
            return
        if Path(source).parent != Path(target).parent or not self._names.get(source):
            raise CannotRecordError(f"moving {source} to {target} is not modelled")
        self._names[target] = file = self._names.pop(source)
        yield from self._named("move", file, source, target)

    def _named(
        self, kind: Literal["link", "move", "unlink"], file: int, name: str, target: str = ""
    ) -> Iterator[Event]:
        yield (event := self._event(kind, file, name, target))
        yield self._event("end", of=event.number)

    def _event(
        self,
        kind: Literal["write", "cut", "link", "move", "unlink", "flush", "end", "said"],
        file: int = 0,
        name: str = "",
        target: str = "",
        *,
        offset: int = 0,
        data: bytes = b"",
        of: int = 0,
    ) -> Event:
        self._number += 1
        return Event(kind, self._number, file, name, target, offset, data, of)

    def _is_ours(self, name: str) -> bool:
        return (name == self._folder or name.startswith(f"{self._folder}/")) and not name.endswith("-shm")

    def _refuse_unknown(self, name: str, words: str) -> None:
        descriptors = [int(word) for word in words.split(", ") if word.isdecimal()]
        if any(self._is_ours(each) for each in _names_of(words)) or any(each in self._open for each in descriptors[:2]):
            raise CannotRecordError(f"{name} is not modelled")


def _bytes_of(words: str) -> bytes:
    found = _STRING.search(words)
    if found is None or found[2]:
        raise CannotRecordError("strace cut a content short")
    return bytes.fromhex(found[1].replace("\\x", ""))


def _names_of(words: str) -> list[str]:
    return [bytes.fromhex(found[1].replace("\\x", "")).decode() for found in _STRING.finditer(words)]
