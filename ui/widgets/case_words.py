"""How a referral is told on a screen: its urgency, how far it is, its question, its clocks. One word for one state."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.texts import Text
from clinic_app.records import CodeableConcept, ServiceRequest, Urgency
from clinic_app.referral.cases import CaseProgress
from clinic_app.terminology.specialties import URGENCY_WORDS, specialty
from clinic_app.terminology.systems import SPECIALTY
from ui.language import _, counted, say
from ui.widgets.chip import ChipLook, Tone

PROGRESS_WORDS: Final[dict[CaseProgress, Text]] = {
    "saved-here": Text("saved here"),
    "queued": Text("queued"),
    "received-by-hub": Text("received by hub"),
    "opened": Text("opened"),
    "answered": Text("answered"),
    "closed": Text("closed"),
}
"""The stations of a referral in order; a word is said only when it is true."""
_PROGRESS_LOOKS: Final[dict[CaseProgress, tuple[Tone, str]]] = {
    "saved-here": ("neutral", "save"),
    "queued": ("warn", "hourglass"),
    "received-by-hub": ("info", "cloud-check"),
    "opened": ("info", "eye"),
    "answered": ("ok", "badge-check"),
    "closed": ("neutral", "check-check"),
}
_URGENCY_LOOKS: Final[dict[Urgency, tuple[Tone, str]]] = {
    "stat": ("alarm", "siren"),
    "asap": ("warn", "clock"),
    "urgent": ("warn", "clock"),
    "routine": ("neutral", "calendar"),
}


def urgency_look(urgency: Urgency | None) -> ChipLook:
    """Return the chip of an urgency; a referral without one is a planned one."""
    known = urgency or "routine"
    tone, icon = _URGENCY_LOOKS[known]
    return ChipLook(say(URGENCY_WORDS[known]), tone, icon)


def progress_look(progress: CaseProgress) -> ChipLook:
    """Return the chip of a station."""
    tone, icon = _PROGRESS_LOOKS[progress]
    return ChipLook(say(PROGRESS_WORDS[progress]), tone, icon)


def specialty_words(request: ServiceRequest | None) -> str:
    """Return the specialty asked, or what the sender called it where we do not know the code."""
    concepts = [each for each in (request.performer_type, request.code) if each] if request else []
    known = (specialty(each.code(SPECIALTY)) for each in concepts)
    words = next((say(each.words) for each in known if each), "")
    return words or next((_plain(each) for each in concepts if _plain(each)), "—")


def first_line(text: str) -> str:
    """Return the first line that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def clock_words(moment: datetime | None) -> str:
    """Return a clock of the referral in local time, or a dash while it has not struck."""
    return form_moment(moment) if moment else "—"


def waiting_words(since: datetime | None, now: datetime) -> str:
    """Return how long somebody has waited, in the two largest units: ``3 h 20 min``."""
    if since is None:
        return "—"
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return _("{minutes} min", minutes=minutes)
    if minutes < 24 * 60:
        return _("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)
    return counted("{count} day", "{count} days", minutes // (24 * 60))


def _plain(concept: CodeableConcept) -> str:
    return concept.text or next((each.display or "" for each in concept.coding), "")
