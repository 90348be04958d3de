"""Key objects: which pictures somebody has chosen, and why; read and written.

Sources: DICOM PS3.3 A.35.4, PS3.16 TID 2010 (key object selection) and CID 7010 (titles).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from clinic_app.imaging.display.elements import items_of
from clinic_app.imaging.objects.kinds import KEY_OBJECT
from clinic_app.imaging.objects.references import ImageReference, reference_of
from clinic_app.imaging.objects.report import report_of
from clinic_app.imaging.objects.writing import coded, evidence_items, new_object, saved
from clinic_app.imaging.reading import text_of
from clinic_app.imaging.texts import AS_STATED, Reading

OF_INTEREST: Final = ("113000", "DCM", "Of Interest")
_DESCRIPTION: Final = ("113012", "DCM", "Key Object Description")


@dataclass(frozen=True)
class KeyObject:
    """A choice of pictures.

    Args:
        title: why they were chosen, in the words of the file.
        words: what its author wrote about them.
        images: which.
    """

    title: str
    words: str
    images: tuple[ImageReference, ...]


def key_object_of(dataset: Dataset, reading: Reading = AS_STATED) -> KeyObject:
    """Return the choice in a file.

    Raises:
        UnreadableFileError: there is none.
    """
    report = report_of(dataset, reading)
    words = " ".join(each.value for each in report.root.children if each.kind == "TEXT")
    images = [
        reference_of(each)
        for item in items_of(dataset, "ContentSequence")
        if text_of(item, "ValueType") == "IMAGE"
        for each in items_of(item, "ReferencedSOPSequence")[:1]
    ]
    return KeyObject(report.root.name, words, tuple(images))


def write_key_object(
    source: Dataset,
    images: Sequence[tuple[str, ImageReference]],
    *,
    words: str = "",
    title: tuple[str, str, str] = OF_INTEREST,
    at: datetime,
) -> bytes:
    """Return a key object file.

    Args:
        source: one of the chosen pictures: patient and study are taken from it as they stand there.
        images: series UID and picture of each choice.
        words: what its author says about them.
        title: code, scheme and words of the reason.
        at: now.
    """
    made = new_object(source, KEY_OBJECT, "KO", "Key images", at)
    made.ValueType, made.ContinuityOfContent = "CONTAINER", "SEPARATE"
    made.ConceptNameCodeSequence = Items([coded(*title)])
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "2010"
    made.ContentTemplateSequence = Items([template])
    made.ReferencedRequestSequence = Items([])
    made.CurrentRequestedProcedureEvidenceSequence = evidence_items(source, images)
    content = [_said(words)] if words else []
    made.ContentSequence = Items([*content, *(_chosen(image) for _series, image in images)])
    return saved(made)


def _said(words: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType, item.TextValue = "CONTAINS", "TEXT", words
    item.ConceptNameCodeSequence = Items([coded(*_DESCRIPTION)])
    return item


def _chosen(image: ImageReference) -> Dataset:
    item, pointed = Dataset(), Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE"
    pointed.ReferencedSOPClassUID, pointed.ReferencedSOPInstanceUID = image.sop_class, image.sop_uid
    if image.frames:
        pointed.ReferencedFrameNumber = list(image.frames)
    item.ReferencedSOPSequence = Items([pointed])
    return item
