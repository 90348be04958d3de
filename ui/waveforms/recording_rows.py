"""How a list tells one recording from another: when, how long, of which device, what, and whether it was cut off."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.numbers import show_number
from clinic_app.records import DocumentReference
from clinic_app.waveforms.formats.limits import UNKNOWN_START
from clinic_app.waveforms.store import LongListed
from ui import language
from ui.language import _
from ui.waveforms.long_taking import length_words

_DESCRIPTION: Final = re.compile(r"([\d.e+]+) s: (.*?)(?: \((.*)\))?", re.DOTALL)
"""As `Recordings` describes a recording: seconds, labels, device."""
_MOST_LABELS: Final = 4


def when_words(document: DocumentReference, hours: LongListed | None) -> str:
    """Return when it was recorded; of hours, from when to when."""
    if hours is None:
        return moment_words(document.date)
    if hours.ends_at is None:
        return _("from {moment}", moment=form_moment(hours.begins_at))
    return f"{form_moment(hours.begins_at)} – {_end(hours.begins_at, hours.ends_at)}"


def moment_words(moment: datetime | None) -> str:
    """Return a moment; of a file that told none, that nobody knows it."""
    if moment is None:
        return "—"
    return _("time unknown") if moment == UNKNOWN_START else form_moment(moment)


def what_words(document: DocumentReference, hours: LongListed | None) -> str:
    """Return what else tells it from the others: the state first where somebody should look, then length and device."""
    if hours is None:
        return _of_seconds(document)
    states = {
        "running": _("is being recorded"),
        "interrupted": _("interrupted"),
        "elsewhere": _("on another computer"),
    }
    length = length_words((hours.ends_at - hours.begins_at).total_seconds()) if hours.ends_at else ""
    return _joined(states.get(hours.state, ""), length, hours.source, _labels(hours.channels))


def _of_seconds(document: DocumentReference) -> str:
    told = _DESCRIPTION.fullmatch(document.description or "")
    part = _("cut out") if document.relates_to else ""
    if told is None:
        return _joined(part, document.description or "")
    seconds = _("{seconds} s", seconds=show_number(round(float(told[1]), 1), language.current()))
    return _joined(part, seconds, told[3] or "", _labels(tuple(told[2].split(", "))))


def _labels(labels: tuple[str, ...]) -> str:
    shown = ", ".join(labels[:_MOST_LABELS])
    return f"{shown} … ({len(labels)})" if len(labels) > _MOST_LABELS else shown


def _end(begins_at: datetime, ends_at: datetime) -> str:
    first, last = begins_at.astimezone(), ends_at.astimezone()
    return f"{last:%H:%M}" if first.date() == last.date() else form_moment(ends_at)


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
