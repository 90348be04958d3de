"""Which pictures a file speaks of.

Source: DICOM PS3.3 table 10-11 (SOP Instance Reference), table 10-3 (Image SOP Instance Reference: frames from 1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset

from clinic_app.imaging.display.elements import items_of, numbers_of
from clinic_app.imaging.reading import text_of


@dataclass(frozen=True)
class ImageReference:
    """Pictures of one file.

    Args:
        sop_uid: of the file.
        frames: their numbers, from 1; empty for all.
        sop_class: of the file.
    """

    sop_uid: str
    frames: tuple[int, ...] = ()
    sop_class: str = ""

    def holds(self, sop_uid: str, frame_number: int) -> bool:
        """Return whether a picture is one of them."""
        return sop_uid == self.sop_uid and (not self.frames or frame_number in self.frames)


def reference_of(item: Dataset) -> ImageReference:
    """Return what an item of a referencing sequence names."""
    frames = tuple(int(each) for each in numbers_of(item, "ReferencedFrameNumber") if each >= 1)
    return ImageReference(text_of(item, "ReferencedSOPInstanceUID"), frames, text_of(item, "ReferencedSOPClassUID"))


def references_in(items: Iterable[Dataset], keyword: str = "ReferencedImageSequence") -> tuple[ImageReference, ...]:
    """Return what the items of a sequence within some items name."""
    return tuple(reference_of(each) for item in items for each in items_of(item, keyword))


def names(references: tuple[ImageReference, ...], sop_uid: str, frame_number: int) -> bool:
    """Return whether references name a picture; none at all name every picture."""
    return not references or any(each.holds(sop_uid, frame_number) for each in references)
