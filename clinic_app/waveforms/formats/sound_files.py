"""WAV and FLAC: heart and lung sounds.

A sound has no unit: a sample is a share of full scale, and its resolution is one step of the file's integers, so that
16 and 24 bits come back bit for bit. WAV is taken apart here (integers of 8, 16, 24 and 32 bits, floats of 32 and 64);
FLAC is left to libsndfile. Not carried by either: gaps (they become silence), marks, the start, whose it is, and any
signal that is no sound, which is therefore refused.
Sources: Multimedia Programming Interface and Data Specifications 1.0 (RIFF), RFC 2361; RFC 9639 (FLAC).
"""

from __future__ import annotations

import io
import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.formats.digits import samples_of
from clinic_app.waveforms.formats.limits import (
    MOST_CHANNELS,
    UNKNOWN_START,
    Watch,
    check_amount,
    strangers_bytes,
    unreadable,
    unwatched,
)
from clinic_app.waveforms.formats.wfdb_samples import from_24
from clinic_app.waveforms.recording import UNSTATED_BAND, RecordedChannel, Recording

SOUND: Final = "SOUND"
"""Code of a channel of sound; IEEE 11073-10101 has none."""
UNIT: Final = "1"
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_MOST_CHUNKS: Final = 10_000
_LARGEST_WAV: Final = (1 << 32) - 100


def is_wav(data: bytes) -> bool:
    """Return whether a file begins as a WAV file."""
    return data[:4] == b"RIFF" and data[8:12] == b"WAVE"


def is_flac_file(data: bytes) -> bool:
    """Return whether a file begins as a FLAC file."""
    return data[:4] == b"fLaC"


def read_wav(data: bytes, watch: Watch = unwatched) -> Recording:
    """Return the sound in a WAV file; one that was cut in its samples is refused.

    Raises:
        UnreadableFileError: it contradicts itself or is packed in another way.
    """
    watch(0, 1)
    with strangers_bytes():
        head, body = _chunks(data)
        kind, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", head)
        if kind == _EXTENSIBLE and len(head) >= 26:
            kind = int.from_bytes(head[24:26], "little")
        width = -(-bits // 8)
        if not 1 <= channels <= MOST_CHANNELS or frame_bytes != channels * width or not 1 <= rate < 1_000_000:
            raise unreadable()
        count = len(body) // frame_bytes
        check_amount(count * channels)
        return _recording(_integers(body[: count * frame_bytes], kind, bits), channels, float(rate))


def read_flac(data: bytes, watch: Watch = unwatched) -> Recording:
    """Return the sound in a FLAC file.

    Raises:
        UnreadableFileError: it is damaged.
    """
    import soundfile

    watch(0, 1)
    if not is_flac_file(data):  # the library would try every decoder it has
        raise unreadable()
    with strangers_bytes():
        try:
            with soundfile.SoundFile(io.BytesIO(data)) as file:
                bits = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24}.get(file.subtype, 0)
                if file.format != "FLAC" or not bits:
                    raise unreadable()
                check_amount(file.frames * file.channels)
                samples = file.read(dtype="int32", always_2d=True)
                if len(samples) != file.frames:
                    raise unreadable()
                channels, rate = int(file.channels), float(file.samplerate)
        except (RuntimeError, OSError) as error:
            raise unreadable() from error
        return _recording((samples.reshape(-1) >> (32 - bits), 1 / (1 << (bits - 1))), channels, rate)


def to_wav(recording: Recording, watch: Watch = unwatched) -> bytes:
    """Return a recording of sound as a WAV file: in 16 or 24 bits where these keep it, else as floats, which always do.

    Raises:
        InvalidInputError: something in it is no sound.
    """
    watch(0, 1)
    packed, bits, is_float = _packed(recording)
    channels, rate = packed.shape[1], round(recording.channels[0].rate_hz)
    body = _bytes_of(packed, bits, is_float)
    if len(body) > _LARGEST_WAV:
        raise InvalidInputError(Text("This recording is too long for a WAV file."))
    frame = channels * bits // 8
    head = struct.pack("<HHIIHH", _FLOAT if is_float else _PCM, channels, rate, rate * frame, frame, bits)
    parts = [b"WAVE", b"fmt ", struct.pack("<I", len(head)), head, b"data", struct.pack("<I", len(body)), body]
    whole = b"".join(parts) + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def to_flac(recording: Recording, watch: Watch = unwatched) -> bytes:
    """Return a recording of sound as a FLAC file of 16 or 24 bits.

    Raises:
        InvalidInputError: something in it is no sound.
    """
    import soundfile

    watch(0, 1)
    packed, bits, is_float = _packed(recording)
    if is_float:
        packed, bits = (
            np.clip(np.rint(np.clip(packed, -1, 1) * (1 << 23)), -(1 << 23), (1 << 23) - 1).astype(np.int32),
            24,
        )
    target = io.BytesIO()
    rate = round(recording.channels[0].rate_hz)
    shifted = packed.astype(np.int32) << (32 - bits)
    try:
        soundfile.write(target, shifted, rate, f"PCM_{bits}", format="FLAC")
    except (RuntimeError, ValueError) as error:
        raise InvalidInputError(Text("FLAC keeps at most eight sounds at once.")) from error
    return target.getvalue()


def _chunks(data: bytes) -> tuple[bytes, bytes]:
    """Return the description of the samples and the samples."""
    head, at = b"", 12
    for _ in range(_MOST_CHUNKS):
        name, size = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt ":
            head = body
        elif name == b"data":
            if len(body) < size < 0xFFFFFF00:  # a recorder that was cut off leaves the largest number there
                raise unreadable()
            return head, body
        at += 8 + size + size % 2
    raise unreadable()


def _integers(body: bytes, kind: int, bits: int) -> tuple[NDArray[Any], float]:
    """Return the samples as they lie there and the step of one."""
    if kind == _FLOAT and bits in (32, 64):
        return np.frombuffer(body, "<f4" if bits == 32 else "<f8"), 0.0
    if kind != _PCM or bits not in (8, 16, 24, 32):
        raise unreadable(Text("The sound in this file is packed in a way that cannot be read here."))
    if bits == 24:
        return from_24(body, len(body) // 3), 1 / (1 << 23)
    if bits == 8:
        return np.frombuffer(body, "u1").astype(np.int32) - 128, 1 / 128
    return np.frombuffer(body, "<i2" if bits == 16 else "<i4"), 1 / (1 << (bits - 1))


def _recording(found: tuple[NDArray[Any], float], channels: int, rate_hz: float) -> Recording:
    values, step = found
    frames = values.reshape(-1, channels)
    made = []
    for place in range(channels):
        label = "Sound" if channels == 1 else f"Sound {place + 1}"
        column = frames[:, place]
        with np.errstate(over="ignore", invalid="ignore"):
            samples = samples_of(column, step) if step else column.astype(np.float32)
        samples[~np.isfinite(samples)] = np.nan
        made.append(RecordedChannel(SOUND, label, UNIT, rate_hz, samples, step or None))
    return Recording(tuple(made), UNKNOWN_START, "", UNSTATED_BAND)


def _packed(recording: Recording) -> tuple[NDArray[Any], int, bool]:
    """Return the samples of a sound, shape ``(n, channels)``, the bits each needs, and whether as floats."""
    channels = [channel for channel in recording.channels if len(channel.samples)]
    first = channels[0]
    signal = next((each for each in channels if each.unit != UNIT), None)
    if signal is not None:
        raise InvalidInputError(
            Text("“{label}” is no sound; a sound file takes heart and lung sounds only.", label=signal.label)
        )
    is_even = all(each.rate_hz == first.rate_hz for each in channels)
    if not is_even or not first.rate_hz.is_integer() or len({len(each.samples) for each in channels}) > 1:
        raise InvalidInputError(Text("Only sounds of one rate go into a sound file; choose another format."))
    for bits in (16, 24):
        step = 1 / (1 << (bits - 1))
        if all(each.resolution and float(each.resolution / step).is_integer() for each in channels):
            values = [np.rint(np.nan_to_num(each.samples).astype(np.float64) / step) for each in channels]
            if all(np.abs(each).max() <= 1 << (bits - 1) for each in values):
                return np.clip(np.stack(values, 1), -(1 << (bits - 1)), (1 << (bits - 1)) - 1), bits, False
    return np.stack([np.nan_to_num(each.samples) for each in channels], axis=1), 32, True


def _bytes_of(values: NDArray[Any], bits: int, is_float: bool) -> bytes:
    if is_float:
        return values.astype("<f4").tobytes()
    if bits == 16:
        return values.astype("<i2").tobytes()
    return values.astype("<i4").reshape(-1).view("u1").reshape(-1, 4)[:, :3].tobytes()
