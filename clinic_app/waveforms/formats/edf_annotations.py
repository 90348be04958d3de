"""Time-stamped annotation lists of EDF+: taken apart and put together.

Source: Kemp and Olivan, European data format 'plus' (EDF+), 2003, section 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from clinic_app.waveforms.formats.limits import LONGEST_TEXT

NO_DATA: Final = "No data"
"""Our word for a gap in the middle of a record: of all channels, or of one: ``No data: ECG II``."""
END_OF_DATA: Final = "End of data"
"""Our word for where a channel ends before its last record does; of all channels, or of one, as above."""
_STAMP: Final = re.compile(rb"([+-]\d{1,12}(?:\.\d{1,9})?)(?:\x15(\d{1,12}(?:\.\d{1,9})?))?\x14")


@dataclass(frozen=True)
class Annotation:
    """Words at a time.

    Args:
        onset_s: after the moment in the header.
        seconds: how long it lasts.
        text: the words; may be empty.
    """

    onset_s: Fraction
    seconds: Fraction
    text: str


def annotations_in(data: bytes) -> Iterator[Annotation]:
    """Yield the annotations of a record; the first, which only tells the record's time, has no words."""
    for part in data.rstrip(b"\0").split(b"\0"):
        stamp = _STAMP.match(part)
        if stamp is None:
            continue
        if not part[stamp.end() :].strip(b"\x14"):  # it only tells the record's time
            continue
        onset, seconds = Fraction(stamp[1].decode()), Fraction((stamp[2] or b"0").decode())
        for words in part[stamp.end() :].split(b"\x14"):
            if words:
                yield Annotation(onset, seconds, words.decode("utf-8", "replace")[:LONGEST_TEXT])


def first_onset(data: bytes) -> float | None:
    """Return the time of a record, which its first annotation tells, or None where it does not."""
    stamp = _STAMP.match(data)
    return float(stamp[1]) if stamp else None


def written(onset_s: Fraction, text: str = "", seconds: Fraction = Fraction(0)) -> bytes:
    """Return an annotation as bytes, with the zero that ends it."""
    lasting = b"\x15" + _decimal(seconds) if seconds else b""
    sign = b"-" if onset_s < 0 else b"+"
    clean = "".join(each if each.isprintable() else " " for each in text)
    return sign + _decimal(abs(onset_s)) + lasting + b"\x14" + clean.encode("utf-8") + b"\x14\0"


def _decimal(value: Fraction) -> bytes:
    whole = f"{float(value):.9f}".rstrip("0").rstrip(".")
    return whole.encode()
