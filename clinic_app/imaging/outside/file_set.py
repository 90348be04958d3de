"""A folder of DICOM files as discs have it: short names of capital letters and digits, and a DICOMDIR that lists them.

The files are what they are, byte for byte; only the list is made here, from the beginnings of the files. All of it is
made in a folder beside the place it is meant for, and gets its name when it is whole.
Sources: DICOM PS3.10 clause 8 (file names), PS3.3 annex F (DICOMDIR), PS3.12; IHE PDI for the README.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pydicom.dataset import Dataset
from pydicom.fileset import FileInstance, FileSet

from clinic_app.foundation.durable_files import disk_errors, whole_file
from clinic_app.foundation.errors import ConflictError, StorageError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.outside.stopping import Watch, unwatched
from clinic_app.imaging.reading import READING_ERRORS, text_of

DIRECTORY: Final = "DICOMDIR"
README: Final = "README.TXT"
SET_ID: Final = "DALA"
_LISTED: Final = (
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "PatientName",
    "PatientID",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "StudyID",
    "AccessionNumber",
    "Modality",
    "SeriesNumber",
    "InstanceNumber",
    "ContentDate",
    "ContentTime",
    "ContentLabel",
    "ContentDescription",
    "ContentCreatorName",
    "PresentationCreationDate",
    "PresentationCreationTime",
    "CompletionFlag",
    "VerificationFlag",
    "ConceptNameCodeSequence",
    "StructureSetLabel",
    "StructureSetDate",
    "StructureSetTime",
    "DocumentTitle",
    "MIMETypeOfEncapsulatedDocument",
)
_WANTED: Final = {
    "PatientID": "UNKNOWN",
    "StudyDate": "19000101",
    "StudyTime": "000000",
    "StudyID": "1",
    "Modality": "OT",
    "SeriesNumber": 1,
    "InstanceNumber": 1,
    "ContentDate": "19000101",
    "ContentTime": "000000",
    "ContentLabel": "VIEW",
    "PresentationCreationDate": "19000101",
    "PresentationCreationTime": "000000",
    "CompletionFlag": "PARTIAL",
    "VerificationFlag": "UNVERIFIED",
    "StructureSetLabel": "STRUCTURES",
    "StructureSetDate": "19000101",
    "StructureSetTime": "000000",
    "MIMETypeOfEncapsulatedDocument": "application/pdf",
}
"""What the list must say of every file, for files that do not say it; the files themselves stay as they are."""


class FolderInMaking:
    """Files that will be a folder, or an archive.

    Args:
        folder: empty, of its own; everything is made in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._beginnings = folder / "beginnings"
        self._whole = folder / "whole"
        for each in (self._beginnings, self._whole):
            each.mkdir()
        self._set = FileSet()
        self._set._stage["t"].cleanup()  # noqa: SLF001 - names of patients have no place in the system's temporary folder
        self._set._stage["path"] = self._beginnings  # noqa: SLF001
        self._set.ID = SET_ID
        self._files: list[tuple[FileInstance, Path]] = []
        self._known: set[str] = set()

    def __len__(self) -> int:
        """Return how many files there are so far."""
        return len(self._files)

    def add(self, data: bytes, dataset: Dataset) -> None:
        """Put in one file; one that is in already is not put in twice.

        Raises:
            UnreadableFileError: it cannot be listed.
            StorageError: the disk refused it.
        """
        if text_of(dataset, "SOPInstanceUID") in self._known:
            return
        path = self._whole / f"{len(self._files)}"
        with disk_errors(path):
            path.write_bytes(data)
        try:
            with disk_errors(path):
                instance = self._set.add(_beginning(dataset))
        except READING_ERRORS as error:
            path.unlink()
            raise UnreadableFileError(Text("This file cannot be listed in a DICOMDIR.")) from error
        self._known.add(text_of(dataset, "SOPInstanceUID"))
        self._files.append((instance, path))

    def finished(self, readme: str) -> Path:
        """Return the folder with the files under their names, their list and the page that says what it is.

        Raises:
            StorageError: the disk refused it.
        """
        done = self._folder / "set"
        with disk_errors(done):
            done.mkdir()
            names = [instance.FileID for instance, _path in self._files]  # they are not known any more afterwards
            self._set.write(done)
            self._set._stage["t"].cleanup()  # noqa: SLF001 - it has made another one, and is done with it
            for (_instance, path), name in zip(self._files, names, strict=True):
                os.replace(path, done / name)
            (done / README).write_bytes(readme.replace("\n", "\r\n").encode("utf-8-sig"))
        return done


@contextmanager
def folder_in_making(target: Path) -> Iterator[FolderInMaking]:
    """Begin a folder or an archive beside the place it is meant for; whatever remains of it at the end is removed.

    Raises:
        ConflictError: something of this name is there.
        StorageError: the disk refuses it, or was taken away meanwhile.
    """
    check_free(target)
    with ExitStack() as stack:
        with disk_errors(target):
            try:
                made = TemporaryDirectory(".part", f".{target.name}.", target.parent, ignore_cleanup_errors=True)
            except FileNotFoundError as error:
                raise StorageError(Text("There is no folder “{name}”.", name=target.parent)) from error
            folder = stack.enter_context(made)
        try:
            yield FolderInMaking(Path(folder))
        except FileNotFoundError as error:  # what was written a moment ago is away, and all around it
            raise StorageError(Text("“{name}” is not there any more. Nothing was kept.", name=target.parent)) from error


def check_free(target: Path) -> None:
    """Return if nothing has this name yet.

    Raises:
        ConflictError: something has it.
    """
    if os.path.lexists(target):
        raise ConflictError(Text("“{name}” is there already. Choose another name.", name=target.name))


def put_folder(finished: Path, target: Path) -> None:
    """Give a finished folder its name.

    Raises:
        ConflictError: something took the name meanwhile.
        StorageError: the disk refuses it.
    """
    check_free(target)
    with disk_errors(target):
        os.replace(finished, target)


def put_archive(finished: Path, target: Path, watch: Watch = unwatched) -> None:
    """Write a finished folder as a ZIP archive.

    Raises:
        ConflictError: something took the name meanwhile.
        DiskFullError: no room.
        StorageError: the disk refuses it.
    """
    check_free(target)
    paths = sorted(path for path in finished.rglob("*") if path.is_file())
    with whole_file(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for done, path in enumerate(paths, 1):
            archive.write(path, path.relative_to(finished).as_posix())
            watch(done, len(paths))


def _beginning(dataset: Dataset) -> Dataset:
    """Return what the list needs of a file."""
    made = Dataset()
    for keyword in _LISTED:
        try:
            if keyword in dataset:
                made[keyword] = dataset[keyword]
        except READING_ERRORS:
            continue
    for keyword, value in _WANTED.items():
        if not text_of(made, keyword):
            setattr(made, keyword, value)
    if "PatientName" not in made:
        made.PatientName = ""
    made.file_meta = dataset.file_meta
    made.set_original_encoding(*dataset.original_encoding)
    return made
