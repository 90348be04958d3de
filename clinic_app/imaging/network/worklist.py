"""The orders of the day as machines ask for them: Modality Worklist.

A machine asks by its own AE title, kind, date or patient, with wildcards and ranges; it gets what it asked for and
nothing else. What it gives back with the images, the accession number and the study's UID, finds the order again.
Sources: DICOM PS3.4, K.6.1 (attributes), C.2.2.2 (matching); IHE Scheduled Workflow (RAD-5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as Items

from clinic_app.foundation.folding import name_keys
from clinic_app.foundation.texts import Language
from clinic_app.imaging.network.letters import CharacterSet, character_set, person_name, spoken
from clinic_app.imaging.network.peers import Peer
from clinic_app.imaging.order_record import MODALITIES
from clinic_app.imaging.orders import ImageOrder
from clinic_app.imaging.reading import READING_ERRORS, text_of
from clinic_app.records import Patient
from clinic_app.terminology.systems import CHART_NUMBER, IIN

MOST_ANSWERS: Final = 500
_STEP: Final = "ScheduledProcedureStepSequence"
_ALIKE: Final = ({"CR", "DX", "RF"}, {"IO", "PX"})
"""Kinds of machines that take each other's orders: a plate reader and a flat panel picture the same chest."""
_PRIORITIES: Final = {"stat": "STAT", "asap": "HIGH", "urgent": "HIGH", "routine": "ROUTINE"}
_SEXES: Final = {"male": "M", "female": "F", "other": "O", "unknown": ""}
_ALWAYS: Final = (
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "AccessionNumber",
    "StudyInstanceUID",
    "RequestedProcedureID",
    _STEP,
)
"""Types 1 and 2 of the answer, whether asked for or not."""


class Worklist:
    """Answers machines.

    Args:
        orders: gives what is to be done.
        institution: name of this hospital.
        language: in which procedures are named.
    """

    def __init__(
        self, orders: Callable[[], Sequence[ImageOrder]], institution: Callable[[], str], language: Language = "ru"
    ) -> None:
        self._orders = orders
        self._institution = institution
        self._language = language

    def answers(self, question: Dataset, peer: Peer) -> Iterator[Dataset]:
        """Yield the orders a machine asks for, by time."""
        charset = character_set(_values(question, "SpecificCharacterSet"), peer.letters)
        step = _step(question)
        found = 0
        for order in self._orders():
            if found >= MOST_ANSWERS:
                return
            if _is_wanted(question, step, order):
                found += 1
                yield self._answer(question, step, order, peer, charset)

    def _answer(
        self, question: Dataset, step: Dataset | None, order: ImageOrder, peer: Peer, charset: CharacterSet
    ) -> Dataset:
        whole = self._whole(order, peer, charset, _asked_modality(step, order))
        answer = _only(whole, question)
        steps: Any = whole.ScheduledProcedureStepSequence
        answer.ScheduledProcedureStepSequence = Items([_only(steps[0], step) if step else steps[0]])
        if charset != "ISO_IR 6":
            answer.SpecificCharacterSet = charset
        elif "SpecificCharacterSet" in answer:
            del answer.SpecificCharacterSet
        return answer

    def _whole(self, order: ImageOrder, peer: Peer, charset: CharacterSet, modality: str) -> Dataset:
        def said(text: str, most: int) -> str:
            return spoken(text, charset).replace("\\", "/")[:most]

        kind = MODALITIES[order.modality].render(self._language) if order.modality in MODALITIES else order.modality
        words, local = said(f"{kind}: {order.body_part}", 64), order.at.astimezone()
        made, step = Dataset(), Dataset()
        made.AccessionNumber = made.RequestedProcedureID = order.accession[:16]
        made.StudyInstanceUID = order.study_uid
        made.InstitutionName = said(self._institution(), 64)
        made.ReferringPhysicianName = made.RequestingPhysician = _doctor(order.doctor, charset)
        _put_patient(made, order.patient, charset)
        made.RequestedProcedureDescription = words
        made.RequestedProcedurePriority = _PRIORITIES.get(order.record.priority or "routine", "ROUTINE")
        made.ReasonForTheRequestedProcedure = said(order.reason, 64)
        made.RequestedProcedureComments = said(f"{order.reason}. {order.note}" if order.note else order.reason, 1000)
        made.ReferencedStudySequence = made.ReferencedPatientSequence = Items([])
        step.Modality = modality
        step.ScheduledStationAETitle = order.station or peer.ae_title
        step.ScheduledStationName = said(peer.name, 16)
        step.ScheduledProcedureStepStartDate = local.strftime("%Y%m%d")
        step.ScheduledProcedureStepStartTime = local.strftime("%H%M%S")
        step.ScheduledPerformingPhysicianName = ""
        step.ScheduledProcedureStepDescription = words
        step.ScheduledProcedureStepID = order.accession[:16]
        step.ScheduledProcedureStepStatus = "STARTED" if order.state == "in-progress" else "SCHEDULED"
        made.ScheduledProcedureStepSequence = Items([step])
        return made


def patient_number(patient: Patient) -> str:
    """Return the number a machine writes on the images: the IIN, else the chart number."""
    return patient.identifier_value(IIN) or patient.identifier_value(CHART_NUMBER) or ""


def _put_patient(made: Dataset, patient: Patient, charset: CharacterSet) -> None:
    name = patient.name[0] if patient.name else None
    given = name.given if name else ()
    family = (name.family or ("" if given else name.text or "")) if name else ""
    made.PatientName = person_name(family, given, charset)
    made.PatientID = patient_number(patient)[:64]
    born = (patient.birth_date or "").replace("-", "")
    made.PatientBirthDate = born if len(born) == 8 else ""
    made.PatientSex = _SEXES.get(patient.gender or "", "")
    made.PatientWeight = None
    made.MedicalAlerts = made.Allergies = made.PregnancyStatus = None


def _doctor(name: str, charset: CharacterSet) -> str:
    words = name.split()
    return person_name(words[0] if words else "", words[1:], charset)


def _only(whole: Dataset, question: Dataset) -> Dataset:
    """Return what was asked for of an answer, and what it must have; what nobody knows is empty."""
    answer = Dataset()
    for tag in list(question.keys())[:200]:
        if tag.is_private or tag.group < 0x0008:
            continue
        if tag in whole:
            answer[tag] = whole[tag]
        else:
            try:
                answer.add_new(tag, question[tag].VR, Items([]) if question[tag].VR == "SQ" else None)
            except READING_ERRORS:
                continue
    for keyword in _ALWAYS:
        if keyword in whole and keyword not in answer:
            answer[keyword] = whole[keyword]
    return answer


def _is_wanted(question: Dataset, step: Dataset | None, order: ImageOrder) -> bool:
    plain = (
        _fits(text_of(question, "AccessionNumber"), order.accession)
        and _fits(text_of(question, "RequestedProcedureID"), order.accession)
        and _fits(text_of(question, "PatientID"), patient_number(order.patient))
        and _is_named(text_of(question, "PatientName"), order.patient)
        and _is_among(_values(question, "StudyInstanceUID"), order.study_uid)
    )
    return plain and (step is None or _is_at(step, order))


def _is_at(step: Dataset, order: ImageOrder) -> bool:
    station = [each for each in _values(step, "ScheduledStationAETitle") if each not in ("", "*")]
    local = order.at.astimezone()
    return (
        (not station or not order.station or order.station in station)
        and any(_is_kind(each, order.modality) for each in _values(step, "Modality") or [""])
        and _fits(text_of(step, "ScheduledProcedureStepID"), order.accession)
        and is_within(text_of(step, "ScheduledProcedureStepStartDate"), local, "%Y%m%d")
        and is_within(text_of(step, "ScheduledProcedureStepStartTime"), local, "%H%M%S")
    )


def is_within(asked: str, moment: datetime, form: str) -> bool:
    """Return whether a day or a time lies in what was asked: one, or a range with an end that may be open."""
    asked = re.sub(r"[.:]\d*(?=$|-)|[:.\s]", "", asked) if form == "%H%M%S" else asked.replace(".", "").strip()
    if not asked or asked in ("*", "-"):
        return True
    own = moment.strftime(form)
    first, dash, last = asked.partition("-")
    if not dash:
        return own.startswith(first)
    return (not first or own >= first) and (not last or own[: len(last)] <= last)


def _is_kind(asked: str, modality: str) -> bool:
    return asked in ("", "*") or _fits(asked, modality) or any(asked in alike and modality in alike for alike in _ALIKE)


def _asked_modality(step: Dataset | None, order: ImageOrder) -> str:
    """Return the kind a machine is told: its own, where it takes this order's."""
    asked = [
        each for each in (_values(step, "Modality") if step is not None else []) if re.fullmatch("[A-Z]{2,16}", each)
    ]
    return asked[0] if len(asked) == 1 else order.modality


def _fits(asked: str, value: str) -> bool:
    """Return whether a value is what was asked for, with wildcards (PS3.4, C.2.2.2.4)."""
    asked = asked.strip()
    if asked in ("", "*"):
        return True
    parts = re.split(r"([*?])", asked[:128])
    pattern = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in _merged(parts))
    return re.fullmatch(pattern, value, re.IGNORECASE | re.DOTALL) is not None


def _merged(parts: list[str]) -> Iterator[str]:
    """Yield the parts of a pattern, several stars as one: a row of them takes a matcher for ever."""
    last = ""
    for each in parts:
        if each and not (each == "*" and last == "*"):
            yield each
            last = each


def _is_named(asked: str, patient: Patient) -> bool:
    """Return whether a patient is who was asked for: each word asked is one of his, in whatever letters."""
    asked = asked.replace("=", "^").strip()
    if not asked.replace("*", "").replace("^", "").strip():
        return True
    own = {
        key for name in patient.name for part in (name.text, name.family, *name.given) for key in name_keys(part or "")
    }
    for word in re.split(r"[\^\s-]+", asked)[:8]:
        if not word.strip("*?"):
            continue
        if not any(_is_spelt(word, each) for each in own) and not _is_whole(word, own):
            return False
    return True


def _is_spelt(word: str, key: str) -> bool:
    """Return whether a word with wildcards stands for a name: its pieces are there, in their order."""
    pieces = [name_key for piece in re.split(r"[*?]+", word) for name_key in name_keys(piece)]
    place = 0
    for number, piece in enumerate(pieces):
        is_first, is_last = number == 0 and word[0] not in "*?", number == len(pieces) - 1 and word[-1] not in "*?"
        if is_last:
            return key.endswith(piece) and len(key) - len(piece) >= place and (not is_first or key == piece)
        found = key.find(piece, place)
        if found < 0 or (is_first and found != 0):
            return False
        place = found + len(piece)
    return True


def _is_whole(word: str, own: Collection[str]) -> bool:
    """Return whether each part of a word is one of a patient's names: some are of two."""
    keys = name_keys(word) if not set("*?") & set(word) else ()
    return bool(keys) and all(each in own for each in keys)


def _is_among(asked: Sequence[str], value: str) -> bool:
    return not any(asked) or value in asked


def _step(question: Dataset) -> Dataset | None:
    try:
        items: Any = question.get(_STEP)
        return items[0] if items else None
    except READING_ERRORS:
        return None


def _values(dataset: Dataset, keyword: str) -> list[str]:
    try:
        value: Any = dataset.get(keyword)
        if value is None:
            return []
        return [str(each).strip() for each in value][:64] if isinstance(value, MultiValue) else [str(value).strip()]
    except READING_ERRORS:
        return []
