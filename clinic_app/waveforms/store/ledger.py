"""What a long recording consists of: a head, pages of lines (one line for each chunk), and the marks people set.

All of it lies in the encrypted database as small named values, beside the records and never sent by itself: a line is
written when its chunk is on the disk, so that after any cut the ledger names only what is there. A page is full after
ten minutes, so that no write grows with the recording. What is named here is no orphan among the contents.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from clinic_app.foundation.errors import DamagedError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store
from clinic_app.waveforms.recording import EventMark
from clinic_app.waveforms.store.chunk import DAMAGED_CHUNK

T = TypeVar("T")
PAGE_LINES: Final = 60
_RUNNING: Final = "long-recordings-running"


class Head(msgspec.Struct, frozen=True):
    """One recording.

    Args:
        id: also of the document that speaks of it.
        patient_id: whose it is.
        source: the device.
        started_at: when it was begun.
        band: what filter was on the screen then; what is stored is raw.
        chunks: so many are in the ledger.
        ended_at: when it was ended; None while it runs, and after a cut until somebody goes on or ends it.
    """

    id: str
    patient_id: str
    source: str
    started_at: datetime
    band: str = ""
    chunks: int = 0
    ended_at: datetime | None = None


class Line(msgspec.Struct, frozen=True, array_like=True):
    """One chunk.

    Args:
        sha256: address of its content.
        begins_at: when its first sample was taken.
        ends_at: the moment after its last one.
        samples: received in it, all channels together.
    """

    sha256: str
    begins_at: datetime
    ends_at: datetime
    samples: int


class Ledger:
    """The heads, pages and marks of one data folder. Safe for use from several threads.

    Args:
        store: keeps them.
    """

    def __init__(self, store: Store) -> None:
        self._memory = store.memory
        self._one_at_a_time = store.one_at_a_time

    def head(self, recording_id: str) -> Head:
        """Return a recording's head.

        Raises:
            NotFoundError: the recording is not on this computer.
        """
        kept = self._memory.get(_head_name(recording_id))
        if kept is None:
            raise NotFoundError(Text("This recording is on the computer that recorded it."))
        return _decoded(kept, Head)

    def keep(self, head: Head) -> None:
        """Keep a head, in place of the one before; one without an end is running."""
        self._memory.put(_head_name(head.id), msgspec.json.encode(head))
        with self._one_at_a_time:
            others = tuple(each for each in self.running() if each != head.id)
            running = (*others, head.id) if head.ended_at is None else others
            if running != self.running():
                self._memory.put(_RUNNING, msgspec.json.encode(running))

    def running(self) -> tuple[str, ...]:
        """Return the ids of the recordings without an end."""
        kept = self._memory.get(_RUNNING)
        return _decoded(kept, tuple[str, ...]) if kept else ()

    def add(self, head: Head, line: Line) -> Head:
        """Write the line of a recording's next chunk; return the head that counts it."""
        page, place = divmod(head.chunks, PAGE_LINES)
        lines = self._page(head.id, page)[:place]
        self._memory.put(_page_name(head.id, page), msgspec.json.encode((*lines, line)))
        return msgspec.structs.replace(head, chunks=head.chunks + 1)

    def lines(self, recording_id: str, first: int = 0) -> Iterator[Line]:
        """Yield a recording's lines from number ``first`` on; also those its head does not count yet."""
        page, place = divmod(first, PAGE_LINES)
        while True:
            lines = self._page(recording_id, page)
            yield from lines[place:]
            if len(lines) < PAGE_LINES:
                return
            page, place = page + 1, 0

    def marks(self, recording_id: str) -> tuple[EventMark, ...]:
        """Return what people marked, in the order of time."""
        kept = self._memory.get(_marks_name(recording_id))
        return _decoded(kept, tuple[EventMark, ...]) if kept else ()

    def add_mark(self, recording_id: str, mark: EventMark) -> None:
        """Keep one more mark."""
        with self._one_at_a_time:
            marks = sorted((*self.marks(recording_id), mark), key=lambda each: each.at)
            self._memory.put(_marks_name(recording_id), msgspec.json.encode(marks))

    def _page(self, recording_id: str, page: int) -> tuple[Line, ...]:
        kept = self._memory.get(_page_name(recording_id, page))
        return _decoded(kept, tuple[Line, ...]) if kept else ()


def _decoded(kept: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(kept, type=kind)
    except msgspec.MsgspecError as error:
        raise DamagedError(DAMAGED_CHUNK) from error


def _head_name(recording_id: str) -> str:
    return f"long-recording/{recording_id}"


def _page_name(recording_id: str, page: int) -> str:
    return f"long-recording/{recording_id}/{page:05d}"


def _marks_name(recording_id: str) -> str:
    return f"long-recording/{recording_id}/marks"
