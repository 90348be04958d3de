"""WFDB records: a header, the files it names, and the words of their annotations.

Read: formats 8, 16, 24, 32, 61, 80, 160, 212, 310, 311 and FLAC (508, 516, 524); several rates in a frame; skew;
records in segments, of fixed and of variable layout. Samples are placed by their own index: a segment ``~`` and the
integer for "no sample" become gaps. Beats of an annotation file are not taken over (we find our own), its words are.
Sources: WFDB Applications Guide: header(5), signal(5), annot(5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.formats.digits import samples_of
from clinic_app.waveforms.formats.limits import Watch, check_amount, strangers_bytes, unreadable, unwatched
from clinic_app.waveforms.formats.naming import code_of, label_of, unit_of
from clinic_app.waveforms.formats.wfdb_header import Header, Signal, parse_header
from clinic_app.waveforms.formats.wfdb_marks import marks_of
from clinic_app.waveforms.formats.wfdb_samples import LOST, Integers, count_in, is_flac, is_known, unpack, unpack_flac
from clinic_app.waveforms.recording import UNSTATED_BAND, RecordedChannel, Recording

Folder = Callable[[str], bytes]
"""Returns what is in a file that lies beside the header; raises `UnreadableFileError` where there is none."""
_LAYOUT: Final = "~"


@dataclass(frozen=True, eq=False)
class _Trace:
    signal: Signal
    integers: Integers
    is_lost: NDArray[np.bool_]


def read_wfdb(header: bytes, folder: Folder, record: str = "", watch: Watch = unwatched) -> Recording:
    """Return the recording a header describes.

    Args:
        header: the ``.hea`` file.
        folder: gives the files it names.
        record: name of the record, for its annotations; empty looks for none.
        watch: told of every file and segment.

    Raises:
        UnreadableFileError: the record contradicts itself, or a file of it is missing.
    """
    with strangers_bytes():
        head = parse_header(header)
        channels = _joined(head, folder, watch) if head.segments else _channels(head, folder, watch)
        if not channels:
            raise unreadable()
        marks = marks_of(_annotations(folder, record), head.rate_hz, head.started_at)
        return Recording(channels, head.started_at, head.device, head.band or UNSTATED_BAND, marks, head.patient)


def _annotations(folder: Folder, record: str) -> bytes:
    if not record:
        return b""
    try:
        return folder(f"{record}.atr")
    except UnreadableFileError:
        return b""


def _channels(head: Header, folder: Folder, watch: Watch, length: int = 0) -> tuple[RecordedChannel, ...]:
    groups: dict[str, list[Signal]] = {}
    for signal in head.signals:
        groups.setdefault(signal.file, []).append(signal)
    traces: dict[int, _Trace] = {}
    taken = 0
    for done, (name, signals) in enumerate(groups.items()):
        watch(done, len(groups))
        for signal, trace in zip(signals, _traces(head, signals, folder(name), length), strict=True):
            traces[id(signal)] = trace
            taken += len(trace.integers)
        check_amount(taken)
    return tuple(_channel(traces[id(signal)], head.rate_hz) for signal in head.signals)


def _traces(head: Header, signals: list[Signal], data: bytes, length: int) -> Iterator[_Trace]:
    """Take the samples of one file apart: frame by frame, signal by signal."""
    packing = signals[0].format
    if not is_known(packing) or any(each.format != packing for each in signals):
        raise unreadable(Text("Samples in format {format} cannot be read here.", format=packing))
    data = data[signals[0].start :] if not is_flac(packing) else data
    per_frame = sum(each.frame for each in signals)
    frames = length or head.length
    if is_flac(packing):
        flat = unpack_flac(packing, data, len(signals), frames * signals[0].frame)
        flat = _frames_of_flac(flat, signals)
        frames = frames or len(flat)
    else:
        frames = frames or count_in(packing, len(data)) // per_frame
        check_amount(frames * per_frame)
        flat = unpack(packing, data, frames * per_frame).reshape(frames, per_frame)
    check_amount(frames * per_frame)
    if len(flat) < frames:
        raise unreadable()
    column = 0
    for signal in signals:
        integers = flat[:frames, column : column + signal.frame].reshape(-1)
        column += signal.frame
        if packing == 8:
            integers = signal.first + np.cumsum(integers, dtype=np.int64)
        is_lost = integers == LOST[packing] if packing in LOST else np.zeros(len(integers), np.bool_)
        yield _unskewed(signal, integers, is_lost)


def _frames_of_flac(flat: Integers, signals: list[Signal]) -> Integers:
    """Return the samples of FLAC channels as frames; all signals of such a file have the same share of it."""
    share = signals[0].frame
    if any(each.frame != share for each in signals):
        raise unreadable()
    frames = len(flat) // share
    whole = flat[: frames * share].reshape(frames, share, len(signals))
    return whole.transpose(0, 2, 1).reshape(frames, share * len(signals))


def _unskewed(signal: Signal, integers: Integers, is_lost: NDArray[np.bool_]) -> _Trace:
    late = min(signal.skew * signal.frame, len(integers))
    if late:
        integers = np.concatenate([integers[late:], np.zeros(late, integers.dtype)])
        is_lost = np.concatenate([is_lost[late:], np.ones(late, np.bool_)])
    return _Trace(signal, integers, is_lost)


def _channel(trace: _Trace, rate_hz: float) -> RecordedChannel:
    signal = trace.signal
    unit, factor = unit_of(signal.unit)
    resolution = factor / signal.gain
    offset = -signal.baseline * factor / signal.gain
    samples = samples_of(trace.integers, resolution, offset)
    samples[trace.is_lost] = np.nan
    code = code_of(signal.label)
    label = label_of(code, signal.label)
    return RecordedChannel(code, label, unit, rate_hz * signal.frame, samples, resolution, offset)


def _joined(head: Header, folder: Folder, watch: Watch) -> tuple[RecordedChannel, ...]:
    """Return the channels of a record in segments, each part at its own time."""
    total = sum(length for _, length in head.segments)
    found: dict[tuple[str, int], RecordedChannel] = {}
    begin = 0
    for done, (name, length) in enumerate(head.segments):
        watch(done, len(head.segments))
        if name != _LAYOUT and length:
            part = parse_header(folder(f"{name}.hea"))
            if part.segments or abs(part.rate_hz - head.rate_hz) > 1e-6 * head.rate_hz:
                raise unreadable()
            for key, channel in _named(_channels(part, folder, unwatched, length)):
                found[key] = _placed(found.get(key), channel, begin, total, head.rate_hz, len(found))
        begin += length
    return tuple(found.values())


def _named(channels: tuple[RecordedChannel, ...]) -> Iterator[tuple[tuple[str, int], RecordedChannel]]:
    seen: Counter[str] = Counter()
    for channel in channels:
        yield (channel.label, seen[channel.label]), channel
        seen[channel.label] += 1


def _placed(
    whole: RecordedChannel | None, part: RecordedChannel, begin: int, total: int, rate_hz: float, others: int
) -> RecordedChannel:
    """Return a channel with one more part of it in its place."""
    frame = round(part.rate_hz / rate_hz)
    if whole is None:
        check_amount(total * frame * (others + 1))
        samples = np.full(total * frame, np.nan, np.float32)
        whole = replace(part, samples=samples)
    if whole.unit != part.unit or whole.rate_hz != part.rate_hz:
        raise unreadable()
    whole.samples[begin * frame : begin * frame + len(part.samples)] = part.samples
    if (whole.resolution, whole.offset) != (part.resolution, part.offset):
        return replace(whole, resolution=None, offset=0.0)
    return whole
