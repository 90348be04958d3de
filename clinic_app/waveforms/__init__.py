"""Signals as the clinic keeps them: live traces with honest gaps, recordings, and the files they travel in."""

from clinic_app.waveforms.filters import BANDS, NOTCHES_HZ, SOUND_BANDS, Band, StreamFilter, filtered
from clinic_app.waveforms.formats.dicom_reading import from_dicom
from clinic_app.waveforms.formats.dicom_writing import to_dicom
from clinic_app.waveforms.live_stream import LiveStream
from clinic_app.waveforms.live_traces import LiveNumber, LiveTraces
from clinic_app.waveforms.recording import EventMark, PatientText, RecordedChannel, Recording
from clinic_app.waveforms.recordings import Recordings
from clinic_app.waveforms.trace_buffer import TraceBuffer

__all__ = [
    "BANDS",
    "NOTCHES_HZ",
    "SOUND_BANDS",
    "Band",
    "EventMark",
    "LiveNumber",
    "LiveStream",
    "LiveTraces",
    "PatientText",
    "RecordedChannel",
    "Recording",
    "Recordings",
    "StreamFilter",
    "TraceBuffer",
    "filtered",
    "from_dicom",
    "to_dicom",
]
