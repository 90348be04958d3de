"""DICOM files as they come on a CD or a stick: imported from a folder that holds one good file too."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

import imagecodecs
import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filereader import read_dataset as read_elements
from pydicom.tag import Tag
from pydicom.uid import (
    MPEG2MPML,
    UID,
    DeflatedExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from clinic_app.access import Trail
from clinic_app.imaging import Imaging
from clinic_app.imaging.rendering import render
from clinic_app.records import ImagingStudy, Patient
from tests.drills.hostile.cases import Attempt, Case, Inputs, Outcome, Repeated, demand
from tests.helpers.nodes import DISTRICT, Node, node
from tests.helpers.taking_in import take_folder

CT: Final = Path(str(get_testdata_file("CT_small.dcm", download=False))).read_bytes()
MR: Final = Path(str(get_testdata_file("MR_small.dcm", download=False))).read_bytes()
COLOUR: Final = Path(str(get_testdata_file("examples_palette.dcm", download=False))).read_bytes()
_SMALL: Final = np.arange(64 * 48, dtype=np.uint8).reshape(48, 64)
_FRAMES: Final = {
    JPEGBaseline8Bit: bytes(imagecodecs.jpeg8_encode(_SMALL, level=95)),
    JPEGLosslessSV1: bytes(imagecodecs.ljpeg_encode(_SMALL)),
    JPEGLSLossless: bytes(imagecodecs.jpegls_encode(_SMALL)),
    JPEG2000Lossless: bytes(imagecodecs.jpeg2k_encode(_SMALL, level=0, codecformat="j2k")),
    HTJ2KLossless: bytes(imagecodecs.htj2k_encode(_SMALL)),
}
Lay = Callable[[Path], None]
"""Puts something hostile into a folder."""


# --- the place ---


class _Desk:
    """A doctor before a folder that somebody brought."""

    def __init__(self, here: Node, folder: Path) -> None:
        self.here = here
        self.folder = folder
        self.imaging = Imaging(here.store, Trail(here.store, here.clock), here.clock)
        self.doctor = here.session("doctor")
        self.patient = here.store.records.commit([Patient(id="p1")])[0]
        self.turn = 0

    def imported(self, data: bytes | Lay) -> tuple[Path, Any]:
        """Import a new folder with the hostile thing and a good picture in it."""
        self.turn += 1
        folder = self.folder / f"stick-{self.turn}"
        folder.mkdir()
        (folder / "good.dcm").write_bytes(MR)
        if isinstance(data, bytes):
            (folder / "bad.dcm").write_bytes(data)
        else:
            data(folder)
        report = take_folder(self.imaging, self.doctor, "p1", folder, is_confirmed=True)
        return folder, replace(report, imported=report.imported + report.known)  # the good picture came before

    def contents(self) -> int:
        """Return how many contents are kept."""
        return sum(1 for path in (self.here.store.folder / "blobs").rglob("*") if path.is_file())


@contextmanager
def desk(folder: Path) -> Iterator[_Desk]:
    """Open a workstation with one patient; the good picture is imported already."""
    with node(folder / "here", DISTRICT) as here:
        made = _Desk(here, folder)
        made.imported(lambda _folder: None)
        yield made


@contextmanager
def _refusing(folder: Path) -> Iterator[Attempt]:
    with desk(folder) as here:

        def attempt(data: bytes | Lay) -> Outcome:
            before = here.contents()
            _, report = here.imported(data)
            demand(report.imported == 1, f"{report.imported} files were taken, one is good")
            demand([each.name for each in report.refused] == ["bad.dcm"], f"refused: {report.refused}")
            demand(here.contents() == before, "something was kept of what was refused")
            demand(all(each.reason.render("kk") for each in report.refused), "a refusal without a sentence")
            return "partly"

        yield attempt


@contextmanager
def _disarming(folder: Path) -> Iterator[Attempt]:
    """Taken by design: what is kept begins with zeros, its words are short, and it can be looked at."""
    with desk(folder) as here:

        def attempt(data: bytes | Lay) -> Outcome:
            _, report = here.imported(data)
            demand(report.imported == 2, f"{report.imported} files were taken: {report.refused}")
            for study in here.here.store.records.find(ImagingStudy):
                demand(len(study.description or "") <= 256, "a long word was kept")
                for series in study.series:
                    stack = here.imaging.stack(here.doctor, study, series.uid)
                    frame = stack.frame(0)
                    demand(render(frame, frame.default_window).size, "nothing to be seen")
            for each in here.here.store.records.find(ImagingStudy):
                for series in each.series:
                    for instance in series.instance:
                        sha256 = next(e.value_string or "" for e in instance.extension if e.value_string)
                        demand(here.here.store.blobs.read(sha256)[:128] == bytes(128), "a foreign preamble was kept")
            return "disarmed"

        yield attempt


@contextmanager
def _right_all_the_same(folder: Path) -> Iterator[Attempt]:
    """Taken by design: every picture of it is what its own fragment holds."""
    with desk(folder) as here:

        def attempt(given: tuple[bytes, tuple[Any, ...]]) -> Outcome:
            data, pictures = given
            _, report = here.imported(data)
            demand(report.imported == 2, f"{report.imported} files were taken: {report.refused}")
            uid = str(pydicom.dcmread(io.BytesIO(data)).SeriesInstanceUID)
            studies = here.here.store.records.find(ImagingStudy)
            study = next(each for each in studies if any(series.uid == uid for series in each.series))
            stack = here.imaging.stack(here.doctor, study, uid)
            for place, picture in enumerate(pictures):
                demand(np.array_equal(stack.frame(place).stored, picture), f"picture {place + 1} is another")
            return "disarmed"

        yield attempt


@contextmanager
def _passing_by(folder: Path) -> Iterator[Attempt]:
    """Not looked at by design: nothing of it is taken, and the good picture beside it is."""
    with desk(folder) as here:

        def attempt(data: bytes | Lay) -> Outcome:
            before = here.contents()
            _, report = here.imported(data)
            demand(report.imported == 1, f"{report.imported} files were taken, one is good")
            demand(not report.refused, f"refused: {report.refused}")
            demand(here.contents() == before, "something was kept")
            return "disarmed"

        yield attempt


# --- what is made ---


def saved(dataset: Dataset) -> bytes:
    """Return a dataset as a file, whatever is in it."""
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def changed(base: bytes = CT, **values: object) -> bytes:
    """Return a file whose elements say something else; None takes one away."""
    dataset = pydicom.dcmread(io.BytesIO(base))
    for keyword, value in values.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return saved(dataset)


def raw(keyword: str, vr: str, value: bytes, base: bytes = CT) -> bytes:
    """Return a file with an element of another kind and any bytes."""
    dataset = pydicom.dcmread(io.BytesIO(base))
    dataset[keyword] = RawDataElement(Tag(keyword), vr, len(value), value, 0, False, True)
    return saved(dataset)


def holding(frame: bytes, syntax: UID, rows: int, columns: int, frames: int = 1, fragments: int = 1) -> bytes:
    """Return a file of 8 bits whose frames are ``frame``."""
    dataset = pydicom.dcmread(io.BytesIO(CT))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = rows, columns, frames
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = encapsulate([frame] * fragments)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return saved(dataset)


def deflated(megabytes: int, fill: bytes = b"\0") -> bytes:
    """Return a deflated file that inflates to so much."""
    dataset = pydicom.dcmread(io.BytesIO(CT))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    buffer = io.BytesIO()
    buffer.write(bytes(128) + b"DICM")
    pydicom.filewriter.write_file_meta_info(buffer, dataset.file_meta)
    packer, piece = Repeated(), fill * (1 << 20)
    for _ in range(megabytes):
        buffer.write(packer.compress(piece))
    return buffer.getvalue() + packer.flush()


def nested(levels: int, *, is_undefined: bool) -> bytes:
    """Return a file with a sequence in a sequence in a sequence ..."""
    if is_undefined:
        opened = b"\x08\x00\x15\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
        closed = b"\xfe\xff\x0d\xe0\x00\x00\x00\x00\xfe\xff\xdd\xe0\x00\x00\x00\x00"
        return _without_pixels() + opened * levels + closed * levels
    innermost = b""
    for _ in range(levels):
        item = b"\xfe\xff\x00\xe0" + len(innermost).to_bytes(4, "little") + innermost
        innermost = b"\x08\x00\x15\x11SQ\x00\x00" + len(item).to_bytes(4, "little") + item
    return _without_pixels() + innermost


def _without_pixels() -> bytes:
    return saved(pydicom.dcmread(io.BytesIO(CT), stop_before_pixels=True))


def _tail(element: bytes) -> bytes:
    return _without_pixels() + element


def cut_at_elements(data: bytes) -> list[int]:
    """Return where each element of a file begins."""
    stream = io.BytesIO(data)
    stream.seek(132)
    places: list[int] = []
    read_elements(stream, False, True, stop_when=lambda *_: places.append(stream.tell() - 8) or False)  # type: ignore[func-returns-value]
    return sorted(set(places))


# --- rows of cases ---


def _sizes(_random: Random) -> Inputs:
    for rows, columns, frames in (
        (65535, 65535, 1000),
        (30000, 30000, 1),
        (512, 512, 1_000_000),
        (0, 10, 1),
        (32768, 32768, 1),
        (1, 1, 20_001),
    ):
        yield f"{rows} x {columns} x {frames}", changed(Rows=rows, Columns=columns, NumberOfFrames=frames)
    for keyword, value in (("SamplesPerPixel", 255), ("BitsAllocated", 64), ("BitsAllocated", 7), ("BitsAllocated", 0)):
        yield f"{keyword} {value}", changed(**{keyword: value})
    for keyword, vr, said in (
        ("Rows", "UL", b"\xff\xff\xff\xff"),
        ("Rows", "IS", b"1E300 "),
        ("Rows", "IS", b"1E999999999 "),
        ("Columns", "FD", b"\x00\x00\x00\x00\x00\x00\xf8\x7f"),
        ("Columns", "SS", b"\xff\xff"),
        ("NumberOfFrames", "IS", b"99999999999 "),
        ("NumberOfFrames", "IS", b"1E9 "),
        ("NumberOfFrames", "DS", b"1E999999999 "),
        ("NumberOfFrames", "IS", b"1E999999999 "),
        ("NumberOfFrames", "DS", b"inf "),
        ("Rows", "SQ", b"\x01\x02"),
    ):
        yield f"{keyword} as {vr} {said!r}", raw(keyword, vr, said)


def _stated_sizes(_random: Random) -> Inputs:
    """Frames whose own header says the same as the file: gigabytes, from bytes enough to pass for a real ratio."""
    for syntax, frame in _FRAMES.items():
        for side, padding in ((60_000, 0), (32_768, 300_000), (20_000, 120_000), (11_000, 60_000)):
            yield f"{syntax.name} {side}", holding(_restated(frame, side) + bytes(padding), syntax, side, side)
    film = holding(b"\xff\x0a\xff\xff\xff\xff\xff\xff" + bytes(90_000), MPEG2MPML, 20_000, 20_000)
    yield "JPEG XL", film.replace(MPEG2MPML.encode(), b"1.2.840.10008.1.2.4.110")  # a film itself is never decoded


def _restated(frame: bytes, side: int) -> bytes:
    """Return a frame whose header states another size."""
    if frame.startswith(b"\xff\x4f\xff\x51"):
        words = side.to_bytes(4, "big")
        return frame[:8] + words * 2 + frame[16:24] + words * 2 + frame[32:]
    place = next(frame.index(mark) for mark in (b"\xff\xc0", b"\xff\xc3", b"\xff\xf7") if mark in frame)
    return frame[: place + 5] + (side & 0xFFFF).to_bytes(2, "big") * 2 + frame[place + 9 :]


def _run_lengths(_random: Random) -> Inputs:
    for side, pairs in ((16_000, 70_000), (40_000, 39_000), (11_000, 900_000), (20_000, 3_000_000)):
        head = np.array([1, 64] + [0] * 14, dtype="<u4").tobytes()
        yield f"{side}", holding(head + b"\x81\x00" * pairs, RLELossless, side, side)
    yield "a table of segments outside", holding(b"\xff" * 64 + b"\x81\x00" * 900, RLELossless, 48, 64)


def _deflated(_random: Random) -> Inputs:
    yield "1.9 GB in 1.9 MB", deflated(1900)
    yield "200 MB in 0.2 MB", deflated(200)
    yield "cut", deflated(70)[:-500]
    yield "no stream at all", deflated(0)[:-2] + b"\xff" * 500


def _sequences(_random: Random) -> Inputs:
    yield "3000 levels", nested(3000, is_undefined=False)
    for levels in (500, 3000, 100_000):
        yield f"{levels} levels without lengths", nested(levels, is_undefined=True)


def _lengths(_random: Random) -> Inputs:
    for vr, tag in (
        ("OW", b"\xe0\x7f\x10\x00"),
        ("UN", b"\x09\x00\x10\x00"),
        ("SQ", b"\x08\x00\x15\x11"),
        ("UT", b"\x40\x00\x60\xa1"),
    ):
        for length in (0xFFFFFFFE, 0xFFFFFFFF, 0x7FFFFFFF):
            yield (
                f"{vr} {length:#x}",
                _tail(tag + vr.encode() + b"\x00\x00" + length.to_bytes(4, "little") + b"\x01" * 40),
            )


def _cut(is_short: bool) -> Callable[[Random], Inputs]:
    def inputs(_random: Random) -> Inputs:
        places = [place for place in cut_at_elements(CT) if place <= CT.index(b"\xe0\x7f\x10\x00OW")]
        for place in places[:: 9 if is_short else 1]:
            for more in (0,) if is_short else (0, 3, 8):
                yield f"at {place + more}", CT[: place + more]

    return inputs


def _foreign(_random: Random) -> Inputs:
    yield "empty", b""
    yield "a program", b"MZ" + bytes(5000)
    yield "a zip", b"PK\x03\x04" + bytes(500)
    yield "a web page", b"<html><script>alert(1)</script></html>" * 10
    yield "no mark", bytes(128) + b"DIXM" + CT[132:]
    yield "the mark alone", bytes(128) + b"DICM"
    yield "noise behind the mark", bytes(128) + b"DICM" + Random(5).randbytes(20_000)


def _names(_random: Random) -> Inputs:
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID"):
        for uid in (b"../../etc/passwd", b"C:\\Windows\\x ", b"1" * 66, b"1.2\n3", b"", "1.٣".encode()):
            yield f"{keyword} {uid[:20]!r}", raw(keyword, "UI", uid)


def _tables(_random: Random) -> Inputs:
    def palette(**values: object) -> bytes:
        return changed(COLOUR, **values)

    yield "a palette without colours", palette(RedPaletteColorLookupTableData=None)
    yield (
        "a palette of four entries",
        palette(RedPaletteColorLookupTableData=b"\0" * 4, RedPaletteColorLookupTableDescriptor=[4, 0, 99]),
    )
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [65535, 0, 16], b"\0\1"
    yield "a table shorter than it says", changed(ModalityLUTSequence=[item])


def _fragments(_random: Random) -> Inputs:
    frame = _FRAMES[JPEGBaseline8Bit]
    yield "none", holding(b"", JPEGBaseline8Bit, 48, 64, fragments=0)
    empty, last = b"\xfe\xff\x00\xe0\x00\x00\x00\x00", b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    many = holding(b"", JPEGBaseline8Bit, 48, 64, 20_000, fragments=0)
    yield "a million empty ones", many.replace(last, empty * 1_000_000 + last)
    yield "20 000 frames in one", holding(frame, JPEGBaseline8Bit, 48, 64, 20_000)
    halves = [frame[: len(frame) // 4 * 2], frame[len(frame) // 4 * 2 :]]
    yield "an offset table that points outside", _pointing_outside(JPEGBaseline8Bit, 2, [*halves, frame])
    whole = _FRAMES[JPEG2000Lossless]
    yield "one of JPEG 2000 that points outside", _pointing_outside(JPEG2000Lossless, 2, [whole, whole])


def _pointing_outside(syntax: UID, frames: int, fragments: list[bytes]) -> bytes:
    """Return a file whose table of offsets points behind its end."""
    dataset = pydicom.dcmread(io.BytesIO(holding(fragments[0], syntax, 48, 64, frames)))
    dataset.PixelData = encapsulate(fragments)
    data = bytearray(saved(dataset))
    length = 4 * len(fragments)
    place = data.index(b"\xfe\xff\x00\xe0" + length.to_bytes(4, "little")) + 8
    data[place : place + length] = b"\xff" * length
    return bytes(data)


def _needless_tables(_random: Random) -> Inputs:
    coded = [_FRAMES[JPEGBaseline8Bit], bytes(imagecodecs.jpeg8_encode(_SMALL[::-1].copy(), level=95))]
    pictures = tuple(imagecodecs.jpeg8_decode(each) for each in coded)
    yield "that points outside", (_pointing_outside(JPEGBaseline8Bit, 2, coded), pictures)


def _preambles(_random: Random) -> Inputs:
    yield (
        "a Windows program",
        b"MZ" + b"\x90" * 58 + b"\x80\x00\x00\x00" + bytes(64) + changed(SOPInstanceUID="1.2.3.1")[128:],
    )
    yield "a shell script", b"#!/bin/sh\nrm -rf ~\n".ljust(128, b"\n") + changed(SOPInstanceUID="1.2.3.2")[128:]


def _long_words(_random: Random) -> Inputs:
    yield "a name of 5 MB", raw("PatientName", "UT", b"\x1b$B" + b"A" * (5 << 20), changed(SOPInstanceUID="1.2.4.1"))
    yield "a description of markup", changed(SOPInstanceUID="1.2.4.2", StudyDescription="<img src=//10.0.0.1/x>" * 2)
    yield (
        "a thousand alphabets",
        raw("SpecificCharacterSet", "CS", b"\\ISO 2022 IR 87" * 999, changed(SOPInstanceUID="1.2.4.3")),
    )


def _numbers(_random: Random) -> Inputs:
    for place, (keyword, said) in enumerate(
        (
            ("WindowWidth", b"NaN "),
            ("WindowCenter", b"1E999 "),
            ("RescaleSlope", b"inf "),
            ("RescaleIntercept", b"1E308 "),
            ("RescaleSlope", b"1E-999999999"),
            ("PixelPaddingValue", b"1E300 "),
            ("InstanceNumber", b"1E300 "),
            ("SliceLocation", b"-inf"),
            ("PixelSpacing", b"0\\0 "),
            ("PixelSpacing", b"NaN\\1E999 "),
        )
    ):
        yield f"{keyword} {said!r}", raw(keyword, "DS", said, changed(SOPInstanceUID=f"1.2.5.{place + 1}"))


def _directories(_random: Random) -> Inputs:
    directory = pydicom.dcmread(io.BytesIO(CT), stop_before_pixels=True)
    directory.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    for path in (["..", "..", "etc", "passwd"], ["C:", "WINDOWS"], ["/etc/passwd"]):
        item = Dataset()
        item.DirectoryRecordType, item.ReferencedFileID = "IMAGE", path
        directory.DirectoryRecordSequence = [item]
        yield "/".join(path), saved(directory)


def _links(_random: Random) -> Inputs:
    outside = changed(SOPInstanceUID="1.2.6.1")

    def link(folder: Path) -> None:
        secret = folder.parent / "secret.dcm"
        secret.write_bytes(outside)
        (folder / "bad.dcm").symlink_to(secret)

    def circle(folder: Path) -> None:
        (folder / "round").symlink_to(folder, target_is_directory=True)

    def pipe(folder: Path) -> None:
        os.mkfifo(folder / "bad.dcm")

    yield "to a file outside", link
    yield "to the folder itself", circle
    yield "a pipe that never ends", pipe


def _big(_random: Random) -> Inputs:
    def sparse(size: int, head: bytes) -> Lay:
        def lay(folder: Path) -> None:
            with (folder / "bad.dcm").open("wb") as file:
                file.write(head)
                file.truncate(size)

        return lay

    yield "a film of a gigabyte", sparse((1 << 30) - 1, b"RIFF")
    yield "5 GB that call themselves DICOM", sparse(5 << 30, CT)


def _many_parts(_random: Random) -> Inputs:
    empty, last = b"\xfe\xff\x00\xe0\x00\x00\x00\x00", b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    for tag in (b"\x08\x00\x15\x11", b"\x00\x52\x30\x92"):
        yield (
            f"{tag.hex()} of a million items",
            _before_pixels(tag + b"SQ\x00\x00\xff\xff\xff\xff" + empty * 1_000_000 + last),
        )
    yield "two million elements", _before_pixels(b"\x10\x00\x10\x00PN\x00\x00" * 2_000_000)
    inside = b"\x10\x00\x10\x00PN\x00\x00" * 2_000_000
    item = b"\xfe\xff\x00\xe0" + len(inside).to_bytes(4, "little") + inside
    for tag in (b"\x00\x52\x30\x92", b"\x28\x00\x00\x30", b"\x18\x00\x11\x60"):
        stated = tag + b"SQ\x00\x00" + len(item).to_bytes(4, "little") + item
        yield f"{tag.hex()} of two million elements", _before_pixels(stated)


def _before_pixels(element: bytes) -> bytes:
    place = CT.index(b"\xe0\x7f\x10\x00OW")
    return CT[:place] + element + CT[place:]


def cases(is_short: bool) -> Iterator[Case]:
    """Yield every case of this kind."""
    yield Case("dicom", "impossible sizes", _sizes, _refusing)
    yield Case("dicom", "gigabytes in a frame's own header", _stated_sizes, _refusing)
    yield Case("dicom", "run lengths", _run_lengths, _refusing)
    yield Case("dicom", "deflated", _deflated, _refusing)
    yield Case("dicom", "nested", _sequences, _refusing)
    yield Case("dicom", "lengths beyond the file", _lengths, _refusing)
    yield Case("dicom", "cut", _cut(is_short), _refusing)
    yield Case("dicom", "no DICOM", _foreign, _refusing)
    yield Case("dicom", "identifiers", _names, _refusing)
    yield Case("dicom", "tables", _tables, _refusing)
    yield Case("dicom", "fragments", _fragments, _refusing)
    alone = "there are as many fragments as pictures, so each is one, and the table of offsets is not asked"
    yield Case("dicom", "an offset table nobody needs", _needless_tables, _right_all_the_same, alone)
    yield Case("dicom", "many parts", _many_parts, _refusing)
    yield Case("dicom", "large files", _big, _refusing)
    zeroed = "the picture is good; its first 128 bytes are zeroed, it is kept encrypted and under no foreign name"
    yield Case("dicom", "polyglot", _preambles, _disarming, zeroed)
    short = "the picture is good; words are cut to 256 letters and shown as plain text"
    yield Case("dicom", "words", _long_words, _disarming, short)
    usual = "the picture is good; a number that is none counts as not given, and the picture can be seen"
    yield Case("dicom", "numbers that are none", _numbers, _disarming, usual)
    never = "a DICOMDIR only lists other files; the folder is walked instead, and its paths are never followed"
    yield Case("dicom", "DICOMDIR", _directories, _passing_by, never)
    plain = "only plain files below the folder are looked at"
    yield Case("dicom", "links", _links, _passing_by, plain)
