"""The pictures of one series in order, decoded when they are asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from clinic_app.foundation.errors import NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.frame import Frame, frame_of
from clinic_app.imaging.reading import read_dataset

KEPT_BYTES: Final = 256 << 20
_KEPT_FILES: Final = 2


@dataclass(frozen=True)
class Place:
    """Where a picture of the stack lies: file and frame."""

    sop_uid: str
    sha256: str
    index: int


class FrameStack:
    """A series as a stack of frames. Safe for use from several threads.

    Args:
        places: file and frame of every picture, in the order of scrolling.
        read: gives the bytes of a content by its digest.
    """

    def __init__(self, places: tuple[Place, ...], read: Callable[[str], bytes]) -> None:
        self._places = places
        self._read = read
        self._lock = threading.Lock()
        self._decoding = threading.Lock()
        self._files: OrderedDict[str, Dataset] = OrderedDict()
        self._frames: OrderedDict[int, Frame] = OrderedDict()

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
            found = self.kept(number)
            if found is None:
                place = self._places[number]
                found = frame_of(self._file(place.sha256), place.index)
                self._keep(number, found)
            return found

    def kept(self, number: int) -> Frame | None:
        """Return a picture if it is in memory; never waits for one that is being decoded, so a screen may ask."""
        with self._lock:
            if number in self._frames:
                self._frames.move_to_end(number)
            return self._frames.get(number)

    def position_of(self, sop_uid: str, frame_number: int) -> int:
        """Return the place of a picture in the stack, 0 where it is not in it.

        Args:
            sop_uid: its file.
            frame_number: from 1.
        """
        wanted = (sop_uid, frame_number - 1)
        return next((i for i, place in enumerate(self._places) if (place.sop_uid, place.index) == wanted), 0)

    def _file(self, sha256: str) -> Dataset:
        if sha256 not in self._files:
            self._files[sha256] = read_dataset(self._read(sha256))
            while len(self._files) > _KEPT_FILES:
                self._files.popitem(last=False)
        return self._files[sha256]

    def _keep(self, number: int, frame: Frame) -> None:
        with self._lock:
            self._frames[number] = frame
            while len(self._frames) > 1 and sum(each.stored.nbytes for each in self._frames.values()) > KEPT_BYTES:
                self._frames.popitem(last=False)
