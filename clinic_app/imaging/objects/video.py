"""Videos of endoscopes and operating rooms: not played here, but given out as the stream any player opens.

The stream lies in one fragment, or in several that are one after another (DICOM PS3.5 8.2.5 to 8.2.9).
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.decoders import VIDEOS
from clinic_app.imaging.fragments import fragments_in
from clinic_app.imaging.reading import READING_ERRORS, damaged

_ELEMENTARY = (100, 101)
_MARKS = (b"\x00\x00\x01", b"\x00\x00\x00\x01")


@dataclass(frozen=True)
class Video:
    """A video as it lies in a file.

    Args:
        stream: its bytes.
        suffix: the ending of a file with it: ``.mpg``, ``.mp4`` or that of the bare stream.
    """

    stream: bytes
    suffix: str


def is_video(dataset: Dataset) -> bool:
    """Return whether the pixels of a file are a video."""
    return str(dataset.file_meta.get("TransferSyntaxUID", "")).startswith(VIDEOS)


def video_of(dataset: Dataset) -> Video:
    """Return the video of a file.

    Raises:
        UnreadableFileError: there is none.
    """
    if not is_video(dataset):
        raise UnreadableFileError(Text("The file holds no video."))
    try:
        data = bytes(dataset["PixelData"].value)
    except READING_ERRORS as error:
        raise damaged() from error
    stream = b"".join(data[first:last] for first, last in fragments_in(data)[0])
    if not stream:
        raise damaged()
    return Video(stream, _suffix(stream, str(dataset.file_meta.TransferSyntaxUID)))


def _suffix(stream: bytes, syntax: str) -> str:
    """Return the ending that fits what the stream itself is; a stream without a container has its own."""
    if stream[4:8] == b"ftyp":
        return ".mp4"
    if stream[:1] == b"\x47" and stream[188:189] == b"\x47":
        return ".ts"
    number = int(syntax.split(".")[7])
    if number in _ELEMENTARY:
        return ".mpg"
    is_bare = stream.startswith(_MARKS)
    return (".h265" if number >= 107 else ".h264") if is_bare else ".mp4"
