"""What goes with a question: the chosen records, each checked to be this patient's, and their contents as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from clinic_app.foundation.errors import InvalidInputError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    DocumentReference,
    ImagingStudy,
    Observation,
    Reference,
    Resource,
)
from clinic_app.referral.archive import PackedFile
from clinic_app.storage import Store
from clinic_app.terminology.systems import CONTENT_SHA256

EVIDENCE: Final[dict[str, type[Observation | DocumentReference | ImagingStudy]]] = {
    kind.__name__: kind for kind in (Observation, DocumentReference, ImagingStudy)
}
"""What can be evidence, by its FHIR name."""
DICOM: Final = "application/dicom"
_NAMES: Final = {
    "image/png": "KEY/K{number:07d}.PNG",
    "image/jpeg": "KEY/K{number:07d}.JPG",
    DICOM: "WAVEFORM/W{number:07d}.dcm",
    "application/pdf": "FILES/F{number:07d}.PDF",
}
_OTHER_NAME: Final = "FILES/F{number:07d}"
_IMAGE_NAME: Final = "DICOM/I{number:07d}"


def evidence_records(store: Store, patient_id: str, references: Sequence[Reference]) -> tuple[Resource, ...]:
    """Return the records a doctor chose as evidence.

    Raises:
        InvalidInputError: one is of another type, of another patient, or not here.
    """
    return tuple(_checked(store, patient_id, reference) for reference in references)


def evidence_files(store: Store, records: Sequence[Resource]) -> tuple[PackedFile, ...]:
    """Return the contents the records point to, each once, under the names they have in a package.

    Raises:
        NotFoundError: a content is not on this workstation.
    """
    files: dict[str, PackedFile] = {}
    for sha256, mime, pattern in (each for record in records for each in _contents(record)):
        if sha256 not in files:
            path = pattern.format(number=len(files) + 1)
            files[sha256] = PackedFile(path, store.blobs.read(sha256), mime)
    return tuple(files.values())


def _contents(record: Resource) -> Iterator[tuple[str, str, str]]:
    """Yield digest, type and name pattern of each content of a record."""
    if isinstance(record, DocumentReference):
        for content in record.content:
            mime = content.attachment.content_type or "application/octet-stream"
            if content.attachment.sha256:
                yield content.attachment.sha256, mime, _NAMES.get(mime, _OTHER_NAME)
    elif isinstance(record, ImagingStudy):
        for series in record.series:
            for instance in series.instance:
                for extension in instance.extension:
                    if extension.url == CONTENT_SHA256 and extension.value_string:
                        yield extension.value_string, DICOM, _IMAGE_NAME


def _checked(store: Store, patient_id: str, reference: Reference) -> Resource:
    kind = EVIDENCE.get((reference.reference or "").partition("/")[0])
    if kind is None:
        raise InvalidInputError(Text("Only findings, recordings, pictures and studies can go with a referral."))
    try:
        record = store.records.get(kind, reference.id)
    except NotFoundError as error:
        raise InvalidInputError(Text("A chosen finding is not on this workstation any more.")) from error
    if record.subject is None or record.subject.id != patient_id:
        raise InvalidInputError(Text("A chosen finding belongs to another patient; nothing was sent."))
    return record
