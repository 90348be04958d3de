"""The pictures of one series in order, decoded when they are asked for.

What is done in Python is done for one picture after another; while a child decodes one, the next is prepared, and
another child decodes that. So a series is there as fast as the children together decode it.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from pydicom.dataset import Dataset

from clinic_app.foundation.apart import HERE, Answer, Apart, Job
from clinic_app.foundation.errors import ClinicError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.display.geometry import Plane, plane_of
from clinic_app.imaging.frame import Frame, frame_of
from clinic_app.imaging.kept_frames import KeptFrames
from clinic_app.imaging.objects.kinds import PDF
from clinic_app.imaging.objects.pages import page_of
from clinic_app.imaging.objects.saved_state import SavedState
from clinic_app.imaging.objects.video import Video, video_of
from clinic_app.imaging.reading import read_dataset, text_of
from clinic_app.imaging.texts import Reading
from clinic_app.imaging.viewing.cine import Timing, timing_of, unstated

_KEPT_FILES: Final = 2


class Dressing(Protocol):
    """What lays marks, segments or outlines over pictures."""

    def dressed(self, frame: Frame) -> Frame:
        """Return a picture with what it has for it."""
        ...


@dataclass(frozen=True)
class Place:
    """Where a picture of the stack lies: file and frame.

    Args:
        sop_uid: of the file.
        sha256: digest of its bytes.
        index: of the frame, or of the page, from 0.
        encoding: its texts are in, on somebody's word; empty: as the file says.
        dressing: lays something over the picture.
    """

    sop_uid: str
    sha256: str
    index: int
    encoding: str = ""
    dressing: Dressing | None = None


class FrameStack:
    """A series as a stack of frames. Safe for use from several threads.

    Args:
        places: file and frame of every picture, in the order of scrolling.
        read: gives the bytes of a content by its digest.
        apart: decodes what is compressed.
        words: what is to be said about all of them, if anything.
        kept: the memory for decoded pictures, shared with other series; by default one of its own.
        states: how people saved that its pictures are to be seen.
    """

    def __init__(
        self,
        places: tuple[Place, ...],
        read: Callable[[str], bytes],
        apart: Apart = HERE,
        words: str = "",
        kept: KeptFrames | None = None,
        states: tuple[SavedState, ...] = (),
    ) -> None:
        self._places = places
        self._read = read
        self._apart = apart
        self.words = words
        self.states = states
        self._kept = KeptFrames() if kept is None else kept
        self._name = self._kept.new_series()
        weakref.finalize(self, self._kept.forget, self._name).atexit = False
        self._decoding = threading.Condition(threading.Lock())
        self._under_way: set[int] = set()
        self._files: OrderedDict[str, Dataset] = OrderedDict()

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self._places)

    def frame(self, number: int) -> Frame:
        """Return a picture, from 0; the ones looked at last are kept in memory.

        Raises:
            NotFoundError: there is no such picture, or its file has not arrived.
            UnreadableFileError: it is damaged; the others are not.
        """
        if not 0 <= number < len(self._places):
            raise NotFoundError(Text("The series has no image with this number."))
        found = self.kept(number)
        if found is not None:
            return found
        with self._decoding:
            while number in self._under_way:  # whoever asks for the same picture gets the same one
                self._decoding.wait()
            found = self.kept(number)
            if found is None:
                self._under_way.add(number)
                try:
                    found = self._decoded(number)
                    self._kept.put(self._name, number, found)
                finally:
                    self._under_way.discard(number)
                    self._decoding.notify_all()
            return found

    def once(self, number: int) -> Frame:
        """Return a picture that is looked at once: nothing is kept of it, and nothing makes room for it.

        Raises:
            NotFoundError: there is no such picture, or its file has not arrived.
            UnreadableFileError: it is damaged.
        """
        if not 0 <= number < len(self._places):
            raise NotFoundError(Text("The series has no image with this number."))
        found = self._kept.get(self._name, number)
        if found is None:
            with self._decoding:
                found = self._decoded(number)
        return found

    def video(self, number: int) -> Video:
        """Return the video a picture is of, as it lies in the file.

        Raises:
            NotFoundError: there is no such picture, or its file has not arrived.
            UnreadableFileError: it is no video, or damaged.
        """
        if not 0 <= number < len(self._places):
            raise NotFoundError(Text("The series has no image with this number."))
        with self._decoding:
            return video_of(self._file(self._places[number].sha256))

    def kept(self, number: int) -> Frame | None:
        """Return a picture if it is in memory; never waits for one that is being decoded, so a screen may ask."""
        return self._kept.get(self._name, number)

    def has(self, number: int) -> bool:
        """Return whether a picture is in memory, without looking at it."""
        return self._kept.has(self._name, number)

    def position_of(self, sop_uid: str, frame_number: int) -> int:
        """Return the place of a picture in the stack, 0 where it is not in it.

        Args:
            sop_uid: its file.
            frame_number: from 1.
        """
        wanted = (sop_uid, frame_number - 1)
        return next((i for i, place in enumerate(self._places) if (place.sop_uid, place.index) == wanted), 0)

    def dressed_in(self, state: SavedState | None) -> FrameStack:
        """Return the same pictures as somebody saved that they are to be seen; None: as their files ask."""
        dressing = state.presentation if state is not None else None
        places = tuple(replace(place, dressing=dressing) for place in self._places)
        return FrameStack(places, self._read, self._apart, self.words, self._kept, self.states)

    def first_of(self, state: SavedState) -> int:
        """Return the place of the first picture a saved state is for, from 0."""
        places = enumerate(self._places)
        return next((i for i, place in places if state.is_for(place.sop_uid, place.index + 1)), 0)

    def timing(self) -> Timing:
        """Return how fast the pictures follow one another: as their one file says it, else as is usual. Reads a file.

        Raises:
            UnreadableFileError: it is damaged.
        """
        if len({place.sha256 for place in self._places}) != 1:
            return unstated()
        with self._decoding:
            return timing_of(self._file(self._places[0].sha256))

    def planes(self, first: int, last: int) -> tuple[Plane | None, ...]:
        """Return where pictures lie in the patient, from 0, without decoding them. Reads their files.

        Args:
            first: the first picture.
            last: the one after the last.

        Returns:
            One for each; None where a file does not say, or is damaged.
        """
        found: list[Plane | None] = []
        key, dataset = "", None
        for place in self._places[first:last]:
            if place.sha256 != key:
                key, dataset = place.sha256, self._head(place.sha256)
            found.append(plane_of(dataset, place.index) if dataset is not None else None)
        return tuple(found)

    def _head(self, sha256: str) -> Dataset | None:
        try:
            return read_dataset(self._read(sha256))
        except ClinicError:
            return None

    def _decoded(self, number: int) -> Frame:
        place = self._places[number]
        apart = HERE if self._apart is HERE else _LettingOthers(self._apart, self._decoding)
        dataset, reading = self._file(place.sha256), Reading(place.encoding)
        if text_of(dataset, "SOPClassUID") == PDF:
            frame = page_of(dataset, place.index, apart, reading)
        else:
            frame = frame_of(dataset, place.index, apart, reading)
        return place.dressing.dressed(frame) if place.dressing else frame

    def _file(self, sha256: str) -> Dataset:
        if sha256 not in self._files:
            self._files[sha256] = read_dataset(self._read(sha256))
            while len(self._files) > _KEPT_FILES:
                self._files.popitem(last=False)
        return self._files[sha256]


class _LettingOthers:
    """Decodes apart, and lets other pictures of the series be prepared meanwhile.

    Args:
        apart: does it.
        held: what is held while Python works on the files of the series, and let go while it waits.
    """

    def __init__(self, apart: Apart, held: threading.Condition) -> None:
        self._apart = apart
        self._held = held

    def run(self, job: Job, body: bytes) -> tuple[Answer, bytes | memoryview]:
        """Return what came of a job.

        Raises:
            ValueError: it cannot be done with these bytes.
        """
        self._held.release()
        try:
            return self._apart.run(job, body)
        finally:
            self._held.acquire()
