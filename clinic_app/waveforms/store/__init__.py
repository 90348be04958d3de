"""Recordings of hours: chunks of ten seconds, the ledger that names them, who writes them and who reads them."""

from clinic_app.waveforms.store.chunk import Chunk, Number, Part, decode, encode
from clinic_app.waveforms.store.ledger import Head, Ledger, Line
from clinic_app.waveforms.store.long_recording import LongRecording, Stretch, Trend
from clinic_app.waveforms.store.long_recordings import (
    Interrupted,
    LongListed,
    LongRecordings,
    is_long_recording,
    open_recording,
)
from clinic_app.waveforms.store.recorder import Recorder, RecorderState

__all__ = [
    "Chunk",
    "Head",
    "Interrupted",
    "Ledger",
    "Line",
    "LongListed",
    "LongRecording",
    "LongRecordings",
    "Number",
    "Part",
    "Recorder",
    "RecorderState",
    "Stretch",
    "Trend",
    "decode",
    "encode",
    "is_long_recording",
    "open_recording",
]
