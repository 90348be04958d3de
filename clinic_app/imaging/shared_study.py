"""One study number for several patients: a device that gives everybody the same one makes nobody another's patient.

Some devices take the Study Instance UID of their first patient for all who follow, or make one number a day. DICOM says
such images are one study; whose they are says otherwise. So a study is divided by who stands on the images wherever
several people do, its number stays as it is in the files, and what was filed for one patient is no reason to file the
rest for him. Where nobody can tell two people apart, a person is asked.
Source: DICOM PS3.3, C.7.1 and C.7.2.1.1 (a study belongs to one patient).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from clinic_app.foundation.errors import ClinicError, ConflictError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.importing import described, sha256_of
from clinic_app.imaging.intake.identity import PersonInFile, are_told_apart, groups
from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.waiting_image import StudyInInbox, WaitingImage
from clinic_app.records import ImagingStudy
from clinic_app.storage import Store

_BETWEEN = "#"


def studies_of(images: Iterable[WaitingImage]) -> tuple[StudyInInbox, ...]:
    """Return the images as studies of one person each, the one that grew last first."""
    grouped: dict[str, list[WaitingImage]] = {}
    for image in images:
        grouped.setdefault(image.study_uid, []).append(image)
    studies = [part for each in grouped.values() for part in _parts(each)]
    return tuple(sorted(studies, key=lambda each: each.newest_at, reverse=True))


def study_named(images: Iterable[WaitingImage], key: str) -> StudyInInbox | None:
    """Return the waiting study of a key, None where it waits no longer.

    Args:
        images: all that wait.
        key: of a study as a list showed it: see `StudyInInbox.key`.

    Raises:
        ConflictError: images of somebody else have come under this number since the list was read.
    """
    uid, _between, mark = key.partition(_BETWEEN)
    parts = list(_parts([each for each in images if each.study_uid == uid]))
    if mark:
        return next((each for each in parts if mark in {_mark(one.person) for one in each.images}), None)
    if len(parts) > 1:
        raise ConflictError(Text("Images of other patients came under the same study number. Look at the list again."))
    return parts[0] if parts else None


def person_on(store: Store, study: ImagingStudy) -> PersonInFile | None:
    """Return who stands on the files of a record, by the first that can be read; None where none can."""
    for sha256 in _first_files(study):
        try:
            return described(read_dataset(store.blobs.read(sha256)), study.id).person
        except ClinicError:
            continue  # it has not arrived, or is damaged
    return None


def is_another_persons(store: Store, studies: Sequence[ImagingStudy], people: Iterable[PersonInFile]) -> bool:
    """Return whether it is certain that what is filed in these records is of other people than these."""
    filed = [person_on(store, each) for each in studies]
    return all(one is not None and are_told_apart(one, each) for one in filed for each in set(people))


def _parts(images: Sequence[WaitingImage]) -> Iterator[StudyInInbox]:
    """Yield the images of one study number for each person who stands on them."""
    leaders = groups(each.person for each in images)
    people = list(dict.fromkeys(leaders[each.person] for each in images))
    for person in people:
        ours = tuple(sorted((each for each in images if leaders[each.person] == person), key=_in_order))
        key = ours[0].study_uid + (_BETWEEN + _mark(person) if len(people) > 1 else "")
        yield StudyInInbox(ours, key, len(people) - 1)


def _mark(person: PersonInFile) -> str:
    said = repr((person.name, person.ids, person.birth_date, person.sex))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _first_files(study: ImagingStudy) -> Iterator[str]:
    for series in study.series:
        for instance in series.instance[:1]:
            yield sha256_of(instance)


def _in_order(image: WaitingImage) -> tuple[object, ...]:
    return image.series_number, image.series_uid, image.number, image.place, image.sop_uid
