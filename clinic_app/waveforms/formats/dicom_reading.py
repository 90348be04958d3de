"""DICOM waveforms of any kind: ECG, pressure, pleth, respiration, sound.

Reading goes by the Waveform Sequence, not by the SOP class: recorders use whatever class they like. Every original
multiplex group is taken, each at its own time; derived ones (a median beat) are not what was measured and stay out.
Sources: DICOM PS3.3 A.34, C.10.9 and C.10.10, PS3.16 CID 3001; ITU-T G.711 for sound in eight bits.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError

from clinic_app.foundation.bounded_stream import BoundedStream
from clinic_app.terminology.leads import lead_of
from clinic_app.waveforms.formats.digits import samples_of
from clinic_app.waveforms.formats.limits import (
    LARGEST_BYTES,
    MOST_CHANNELS,
    MOST_MARKS,
    UNKNOWN_START,
    Watch,
    check_amount,
    check_rate,
    unreadable,
    unwatched,
)
from clinic_app.waveforms.formats.naming import code_of, label_of, one_line, stated_band, unit_of
from clinic_app.waveforms.recording import RAW_BAND, UNSTATED_BAND, EventMark, PatientText, RecordedChannel, Recording

PRIVATE: Final = "99DALA"
"""Coding scheme of channels that no standard numbers; their label says what they are."""
AUTHOR: Final = "DALA MARKS"
"""Private creator of the author of a mark."""
MARK_GROUP: Final = 0x0041
BAND_ELEMENT: Final = 2
"""Of the same creator: a filter that no attribute can tell, or that a foreign file did not state."""
MAKER: Final = "Dala"
_MOST_ELEMENTS: Final = 100_000
_MOST_ITEMS: Final = 10_000
_ITEM: Final = b"\xfe\xff\x00\xe0"
_DEFLATED: Final = b"1.2.840.10008.1.2.1.99"
"""Transfer syntax in which a small file may unpack to any size; no recorder uses it."""
_KINDS: Final = {
    ("SS", 16): "<i2", ("US", 16): "<u2", ("SB", 8): "i1", ("UB", 8): "u1", ("SL", 32): "<i4", ("UL", 32): "<u4",
    ("MB", 8): "u1", ("AB", 8): "u1",
}  # fmt: skip
_STAMP: Final = re.compile(
    r"(?P<digits>\d{8}(?:\d\d){0,3})(?:\.(?P<fraction>\d{1,6}))?(?P<offset>[+-]\d{4})?", re.ASCII
)
"""A date with as much of a time as somebody knew (PS3.5 table 6.2-1, DT and DA with TM)."""
_OFFSET: Final = re.compile(r"[+-]\d{4}", re.ASCII)


def is_dicom(data: bytes) -> bool:
    """Return whether a file begins as a DICOM file."""
    return data[128:132] == b"DICM"


def from_dicom(data: bytes, watch: Watch = unwatched) -> Recording:
    """Return the recording in a DICOM waveform file.

    Args:
        data: the file.
        watch: told of every multiplex group.

    Raises:
        UnreadableFileError: no DICOM, no waveform in it, or one that contradicts itself.
    """
    if len(data) > LARGEST_BYTES or _DEFLATED in data or data.count(_ITEM) > _MOST_ITEMS:
        raise unreadable()
    try:
        return _read(pydicom.dcmread(BoundedStream(data, _MOST_ELEMENTS)), watch)
    except (InvalidDicomError, AttributeError, KeyError, IndexError, ValueError, TypeError, RecursionError) as error:
        raise unreadable() from error
    except (
        BytesLengthException,
        OSError,
        NotImplementedError,
        ArithmeticError,
        LookupError,
        EOFError,
        struct.error,
    ) as error:
        raise unreadable() from error


def _read(dataset: Dataset, watch: Watch) -> Recording:
    groups = list(dataset.WaveformSequence)
    measured = [each for each in groups if str(each.get("WaveformOriginality") or "") != "DERIVED"] or groups[:1]
    late = [_milliseconds(group) for group in measured]
    channels: list[RecordedChannel] = []
    for done, (group, offset_ms) in enumerate(zip(measured, late, strict=True)):
        watch(done, len(measured))
        already = sum(len(each.samples) for each in channels)
        channels.extend(_channels(group, offset_ms - min(late), already))
        if len(channels) > MOST_CHANNELS:
            raise unreadable()
    return Recording(
        tuple(channels),
        _moment(dataset),
        one_line(str(dataset.get("ManufacturerModelName") or dataset.get("Manufacturer") or ""), 64),
        _band(dataset, measured[0]),
        _marks(dataset),
        _patient(dataset),
    )


def _milliseconds(group: Any) -> float:  # noqa: ANN401 - pydicom's sequence items
    offset_ms = float(str(group.get("MultiplexGroupTimeOffset") or 0))
    if not abs(offset_ms) < 1e9:
        raise ValueError("the group's time is impossible")
    return offset_ms


def _channels(group: Any, late_ms: float, already: int) -> Iterator[RecordedChannel]:  # noqa: ANN401
    count, length = int(group.NumberOfWaveformChannels), int(group.NumberOfWaveformSamples)
    kind = str(group.WaveformSampleInterpretation), int(group.WaveformBitsAllocated)
    rate_hz = float(str(group.SamplingFrequency))  # never a Fraction: 1E-99999999 would be a hundred million digits
    check_rate(rate_hz)
    if count < 1 or length < 1:
        raise ValueError("the waveform's dimensions are impossible")
    before = round(late_ms / 1000 * rate_hz)
    check_amount(already + count * (length + before))
    raw = np.frombuffer(group.WaveformData, dtype=_KINDS[kind], count=count * length).reshape(length, count)
    padding = group.get("WaveformPaddingValue")
    padded = np.frombuffer(padding, dtype=_KINDS[kind], count=1)[0] if padding else None
    for column, definition in enumerate(group.ChannelDefinitionSequence):
        integers = raw[:, column]
        is_lost = integers == padded if padded is not None else np.zeros(length, np.bool_)
        yield _channel(definition, _expanded(integers, kind[0]), (is_lost, before), rate_hz)


def _expanded(integers: NDArray[Any], interpretation: str) -> NDArray[Any]:
    """Return sound in eight bits as the integers it stands for (G.711); anything else as it is."""
    if interpretation == "MB":
        code = ~integers.astype(np.int32) & 0xFF
        size = ((code & 0x0F) << 3 | 0x84) << (code >> 4 & 7)
        return np.where(code & 0x80, 0x84 - size, size - 0x84)
    if interpretation == "AB":
        code = integers.astype(np.int32) ^ 0x55
        segment, size = code >> 4 & 7, (code & 0x0F) << 4
        size = np.where(segment == 0, size + 8, (size + 0x108) << np.maximum(segment - 1, 0))
        return np.where(code & 0x80, size, -size)
    return integers


def _channel(
    definition: Any,  # noqa: ANN401
    integers: NDArray[Any],
    places: tuple[NDArray[np.bool_], int],
    rate_hz: float,
) -> RecordedChannel:
    is_lost, before = places
    source = definition.ChannelSourceSequence[0]
    named = str(definition.get("ChannelLabel") or source.get("CodeMeaning") or source.CodeValue)
    scheme = str(source.get("CodingSchemeDesignator") or "")
    code = None if scheme == PRIVATE else lead_of(str(source.CodeValue))
    code = code or (code_of(named) if scheme == PRIVATE else str(source.CodeValue))
    units = definition.get("ChannelSensitivityUnitsSequence")
    unit, volts = unit_of(str(units[0].CodeValue)) if units else ("1", 1.0)
    factor = float(definition.get("ChannelSensitivityCorrectionFactor") or 1)
    resolution = float(definition.get("ChannelSensitivity") or 1) * factor * volts
    offset = float(definition.get("ChannelBaseline") or 0) * volts
    if not 1e-12 < abs(resolution) < 1e12 or not abs(offset) < 1e12:
        raise ValueError("the channel's scale is impossible")
    samples = samples_of(integers, resolution, offset)
    samples[is_lost] = np.nan
    if before:
        samples = np.concatenate([np.full(before, np.nan, np.float32), samples])
    return RecordedChannel(code, label_of(code, one_line(named, 64)), unit, rate_hz, samples, resolution, offset)


def _marks(dataset: Dataset) -> tuple[EventMark, ...]:
    """Return the words of the annotations that tell their moment; findings of the whole recording are left out."""
    found = []
    for each in list(dataset.get("WaveformAnnotationSequence") or ())[:MOST_MARKS]:
        text = one_line(str(each.get("UnformattedTextValue") or ""), 1000)
        at = _stamp(str(each.get("ReferencedDateTime") or ""), str(dataset.get("TimezoneOffsetFromUTC") or ""))
        if text and at is not None:
            found.append(EventMark(at, text, _author(each)))
    return tuple(sorted(found, key=lambda mark: mark.at))


def _author(annotation: Any) -> str:  # noqa: ANN401
    try:
        return one_line(str(annotation.private_block(MARK_GROUP, AUTHOR)[1].value), 64)
    except KeyError:
        return ""


def _patient(dataset: Dataset) -> PatientText:
    born = str(dataset.get("PatientBirthDate") or "")
    return PatientText(
        one_line(str(dataset.get("PatientID") or ""), 64),
        one_line(str(dataset.get("PatientName") or "").replace("^", " ").partition("=")[0], 128),
        f"{born[:4]}-{born[4:6]}-{born[6:]}" if re.fullmatch(r"\d{8}", born, re.ASCII) else "",
        {"M": "male", "F": "female"}.get(str(dataset.get("PatientSex") or ""), ""),
    )


def _moment(dataset: Dataset) -> datetime:
    stamp = str(dataset.get("AcquisitionDateTime") or "")
    day = str(dataset.get("ContentDate") or dataset.get("StudyDate") or "")
    clock = str(dataset.get("ContentTime") or dataset.get("StudyTime") or "")
    zone = str(dataset.get("TimezoneOffsetFromUTC") or "")
    offset = timedelta(milliseconds=min(map(_milliseconds, dataset.WaveformSequence), default=0.0))
    for text in (stamp, day + clock):
        moment = _stamp(text, zone)
        if moment is not None:
            return moment + offset
    return UNKNOWN_START


def _stamp(text: str, zone: str) -> datetime | None:
    parts = _STAMP.fullmatch(text.strip())
    if parts is None:
        return None
    digits, fraction, offset = parts["digits"].ljust(14, "0"), parts["fraction"] or "0", parts["offset"] or zone
    try:
        moment = datetime.strptime(f"{digits}.{fraction}", "%Y%m%d%H%M%S.%f")  # noqa: DTZ007 - the zone is added below
        if _OFFSET.fullmatch(offset):
            moment = moment.replace(tzinfo=datetime.strptime(offset, "%z").tzinfo)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _band(dataset: Dataset, group: Any) -> str:  # noqa: ANN401
    """Return the filter; what we wrote ourselves without one says where it came from without a word about it."""
    first = group.ChannelDefinitionSequence[0]
    low, high, notch = (
        float(str(first.get(f"{name}Frequency") or 0)) for name in ("FilterLow", "FilterHigh", "NotchFilter")
    )
    said = stated_band(low, high, notch)
    is_ours = said == UNSTATED_BAND and str(dataset.get("Manufacturer") or "") == MAKER
    if not is_ours:
        return said
    try:
        return one_line(str(dataset.private_block(MARK_GROUP, AUTHOR)[BAND_ELEMENT].value), 80)
    except KeyError:
        return RAW_BAND
