"""The files signals travel in: read whatever a recorder wrote, write what others can open."""

from clinic_app.waveforms.formats.catalogue import FORMATS, Format, format_for, read, read_bytes, write
from clinic_app.waveforms.formats.limits import StoppedError, Watch

__all__ = ["FORMATS", "Format", "StoppedError", "Watch", "format_for", "read", "read_bytes", "write"]
