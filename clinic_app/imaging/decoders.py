"""Compressed frames: imagecodecs as a decoder of pydicom, with the rules that each cost a wrong picture once.

* imagecodecs returns unsigned numbers for signed data, so it hands pydicom bytes and pydicom interprets them.
* A colour JPEG labelled RGB without a JFIF header really is RGB; any other is converted, and then *is* RGB.
* The container's width is that of the decoded array, not what the file says.
* A frame whose own header states another size than the file is not decoded: 7 KB can state gigabytes.

Run-length frames go to pydicom's own decoder: the faster one ends the thread on a damaged frame.
Source: DICOM PS3.5 annex A; measured over 541 files.
"""

from __future__ import annotations

from typing import Any, Final

import imagecodecs
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

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.codestream import StatedSize, coded_bytes, stated_size
from clinic_app.imaging.reading import READING_ERRORS, damaged

PLUGIN: Final = "imagecodecs"
_RETIRED: Final = (UID("1.2.840.10008.1.2.4.53"), UID("1.2.840.10008.1.2.4.55"))
"""Spectral selection and full progression: retired, unknown to pydicom's decoders, still on old CDs."""
_JPEG: Final = (JPEGBaseline8Bit, JPEGExtended12Bit, *_RETIRED)
_JPEG_LOSSLESS: Final = (JPEGLossless, JPEGLosslessSV1)
_JPEG_LS: Final = (JPEGLSLossless, JPEGLSNearLossless)
_JPEG_2000: Final = (JPEG2000Lossless, JPEG2000)
_HTJ2K: Final = (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)
SYNTAXES: Final = (*_JPEG, *_JPEG_LOSSLESS, *_JPEG_LS, *_JPEG_2000, *_HTJ2K)

_MOST_COMPRESSED: Final = {**dict.fromkeys(_JPEG, 1024), **dict.fromkeys(_JPEG_LOSSLESS, 32)}
"""Bytes of pixels in a byte: of DCT at least a bit for a block of 64, of lossless Huffman a bit for each sample."""
_MOST_OF_OTHERS: Final = 5000

_ADDED: Final = {syntax: Decoder(syntax) for syntax in _RETIRED}

DECODER_DEPENDENCIES: Final = dict.fromkeys(SYNTAXES, ("imagecodecs",))
"""Read by pydicom when a plugin is added."""


def is_available(uid: str) -> bool:
    """Tell pydicom whether this plugin decodes a transfer syntax."""
    return UID(uid) in SYNTAXES


def decode(source: bytes, runner: DecodeRunner) -> bytearray:
    """Decode one frame for pydicom.

    Args:
        source: the frame's compressed bytes.
        runner: pydicom's description of the pixel data; it is told what the decoded array really is.
    """
    stated = StatedSize(runner.rows, runner.columns, runner.samples_per_pixel)
    if stated_size(source) != stated:
        raise ValueError("the frame states another size than the file")
    syntax = runner.transfer_syntax
    wanted = runner.rows * runner.columns * runner.samples_per_pixel * runner.bits_allocated // 8
    if wanted > max(coded_bytes(source), 1) * _MOST_COMPRESSED.get(syntax, _MOST_OF_OTHERS):
        raise ValueError("the frame states more pixels than its bytes can hold")
    array = _decode_jpeg(source, runner) if syntax in _JPEG else _decode_other(source, syntax)
    runner.set_option("bits_allocated", array.dtype.itemsize * 8)
    if array.ndim == 3:
        runner.set_option("planar_configuration", 0)
        if syntax in _JPEG_2000 + _HTJ2K and runner.photometric_interpretation in ("YBR_ICT", "YBR_RCT"):
            runner.set_option("photometric_interpretation", "RGB")
    return bytearray(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).data.cast("B"))


def decoded_frame(dataset: Dataset, index: int) -> tuple[NDArray[Any], str]:
    """Return one frame as stored values and its photometric interpretation after decoding.

    Args:
        dataset: checked by `reading.check_pixels`.
        index: from 0.

    Returns:
        Shape ``(rows, columns)`` or ``(rows, columns, 3)`` (then RGB).

    Raises:
        UnreadableFileError: the frame is damaged, or its compression is not supported.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        decoder = _ADDED.get(syntax) or get_decoder(syntax)
    except NotImplementedError as error:
        raise UnreadableFileError(Text("The compression “{name}” is not supported.", name=syntax.name)) from error
    try:
        array, meta = decoder.as_array(dataset, index=index, decoding_plugin=_plugin_for(syntax))
    except (*READING_ERRORS, imagecodecs.DelayedImportError) as error:
        raise damaged() from error
    return array, str(meta["photometric_interpretation"])


def _plugin_for(syntax: UID) -> str:
    if syntax == RLELossless:
        return "pydicom"
    return PLUGIN if syntax in SYNTAXES else ""


def _decode_jpeg(source: bytes, runner: DecodeRunner) -> NDArray[Any]:
    if runner.samples_per_pixel == 1:
        return np.asarray(imagecodecs.jpeg_decode(source))
    has_jfif = b"JFIF" in source[:64]
    if runner.photometric_interpretation == "RGB" and not has_jfif:
        return np.asarray(imagecodecs.jpeg8_decode(source, colorspace="RGB", outcolorspace="RGB"))
    runner.set_option("photometric_interpretation", "RGB")
    return np.asarray(imagecodecs.jpeg_decode(source))


def _decode_other(source: bytes, syntax: UID) -> NDArray[Any]:
    if syntax in _JPEG_LOSSLESS:
        return np.asarray(imagecodecs.ljpeg_decode(source))
    if syntax in _JPEG_LS:
        return np.asarray(imagecodecs.jpegls_decode(source))
    if syntax in _HTJ2K:
        return np.asarray(imagecodecs.htj2k_decode(source))
    return np.asarray(imagecodecs.jpeg2k_decode(source))


def _register() -> None:
    for syntax in SYNTAXES:
        decoder = _ADDED.get(syntax) or get_decoder(syntax)
        if PLUGIN not in decoder.available_plugins:
            decoder.add_plugin(PLUGIN, (__name__, "decode"))


_register()
