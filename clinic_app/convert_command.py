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
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

import numpy as np

from clinic_app.documents import paper_format
from clinic_app.foundation.errors import ClinicError, InvalidInputError, StorageError
from clinic_app.foundation.texts import LANGUAGES, Language, Text
from clinic_app.waveforms.formats import FORMATS, Format, format_for, part_of, read, without_patient, write
from clinic_app.waveforms.formats.limits import UNKNOWN_START
from clinic_app.waveforms.recording import Recording

INTERRUPTED: Final = 130


def convert(arguments: Sequence[str]) -> int:
    """Convert as the command line says; return the exit code."""
    options = _parse(arguments)
    language = cast("Language", options.language)
    try:
        if options.list:
            _list(language)
        else:
            _convert(options, language)
    except ClinicError as error:
        print(error.text.render(language), file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    except KeyboardInterrupt:
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
                        help="leave out name, number, birth date, sex and the authors of marks")  # fmt: skip
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
    recording = read(options.source)
    _say(_described(options.source, recording, language))
    if options.begin or options.seconds is not None:
        recording = part_of(recording, options.begin, options.seconds)
    if options.without_patient:
        recording = without_patient(recording)
        if recording.marks:
            _say(Text("The words of the marks were kept; look whether they name somebody.").render(language))
    written = _write(recording, options.target, chosen, is_replacing=options.overwrite)
    for path in written:
        _say(Text("Written: {path}", path=path).render(language))
    if chosen.can_read:
        _say(_compared(recording, tuple(read(path) for path in _readable(written, chosen)), language))


def _write(recording: Recording, target: Path, chosen: Format, *, is_replacing: bool) -> tuple[Path, ...]:
    if not target.parent.is_dir():
        raise InvalidInputError(Text("There is no folder “{folder}”.", folder=target.parent))
    if not is_replacing:
        # only the writer knows its other files, but each begins with the same name
        there = [each for each in (target, *(target.with_suffix(end) for end in chosen.suffixes)) if each.exists()]
        if there:
            raise InvalidInputError(Text("“{path}” is there already. Add --overwrite to replace it.", path=there[0]))
    try:
        return write(recording, target, chosen)
    except FileNotFoundError as error:  # a place that is none although its folder is there; a name too long for Windows
        detail = error.strerror or type(error).__name__
        raise StorageError(Text("The disk refused “{path}”: {detail}.", path=target, detail=detail)) from error


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


def _compared(expected: Recording, parts: tuple[Recording, ...], language: Language) -> str:
    """Return how what was written differs from what was to be written."""
    found = {channel.label: channel for part in parts for channel in part.channels}
    samples, moved, lost = 0, 0, 0
    for channel in expected.channels:
        other = found.get(channel.label)
        if other is None or len(other.samples) != len(channel.samples):
            lost += len(channel.samples)
            continue
        is_there = np.isfinite(channel.samples)
        samples += int(is_there.sum())
        lost += int(np.sum(is_there != np.isfinite(other.samples)))
        difference = np.abs(channel.samples[is_there].astype(np.float64) - other.samples[is_there])
        step = channel.resolution or 0.0
        moved += int(np.sum(difference > abs(step) / 2 if step else difference > 0))
    if not moved and not lost:
        return Text("Read again and compared: every one of {count} samples is the same.", count=samples).render(
            language
        )
    return Text(
        "Read again and compared: of {count} samples {moved} were rounded and {lost} are not there.",
        count=samples,
        moved=moved,
        lost=lost,
    ).render(language)


def _say(line: str) -> None:
    if sys.stdout is not None:  # a program without a console has none
        print(line)  # noqa: T201 - this is a command
