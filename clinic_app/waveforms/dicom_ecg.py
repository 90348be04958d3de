"""Recordings as DICOM waveform objects: the form in which they are stored, travel and open anywhere.

The ECG is a 12-Lead ECG, General ECG or Ambulatory ECG object, whichever its rate, length and leads allow. These take
ECG leads only, so a pleth curve recorded with them becomes an Arterial Pulse Waveform object of its own; leads of
another rate have an object of their own too. Samples are raw integers with their sensitivity; where samples were lost
the object has its padding value, never a flat line. Reading goes by the Waveform Sequence, not by the SOP class:
recorders use whatever class they like.
Sources: DICOM PS3.3 A.34 and C.10.9, PS3.16 CID 3001.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import (
    AmbulatoryECGWaveformStorage,
    ArterialPulseWaveformStorage,
    ExplicitVRLittleEndian,
    GeneralECGWaveformStorage,
    TwelveLeadECGWaveformStorage,
    generate_uid,
)
from pydicom.valuerep import format_number_as_ds

from clinic_app.foundation.bounded_stream import BoundedStream
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient
from clinic_app.terminology.leads import LEAD_NUMBERS, LEADS, PLETH, PLETH_NUMBER, lead_of
from clinic_app.terminology.systems import IIN
from clinic_app.waveforms.recording import RAW_BAND, RecordedChannel, Recording

PADDING: Final = -32768
_FULL: Final = 32767
_RESOLUTIONS: Final = (1.25, 2.5, 5.0, 4.88, 1.0, 0.1, 0.5, 10.0)
"""Units of a raw integer that devices use; the first that keeps every sample exactly is taken."""
_LONGEST_RESTING: Final = 16384
"""Samples of a channel in a 12-lead ECG object."""
LARGEST_BYTES: Final = 256 << 20
_MOST_SAMPLES: Final = 50_000_000
_MOST_ELEMENTS: Final = 100_000
_MOST_ITEMS: Final = 10_000
_ITEM: Final = b"\xfe\xff\x00\xe0"
_DEFLATED: Final = b"1.2.840.10008.1.2.1.99"
"""Transfer syntax in which a small file may unpack to any size; no recorder uses it."""
_STAMP: Final = re.compile(
    r"(?P<digits>\d{8}(?:\d\d){0,3})(?:\.(?P<fraction>\d{1,6}))?(?P<offset>[+-]\d{4})?", re.ASCII
)
"""A date with as much of a time as somebody knew (PS3.5 table 6.2-1, DT and DA with TM)."""
_OFFSET: Final = re.compile(r"[+-]\d{4}", re.ASCII)


def to_dicom(recording: Recording, patient: Patient | None = None) -> tuple[bytes, ...]:
    """Return the recording as DICOM files: the ECG first, then any other signal.

    Args:
        recording: at least one channel.
        patient: whose it is; None leaves the name empty.
    """
    study = generate_uid(prefix=None)
    groups: dict[tuple[float, int], list[RecordedChannel]] = {}
    filled = [channel for channel in recording.channels if len(channel.samples)]  # a waveform without samples is none
    for channel in filled:
        if channel.code in LEADS:
            groups.setdefault((channel.rate_hz, len(channel.samples)), []).append(channel)
    widest_first = sorted(groups.values(), key=lambda leads: -len(leads))
    objects = [_dataset(recording, leads, _ecg_class(leads), patient, study) for leads in widest_first]
    others = [channel for channel in filled if channel.code not in LEADS]
    objects += [_dataset(recording, [each], ArterialPulseWaveformStorage, patient, study) for each in others]
    return tuple(_file(dataset) for dataset in objects)


def from_dicom(data: bytes) -> Recording:
    """Return the recording in a DICOM waveform file: its first multiplex group.

    Raises:
        UnreadableFileError: no DICOM, no waveform in it, or one that contradicts itself.
    """
    if len(data) > LARGEST_BYTES or _DEFLATED in data or data.count(_ITEM) > _MOST_ITEMS:
        raise _unreadable()
    try:
        dataset = pydicom.dcmread(BoundedStream(data, _MOST_ELEMENTS))
        group = dataset.WaveformSequence[0]
        return Recording(
            tuple(_channels(group)),
            _moment(dataset),
            str(dataset.get("ManufacturerModelName") or dataset.get("Manufacturer") or "")[:64],
            _band(group),
        )
    except (InvalidDicomError, AttributeError, KeyError, IndexError, ValueError, TypeError, RecursionError) as error:
        raise _unreadable() from error
    except (
        BytesLengthException,
        OSError,
        NotImplementedError,
        ArithmeticError,
        LookupError,
        EOFError,
        struct.error,
    ) as error:
        raise _unreadable() from error


def _ecg_class(leads: list[RecordedChannel]) -> str:
    """Return the SOP class whose definition these leads keep (PS3.3 A.34.3 to A.34.5)."""
    rate_hz, length = leads[0].rate_hz, len(leads[0].samples)
    if not 200 <= rate_hz <= 1000:
        return AmbulatoryECGWaveformStorage
    is_resting = len({each.code for each in leads}) == len(LEADS) and length <= _LONGEST_RESTING
    return TwelveLeadECGWaveformStorage if is_resting else GeneralECGWaveformStorage


def _dataset(
    recording: Recording, channels: list[RecordedChannel], sop_class: str, patient: Patient | None, study: str
) -> Dataset:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = generate_uid(prefix=None)
    dataset.StudyInstanceUID = study
    dataset.SeriesInstanceUID = generate_uid(prefix=None)
    dataset.Modality = "ECG" if channels[0].code in LEADS else "HD"
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    dataset.Manufacturer = "Dala"
    dataset.ManufacturerModelName = _one_value(recording.device)[:64]
    started = recording.started_at.astimezone(UTC)
    dataset.StudyDate = dataset.ContentDate = f"{started:%Y%m%d}"
    dataset.StudyTime = dataset.ContentTime = f"{started:%H%M%S.%f}"
    dataset.AcquisitionDateTime = f"{started:%Y%m%d%H%M%S.%f}+0000"
    dataset.TimezoneOffsetFromUTC = "+0000"
    _name_patient(dataset, patient)
    dataset.AcquisitionContextSequence = []
    dataset.WaveformSequence = [_group(channels)]
    return dataset


def _name_patient(dataset: Dataset, patient: Patient | None) -> None:
    name = patient.name[0] if patient and patient.name else None
    parts = (name.family or "", *name.given) if name else ()
    dataset.PatientName = "^".join(_one_value(part, "^=") for part in parts)[:64]
    dataset.PatientID = (patient.identifier_value(IIN) or patient.id) if patient else ""
    birth = (patient.birth_date or "").replace("-", "") if patient else ""
    dataset.PatientBirthDate = birth if len(birth) == len("19640305") else ""  # DICOM knows no year alone
    dataset.PatientSex = {"male": "M", "female": "F"}.get((patient.gender or "") if patient else "", "O")
    dataset.StudyID = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""


def _group(channels: list[RecordedChannel]) -> Dataset:
    group = Dataset()
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels = len(channels)
    group.NumberOfWaveformSamples = len(channels[0].samples)
    group.SamplingFrequency = format_number_as_ds(channels[0].rate_hz)
    group.MultiplexGroupLabel = "RHYTHM"
    group.WaveformBitsAllocated = 16
    group.WaveformSampleInterpretation = "SS"
    group.add_new("WaveformPaddingValue", "OW", np.int16(PADDING).tobytes())
    raw = np.empty((len(channels[0].samples), len(channels)), dtype="<i2")
    definitions = []
    for column, channel in enumerate(channels):
        resolution = _resolution(channel.samples)
        scaled = np.rint(np.nan_to_num(channel.samples.astype(np.float64)) / resolution)
        raw[:, column] = np.where(np.isnan(channel.samples), PADDING, np.clip(scaled, -_FULL, _FULL))
        definitions.append(_definition(channel, resolution))
    group.ChannelDefinitionSequence = definitions
    group.add_new("WaveformData", "OW", raw.tobytes())
    return group


def _definition(channel: RecordedChannel, resolution: float) -> Dataset:
    number = PLETH_NUMBER if channel.code == PLETH else LEAD_NUMBERS.get(channel.code, 0)
    definition = Dataset()
    definition.ChannelLabel = _one_value(channel.label)[:16]
    definition.ChannelSourceSequence = [_code(f"2:{number}", "MDC", channel.label)]
    definition.ChannelSensitivity = format_number_as_ds(resolution)
    definition.ChannelSensitivityUnitsSequence = [_code(_one_value(channel.unit)[:16], "UCUM", channel.unit)]
    definition.ChannelSensitivityCorrectionFactor = 1
    definition.ChannelBaseline = 0
    definition.ChannelSampleSkew = 0
    definition.WaveformBitsStored = 16
    return definition


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, _one_value(meaning)[:64]
    return code


def _one_value(text: str, parting: str = "") -> str:
    """Return a text without control characters and what parts values in DICOM: a backslash, and ``parting``."""
    return "".join(" " if letter in f"\\{parting}" or not letter.isprintable() else letter for letter in text).strip()


def _file(dataset: Dataset) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _resolution(samples: NDArray[np.float32]) -> float:
    """Return the unit of a raw integer: one that keeps every sample exactly, else the finest that fits 16 bits."""
    finite = samples[np.isfinite(samples)].astype(np.float64)
    largest = float(np.abs(finite).max()) if len(finite) else 0.0
    for resolution in _RESOLUTIONS:
        raw = finite / resolution
        if largest and not 1 <= largest / resolution <= _FULL:
            continue
        if np.allclose(raw, np.rint(raw), rtol=0, atol=1e-3):
            return resolution
    return max(largest / _FULL, 1e-11)


def _channels(group: Any) -> Iterator[RecordedChannel]:  # noqa: ANN401 - pydicom's sequence items
    count, length = int(group.NumberOfWaveformChannels), int(group.NumberOfWaveformSamples)
    kind = {("SS", 16): "<i2", ("US", 16): "<u2", ("SB", 8): "i1", ("UB", 8): "u1"}[
        group.WaveformSampleInterpretation, int(group.WaveformBitsAllocated)
    ]
    if count < 1 or length < 1 or count * length > _MOST_SAMPLES:
        raise ValueError("the waveform's dimensions are impossible")
    raw = np.frombuffer(group.WaveformData, dtype=kind, count=count * length).reshape(length, count)
    rate_hz = float(str(group.SamplingFrequency))  # never a Fraction: 1E-99999999 would be a hundred million digits
    if not 0 < rate_hz < 1e6:
        raise ValueError("the waveform's rate is impossible")
    padding = group.get("WaveformPaddingValue")
    padded = np.frombuffer(padding, dtype=kind, count=1)[0] if padding else None
    for column, definition in enumerate(group.ChannelDefinitionSequence):
        values = raw[:, column].astype(np.float64)
        if padded is not None:
            values[raw[:, column] == padded] = np.nan
        yield _channel(definition, values, rate_hz)


def _channel(definition: Any, raw: NDArray[np.float64], rate_hz: float) -> RecordedChannel:  # noqa: ANN401
    source = definition.ChannelSourceSequence[0]
    code = lead_of(str(source.CodeValue)) or str(source.CodeValue)
    units = definition.get("ChannelSensitivityUnitsSequence")
    unit = str(units[0].CodeValue) if units else "1"
    factor = float(definition.get("ChannelSensitivityCorrectionFactor") or 1)
    sensitivity = float(definition.get("ChannelSensitivity") or 1) * factor
    baseline = float(definition.get("ChannelBaseline") or 0)
    if not 1e-12 < abs(sensitivity) < 1e12 or not abs(baseline) < 1e12:
        raise ValueError("the channel's scale is impossible")
    samples = (raw * sensitivity + baseline).astype(np.float32)
    if unit == "mV" and code in LEADS:
        samples, unit = samples * np.float32(1000), "uV"
    label = LEADS.get(code) or str(definition.get("ChannelLabel") or source.get("CodeMeaning") or code)
    return RecordedChannel(code, label, unit, rate_hz, samples)


def _moment(dataset: Dataset) -> datetime:
    stamp = str(dataset.get("AcquisitionDateTime") or "")
    day = str(dataset.get("ContentDate") or dataset.get("StudyDate") or "")
    clock = str(dataset.get("ContentTime") or dataset.get("StudyTime") or "")
    zone = str(dataset.get("TimezoneOffsetFromUTC") or "")
    for text in (stamp, day + clock):
        parts = _STAMP.fullmatch(text.strip())
        if parts is None:
            continue
        digits, fraction, offset = parts["digits"].ljust(14, "0"), parts["fraction"] or "0", parts["offset"] or zone
        try:
            moment = datetime.strptime(f"{digits}.{fraction}", "%Y%m%d%H%M%S.%f")  # noqa: DTZ007 - the zone is added below
            if _OFFSET.fullmatch(offset):
                moment = moment.replace(tzinfo=datetime.strptime(offset, "%z").tzinfo)
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return datetime(1900, 1, 1, tzinfo=UTC)


def _band(group: Any) -> str:  # noqa: ANN401
    first = group.ChannelDefinitionSequence[0]
    low, high = first.get("FilterLowFrequency"), first.get("FilterHighFrequency")
    return f"{float(low or 0):g}-{float(high):g} Hz" if high else RAW_BAND


def _unreadable() -> UnreadableFileError:
    return UnreadableFileError(Text("This file holds no signal that can be read."))
