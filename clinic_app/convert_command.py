"""``main.py convert IN OUT``: a recording from one format into another, without window, store or sign-in.

The contents of IN tell its format, the name of OUT or ``--format`` the other. What was written is read again and
compared, sample by sample, and the figures are printed: whoever converts learns what the format kept. Nothing about the
patient is guessed; what IN says goes into OUT, where the format has a place for it, unless ``--without-patient`` is
given.

Exit codes: 0 it was written; 1 it was not, and a sentence says why; 2 the words on the command line are none; 130 it
was interrupted, and nothing is left of it.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np

from clinic_app.documents import paper_format
from clinic_app.foundation.durable_files import disk_errors
from clinic_app.foundation.errors import ClinicError, InvalidInputError, StorageError
from clinic_app.foundation.texts import LANGUAGES, Language, Text
from clinic_app.waveforms.formats import (
    FORMATS,
    Format,
    StoppedError,
    format_for,
    part_of,
    read,
    without_patient,
    write,
)
from clinic_app.waveforms.formats.catalogue import is_edf_file, read_part
from clinic_app.waveforms.formats.limits import UNKNOWN_START
from clinic_app.waveforms.formats.naming import plain_unit
from clinic_app.waveforms.recording import RecordedChannel, Recording

INTERRUPTED: Final = 130


def convert(arguments: Sequence[str]) -> int:
    """Convert as the command line says; return the exit code."""
    options = _parse(arguments)
    language = cast("Language", options.language)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that lacks a letter of somebody's name shows its number
            stream.reconfigure(errors="backslashreplace")
    try:
        if options.list:
            _list(language)
        else:
            _convert(options, language)
    except ClinicError as error:
        print(error.text.render(language), file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    except KeyboardInterrupt:
        print(StoppedError().text.render(language), file=sys.stderr)  # noqa: T201 - this is a command
        return INTERRUPTED
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dala convert", description="Convert a recording from one format to another.")
    parser.add_argument("source", type=Path, nargs="?", metavar="IN", help="the recording; of a WFDB record its .hea")
    parser.add_argument("target", type=Path, nargs="?", metavar="OUT", help="where to; its end tells the format")
    parser.add_argument("--format", default="", metavar="CODE", help="format of OUT, whatever its name ends with")
    parser.add_argument(
        "--from", dest="begin", type=float, default=0.0, metavar="S", help="begin so many seconds later"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="take no more than so many seconds")
    parser.add_argument("--without-patient", action="store_true",
                        help="leave out name, number, birth date, sex, device and the authors of marks")  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace OUT where it is there already")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of what is said and of a PDF")
    parser.add_argument("--list", action="store_true", help="list the formats and what they keep")
    options = parser.parse_args(arguments)
    if not options.list and options.target is None:
        parser.error("IN and OUT are needed")
    return options


def _formats(language: Language) -> tuple[Format, ...]:
    return (*FORMATS, paper_format(language))


def _list(language: Language) -> None:
    for each in _formats(language):
        ways = ("r" if each.can_read else "-") + ("w" if each.write else "-")
        _say(f"{each.code:6} {ways}  {' '.join(each.suffixes):18} {each.name}: {each.words.render(language)}")


def _convert(options: argparse.Namespace, language: Language) -> None:
    chosen = format_for(options.target, options.format, _formats(language))
    is_part = options.begin or options.seconds is not None
    if is_part and is_edf_file(options.source):
        recording = read_part(options.source, options.begin, options.seconds)
        _say(_described(options.source, recording, language))
    else:
        recording = read(options.source)
        _say(_described(options.source, recording, language))
        recording = part_of(recording, options.begin, options.seconds) if is_part else recording
    if options.without_patient:
        recording = without_patient(recording)
        if recording.marks:
            _say(Text("The words of the marks were kept; look whether they name somebody.").render(language))
    written = _write(recording, options, chosen)
    for path in written:
        _say(Text("Written: {path}", path=path).render(language))
    if chosen.can_read:
        _say(_compared(recording, tuple(read(path) for path in _readable(written, chosen)), language))


def _write(recording: Recording, options: argparse.Namespace, chosen: Format) -> tuple[Path, ...]:
    target: Path = options.target
    with disk_errors(target):  # a name the disk does not take is met here first
        _check_place(target, options, chosen)
    try:
        return write(recording, target, chosen)
    except FileNotFoundError as error:  # a place that is none although its folder is there; a name too long for Windows
        detail = error.strerror or type(error).__name__
        raise StorageError(Text("The disk refused “{path}”: {detail}.", path=target, detail=detail)) from error


def _check_place(target: Path, options: argparse.Namespace, chosen: Format) -> None:
    if not target.parent.is_dir():
        raise InvalidInputError(Text("There is no folder “{folder}”.", folder=target.parent))
    files = _files_of(target, chosen)
    own = next((each for each in files if any(_is_one(each, other) for other in _source_files(options.source))), None)
    if own is not None and (options.overwrite or own == target):
        raise InvalidInputError(Text("“{path}” is what is being read; give OUT another name.", path=own))
    there = [each for each in files if each.exists()]
    if there and not options.overwrite:
        raise InvalidInputError(Text("“{path}” is there already. Add --overwrite to replace it.", path=there[0]))


def _files_of(target: Path, chosen: Format) -> tuple[Path, ...]:
    """Return what writing to a place may replace."""
    numbered = (target.with_name(f"{target.stem}-2{target.suffix}"),) if chosen.code == "dicom" else ()
    ends = dict.fromkeys((*chosen.suffixes, *chosen.companions))
    return (target, *(target.with_suffix(end) for end in ends if end != target.suffix), *numbered)


def _source_files(source: Path) -> tuple[Path, ...]:
    """Return what a recording is read from."""
    record = next((each.companions for each in FORMATS if source.suffix.lower() in each.companions), ())
    return (source, *(source.with_suffix(end) for end in record))


def _is_one(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _readable(written: tuple[Path, ...], chosen: Format) -> tuple[Path, ...]:
    return written if chosen.code == "dicom" else written[:1]


def _described(path: Path, recording: Recording, language: Language) -> str:
    rates = ", ".join(f"{rate:g}" for rate in sorted({channel.rate_hz for channel in recording.channels}))
    began = "" if recording.started_at == UNKNOWN_START else f", {recording.started_at:%Y-%m-%d %H:%M:%S%z}"
    return Text(
        "{name}: channels: {count}, {rates} Hz, {seconds} s{began}",
        name=path.name,
        count=len(recording.channels),
        rates=rates,
        seconds=round(recording.duration_s, 3),
        began=began,
    ).render(language)


@dataclass
class _Kept:
    """What became of the samples."""

    samples: int = 0
    moved: int = 0
    gone: int = 0
    filled: int = 0
    cut: int = 0
    most: float = 0.0
    unit: str = ""

    def count(self, expected: RecordedChannel, found: RecordedChannel | None) -> None:
        """Hold a channel that was read again against what it was."""
        before = expected.samples
        after = np.full(len(before), np.nan, np.float32)
        read_again = found.samples[: len(before)] if found is not None else after[:0]
        after[: len(read_again)] = read_again
        was_there, is_there = np.isfinite(before), np.isfinite(after)
        self.samples += int(was_there.sum())
        self.gone += int((was_there & ~is_there).sum())
        self.filled += int((is_there & ~was_there).sum())
        self.cut += int((~was_there[len(read_again) :]).sum())
        is_both = was_there & is_there
        difference = np.abs(before[is_both].astype(np.float64) - after[is_both])
        is_moved = difference > 2 * np.abs(np.spacing(before[is_both]))
        self.moved += int(is_moved.sum())
        most = float(difference[is_moved].max(initial=0))
        if most > self.most:
            self.most, self.unit = most, expected.unit


def _compared(expected: Recording, parts: tuple[Recording, ...], language: Language) -> str:
    """Return how what was written differs from what was to be written."""
    found: dict[str, deque[RecordedChannel]] = {}
    for channel in (each for part in parts for each in part.channels):
        found.setdefault(channel.label, deque()).append(channel)
    kept = _Kept()
    for channel in expected.channels:
        alike = found.get(channel.label)
        kept.count(channel, alike.popleft() if alike else None)
    texts = [Text("Read again and compared: every one of {count} samples is the same.", count=kept.samples)]
    if kept.moved:
        texts = [
            Text(
                "Read again and compared: of {count} samples {moved} were rounded, by {most} {unit} at most.",
                count=kept.samples,
                moved=kept.moved,
                most=f"{kept.most:.2g}",
                unit=plain_unit(kept.unit),
            )
        ]
    elif kept.gone:
        texts = [Text("Read again and compared: {count} samples.", count=kept.samples)]
    if kept.gone:
        texts.append(Text("{count} of them are not there.", count=kept.gone))
    if kept.filled:
        texts.append(Text("{count} lost samples have become values: this format has no gaps.", count=kept.filled))
    if kept.cut:
        texts.append(Text("{count} lost samples at the end are left out.", count=kept.cut))
    return " ".join(text.render(language) for text in texts)


def _say(line: str) -> None:
    if sys.stdout is not None:  # a program without a console has none
        print(line)  # noqa: T201 - this is a command
