"""The ways images come in besides the file itself: archives, discs and their indexes, and what servers answer."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset as read_elements
from pydicom.filewriter import write_dataset

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging import Gathering, from_paths
from clinic_app.imaging.intake.dicomdir import listed_names
from clinic_app.imaging.intake.gathering import people_in
from clinic_app.imaging.intake.sources import SourceFile
from clinic_app.imaging.network.dicom_words import image_of, series_of, study_of
from clinic_app.imaging.network.found import Wanted, fits
from clinic_app.imaging.network.multipart import parts
from clinic_app.imaging.network.web_archive import dataset_of
from clinic_app.imaging.reading import READING_ERRORS
from tests.fuzz.parser import Parser
from tests.helpers.discs import disc, index_of, one_file, zip_of

_ANYBODY: Final = Wanted("17", "Қасымов", "A1", "CT")


def _taken_in(data: bytes) -> None:
    """A file of any kind that somebody drops: looked through whole, and nothing is left beside it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dropped"
        path.write_bytes(data)
        kept: list[bytes] = []
        gathering = Gathering(lambda content: f"{kept.append(content)}{len(kept)}")
        from_paths([path])(gathering)
        people_in(gathering.instances)
        assert [each.name for each in Path(folder).iterdir()] == ["dropped"], "something was written"


def _index(data: bytes) -> None:
    names = listed_names(SourceFile("DICOMDIR", len(data), lambda most: data[:most]))
    assert all(".." not in name.split("/") and not name.startswith("/") for name in names or ())


def _multipart(data: bytes) -> None:
    step = 1 + (data[0] if data else 0)
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    assert sum(map(len, parts(pieces, b"b1"))) <= len(data)


def _json(data: bytes) -> None:
    try:
        told = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableFileError(Text("This is no DICOM file.")) from error
    for each in told if isinstance(told, list) else [told]:
        if isinstance(each, dict) and (dataset := dataset_of(each)) is not None:
            _read(dataset)


def _answer(data: bytes) -> None:
    try:
        dataset = read_elements(io.BytesIO(data), True, True)
    except READING_ERRORS as error:
        raise UnreadableFileError(Text("This is no DICOM file.")) from error
    _read(dataset)


def _read(dataset: Dataset) -> None:
    found = study_of(dataset)
    if found is not None:
        fits(found, _ANYBODY)
        assert len(found.person.name) <= 256
    series_of(dataset, "1.2.3")
    image_of(dataset)


def _answers() -> tuple[bytes, ...]:
    made = Dataset()
    made.SpecificCharacterSet, made.PatientName, made.PatientID = "ISO_IR 192", "Қасымов^Нұрлан", "17"
    made.StudyInstanceUID, made.StudyDate, made.ModalitiesInStudy = "1.2.3", "20260301", ["CT", "SR"]
    target = DicomBytesIO()
    target.is_little_endian = target.is_implicit_VR = True
    write_dataset(target, made)
    return (target.getvalue(),)


def _told() -> tuple[bytes, ...]:
    study = (
        b'[{"0020000D":{"vr":"UI","Value":["1.2.3"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B"}]},'
        b'"00080061":{"Value":["CT"]},"00201208":{"Value":[3]},"00080020":{"Value":["20260301"]}}]'
    )
    return (study, b"[]")


IMAGE_PARSERS: Final[Mapping[str, Parser]] = {
    "dropped file": Parser(
        _taken_in, lambda: (zip_of({"1": one_file(), "a/b.txt": b"x"}), disc(), one_file()), 131_072
    ),
    "disc index": Parser(_index, lambda: (index_of("IM/1", "IM/2"),), 65_536),
    "multipart": Parser(_multipart, lambda: (b"--b1\r\nA: b\r\n\r\nbody\r\n--b1\r\n\r\nmore\r\n--b1--",)),
    "archive in json": Parser(_json, _told),
    "archive's answer": Parser(_answer, _answers),
}
