"""Compressed frames: imagecodecs as a decoder of pydicom, with the rules that each cost a wrong picture once.

* imagecodecs returns unsigned numbers for signed data, so it hands pydicom bytes and pydicom interprets them.
* A colour JPEG labelled RGB without a JFIF header really is RGB; any other is converted, and then *is* RGB.
* The container's width is that of the decoded array, not what the file says.
* A frame whose own header states another size than the file is not decoded: 7 KB can state gigabytes.
* A deflated frame inflates to a frame and not to more.

The decoding itself is done in a child process (`clinic_app.foundation.apart`). Where there is none, run-length frames
go to pydicom's own decoder, which is Python: the faster one ends the thread on a damaged frame.
Source: DICOM PS3.5 annex A; measured over 541 files.
"""

from __future__ import annotations

import math
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import Decoder, DecodeRunner, get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from clinic_app.foundation.apart import HERE, RUN_LENGTHS, Apart, CodedFrame
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.codestream import StatedSize, coded_bytes, stated_size
from clinic_app.imaging.fragments import alone, extent_of, fragments_in
from clinic_app.imaging.reading import (
    FLOATS,
    LARGEST_FRAME_BYTES,
    READING_ERRORS,
    damaged,
    frame_count,
    number_of,
    pixel_keyword,
    text_of,
)

PLUGIN: Final = "imagecodecs"
_RETIRED: Final = (UID("1.2.840.10008.1.2.4.53"), UID("1.2.840.10008.1.2.4.55"))
"""Spectral selection and full progression: retired, unknown to pydicom's decoders, still on old CDs."""
_JPEG: Final = (JPEGBaseline8Bit, JPEGExtended12Bit, *_RETIRED)
_JPEG_LOSSLESS: Final = (JPEGLossless, JPEGLosslessSV1)
_JPEG_LS: Final = (JPEGLSLossless, JPEGLSNearLossless)
_JPEG_2000: Final = (JPEG2000Lossless, JPEG2000)
_HTJ2K: Final = (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)
_JPEG_XL: Final = tuple(UID(f"1.2.840.10008.1.2.4.{number}") for number in (110, 111, 112))
_COLOURS: Final = ("RGB", "YBR_FULL", "YBR_FULL_422")
_GREYS: Final = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
VIDEOS: Final = tuple(f"1.2.840.10008.1.2.4.10{number}" for number in range(9))
"""MPEG-2, MPEG-4 AVC and HEVC, whole or in pieces (PS3.5 8.2.5 to 8.2.9)."""
DEFLATED_FRAMES: Final = UID("1.2.840.10008.1.2.8.1")
_FAMILIES: Final = {
    **dict.fromkeys(_JPEG, "jpeg"),
    **dict.fromkeys(_JPEG_LOSSLESS, "jpeg lossless"),
    **dict.fromkeys(_JPEG_LS, "jpeg-ls"),
    **dict.fromkeys(_JPEG_2000, "jpeg 2000"),
    **dict.fromkeys(_HTJ2K, "htj2k"),
    **dict.fromkeys(_JPEG_XL, "jpeg xl"),
}
SYNTAXES: Final = (*_FAMILIES, DEFLATED_FRAMES, RLELossless)

_MOST_COMPRESSED: Final = {**dict.fromkeys(_JPEG, 1024), **dict.fromkeys(_JPEG_LOSSLESS, 32)}
"""Bytes of pixels in a byte: of DCT at least a bit for a block of 64, of lossless Huffman a bit for each sample."""
_NEVER_DOUBTED: Final = 8
"""A file of an eighth of its pixels has paid for them, whatever its bytes are."""
_MOST_OF_OTHERS: Final = 5000

_ADDED: Final = {syntax: Decoder(syntax) for syntax in (*_RETIRED, *_JPEG_XL, DEFLATED_FRAMES)}


class VideoError(UnreadableFileError):
    """A picture that is one of a video: nothing is wrong with it, but it is not decoded here."""


DECODER_DEPENDENCIES: Final = dict.fromkeys(SYNTAXES, ("imagecodecs",))
"""Read by pydicom when a plugin is added."""


def is_available(uid: str) -> bool:
    """Tell pydicom whether this plugin decodes a transfer syntax."""
    return UID(uid) in SYNTAXES


def decode(source: bytes, runner: DecodeRunner) -> bytes:
    """Decode one frame for pydicom.

    Args:
        source: the frame's compressed bytes.
        runner: pydicom's description of the pixel data; it is told what the decoded array really is.
    """
    syntax = runner.transfer_syntax
    wanted = runner.rows * runner.columns * runner.samples_per_pixel * runner.bits_allocated // 8
    if syntax == DEFLATED_FRAMES:
        return _inflated(source, wanted)
    if syntax == RLELossless:
        return _unrolled(source, runner)
    _check_size(source, runner, wanted)
    is_rgb = _is_rgb(source, runner)
    samples = (runner.samples_per_pixel,) if runner.samples_per_pixel > 1 else ()
    job = CodedFrame(
        _FAMILIES[syntax],
        is_rgb=is_rgb,
        largest_bytes=LARGEST_FRAME_BYTES,
        shape=(runner.rows, runner.columns, *samples),
        kind="|u1" if runner.bits_allocated == 8 else "<u2",
    )
    apart: Apart = runner.get_option("apart", HERE)
    answer, pixels = apart.run(job, source)
    if answer.shape[:2] != (runner.rows, runner.columns):
        raise ValueError("the frame has another size than the file states")
    runner.set_option("bits_allocated", np.dtype(answer.kind).itemsize * 8)
    if len(answer.shape) == 3:
        runner.set_option("planar_configuration", 0)
        is_converted = syntax in _JPEG_2000 + _HTJ2K and runner.photometric_interpretation in ("YBR_ICT", "YBR_RCT")
        if syntax in _JPEG or syntax in _JPEG_XL or is_converted:
            runner.set_option("photometric_interpretation", "RGB")
    return bytes(pixels)


def check_no_video(dataset: Dataset) -> None:
    """Return if the pixels of a file are pictures.

    Raises:
        VideoError: they are a video.
    """
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if str(syntax).startswith(VIDEOS):
        name = UID(str(syntax)).name
        raise VideoError(
            Text("This is a video ({name}). It is not played here; save it and open it with a player.", name=name)
        )


def decoded_frame(dataset: Dataset, index: int, apart: Apart = HERE) -> tuple[NDArray[Any], str]:
    """Return one frame as stored values and its photometric interpretation after decoding.

    Args:
        dataset: checked by `reading.check_pixels`.
        index: from 0.
        apart: does the decoding of what is compressed.

    Returns:
        Shape ``(rows, columns)`` or ``(rows, columns, 3)`` (then RGB).

    Raises:
        UnreadableFileError: the frame is damaged, or its compression is not supported.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    keyword = pixel_keyword(dataset)
    if keyword in FLOATS:
        return _real_numbers(dataset, keyword, index), text_of(dataset, "PhotometricInterpretation")
    check_no_video(dataset)
    try:
        decoder = _ADDED.get(syntax) or get_decoder(syntax)
    except NotImplementedError as error:
        raise UnreadableFileError(Text("The compression “{name}” is not supported.", name=syntax.name)) from error
    try:
        if (found := _straight(dataset, index, syntax, apart)) is not None:
            return found
        extent = extent_of(dataset)
        if index >= extent.usable:
            raise UnreadableFileError(Text("The file is cut short: this image is not in it."))
        if extent.whole < extent.stated or not (text_of(dataset, "NumberOfFrames") or "1").isdecimal():
            dataset, index = alone(dataset, index), 0
        options: dict[str, Any] = {"apart": apart}  # read by `decode`
        array, meta = decoder.as_array(dataset, index=index, decoding_plugin=_plugin_for(syntax, apart), **options)
    except READING_ERRORS as error:
        raise damaged() from error
    return array, str(meta["photometric_interpretation"])


def _real_numbers(dataset: Dataset, keyword: str, index: int) -> NDArray[Any]:
    """Return a frame of real numbers; what is none of them (not a number, endless, padding) is the least there is.

    Source: DICOM PS3.3 C.7.6.24 and C.7.6.25, PS3.5 8.1.3: never compressed.
    """
    extent, syntax = extent_of(dataset), dataset.file_meta.TransferSyntaxUID
    if index >= extent.usable:
        raise UnreadableFileError(Text("The file is cut short: this image is not in it."))
    if syntax.is_compressed and not syntax.is_deflated:
        raise damaged()
    order, size = "<" if syntax.is_little_endian else ">", FLOATS[keyword] // 8
    shape = (int(number_of(dataset, "Rows", 0)), int(number_of(dataset, "Columns", 0)))
    data, frame_bytes = dataset[keyword].value, shape[0] * shape[1] * size
    part = data[index * frame_bytes : (index + 1) * frame_bytes].ljust(frame_bytes, b"\0")
    found = np.frombuffer(part, f"{order}f{size}").reshape(shape).astype(f"=f{size}")
    padding = number_of(dataset, keyword.replace("PixelData", "PixelPaddingValue"), math.nan)
    is_value = np.isfinite(found) & (found != padding)
    found[~is_value] = found[is_value].min() if is_value.any() else 0
    return found


def _straight(dataset: Dataset, index: int, syntax: UID, apart: Apart) -> tuple[NDArray[Any], str] | None:
    """Return a JPEG frame without the way through pydicom, which takes longer than decoding a small one.

    None where there is anything to interpret: fragments that do not tell the frames apart, or unusual pixels.
    """
    if syntax not in _JPEG + _JPEG_LOSSLESS:
        return None
    samples, allocated = int(number_of(dataset, "SamplesPerPixel", 1)), int(number_of(dataset, "BitsAllocated", 0))
    photometric = text_of(dataset, "PhotometricInterpretation")
    is_colour = samples == 3 and syntax in _JPEG and allocated == 8 and photometric in _COLOURS
    if not is_colour and not (samples == 1 and photometric in _GREYS and allocated in (8, 16)):
        return None
    data: bytes = dataset.PixelData
    places, _end = fragments_in(data)
    frames = frame_count(dataset)
    if len(places) != frames or index >= frames:
        return None
    source = data[slice(*places[index])]
    shape = (int(number_of(dataset, "Rows", 0)), int(number_of(dataset, "Columns", 0)))
    wanted = shape[0] * shape[1] * samples * allocated // 8
    is_plausible = wanted <= len(source) * _NEVER_DOUBTED or wanted <= coded_bytes(source) * _MOST_COMPRESSED[syntax]
    if stated_size(source) != StatedSize(*shape, samples) or not is_plausible:
        return None  # pydicom's way says what is wrong
    is_rgb = is_colour and photometric == "RGB" and b"JFIF" not in source[:64]
    wanted_shape = (*shape, 3) if is_colour else shape
    job = CodedFrame(
        _FAMILIES[syntax],
        is_rgb=is_rgb,
        largest_bytes=LARGEST_FRAME_BYTES,
        shape=wanted_shape,
        kind="|u1" if allocated == 8 else "<u2",
    )
    answer, pixels = apart.run(job, source)
    if answer.shape != wanted_shape:
        return None
    array = np.frombuffer(pixels, answer.kind).reshape(answer.shape)
    return (array, "RGB") if is_colour else (_with_sign(dataset, array), photometric)


def _with_sign(dataset: Dataset, array: NDArray[Any]) -> NDArray[Any]:
    """Return values with the bits above those that are stored as pydicom makes them: the sign, or nothing."""
    spare = array.dtype.itemsize * 8 - int(number_of(dataset, "BitsStored", array.dtype.itemsize * 8))
    if number_of(dataset, "PixelRepresentation", 0) == 1:
        array = array.view(array.dtype.str.replace("u", "i"))
    return (array << spare) >> spare if 0 < spare < array.dtype.itemsize * 8 else array


def _plugin_for(syntax: UID, apart: Apart) -> str:
    if syntax == RLELossless and apart is HERE:
        return "pydicom"
    return PLUGIN if syntax in SYNTAXES else ""


def _check_size(source: bytes, runner: DecodeRunner, wanted: int) -> None:
    syntax = runner.transfer_syntax
    stated = StatedSize(runner.rows, runner.columns, runner.samples_per_pixel)
    if syntax not in _JPEG_XL and stated_size(source) != stated:
        raise ValueError("the frame states another size than the file")
    if wanted > max(coded_bytes(source), 1) * _MOST_COMPRESSED.get(syntax, _MOST_OF_OTHERS):
        raise ValueError("the frame states more pixels than its bytes can hold")


def _is_rgb(source: bytes, runner: DecodeRunner) -> bool:
    """Return whether three colours of a JPEG are red, green and blue although no header says so."""
    has_jfif = b"JFIF" in source[:64]
    is_labelled = runner.samples_per_pixel == 3 and runner.photometric_interpretation == "RGB"
    return runner.transfer_syntax in _JPEG and is_labelled and not has_jfif


def _inflated(source: bytes, wanted: int) -> bytes:
    """Return a deflated frame, and never more than a frame and the byte that makes it even (PS3.5 A.4.13)."""
    found = zlib.decompressobj(-zlib.MAX_WBITS).decompress(source, wanted + 2)
    if not wanted <= len(found) <= wanted + 1:
        raise ValueError("the frame inflates to another size than the file states")
    return found[:wanted]


def _unrolled(source: bytes, runner: DecodeRunner) -> bytes:
    planes = (runner.samples_per_pixel, runner.rows, runner.columns)
    job = CodedFrame(RUN_LENGTHS, largest_bytes=LARGEST_FRAME_BYTES, planes=planes, bits=runner.bits_allocated)
    apart: Apart = runner.get_option("apart", HERE)
    _answer, pixels = apart.run(job, source)
    runner.set_option("planar_configuration", 1)
    return bytes(pixels)


def _register() -> None:
    for syntax in SYNTAXES:
        decoder = _ADDED.get(syntax) or get_decoder(syntax)
        if PLUGIN not in decoder.available_plugins:
            decoder.add_plugin(PLUGIN, (__name__, "decode"))


_register()
