"""What is known of images that were filed: the records of a study, and by which bytes an image is the same once more.

A study may have two records here: what another hospital sent, and ours beside it, in which marks are kept. Whoever asks
what is here already asks both; whoever adds adds to ours only, as what is added to another hospital's record would be
lost with its next version.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec
from pydicom.filereader import read_dataset as read_elements

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.importing import sha256_of
from clinic_app.imaging.objects.kinds import kind_of
from clinic_app.imaging.reading import HEAD_BYTES, READING_ERRORS, damaged
from clinic_app.records import ImagingStudy, Meta, Task
from clinic_app.storage import Store
from clinic_app.terminology.systems import DICOM_UID

SEEN: Final = "images/seen/"
"""Before an image's UID, in the memory."""


class Seen(msgspec.Struct, frozen=True):
    """What is remembered of an image that is in no inbox, by its UID.

    Args:
        digests: of its dataset, of each one that came.
        at: when it was filed or put aside, and the address of its bytes.
    """

    digests: tuple[str, ...]
    at: str

    @property
    def sha256(self) -> str:
        """The address of its bytes."""
        return self.at.split()[-1]


def seen_of(store: Store, sop_uid: str) -> Seen | None:
    """Return what is remembered of an image."""
    body = store.memory.get(SEEN + sop_uid)
    return msgspec.json.decode(body, type=Seen) if body else None


def notes_of(store: Store, files: Mapping[str, str], at: datetime) -> dict[str, bytes]:
    """Return what is to be remembered of files that are filed, as values of the memory.

    Args:
        store: remembers what came before.
        files: addresses of their bytes, by UID.
        at: when they are filed.
    """
    notes = {}
    for sop_uid, sha256 in files.items():
        before = seen_of(store, sop_uid)
        seen = Seen(before.digests if before else (), f"{at.isoformat()} {sha256}")
        notes[SEEN + sop_uid] = msgspec.json.encode(seen)
    return notes


def records_of(store: Store, study_uid: str) -> tuple[ImagingStudy, ...]:
    """Return the records of a study, the one with the most pictures first; asks nobody's permission."""
    found = store.records.find(ImagingStudy, identifier=f"{DICOM_UID}|urn:oid:{study_uid}")
    return tuple(sorted((each for each in found if each.status != "entered-in-error"), key=_pictures, reverse=True))


def ours_of(store: Store, records: Iterable[ImagingStudy], organization_id: str) -> ImagingStudy | None:
    """Return the first of a study's records that this hospital may write to.

    Not what came in another hospital's package, which bears that hospital's name; nor what its question has opened to
    us at the hub, which bears none and is of a patient it asks us about.
    """
    own = f"Organization/{organization_id}"
    for each in records:
        source = each.meta.source if each.meta else None
        if source == own or (not source and not _is_asked_about(store, each.subject.id, organization_id)):
            return each
    return None


def as_ours(store: Store, study: ImagingStudy, organization_id: str) -> ImagingStudy:
    """Return a new record of ours so that it is known as ours also where others ask about its patient."""
    if not _is_asked_about(store, study.subject.id, organization_id):
        return study
    meta = msgspec.structs.replace(study.meta or Meta(), source=f"Organization/{organization_id}")
    return msgspec.structs.replace(study, meta=meta)


def _is_asked_about(store: Store, patient_id: str, organization_id: str) -> bool:
    tasks = store.records.find(Task, subject=patient_id)
    return any(each.requester is not None and each.requester.id != organization_id for each in tasks)


def files_in(records: Iterable[ImagingStudy]) -> dict[str, str]:
    """Return all files of these records: the addresses of their bytes, by UID."""
    every = (each for study in records for series in study.series for each in series.instance)
    return {each.uid: sha256_of(each) for each in every}


def digest_of(data: bytes) -> str:
    """Return what makes a file the same image as one that a device sends: its dataset and how it is packed.

    A file without a header gives an empty string: nothing says how it is packed.
    """
    try:
        syntax, begin = head_of(data)
    except UnreadableFileError:
        return ""
    digest = hashlib.sha256(syntax.encode())
    digest.update(memoryview(data)[begin:])
    return digest.hexdigest()


def head_of(beginning: bytes) -> tuple[str, int]:
    """Return a file's transfer syntax, and where its dataset begins.

    Raises:
        UnreadableFileError: it has no file header.
    """
    if beginning[HEAD_BYTES - 4 : HEAD_BYTES] != b"DICM":
        raise UnreadableFileError(Text("The file has no file header and cannot be sent."))
    stream = io.BytesIO(beginning)
    stream.seek(HEAD_BYTES)
    try:
        meta = read_elements(stream, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != 2)
        return str(meta.TransferSyntaxUID), stream.tell()
    except READING_ERRORS as error:
        raise damaged() from error


def _pictures(study: ImagingStudy) -> int:
    classes = ((each.sop_class.code or "").removeprefix("urn:oid:") for one in study.series for each in one.instance)
    return sum(kind_of(each) == "picture" for each in classes)
