"""The pages of a document inside a DICOM file, as pictures.

Source: DICOM PS3.3 C.24.2 (encapsulated document). The pages are drawn in the child process; nothing in them is run.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from clinic_app.foundation.apart import Apart, PageCount, PageWish
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.frame import Frame
from clinic_app.imaging.labels import FrameLabels
from clinic_app.imaging.reading import READING_ERRORS, damaged, text_of
from clinic_app.imaging.texts import AS_STATED, Reading, name_of, words_of
from clinic_app.imaging.windowing import Window

PAGE_PX: Final = 2000
"""The longer side of a page; small print stays legible when enlarged twice."""
_LARGEST: Final = 256 << 20


def page_count(dataset: Dataset, apart: Apart) -> int:
    """Return how many pages the document in a file has.

    Raises:
        UnreadableFileError: it is no PDF, or damaged.
    """
    try:
        answer, _body = apart.run(PageCount(), _document(dataset))
    except ValueError as error:
        raise damaged() from error
    return max(answer.shape[0], 1)


def page_of(dataset: Dataset, index: int, apart: Apart, reading: Reading = AS_STATED) -> Frame:
    """Return a page as a colour picture.

    Raises:
        UnreadableFileError: it is no PDF, or damaged.
    """
    try:
        answer, body = apart.run(PageWish(index, PAGE_PX), _document(dataset))
        stored = np.frombuffer(body, answer.kind).reshape(answer.shape)
    except ValueError as error:
        raise damaged() from error
    title = words_of(dataset, "DocumentTitle", reading) or words_of(dataset, "SeriesDescription", reading)
    window = Window(127.5, 255.0)
    labels = FrameLabels(name_of(dataset, reading), text_of(dataset, "StudyDate"), "PDF", title)
    uid = text_of(dataset, "SOPInstanceUID")
    return Frame(stored, 1.0, 0.0, "", False, None, window, None, (), uid, index + 1, labels)


def document_of(dataset: Dataset) -> bytes:
    """Return the PDF in a file, as it is.

    Raises:
        UnreadableFileError: it is no PDF.
    """
    return _document(dataset)


def _document(dataset: Dataset) -> bytes:
    try:
        found = dataset.get("EncapsulatedDocument")
    except READING_ERRORS as error:
        raise damaged() from error
    if not isinstance(found, bytes) or b"%PDF" not in found[:1024]:
        raise UnreadableFileError(Text("The document in this file is no PDF."))
    if len(found) > _LARGEST:
        raise UnreadableFileError(Text("The file is too large."))
    return found.rstrip(b"\0")
