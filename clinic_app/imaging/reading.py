"""Opening a DICOM file that anybody may have written.

Sizes are checked before anything is decoded: a deflated file of 2 MB can hold 2 GB, an RLE frame of 80 KB can claim
1.6 gigapixels (both measured). The dataset is never walked through; only the elements that are wanted are read, because
real files have private elements that cannot be.
Sources: DICOM PS3.5, PS3.10; CVE-2019-11687 for the preamble.
"""

from __future__ import annotations

import io
import math
import re
import struct
import warnings
import zlib
from typing import Any, Final

import pydicom
from pydicom._uid_dict import UID_dictionary
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset as read_elements
from pydicom.multival import MultiValue
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from clinic_app.foundation.bounded_stream import BoundedStream
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text

LARGEST_FILE_BYTES: Final = 1 << 30
LARGEST_INFLATED_BYTES: Final = 512 << 20
LARGEST_PIXEL_BYTES: Final = 2 << 30
LARGEST_FRAME_BYTES: Final = 128 << 20
"""8192 x 8192 in 16 bits; a mammogram has 46 MB, a whole leg 72."""
MOST_FRAMES: Final = 20_000
_LARGEST_SIDE: Final = 32_768
_MOST_COMPRESSED: Final = 5_000
_RLE_MOST_COMPRESSED: Final = 130
"""RLE packs at most 128 bytes into 2 (PS3.5 G.3.1)."""
_MOST_INFLATED: Final = 100
"""A real image inflates to a few times its size; only a bomb (or a black picture, which is small) to more."""
_HARMLESS_BYTES: Final = 64 << 20
_PREAMBLE_BYTES: Final = 128
_MARK: Final = b"DICM"
HEAD_BYTES: Final = _PREAMBLE_BYTES + len(_MARK)
"""What tells a DICOM file from others (PS3.10, 7.1)."""
_PIECE_BYTES: Final = 1 << 20
_NOT_DEFLATED: Final = ExplicitVRLittleEndian.encode().ljust(len(DeflatedExplicitVRLittleEndian), b"\0")
MOST_ELEMENTS: Final = 300_000
MOST_ITEMS: Final = 30_000
"""Of sequences and of compressed pixel data; a thousand slices in one file have ten thousand. The parser takes 50
microseconds for each, so that two megabytes of empty ones would be ten seconds."""
_ITEM_TAGS: Final = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
_LARGEST_SEQUENCE_BYTES: Final = 4 << 20
_SEQUENCES: Final = (
    "ModalityLUTSequence",
    "PerFrameFunctionalGroupsSequence",
    "SharedFunctionalGroupsSequence",
    "SequenceOfUltrasoundRegions",
)
"""Those that are looked into; a sequence whose length is stated is parsed only then, and without a count."""
PIXELS: Final = "PixelData"
FLOATS: Final = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}
"""Real numbers, as maps of computed values have them, and the bits of each."""
_META_GROUP: Final = 2
_SHORT_BYTES: Final = 2
"""Of an unsigned short: sizes and kinds of pixels are written in it, and asked for at every picture."""
_FIRST_ELEMENTS: Final = tuple(
    bytes(pair) for low in (0x00, 0x01, 0x05, 0x08, 0x12, 0x16, 0x18) for pair in ((low, 0), (0, low))
)
"""With which a dataset may begin; old archives kept nothing before it."""
_NEW_SYNTAXES: Final = {
    "1.2.840.10008.1.2.8.1": "Deflated Image Frame Compression",
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
}
for _uid, _name in _NEW_SYNTAXES.items():  # younger than pydicom's dictionary, which else takes them for no syntaxes
    UID_dictionary.setdefault(_uid, (_name, "Transfer Syntax", "", "", _name.replace(" ", "")))
warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom(\.|$)")
"""What pydicom remarks about strangers' files is no news to staff; what matters becomes a sentence."""
_UID: Final = re.compile(r"[0-9.]{1,64}", re.ASCII)

READING_ERRORS: Final = (
    InvalidDicomError,
    AttributeError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    EOFError,
    RecursionError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    OSError,
    zlib.error,
    struct.error,
    BytesLengthException,
)
"""What pydicom and the decoders raise for a damaged or foreign file."""


def read_dataset(data: bytes) -> Dataset:
    """Return the dataset in a file's bytes, its pixel data not yet decoded.

    Raises:
        UnreadableFileError: no DICOM, too large, or damaged.
    """
    if len(data) > LARGEST_FILE_BYTES:
        raise UnreadableFileError(Text("The file is too large."))
    check_mark(data)
    try:
        data = _inflated(data)
        if sum(data.count(tag) for tag in _ITEM_TAGS) > MOST_ITEMS:
            raise UnreadableFileError(Text("The file has more parts than this program takes from anybody."))
        return _parsed(data)
    except InvalidDicomError as error:
        raise UnreadableFileError(Text("This is no DICOM file.")) from error
    except READING_ERRORS as error:
        raise damaged() from error


def _parsed(data: bytes) -> Dataset:
    """Return the dataset; compressed pixel data that have no end, or seem to have it too early, are found all the same.

    The rest of what pydicom finds damaged in them is ours to find: see `fragments`.
    """
    from clinic_app.imaging.fragments import mend, pixels_begin

    dataset = pydicom.dcmread(BoundedStream(data, MOST_ELEMENTS), force=_is_bare(data))
    if dataset.file_meta.get("TransferSyntaxUID") is None and _is_bare(data):
        dataset.file_meta.TransferSyntaxUID = _guessed_syntax(dataset)
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    is_compressed = isinstance(syntax, UID) and syntax.is_transfer_syntax and syntax.is_compressed
    if is_compressed and "PixelData" not in dataset and (begin := pixels_begin(data)) > 0:
        dataset = pydicom.dcmread(BoundedStream(data[:begin], MOST_ELEMENTS))  # cut within them, nothing of it was read
    if is_compressed and "Rows" in dataset:
        mend(data, dataset)
    return dataset


def _guessed_syntax(dataset: Dataset) -> UID:
    is_implicit, is_little = dataset.original_encoding
    if is_implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if is_little else ExplicitVRBigEndian


def _is_bare(head: bytes) -> bool:
    """Return whether bytes begin as a dataset without preamble and file header does: with an element of group 8."""
    is_first = head[:2] in (b"\x08\x00", b"\x00\x08") and head[2:4] in _FIRST_ELEMENTS
    return is_first and (head[4:6].isalpha() or head[6:8] == b"\0\0")


def check_mark(head: bytes) -> None:
    """Return if a file that begins with ``head`` says that it is DICOM; asked before a film of a gigabyte is read.

    Raises:
        UnreadableFileError: it does not.
    """
    if head[_PREAMBLE_BYTES:HEAD_BYTES] != _MARK and not _is_bare(head):
        raise UnreadableFileError(Text("This is no DICOM file."))


def without_preamble(data: bytes) -> bytes:
    """Return the file with its preamble zeroed: what stands there may be a program (CVE-2019-11687)."""
    if data[_PREAMBLE_BYTES:HEAD_BYTES] != _MARK:
        return data  # a bare dataset has none
    return bytes(_PREAMBLE_BYTES) + data[_PREAMBLE_BYTES:]


def uid_of(dataset: Dataset, keyword: str) -> str:
    """Return a UID.

    Raises:
        UnreadableFileError: it is missing or no UID.
    """
    uid = text_of(dataset, keyword)
    if not _UID.fullmatch(uid):
        raise UnreadableFileError(Text("The file does not say what it is ({element} is missing).", element=keyword))
    return uid


def text_of(dataset: Dataset, keyword: str) -> str:
    """Return an element as text, at most 256 characters; empty where it is missing or cannot be read."""
    try:
        value = dataset.get(keyword)
        return "" if value is None else str(value)[:256]
    except READING_ERRORS:
        return ""


def number_of(dataset: Dataset, keyword: str, default: float) -> float:
    """Return an element as a number; ``default`` where it is missing, cannot be read or is none (NaN, infinity)."""
    number = _said(dataset, keyword)
    return number if math.isfinite(number) else default


def _said(dataset: Dataset, keyword: str) -> float:
    """Return an element as a number, perhaps an endless one; NaN where it is missing or cannot be read."""
    try:
        raw: Any = dataset.get_item(keyword)
        if (
            isinstance(raw, RawDataElement)
            and raw.VR == "US"
            and raw.value is not None
            and len(raw.value) == _SHORT_BYTES
        ):
            return float(int.from_bytes(raw.value, "little" if raw.is_little_endian else "big"))  # without interpreting
        value: Any = dataset.get(keyword)
        if value is None or value == "":
            return math.nan
        return float(value[0] if isinstance(value, MultiValue) else value)
    except READING_ERRORS:
        return math.nan


def frame_count(dataset: Dataset) -> int:
    """Return how many frames the file says it has: at least 1, and one more than are opened where it says endless."""
    if _said(dataset, "NumberOfFrames") == math.inf:  # 1E999: more than any, and not as if it were not given
        return MOST_FRAMES + 1
    return max(int(number_of(dataset, "NumberOfFrames", 1)), 1)


def check_pixels(dataset: Dataset) -> None:
    """Return if the pixel data can be what the file says.

    Raises:
        UnreadableFileError: there are none, or the stated size is impossible for the bytes that are there.
    """
    keyword = pixel_keyword(dataset)
    if not keyword:
        raise UnreadableFileError(Text("The file holds no image."))
    _check_sequences(dataset)
    rows, columns = int(number_of(dataset, "Rows", 0)), int(number_of(dataset, "Columns", 0))
    samples, bits = int(number_of(dataset, "SamplesPerPixel", 1)), bits_allocated(dataset)
    frames = frame_count(dataset)
    is_known = samples == 1 if keyword != PIXELS else samples in (1, 3) and bits in (1, 8, 16, 32)
    if not (0 < rows <= _LARGEST_SIDE and 0 < columns <= _LARGEST_SIDE and is_known):
        raise UnreadableFileError(Text("The image's size or kind is not supported."))
    frame_bytes = rows * columns * samples * bits // 8
    wanted = frame_bytes * frames
    if frames > MOST_FRAMES or wanted > LARGEST_PIXEL_BYTES or frame_bytes > LARGEST_FRAME_BYTES:
        raise UnreadableFileError(Text("The image is larger than this program opens."))
    _check_length(dataset, wanted)


def pixel_keyword(dataset: Dataset) -> str:
    """Return under which name a file has its pixels: whole numbers or real ones (PS3.3 C.7.6.24); empty for none."""
    return next((each for each in (PIXELS, *FLOATS) if each in dataset), "")


def bits_allocated(dataset: Dataset) -> int:
    """Return how many bits a value takes; real numbers have their own sizes, whatever else the file says."""
    return FLOATS.get(pixel_keyword(dataset)) or int(number_of(dataset, "BitsAllocated", 0))


def damaged() -> UnreadableFileError:
    """Return the error for a file that is damaged."""
    return UnreadableFileError(Text("The file is damaged or cut short."))


def _check_sequences(dataset: Dataset) -> None:
    for keyword in _SEQUENCES:
        try:
            element: Any = dataset.get_item(keyword)
        except READING_ERRORS:
            continue
        if isinstance(element, RawDataElement) and len(element.value or b"") > _LARGEST_SEQUENCE_BYTES:
            raise UnreadableFileError(Text("The file has more parts than this program takes from anybody."))


def _check_length(dataset: Dataset, wanted: int) -> None:
    try:
        there = len(dataset[pixel_keyword(dataset)].value)
    except READING_ERRORS as error:
        raise damaged() from error
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if not isinstance(syntax, UID) or not syntax.is_transfer_syntax:
        raise damaged()
    if not syntax.is_compressed:
        return  # how much of it is there: see `fragments.extent_of`
    most = _RLE_MOST_COMPRESSED if syntax == RLELossless else _MOST_COMPRESSED
    if wanted > max(there, 1) * most:
        raise UnreadableFileError(Text("The image claims more pixels than its bytes can hold."))


def _inflated(data: bytes) -> bytes:
    """Return a file of a deflated dataset as one that is not, as far as it may inflate; any other as it is."""
    if _is_bare(data):
        return data
    stream = BoundedStream(data, MOST_ELEMENTS)
    stream.seek(HEAD_BYTES)
    meta = read_elements(stream, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != _META_GROUP)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return data
    begin = stream.tell()
    total = _inflated_bytes(stream, len(data))
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(memoryview(data)[begin:], max(total, 1))
    return data[:begin].replace(DeflatedExplicitVRLittleEndian.encode(), _NOT_DEFLATED) + inflated


def _inflated_bytes(stream: io.BytesIO, size: int) -> int:
    """Return how much the rest of a stream inflates to, without keeping it.

    Raises:
        UnreadableFileError: more than any picture.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    most, total = min(LARGEST_INFLATED_BYTES, max(_HARMLESS_BYTES, _MOST_INFLATED * size)), 0
    while not inflater.eof and (pending := inflater.unconsumed_tail or stream.read(_PIECE_BYTES)):
        total += len(inflater.decompress(pending, _PIECE_BYTES))
        if total > most:
            raise UnreadableFileError(Text("The file is too large."))
    return total
