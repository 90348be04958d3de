"""Every format a recording travels in: how it is recognised, what its files are called, what it cannot carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final

from clinic_app.foundation.durable_files import disk_errors, whole_file
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.formats.aecg_reading import is_aecg, read_aecg
from clinic_app.waveforms.formats.csv_writing import csv_parts, to_csv
from clinic_app.waveforms.formats.dicom_reading import from_dicom, is_dicom
from clinic_app.waveforms.formats.dicom_writing import to_dicom
from clinic_app.waveforms.formats.edf_reading import is_edf, read_edf, read_edf_part
from clinic_app.waveforms.formats.edf_writing import edf_parts, to_edf
from clinic_app.waveforms.formats.hours import Hours, gathered
from clinic_app.waveforms.formats.limits import (
    LARGEST_BYTES,
    TOO_LARGE,
    TOO_LARGE_AT_ONCE,
    Watch,
    read_bounded,
    unreadable,
    unwatched,
)
from clinic_app.waveforms.formats.parts import part_of
from clinic_app.waveforms.formats.scp_reading import is_scp, read_scp
from clinic_app.waveforms.formats.sound_files import is_flac_file, is_wav, read_flac, read_wav, to_flac, to_wav
from clinic_app.waveforms.formats.vital_reading import is_vital, read_vital
from clinic_app.waveforms.formats.wfdb_reading import read_wfdb
from clinic_app.waveforms.formats.wfdb_writing import to_wfdb, wfdb_parts
from clinic_app.waveforms.recording import Recording

LONGEST_WHOLE_S: Final = 1800.0
"""A format that is not written piece by piece takes no more of a recording of hours."""
HourWriter = Callable[[Hours, str, Watch], Mapping[str, Iterable[bytes]]]
"""Returns the files by name as they are made; the one a person opens stands first and is to be taken last."""
Writer = Callable[[Recording, str, Watch], dict[str, bytes]]
"""Returns the files by name for a recording and the name without its end; the one a person opens comes first."""


@dataclass(frozen=True)
class Format:
    """One format.

    Args:
        code: its word on the command line.
        name: how people call it.
        suffixes: ends of its files' names; the first is the one written.
        words: what it is for and what it does not carry.
        can_read: whether such files are taken in.
        write: makes the files; None where it is only read.
        has_own_names: whether its files must end as ``suffixes`` say, whatever name was asked for.
        write_hours: makes the files of a recording longer than the memory; None where it is written whole.
        companions: ends of files that belong to one of this format where they are there.
    """

    code: str
    name: str
    suffixes: tuple[str, ...]
    words: Text
    can_read: bool = False
    write: Writer | None = None
    has_own_names: bool = False
    write_hours: HourWriter | None = None
    companions: tuple[str, ...] = ()


FORMATS: Final[tuple[Format, ...]] = (
    Format(
        "edf",
        "EDF+",
        (".edf", ".bdf", ".rec"),
        Text(
            "European Data Format. Keeps gaps and marks; 16 bits a sample and a scale of eight characters, more is "
            "rounded; no names in other than Latin letters."
        ),
        True,
        lambda recording, stem, watch: {f"{stem}.edf": to_edf(recording, watch)},
        write_hours=lambda hours, stem, watch: {f"{stem}.edf": edf_parts(hours, watch)},
    ),
    Format(
        "wfdb",
        "WFDB",
        (".hea", ".dat"),
        Text(
            "PhysioNet records. Keep every sample that is so many whole steps, others in 32 bits; gaps and marks, "
            "but not who made a mark."
        ),
        True,
        to_wfdb,
        has_own_names=True,
        write_hours=wfdb_parts,
        companions=(".hea", ".dat", ".atr"),
    ),
    Format(
        "dicom",
        "DICOM",
        (".dcm", ".dicom"),
        Text("Waveform objects for an archive. Keep every sample, gaps and marks; another file for each other signal."),
        True,
        lambda recording, stem, watch: _numbered(stem, to_dicom(recording, None, watch)),
    ),
    Format(
        "csv",
        "CSV",
        (".csv",),
        Text("A table for other programs. Keeps every sample, gaps and marks, but not whose they are."),
        False,
        lambda recording, stem, watch: {f"{stem}.csv": to_csv(recording, watch)},
        write_hours=lambda hours, stem, watch: {f"{stem}.csv": csv_parts(hours, watch)},
    ),
    Format(
        "wav",
        "WAV",
        (".wav",),
        Text("A sound. Keeps every sample, but no marks and no time; a gap becomes silence."),
        True,
        lambda recording, stem, watch: {f"{stem}.wav": to_wav(recording, watch)},
    ),
    Format(
        "flac",
        "FLAC",
        (".flac",),
        Text("A sound, packed without loss up to 24 bits; no marks and no time; a gap becomes silence."),
        True,
        lambda recording, stem, watch: {f"{stem}.flac": to_flac(recording, watch)},
    ),
    Format("scp", "SCP-ECG", (".scp", ".ecg"), Text("The file of many resting electrocardiographs."), True),
    Format("aecg", "HL7 aECG", (".xml", ".aecg"), Text("The annotated ECG of drug trials."), True),
    Format("vital", "VitalRecorder", (".vital",), Text("Curves of many monitors at once."), True),
)
_READERS: Final[tuple[tuple[Callable[[bytes], bool], Callable[[bytes, Watch], Recording]], ...]] = (
    (is_edf, read_edf),
    (is_dicom, from_dicom),
    (is_wav, read_wav),
    (is_flac_file, read_flac),
    (is_vital, read_vital),
    (is_scp, read_scp),
    (is_aecg, read_aecg),
)
"""How files are told apart by how they begin, and what reads them."""


def read(path: Path, watch: Watch = unwatched) -> Recording:
    """Return the recording in a file, whatever its format; the contents tell it, not the name.

    Args:
        path: the file; of a WFDB record its header or a signal file beside it.
        watch: told how far it is; it may raise `StoppedError`.

    Raises:
        UnreadableFileError: no signal that can be read is in it.
        StorageError: the disk refused it.
    """
    if path.suffix.lower() in (".dat", ".atr") and path.with_suffix(".hea").is_file():
        path = path.with_suffix(".hea")
    if is_edf_file(path) and path.stat().st_size > LARGEST_BYTES:
        raise unreadable(TOO_LARGE_AT_ONCE)
    data = read_bounded(path)
    if path.suffix.lower() == ".hea":
        return read_wfdb(data, _Beside(path), path.stem, watch)
    return read_bytes(data, watch)


def is_edf_file(path: Path) -> bool:
    """Return whether a file begins as an EDF file, of which parts can be read however long it is."""
    with disk_errors(path):
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return is_edf(file.read(8))


def read_part(path: Path, begin_s: float, seconds: float | None = None, watch: Watch = unwatched) -> Recording:
    """Return a stretch of the recording in a file; of an EDF file nothing else is unpacked.

    Args:
        path: the file, as for `read`.
        begin_s: where the stretch begins, in seconds after the start.
        seconds: how long it is; None goes to the end.
        watch: told how far it is; it may raise `StoppedError`.

    Raises:
        UnreadableFileError: no signal that can be read is in it, or so much of it is too much.
        InvalidInputError: nothing of the recording lies there.
        StorageError: the disk refused it.
    """
    if not is_edf_file(path):
        return part_of(read(path, watch), begin_s, seconds)
    with disk_errors(path), path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        found, before_s = read_edf_part(data, begin_s, seconds, watch)
    return part_of(found, begin_s - before_s if begin_s >= 0 else begin_s, seconds)


def read_bytes(data: bytes, watch: Watch = unwatched) -> Recording:
    """Return the recording in the bytes of a file that stands alone.

    Raises:
        UnreadableFileError: no signal that can be read is in it.
    """
    for begins_so, reader in _READERS:
        if begins_so(data):
            return reader(data, watch)
    raise unreadable()


def write(recording: Recording, path: Path, format: str | Format = "", watch: Watch = unwatched) -> tuple[Path, ...]:
    """Write a recording into a file; formats of several files put them beside it.

    Args:
        recording: at least one sample.
        path: where to; its end tells the format where ``format`` does not.
        format: its code, or the format itself.
        watch: told how far it is; it may raise `StoppedError`, and then nothing is written.

    Returns:
        What was written, the file to open first.

    Raises:
        InvalidInputError: the format cannot keep such a recording, or nobody knows the format.
        StorageError: the disk refused it.
    """
    chosen = format if isinstance(format, Format) else format_for(path, format)
    if chosen.write is None:
        raise InvalidInputError(Text("Files of {format} can be read here, but not written.", format=chosen.name))
    if not any(len(channel.samples) for channel in recording.channels):
        raise InvalidInputError(Text("There is nothing in this recording."))
    files = chosen.write(recording, path.stem if path.suffix else path.name, watch)
    return _put({name: (data,) for name, data in files.items()}, path, chosen)


def write_hours(hours: Hours, path: Path, chosen: Format, watch: Watch = unwatched) -> tuple[Path, ...]:
    """Write a recording of hours into a file, piece by piece where the format can be written so.

    Args:
        hours: the recording; it is read twice.
        path: where to.
        chosen: the format.
        watch: told how far it is; it may raise `StoppedError`, and then nothing is written.

    Returns:
        What was written, the file to open first.

    Raises:
        InvalidInputError: the format cannot keep such a recording, or not so much of it.
        StorageError: the disk refused it.
    """
    if chosen.write_hours is not None:
        return _put(chosen.write_hours(hours, path.stem if path.suffix else path.name, watch), path, chosen)
    if hours.seconds > LONGEST_WHOLE_S:
        raise InvalidInputError(
            Text(
                "{format} takes {minutes} minutes at most; choose a shorter part or another format.",
                format=chosen.name,
                minutes=round(LONGEST_WHOLE_S / 60),
            )
        )
    return write(gathered(hours, watch), path, chosen, watch)


def _put(files: Mapping[str, Iterable[bytes]], path: Path, chosen: Format) -> tuple[Path, ...]:
    """Put files in their places, all or none of them, the one a person opens last."""
    places = [path.with_name(name) for name in files]
    if path.suffix and not chosen.has_own_names:
        places[0] = path
    with ExitStack() as stack:
        opened = [stack.enter_context(whole_file(place)) for place in places]
        for file, parts in reversed(list(zip(opened, files.values(), strict=True))):
            file.writelines(parts)
    for stale in {path.with_suffix(end) for end in chosen.companions} - set(places):
        with disk_errors(stale):  # marks of the record that stood here before are none of this one
            stale.unlink(missing_ok=True)
    return tuple(places)


def format_for(path: Path, code: str = "", formats: tuple[Format, ...] = FORMATS) -> Format:
    """Return the format of a code, else of the end of a file's name.

    Args:
        path: the file to be written.
        code: of the format; empty goes by the file's name.
        formats: those there are.

    Raises:
        InvalidInputError: there is none.
    """
    for each in formats:
        if each.code == code or (not code and path.suffix.lower() in each.suffixes):
            return each
    known = ", ".join(each.code for each in formats if each.write)
    raise InvalidInputError(
        Text(
            "Nobody knows in which format “{name}” is to be written. Choose one: {known}.", name=path.name, known=known
        )
    )


def _numbered(stem: str, files: tuple[bytes, ...]) -> dict[str, bytes]:
    return {f"{stem}{f'-{number}' if number > 1 else ''}.dcm": data for number, data in enumerate(files, 1)}


class _Beside:
    """The files beside a header: by plain names only, and no more of them altogether than one file may have."""

    def __init__(self, header: Path) -> None:
        self._folder = header.parent
        self._left = LARGEST_BYTES

    def __call__(self, name: str) -> bytes:
        if name in ("", ".", "..") or Path(name).name != name or "\\" in name or ":" in name or "\0" in name:
            raise unreadable()
        data = read_bounded(self._folder / name)
        self._left -= len(data)
        if self._left < 0:
            raise unreadable(TOO_LARGE)
        return data
