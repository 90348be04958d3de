"""The registration form: what the registrar typed, checked field by field, and the Patient it becomes."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date
from typing import Final

import msgspec

from clinic_app.foundation.dates import form_date, parse_form_date
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.foundation.typed_words import tidy
from clinic_app.records import Address, ContactPoint, HumanName, Identifier, Patient
from clinic_app.registration.iin import check_iin, grouped, iin_hint
from clinic_app.terminology.systems import IIN

_PHONE: Final = re.compile(r"\+?[\d\s()-]{5,24}", re.ASCII)
_LEAST_PHONE_DIGITS: Final = 5
_NAME: Final = re.compile(r"[^\W\d_][\w\u0300-\u036f .'’‘ʻ´`‐‑–-]*", re.UNICODE)
_LONGEST: Final = 200
_OLDEST_YEARS: Final = 125
_GENDERS: Final = ("male", "female", "other", "unknown")


@dataclass(frozen=True)
class PatientForm:
    """The form as typed; every field is text, an empty one is silent.

    Args:
        family: family name; may be empty where somebody has none.
        given: first name.
        patronymic: patronymic or father's name, never required.
        iin: individual identification number; empty for somebody without papers.
        birth_date: as ``05.03.1964``.
        gender: one of FHIR's administrative genders.
        phone: telephone number.
        address: address as spoken.
    """

    family: str = ""
    given: str = ""
    patronymic: str = ""
    iin: str = ""
    birth_date: str = ""
    gender: str = ""
    phone: str = ""
    address: str = ""


def check_form(form: PatientForm, today: date) -> tuple[InvalidInputError, ...]:
    """Return what is wrong with the form, each error tied to its field; nothing when it can be saved."""
    form = tidied(form)
    checks = (_check_lengths, _check_names, _check_iin, _check_gender, _check_phone)
    found = [error for check in checks for error in check(form)]
    return (*found, *_check_birth_date(form, today))


def tidied(form: PatientForm) -> PatientForm:
    """Return the form with its words as they are kept."""
    return PatientForm(**{f.name: tidy(getattr(form, f.name)) for f in fields(form)})


def hints_for(form: PatientForm) -> tuple[tuple[str, Text], ...]:
    """Return (field, sentence) for what deserves a second look but is no error: the IIN tells another birth or sex."""
    try:
        hint = iin_hint(check_iin(form.iin)) if form.iin.strip() else None
        born = parse_form_date(form.birth_date) if form.birth_date.strip() else None
    except InvalidInputError:
        return ()
    found: list[tuple[str, Text]] = []
    if hint and hint.birth_date and born and hint.birth_date != born:
        day = form_date(hint.birth_date)
        found.append(("birth_date", Text("The IIN suggests {day}. Numbers given since 2013 may differ.", day=day)))
    if hint and hint.gender and form.gender and hint.gender != form.gender:
        found.append(("gender", Text("The IIN suggests another sex. Numbers given since 2013 may differ.")))
    return tuple(found)


def form_of(patient: Patient) -> PatientForm:
    """Return the form filled from a patient, for amending."""
    name = patient.name[0] if patient.name else HumanName()
    return PatientForm(
        family=name.family or "",
        given=name.given[0] if name.given else "",
        patronymic=" ".join(name.given[1:]),
        iin=grouped(patient.identifier_value(IIN) or ""),
        birth_date=_shown_day(patient.birth_date or ""),
        gender=patient.gender or "",
        phone=next((t.value or "" for t in patient.telecom if t.system == "phone"), ""),
        address=next((a.text or "" for a in patient.address), ""),
    )


def filled(patient: Patient, form: PatientForm) -> Patient:
    """Return ``patient`` with the checked form's values; identifiers, numbers and addresses of other kinds stay."""
    form = tidied(form)
    return msgspec.structs.replace(
        patient,
        identifier=_with_iin(patient, form),
        name=(_name(patient, form), *patient.name[1:]),
        telecom=_with_phone(patient, form),
        gender=form.gender,
        birth_date=parse_form_date(form.birth_date).isoformat(),
        address=_with_address(patient, form),
    )


def _check_lengths(form: PatientForm) -> list[InvalidInputError]:
    sentence = Text("This is too long; at most {count} characters.", count=_LONGEST)
    return [InvalidInputError(sentence, f.name) for f in fields(form) if len(getattr(form, f.name)) > _LONGEST]


def _check_names(form: PatientForm) -> list[InvalidInputError]:
    if not form.family.strip() and not form.given.strip():
        return [InvalidInputError(Text("Write the family name or the first name."), "family")]
    wrong = Text("A name is written with letters.")
    if form.patronymic.strip() and not form.given.strip():
        return [InvalidInputError(Text("Write the first name before the patronymic."), "given")]
    names = {"family": form.family, "given": form.given, "patronymic": form.patronymic}
    return [
        InvalidInputError(wrong, field)
        for field, typed in names.items()
        if typed.strip() and not _NAME.fullmatch(typed.strip())
    ]


def _check_iin(form: PatientForm) -> list[InvalidInputError]:
    try:
        if form.iin.strip():
            check_iin(form.iin)
    except InvalidInputError as error:
        return [error]
    return []


def _check_gender(form: PatientForm) -> list[InvalidInputError]:
    return [] if form.gender in _GENDERS else [InvalidInputError(Text("Choose the sex."), "gender")]


def _check_phone(form: PatientForm) -> list[InvalidInputError]:
    has_digits = sum(map(str.isdigit, form.phone)) >= _LEAST_PHONE_DIGITS
    if not form.phone.strip() or (has_digits and _PHONE.fullmatch(form.phone.strip())):
        return []
    return [InvalidInputError(Text("Write the phone number with digits, for example +7 701 000 00 00."), "phone")]


def _check_birth_date(form: PatientForm, today: date) -> list[InvalidInputError]:
    field = "birth_date"
    if not form.birth_date.strip():
        return [InvalidInputError(Text("Write the birth date."), field)]
    try:
        born = parse_form_date(form.birth_date, field)
    except InvalidInputError as error:
        return [error]
    if born > today:
        return [InvalidInputError(Text("The birth date lies in the future."), field)]
    if today.year - born.year > _OLDEST_YEARS:
        return [InvalidInputError(Text("The birth date is more than {count} years ago.", count=_OLDEST_YEARS), field)]
    return []


def _shown_day(kept: str) -> str:
    """Return a whole date as forms show it; a foreign file's year alone, or 31 February, has to be asked again."""
    try:
        return form_date(date.fromisoformat(kept)) if len(kept) == 10 else ""
    except ValueError:
        return ""


def _name(patient: Patient, form: PatientForm) -> HumanName:
    given = tuple(part for part in (form.given.strip(), form.patronymic.strip()) if part)
    old = patient.name[0] if patient.name else HumanName(use="official")
    return msgspec.structs.replace(old, text=None, family=form.family.strip() or None, given=given)


def _with_iin(patient: Patient, form: PatientForm) -> tuple[Identifier, ...]:
    others = tuple(i for i in patient.identifier if i.system != IIN)
    if not form.iin.strip():
        return others
    return (Identifier(use="official", system=IIN, value=check_iin(form.iin)), *others)


def _with_phone(patient: Patient, form: PatientForm) -> tuple[ContactPoint, ...]:
    shown = next((n for n, t in enumerate(patient.telecom) if t.system == "phone"), len(patient.telecom))
    others = patient.telecom[:shown] + patient.telecom[shown + 1 :]
    if not form.phone.strip():
        return others
    first = patient.telecom[shown] if shown < len(patient.telecom) else ContactPoint(system="phone")
    return (msgspec.structs.replace(first, value=form.phone.strip()), *others)


def _with_address(patient: Patient, form: PatientForm) -> tuple[Address, ...]:
    if not form.address.strip():
        is_shown = bool(patient.address and patient.address[0].text)
        return patient.address[1:] if is_shown else patient.address
    first = patient.address[0] if patient.address else Address(use="home")
    return (msgspec.structs.replace(first, text=form.address.strip()), *patient.address[1:])
