"""A stretch of a recording, and a recording that does not say whose it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.recording import PatientText, Recording


def part_of(recording: Recording, from_s: float, seconds: float | None = None) -> Recording:
    """Return a stretch; each channel is cut at its own nearest sample.

    Args:
        recording: the whole.
        from_s: where it begins, in seconds after the start.
        seconds: how long it is; None goes to the end.

    Raises:
        InvalidInputError: nothing of the recording lies there.
    """
    if not 0 <= from_s < 1e9 or (seconds is not None and not 0 < seconds < 1e9):
        raise InvalidInputError(Text("A stretch begins at zero or later and has a length."))
    channels = []
    for channel in recording.channels:
        first = round(from_s * channel.rate_hz)
        last = len(channel.samples) if seconds is None else first + max(round(seconds * channel.rate_hz), 1)
        channels.append(replace(channel, samples=channel.samples[first:last]))
    if not any(len(channel.samples) for channel in channels):
        raise InvalidInputError(Text("The recording has ended by then; it lasts {seconds} s.",
                                     seconds=round(recording.duration_s, 1)))  # fmt: skip
    began = recording.started_at + timedelta(seconds=from_s)
    ends = began + timedelta(seconds=seconds) if seconds is not None else None
    marks = tuple(mark for mark in recording.marks if began <= mark.at and (ends is None or mark.at < ends))
    return replace(recording, channels=tuple(channels), started_at=began, marks=marks)


def without_patient(recording: Recording) -> Recording:
    """Return the recording without the patient's name, number, birth date and sex, without device and authors of marks.

    A monitor behind a gateway is known here by its patient's number or name where it names no bed, so its name leaves
    with nothing. What stays: the moment, and the words of the marks, in which somebody may have written a name.
    """
    marks = tuple(replace(mark, author="") for mark in recording.marks)
    return replace(recording, device="", patient_text=PatientText(), marks=marks)
