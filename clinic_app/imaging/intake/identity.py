"""Whose files these are: by identifiers first, and never by a name alone.

Two people of one name live in one village; one person is spelt in three ways by three machines. So a name is never
enough, and a number only where it is the same person's for certain: the IIN, or the chart number of this hospital. A
number of another hospital (its issuer says so) means nothing here, even where the digits are the same.
Source: DICOM PS3.3 C.7.1.1 (Patient Module), PS3.5 6.2 (DA).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydicom.dataset import Dataset

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.folding import name_keys
from clinic_app.imaging.reading import READING_ERRORS, text_of
from clinic_app.records import Patient
from clinic_app.registration.iin import check_iin
from clinic_app.terminology.systems import CHART_NUMBER, IIN

Sameness = Literal["identifier", "name", "unsaid", "other"]
"""How far files and a patient agree.

* ``identifier``: the IIN or our chart number is the same, and nothing speaks against it.
* ``name``: only the name (and perhaps the birth date) agrees.
* ``unsaid``: the files say nothing of whose they are.
* ``other``: a number, the birth date or the name differs.
"""
_DAY: Final = re.compile(r"(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})", re.ASCII)
_MOST_IDS: Final = 8


@dataclass(frozen=True)
class PersonInFile:
    """Whom a file says it is about.

    Args:
        name: as it is read.
        ids: numbers, each with whoever issued it; an issuer is mostly not said.
        birth_date: ISO, or empty.
        sex: M, F, O or empty.
    """

    name: str = ""
    ids: tuple[tuple[str, str], ...] = ()
    birth_date: str = ""
    sex: str = ""

    @property
    def iins(self) -> frozenset[str]:
        """The numbers that can be an IIN."""
        return frozenset(_iins(value for value, _issuer in self.ids))


def person_of(dataset: Dataset, name: str) -> PersonInFile:
    """Return whom a file is about.

    Args:
        dataset: the file.
        name: its patient's name as it is read.
    """
    day = _DAY.fullmatch(text_of(dataset, "PatientBirthDate").strip())
    ids = dict.fromkeys(each for each in _ids(dataset) if each[0])
    return PersonInFile(
        name, tuple(ids)[:_MOST_IDS], "-".join(day.groups()) if day else "", text_of(dataset, "PatientSex").strip()[:1]
    )


def _ids(dataset: Dataset) -> Iterator[tuple[str, str]]:
    yield _number(dataset)
    try:
        others: Any = dataset.get("OtherPatientIDsSequence") or ()
        for item in list(others)[:_MOST_IDS]:
            yield _number(item)
    except READING_ERRORS:
        return


def _number(dataset: Dataset) -> tuple[str, str]:
    return text_of(dataset, "PatientID").strip(), text_of(dataset, "IssuerOfPatientID").strip()


def sameness(patient: Patient, person: PersonInFile, issuers: Iterable[str] = ()) -> Sameness:
    """Return how far a file and a patient agree.

    Args:
        patient: of ours.
        person: whom the file is about.
        issuers: the names under which this hospital issues chart numbers; a number without an issuer may be ours.
    """
    ours = patient.identifier_value(IIN) or ""
    if ours and person.iins and ours not in person.iins:
        return "other"
    if patient.birth_date and person.birth_date and not person.birth_date.startswith(patient.birth_date):
        return "other"
    if not is_same_person(patient, person.name):
        return "other"
    if (ours and ours in person.iins) or _has_chart_number(patient, person, issuers):
        return "identifier"
    return "name" if person.name else "unsaid"


def is_same_person(patient: Patient, name_in_file: str) -> bool:
    """Return whether a name in a file can be the patient's: it shares two words, or the only one it has.

    Spellings in Cyrillic, Kazakh and Latin letters count as the same. A file without a name contradicts nobody.
    """
    return _share(name_in_file, patient.full_name)


def groups(people: Iterable[PersonInFile]) -> dict[PersonInFile, PersonInFile]:
    """Return for each person of many files the one he is counted with: spellings and gaps of one person meet.

    What could be either of two people is counted with neither of them.
    """
    leaders: list[PersonInFile] = []
    found: dict[PersonInFile, PersonInFile] = {}
    for each in sorted(dict.fromkeys(people), key=lambda one: -len(one.ids) - bool(one.birth_date) - bool(one.name)):
        able = [one for one in leaders if _can_be_one(one, each)]
        if len(able) != 1:
            leaders.append(each)
        found[each] = able[0] if len(able) == 1 else each
    return found


def are_told_apart(one: PersonInFile, other: PersonInFile) -> bool:
    """Return whether two are different people for certain: by name, birth date or IIN; other numbers may be several."""
    if one.name and other.name and not (_share(one.name, other.name) and _share(other.name, one.name)):
        return True
    if one.birth_date and other.birth_date and one.birth_date != other.birth_date:
        return True
    return bool(one.iins and other.iins and not one.iins & other.iins)


def _can_be_one(one: PersonInFile, other: PersonInFile) -> bool:
    numbers = {value for value, _issuer in one.ids}, {value for value, _issuer in other.ids}
    if all(numbers) and not numbers[0] & numbers[1]:
        return False
    if one.birth_date and other.birth_date and one.birth_date != other.birth_date:
        return False
    return _share(one.name, other.name)


def _share(one: str, other: str) -> bool:
    theirs, ours = set(name_keys(one)), set(name_keys(other))
    return not theirs or len(theirs & ours) >= min(2, len(theirs), len(ours))


def _has_chart_number(patient: Patient, person: PersonInFile, issuers: Iterable[str]) -> bool:
    ours = {each.value.casefold() for each in patient.identifier if each.system == CHART_NUMBER and each.value}
    trusted = {"", *(each.casefold() for each in issuers)}
    return any(value.casefold() in ours and issuer.casefold() in trusted for value, issuer in person.ids)


def _iins(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        try:
            yield check_iin(value)
        except InvalidInputError:
            continue
