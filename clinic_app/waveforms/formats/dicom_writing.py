"""Recordings as DICOM waveform objects: the form in which they are stored, travel and open anywhere.

The ECG is a 12-Lead ECG, General ECG, General 32-bit ECG or Ambulatory ECG object, whichever its rate, length, leads
and integers allow. A signal that is no potential becomes an object of its own kind (arterial pulse, pressure,
respiration, sound); leads of another rate have an object of their own too. Samples are the device's integers with
their sensitivity where these are known; where samples were lost the object has its padding value, never a flat line.
Marks keep their moment, words and author. A filter that is no band, and one that a foreign file did not state, are
words of our own. Not carried: integers of more than 32 bits.
Sources: DICOM PS3.3 A.34 and C.10.9, PS3.16 CID 3001.
"""

from __future__ import annotations

import io
from datetime import UTC
from typing import Final

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    AmbulatoryECGWaveformStorage,
    ArterialPulseWaveformStorage,
    ExplicitVRLittleEndian,
    General32bitECGWaveformStorage,
    GeneralAudioWaveformStorage,
    GeneralECGWaveformStorage,
    HemodynamicWaveformStorage,
    RespiratoryWaveformStorage,
    TwelveLeadECGWaveformStorage,
    generate_uid,
)
from pydicom.valuerep import format_number_as_ds

from clinic_app.records import Patient
from clinic_app.terminology.leads import LEAD_NUMBERS, LEADS, PLETH, PLETH_NUMBER
from clinic_app.terminology.systems import IIN
from clinic_app.waveforms.formats.dicom_reading import AUTHOR, BAND_ELEMENT, MAKER, MARK_GROUP, PRIVATE
from clinic_app.waveforms.formats.digits import Digits, digits_of
from clinic_app.waveforms.formats.limits import Watch, unwatched
from clinic_app.waveforms.formats.naming import band_of
from clinic_app.waveforms.recording import RAW_BAND, EventMark, PatientText, RecordedChannel, Recording

PADDING: Final = -32768
_LONGEST_RESTING: Final = 16384
"""Samples of a channel in a 12-lead ECG object."""
_MOST_LEADS: Final = 24
"""Channels of an ECG object."""


def to_dicom(recording: Recording, patient: Patient | None = None, watch: Watch = unwatched) -> tuple[bytes, ...]:
    """Return the recording as DICOM files: the ECG first, then any other signal.

    Args:
        recording: at least one channel.
        patient: whose it is; None takes the words the recording itself has, which may be none.
        watch: told of every file.
    """
    study = generate_uid(prefix=None)
    groups: dict[tuple[float, int, int], list[RecordedChannel]] = {}
    filled = [channel for channel in recording.channels if len(channel.samples)]  # a waveform without samples is none
    for channel in filled:
        if _is_potential(channel):
            groups.setdefault((channel.rate_hz, len(channel.samples), _bits(channel)), []).append(channel)
    widest_first = sorted(groups.values(), key=lambda leads: -sum(lead.code in LEADS for lead in leads))
    parts = [leads[at : at + _MOST_LEADS] for leads in widest_first for at in range(0, len(leads), _MOST_LEADS)]
    parts += [[channel] for channel in filled if not _is_potential(channel)]
    files = []
    for done, channels in enumerate(parts):
        watch(done, len(parts))
        dataset = _dataset(recording, channels, _class_of(channels), patient, study)
        if not done and recording.marks:
            dataset.WaveformAnnotationSequence = [_mark(mark) for mark in recording.marks]
        files.append(_file(dataset))
    return tuple(files)


def _is_potential(channel: RecordedChannel) -> bool:
    return channel.code in LEADS or channel.unit in ("uV", "mV")


def _bits(channel: RecordedChannel) -> int:
    """Return the bits the device's integers need."""
    known = abs(channel.resolution or 0)
    return 32 if known and digits_of(channel, 16).resolution != known else 16


def _class_of(channels: list[RecordedChannel]) -> str:
    """Return the SOP class for channels of a kind (PS3.3 A.34)."""
    first = channels[0]
    if _is_potential(first):
        return General32bitECGWaveformStorage if _bits(first) > 16 else _ecg_class(channels)
    if first.unit == "mm[Hg]":
        return HemodynamicWaveformStorage
    if first.code.upper().startswith(("RESP", "MDC_RESP", "MDC_TTHOR_RESP")):
        return RespiratoryWaveformStorage
    return GeneralAudioWaveformStorage if first.rate_hz >= 2000 else ArterialPulseWaveformStorage


def _ecg_class(leads: list[RecordedChannel]) -> str:
    """Return the SOP class whose definition these leads keep (PS3.3 A.34.3 to A.34.5)."""
    rate_hz, length = leads[0].rate_hz, len(leads[0].samples)
    if not 200 <= rate_hz <= 1000:
        return AmbulatoryECGWaveformStorage
    is_resting = {each.code for each in leads} == set(LEADS) and length <= _LONGEST_RESTING
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
    dataset.Modality = _modality(sop_class)
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    dataset.Manufacturer = MAKER
    if recording.band != RAW_BAND and band_of(recording.band) is None:
        dataset.private_block(MARK_GROUP, AUTHOR, create=True).add_new(
            BAND_ELEMENT, "LO", _one_value(recording.band)[:64]
        )
    dataset.ManufacturerModelName = _one_value(recording.device)[:64]
    started = recording.started_at.astimezone(UTC)
    dataset.StudyDate = dataset.ContentDate = f"{started:%Y%m%d}"
    dataset.StudyTime = dataset.ContentTime = f"{started:%H%M%S.%f}"
    dataset.AcquisitionDateTime = f"{started:%Y%m%d%H%M%S.%f}+0000"
    dataset.TimezoneOffsetFromUTC = "+0000"
    _name_patient(dataset, patient, recording.patient_text)
    dataset.AcquisitionContextSequence = []
    dataset.WaveformSequence = [_group(channels, recording.band)]
    return dataset


def _modality(sop_class: str) -> str:
    others: dict[UID, str] = {
        HemodynamicWaveformStorage: "HD",
        ArterialPulseWaveformStorage: "HD",
        RespiratoryWaveformStorage: "RESP",
        GeneralAudioWaveformStorage: "AU",
    }
    return others.get(UID(sop_class), "ECG")


def _mark(mark: EventMark) -> Dataset:
    annotation = Dataset()
    annotation.UnformattedTextValue = _one_value(mark.text)[:1024]
    annotation.ReferencedWaveformChannels = [1, 0]  # every channel of the first group
    annotation.TemporalRangeType = "POINT"
    annotation.ReferencedDateTime = f"{mark.at.astimezone(UTC):%Y%m%d%H%M%S.%f}+0000"
    if mark.author:
        annotation.private_block(MARK_GROUP, AUTHOR, create=True).add_new(1, "LO", _one_value(mark.author)[:64])
    return annotation


def _name_patient(dataset: Dataset, patient: Patient | None, said: PatientText) -> None:
    name = patient.name[0] if patient and patient.name else None
    parts = (name.family or "", *name.given) if name else (said.name,) if patient is None else ()
    dataset.PatientName = "^".join(_one_value(part, "^=") for part in parts)[:64]
    number = (patient.identifier_value(IIN) or patient.id) if patient else said.identifier
    dataset.PatientID = _one_value(number)[:64]
    birth = ((patient.birth_date or "") if patient else said.birth_date).replace("-", "")
    dataset.PatientBirthDate = birth if len(birth) == len("19640305") and birth.isdecimal() else ""  # no year alone
    gender = (patient.gender or "") if patient else said.sex
    unknown = "O" if patient or said else ""
    dataset.PatientSex = {"male": "M", "female": "F"}.get(gender, unknown)
    dataset.StudyID = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""


def _group(channels: list[RecordedChannel], band: str) -> Dataset:
    bits = _bits(channels[0]) if _is_potential(channels[0]) else 16
    kind, padding = ("<i2", PADDING) if bits == 16 else ("<i4", -(1 << 31))
    group = Dataset()
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels = len(channels)
    group.NumberOfWaveformSamples = len(channels[0].samples)
    group.SamplingFrequency = format_number_as_ds(channels[0].rate_hz)
    group.MultiplexGroupLabel = "RHYTHM"
    group.WaveformBitsAllocated = bits
    group.WaveformSampleInterpretation = "SS" if bits == 16 else "SL"
    group.add_new("WaveformPaddingValue", "OW", np.array(padding, kind).tobytes())
    raw = np.empty((len(channels[0].samples), len(channels)), dtype=kind)
    definitions = []
    for column, channel in enumerate(channels):
        digits = digits_of(channel, bits)
        raw[:, column] = np.where(digits.is_lost, padding, digits.integers)
        definitions.append(_definition(channel, digits, band, bits))
    group.ChannelDefinitionSequence = definitions
    group.add_new("WaveformData", "OW", raw.tobytes())
    return group


def _definition(channel: RecordedChannel, digits: Digits, band: str, bits: int) -> Dataset:
    number = PLETH_NUMBER if channel.code == PLETH else LEAD_NUMBERS.get(channel.code, 0)
    definition = Dataset()
    definition.ChannelLabel = _one_value(channel.label)[:16]
    label = _one_value(channel.label)[:16] or "?"
    source = _code(f"2:{number}", "MDC", channel.label) if number else _code(label, PRIVATE, channel.label)
    definition.ChannelSourceSequence = [source]
    definition.ChannelSensitivity = format_number_as_ds(digits.resolution)
    definition.ChannelSensitivityUnitsSequence = [_code(_one_value(channel.unit)[:16], "UCUM", channel.unit)]
    definition.ChannelSensitivityCorrectionFactor = 1
    definition.ChannelBaseline = format_number_as_ds(digits.offset) if digits.offset else 0
    definition.ChannelSampleSkew = 0
    definition.WaveformBitsStored = bits
    corners = band_of(band)
    if corners is not None and _is_potential(channel):
        low, high, notch = map(format_number_as_ds, corners)
        definition.FilterLowFrequency, definition.NotchFilterFrequency = low, notch
        if corners[1]:
            definition.FilterHighFrequency = high
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
