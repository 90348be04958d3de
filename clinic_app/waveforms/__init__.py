"""Signals as the clinic keeps them: live traces with honest gaps, recordings, and the files they travel in."""

from clinic_app.waveforms.beats import Beat, BeatFinder, Quality, find_beats
from clinic_app.waveforms.bedside import Bedside
from clinic_app.waveforms.filters import BANDS, NOTCHES_HZ, SOUND_BANDS, Band, StreamFilter, filtered
from clinic_app.waveforms.formats.dicom_reading import from_dicom
from clinic_app.waveforms.formats.dicom_writing import to_dicom
from clinic_app.waveforms.limits import Limit, Limits
from clinic_app.waveforms.live_hearts import OWN_HEART_RATE, Heart, LiveHearts
from clinic_app.waveforms.live_stream import LiveStream
from clinic_app.waveforms.live_traces import LiveNumber, LiveTraces
from clinic_app.waveforms.live_trends import LiveTrends
from clinic_app.waveforms.recording import EventMark, PatientText, RecordedChannel, Recording
from clinic_app.waveforms.recordings import Recordings
from clinic_app.waveforms.store import LongRecording, LongRecordings, RecorderState, Trend
from clinic_app.waveforms.technical import TechnicalAlarm, TechnicalAlarms, Trouble
from clinic_app.waveforms.trace_buffer import TraceBuffer

__all__ = [
    "BANDS",
    "NOTCHES_HZ",
    "OWN_HEART_RATE",
    "SOUND_BANDS",
    "Band",
    "Beat",
    "BeatFinder",
    "Bedside",
    "EventMark",
    "Heart",
    "Limit",
    "Limits",
    "LiveHearts",
    "LiveNumber",
    "LiveStream",
    "LiveTraces",
    "LiveTrends",
    "LongRecording",
    "LongRecordings",
    "PatientText",
    "Quality",
    "RecordedChannel",
    "RecorderState",
    "Recording",
    "Recordings",
    "StreamFilter",
    "TechnicalAlarm",
    "TechnicalAlarms",
    "TraceBuffer",
    "Trend",
    "Trouble",
    "filtered",
    "find_beats",
    "from_dicom",
    "to_dicom",
]
