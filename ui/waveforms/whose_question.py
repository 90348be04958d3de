"""The words of the question whose recording a file holds."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from clinic_app.foundation.dates import form_date, form_moment
from clinic_app.foundation.numbers import show_number
from clinic_app.waveforms.formats.limits import UNKNOWN_START
from ui import language
from ui.language import _, counted
from ui.widgets.whose_question import Asked

if TYPE_CHECKING:
    from clinic_app.documents import FoundRecording
    from clinic_app.records import Patient
    from clinic_app.waveforms import PatientText, Recording

_WHOLE_DATE: Final = len("1964-03-05")


def whose_recording(found: FoundRecording) -> Asked:
    """Return the question: what the file says, who is in hand, and what would be filed."""
    return Asked(
        title=_title(found),
        lines=(
            _("In the file: {words}", words=_said(found.recording.patient_text) or _("nothing about a patient")),
            _("In hand: {words}", words=_held(found.patient)),
            _("The recording: {words}", words=_described(found.recording)),
        ),
        confirm=_("It is this patient's recording"),
        decline=_("Do not file it"),
        is_safe=found.whose == "same" and not found.differs,
    )


def _title(found: FoundRecording) -> str:
    if found.whose == "other":
        return _("The file bears another patient's number; nothing is filed yet.")
    if found.whose == "unsaid" and "name" in found.differs:
        return _("The file bears another name and no number of a patient; nothing is filed yet.")
    if found.whose == "unsaid":
        return _("The file bears no number of a patient; nothing is filed yet.")
    if "name" in found.differs:
        return _("The number is this patient's, the name is not; nothing is filed yet.")
    if "birth_date" in found.differs:
        return _("The number is this patient's, the date of birth is not; nothing is filed yet.")
    if "sex" in found.differs:
        return _("The number is this patient's, the sex is not; nothing is filed yet.")
    return _("The file bears this patient's number. Is it his recording?")


def _said(said: PatientText) -> str:
    return ", ".join(part for part in (said.name, _day(said.birth_date), said.identifier) if part)


def _held(patient: Patient) -> str:
    numbers = (each.value or "" for each in patient.identifier)
    return ", ".join(part for part in (patient.full_name, _day(patient.birth_date or ""), *numbers) if part)


def _day(text: str) -> str:
    try:
        return form_date(date.fromisoformat(text)) if len(text) == _WHOLE_DATE else text
    except ValueError:
        return text


def _described(recording: Recording) -> str:
    length = show_number(round(recording.duration_s, 1), language.current())
    when = form_moment(recording.started_at) if recording.started_at != UNKNOWN_START else ""
    channels = counted("{count} channel", "{count} channels", len(recording.channels))
    return ", ".join(part for part in (when, _("{seconds} s", seconds=length), channels, recording.device) if part)
