"""The words of a WFDB annotation file, and such a file for our marks.

Source: WFDB Applications Guide, annot(5), the MIT format: 16-bit words of a type (6 bits) and a time since the one
before (10 bits).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from clinic_app.waveforms.formats.limits import LONGEST_TEXT, MOST_MARKS
from clinic_app.waveforms.recording import EventMark

_NOTE: Final = 22
_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63
_LONGEST_STEP: Final = 1023
_LAST: Final = (1 << 31) - 1
"""Frame no annotation can lie behind."""
_LONGEST_AUX: Final = 255


def marks_of(data: bytes, rate_hz: float, started_at: datetime) -> tuple[EventMark, ...]:
    """Return the annotations that say something in words; a file that breaks off gives what came before.

    Args:
        data: an ``.atr`` file.
        rate_hz: frames per second of its record.
        started_at: of its record.
    """
    found = []
    for index, text in _annotations(data):
        if text and not text.startswith("##"):  # the library's own notes on the time of the annotations
            try:
                found.append(EventMark(started_at + timedelta(seconds=index / rate_hz), text))
            except OverflowError:
                break
        if len(found) >= MOST_MARKS:
            break
    return tuple(sorted(found, key=lambda mark: mark.at))


def _annotations(data: bytes) -> Iterator[tuple[int, str]]:
    index, text, at, is_open = 0, "", 0, False
    while at + 2 <= len(data):
        word = data[at] | data[at + 1] << 8
        kind, step = word >> 10, word & _LONGEST_STEP
        at += 2
        if kind == _SKIP and at + 4 <= len(data):
            high, low = struct.unpack_from("<hH", data, at)
            if is_open:
                yield index, text
            index, text, is_open = index + (high << 16 | low), "", False
            at += 4
        elif kind == _AUX:
            text = data[at : at + step].rstrip(b"\0").decode("utf-8", "replace")[:LONGEST_TEXT]
            at += step + step % 2
        elif kind in (_NUM, _SUB, _CHN):
            continue
        elif kind == 0 and step == 0:
            break
        else:
            if is_open:
                yield index, text
            index, text, is_open = index + step, "", True
    if is_open:
        yield index, text


def annotation_file(marks: tuple[EventMark, ...], rate_hz: float, started_at: datetime) -> bytes:
    """Return marks as an annotation file of notes.

    Not carried: who wrote a mark, its time between two frames, more than 255 bytes of its words.
    """
    made, before = bytearray(), 0
    for mark in sorted(marks, key=lambda each: each.at):
        index = min(max(round((mark.at - started_at).total_seconds() * rate_hz), 0), _LAST)
        step, before = index - before, index
        if step > _LONGEST_STEP:
            made += struct.pack("<HhH", _SKIP << 10, step >> 16, step & 0xFFFF)
            step = 0
        aux = mark.text.encode("utf-8")[:_LONGEST_AUX].decode("utf-8", "ignore").encode("utf-8")
        made += struct.pack("<HH", _NOTE << 10 | step, _AUX << 10 | len(aux)) + aux + b"\0" * (len(aux) % 2)
    return bytes(made) + b"\0\0"
