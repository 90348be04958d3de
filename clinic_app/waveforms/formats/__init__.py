"""The files signals travel in: read whatever a recorder wrote, write what others can open."""

from clinic_app.waveforms.formats.catalogue import FORMATS, Format, format_for, read, read_bytes, write
from clinic_app.waveforms.formats.limits import StoppedError, Watch, unwatched
from clinic_app.waveforms.formats.parts import part_of, without_patient

__all__ = [
    "FORMATS",
    "Format",
    "StoppedError",
    "Watch",
    "format_for",
    "part_of",
    "read",
    "read_bytes",
    "unwatched",
    "without_patient",
    "write",
]
