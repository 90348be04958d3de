"""A recording as a table: a line for every moment at which some channel has a sample.

The first column is the time in seconds, the others are the channels with their units. A lost sample is ``NaN``; a cell
is empty where a slower channel has no sample due. Numbers are the shortest that are read back as the same float32, so
nothing is lost; a decimal point and a comma between cells, as programs read them. Marks stand in a column of their own,
on the line of their moment or the next. Not carried: the start but as a comment line, device, filter, whose it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from fractions import Fraction
from math import gcd, lcm
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.spreadsheet import cell
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.formats.hours import Feed, Hours, hours_of, surveyed
from clinic_app.waveforms.formats.limits import UNKNOWN_START, Watch, unwatched
from clinic_app.waveforms.recording import EventMark, Recording

_AT_ONCE: Final = 50_000
_MOST_LINES: Final = 10_000_000


def to_csv(recording: Recording, watch: Watch = unwatched) -> bytes:
    """Return the recording as a table in UTF-8.

    Args:
        recording: at least one sample.
        watch: told how far it is.

    Raises:
        InvalidInputError: the rates have no common raster a table can have.
    """
    return b"".join(csv_parts(hours_of(recording), watch))


def csv_parts(hours: Hours, watch: Watch = unwatched) -> Iterator[bytes]:
    """Yield a table from its head to its end.

    Args:
        hours: the recording; it is read twice.
        watch: told how far it is.

    Raises:
        InvalidInputError: the rates have no common raster a table can have, or it would be too long.
    """
    found = surveyed(hours, watch)
    channels = [each.channel for each in found]
    rate, steps = _raster([channel.rate_hz for channel in channels])
    lines = max((each.length - 1) * step + 1 for each, step in zip(found, steps, strict=True))
    if lines > _MOST_LINES and rate > 10 * max(channel.rate_hz for channel in channels):
        raise InvalidInputError(Text("The rates of these channels have no raster in common; choose another format."))
    if lines > _MOST_LINES:
        raise InvalidInputError(Text("This table would have {count} lines; choose a shorter part.", count=lines))
    words = _words(hours, float(rate), lines)
    head = ["time_s", *(cell(f"{channel.label} ({channel.unit})") for channel in channels), "mark"]
    if hours.started_at != UNKNOWN_START:
        yield f"# start: {hours.started_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}\r\n".encode()
    yield (",".join(map(_quoted, head)) + "\r\n").encode()
    feed = Feed(hours, found, watch)
    for begin in range(0, lines, _AT_ONCE):
        end = min(begin + _AT_ONCE, lines)
        ends = [min(-(-end // step), each.length) for each, step in zip(found, steps, strict=True)]
        columns = [_times(begin, end, rate)]
        columns += [_cells(part, step, begin, end) for part, step in zip(feed.until(ends), steps, strict=True)]
        columns.append([words.get(line, "") for line in range(begin, end)])
        yield b"".join((",".join(row) + "\r\n").encode() for row in zip(*columns, strict=True) if any(row[1:]))


def _raster(rates: list[float]) -> tuple[Fraction, list[int]]:
    """Return the lines per second and the lines from one sample of each channel to its next."""
    exact = [Fraction(rate).limit_denominator(10_000) for rate in rates]
    if len(set(rates)) == 1:
        return Fraction(rates[0]), [1] * len(rates)
    rate = Fraction(lcm(*(each.numerator for each in exact)), gcd(*(each.denominator for each in exact)))
    return rate, [int(rate / each) for each in exact]


def _times(begin: int, end: int, rate: Fraction) -> list[str]:
    seconds = np.arange(begin, end, dtype=np.float64) / float(rate)
    return [f"{each:.6f}" for each in seconds.tolist()]


def _cells(samples: NDArray[np.float32], step: int, begin: int, end: int) -> list[str]:
    """Return the cells of a channel; its samples are those due in these lines."""
    words = ["NaN" if each != each else str(each) for each in samples]  # noqa: PLR0124 - only NaN differs from itself
    if step == 1 and len(words) == end - begin:
        return words
    cells = [""] * (end - begin)
    for place, word in enumerate(words, -(-begin // step)):
        cells[place * step - begin] = word
    return cells


def _words(recording: Hours, rate_hz: float, lines: int) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for mark in recording.marks:
        line = min(max(_line_of(mark, recording, rate_hz), 0), lines - 1)
        found.setdefault(line, []).append(mark.text)
    return {line: _quoted(cell("; ".join(texts))) for line, texts in found.items()}


def _line_of(mark: EventMark, recording: Hours, rate_hz: float) -> int:
    return -int(-(mark.at - recording.started_at).total_seconds() * rate_hz // 1)


def _quoted(text: str) -> str:
    clean = text.replace("\r", " ").replace("\n", " ")
    return '"' + clean.replace('"', '""') + '"' if any(sign in clean for sign in ',";') else clean
