"""Recordings that a device could have made, and whether two say the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from clinic_app.terminology.leads import LEADS
from clinic_app.waveforms.formats.digits import samples_of
from clinic_app.waveforms.recording import EventMark, PatientText, RecordedChannel, Recording

BEGAN = datetime(2026, 3, 5, 9, 30, 15, 250_000, tzinfo=UTC)


def channel(
    label: str = "II",
    count: int = 1000,
    rate_hz: float = 500.0,
    resolution: float = 2.5,
    *,
    unit: str = "uV",
    largest: int = 3000,
    seed: int = 1,
) -> RecordedChannel:
    """Return a channel of a device's integers, none of them like another's."""
    integers = np.random.default_rng(seed).integers(-largest, largest, count, dtype=np.int64)
    code = next((code for code, name in LEADS.items() if name == label), label)
    return RecordedChannel(code, label, unit, rate_hz, samples_of(integers, resolution), resolution)


def recording(*channels: RecordedChannel, **told: object) -> Recording:
    """Return a recording of the channels, with two marks and a patient's words unless told otherwise."""
    marks = (
        EventMark(BEGAN + timedelta(seconds=0.5), "стенокардия ұстамасы"),
        EventMark(BEGAN + timedelta(seconds=1), "pain, 3 of 10"),
    )
    patient = PatientText("640305300123", "Akhmetova Aigul", "1964-03-05", "female")
    values: dict[str, object] = {"device": "Recorder 7", "marks": marks, "patient_text": patient, **told}
    return Recording(channels or (channel(),), BEGAN, **values)  # type: ignore[arg-type]


def with_gaps(one: RecordedChannel, *gaps: tuple[int, int]) -> RecordedChannel:
    """Return the channel with samples lost from the first up to, not with, the last of each pair."""
    samples = one.samples.copy()
    for first, last in gaps:
        samples[first:last] = np.nan
    return RecordedChannel(one.code, one.label, one.unit, one.rate_hz, samples, one.resolution, one.offset)


def assert_same_signal(found: Recording, expected: Recording, *, within: float = 0.0) -> None:
    """Fail unless every sample, gap, rate, name and unit is the same.

    Args:
        found: what was read.
        expected: what was written.
        within: how far a sample may have moved, in its unit.
    """
    assert [(c.code, c.label, c.unit) for c in found.channels] == [(c.code, c.label, c.unit) for c in expected.channels]
    for one, other in zip(found.channels, expected.channels, strict=True):
        assert one.rate_hz == other.rate_hz, one.label
        assert one.samples.dtype == np.float32
        np.testing.assert_allclose(one.samples, other.samples, rtol=0, atol=within, err_msg=one.label)
