"""One file as it leaves: as it is, or without its patient, with what is burned into its pixels made black."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pydicom.dataset import Dataset

from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging.outside.burned_in import Box, blackened, hides_drawings
from clinic_app.imaging.outside.coded_comments import clean_pixels
from clinic_app.imaging.outside.deidentifying import Wish, checked, why_not, without_patient
from clinic_app.imaging.outside.pseudonyms import Pseudonyms
from clinic_app.imaging.reading import HEAD_BYTES, READING_ERRORS, damaged, read_dataset, text_of

_MARK: Final = b"DICM"


@dataclass(frozen=True)
class Disguise:
    """How the files of one export lose their patient.

    Args:
        names: the new names, alike in all files.
        wish: what else may stay.
    """

    names: Pseudonyms = field(default_factory=Pseudonyms)
    wish: Wish = field(default_factory=Wish)


def as_it_is(data: bytes) -> tuple[bytes, Dataset]:
    """Return a file as it was taken in, byte for byte, and its dataset; one without a head gets one (PS3.10, 7.1)."""
    dataset = read_dataset(data)
    if data[HEAD_BYTES - len(_MARK) : HEAD_BYTES] == _MARK:
        return data, dataset
    return written(dataset), dataset


def disguised(
    data: bytes, disguise: Disguise, boxes: Sequence[Box] = (), *, is_looked_at: bool = False, apart: Apart = HERE
) -> tuple[bytes, Dataset]:
    """Return a file without its patient, and its dataset.

    Args:
        data: the file.
        disguise: of this export.
        boxes: places to make black in every frame.
        is_looked_at: somebody has seen that nothing else is burned in.
        apart: decodes what is compressed.

    Raises:
        UnreadableFileError: it is damaged, or it may not leave.
    """
    source = read_dataset(data)
    refusal = why_not(text_of(source, "SOPClassUID"), disguise.wish)
    if refusal is not None:
        raise UnreadableFileError(refusal)
    try:
        made = without_patient(source, disguise.names, disguise.wish, is_looked_at=is_looked_at)
        if "PixelData" in made and (boxes or hides_drawings(source) or not clean_pixels(made)):
            blackened(source, made, boxes, apart)
            _swap(source, made)
            _drop_drawings_in_pixels(made)
        checked(made)
        return written(made, source), made
    except READING_ERRORS as error:
        raise damaged() from error


def written(made: Dataset, source: Dataset | None = None) -> bytes:
    """Return the bytes of a file: an empty preamble, a head of ours, the dataset."""
    target = io.BytesIO()
    if source is not None and made.file_meta.TransferSyntaxUID == source.file_meta.TransferSyntaxUID:
        made.set_original_encoding(*source.original_encoding)
    made.save_as(target, enforce_file_format=True)
    return target.getvalue()


def _swap(source: Dataset, made: Dataset) -> None:
    """Turn the bytes of tables of 16 bits where the source had the other order; the pixels have been turned."""
    if source.original_encoding[1]:
        return
    for element in made:
        if element.VR == "OW" and element.keyword != "PixelData" and isinstance(element.value, bytes):
            even = element.value[: len(element.value) // 2 * 2]
            swapped = bytearray(even)
            swapped[0::2], swapped[1::2] = even[1::2], even[0::2]
            element.value = bytes(swapped)


def _drop_drawings_in_pixels(made: Dataset) -> None:
    """Take away what describes drawings in spare bits of the pixels: those bits are gone."""
    groups = {tag.group for tag in made.keys() if 0x6000 <= tag.group <= 0x60FF}  # noqa: SIM118
    for group in groups:
        if (group, 0x3000) not in made:
            for tag in [each for each in made.keys() if each.group == group]:  # noqa: SIM118
                del made[tag]
