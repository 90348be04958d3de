"""Media for imports: a disc's image that another program wrote, archives of every bad kind, folders with an index."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from tests.helpers.dicom_files import bytes_of, item, made_file

FLAT: Final = np.arange(64, dtype=np.int16).reshape(8, 8)
PETROV_IIN: Final = "640305300123"
IMAGE: Final = Path(__file__).parents[1] / "data" / "discs" / "three_images.iso.gz"
"""ISO 9660 with Joliet by pycdlib, its DICOMDIR by dcmmkdir: two images of Petrov, one of Sidorova, and a viewer."""


def disc() -> bytes:
    """Return the image of the disc."""
    return gzip.decompress(IMAGE.read_bytes())


def one_file(number: int = 1, study: str = "1.2.3", **more: Any) -> bytes:
    """Return a file with its own number, of one series of a study."""
    told = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.4", "InstanceNumber": number, **more}
    return bytes_of(made_file(FLAT + number, sop_uid=f"{study}.4.{number}", **told))


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP of files by their names."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def index_of(*names: str) -> bytes:
    """Return a DICOMDIR that names these files."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.99"
    dataset.FileSetID = "TEST"
    records = [item(DirectoryRecordType="PATIENT", PatientName="Petrov^Petr")]
    records += [item(DirectoryRecordType="IMAGE", ReferencedFileID=name.split("/")) for name in names]
    dataset.DirectoryRecordSequence = Sequence(records)
    return bytes_of(dataset)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files below a folder; return it."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
