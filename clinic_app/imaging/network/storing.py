"""One image that a device sends: its bytes go into the store as they came, and only then is it told "taken".

Nothing of the dataset is decoded or written anew; before it comes a file header of ours (PS3.10, 7.1), so that what
lies in the store is a file. Names and paths of the sender are never used. What stands in the answer is true: success
is said after the bytes and the line in the inbox are on the disk.
Source: DICOM PS3.4, B.2.3 (status codes of C-STORE).
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from msgspec.structs import replace
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID

from clinic_app.foundation.errors import ClinicError, DiskFullError, StorageError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.waiting_image import Pieces, WaitingImage, read_beginning, waiting_image

if TYPE_CHECKING:
    from datetime import datetime

    from clinic_app.imaging.network.arriving_set import ArrivingSet

SUCCESS: Final = 0x0000
OUT_OF_RESOURCES: Final = 0xA700
NOT_WHAT_WAS_SAID: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000
_IMPLEMENTATION: Final = "2.25.305828488182831875890203105390285383139"
_UID: Final = re.compile(r"[0-9.]{1,64}", re.ASCII)
_log = logging.getLogger(__name__)


class Keeping(Protocol):
    """Where images are kept: the inbox."""

    def put(self, pieces: Pieces) -> str:
        """Keep bytes; return their address. Durable on return."""
        ...

    def take(self, image: WaitingImage) -> bool:
        """Note an image whose bytes are kept; return whether it is new. Durable on return."""
        ...

    def knows(self, sop_uid: str, digest: str) -> bool:
        """Return whether this very image came before."""
        ...


@dataclass(frozen=True)
class Arrival:
    """What a device sent in one message.

    Args:
        sop_class: as the command says.
        sop_uid: as the command says.
        syntax: transfer syntax that was agreed on.
        data: the dataset.
        sender: the device's name here.
        host: its address.
        at: when it came.
    """

    sop_class: str
    sop_uid: str
    syntax: str
    data: ArrivingSet
    sender: str
    host: str
    at: datetime


@dataclass(frozen=True)
class Outcome:
    """What became of it.

    Args:
        status: for the device.
        remark: for people; None where all is well.
        is_new: it was not here before.
    """

    status: int
    remark: Text | None = None
    is_new: bool = False


def store(arrival: Arrival, keeping: Keeping) -> Outcome:
    """Keep an image; never raises: a device gets its answer whatever happens."""
    try:
        return _kept(arrival, keeping)
    except DiskFullError as error:
        return Outcome(OUT_OF_RESOURCES, error.text)
    except StorageError as error:
        _log.warning("an image is not kept: %s", error)
        return Outcome(OUT_OF_RESOURCES, error.text)
    except ClinicError as error:
        return Outcome(CANNOT_UNDERSTAND, error.text)
    finally:
        arrival.data.discard()


def _kept(arrival: Arrival, keeping: Keeping) -> Outcome:
    data = arrival.data
    if data.is_too_large:
        return Outcome(OUT_OF_RESOURCES, Text("The file is too large."))
    if not data.is_whole:
        return Outcome(OUT_OF_RESOURCES, Text("The disk did not take an image while it came."))
    head = file_head(arrival.sop_class, arrival.sop_uid, arrival.syntax)
    beginning = data.beginning()
    in_hand = b"".join((head, beginning))
    dataset = read_beginning(in_hand, arrival.syntax, is_whole=len(beginning) == data.size)
    del beginning, in_hand
    digest = hashlib.sha256(arrival.syntax.encode())
    for piece in data.pieces():
        digest.update(piece)
    image = waiting_image(
        dataset,
        sha256="",
        digest=digest.hexdigest(),
        size_bytes=len(head) + data.size,
        sender=arrival.sender,
        host=arrival.host,
        received_at=arrival.at,
    )
    if (image.sop_uid, image.sop_class) != (arrival.sop_uid, arrival.sop_class):
        return Outcome(NOT_WHAT_WAS_SAID, Text("An image was not the one its device announced."))
    if keeping.knows(image.sop_uid, image.digest):
        return Outcome(SUCCESS)

    def pieces() -> Iterator[bytes | memoryview]:
        yield head
        yield from data.pieces()

    return Outcome(SUCCESS, is_new=keeping.take(replace(image, sha256=keeping.put(pieces))))


def file_head(sop_class: str, sop_uid: str, syntax: str) -> bytes:
    """Return what stands before the dataset in a file: an empty preamble, the mark, and the file meta information.

    Raises:
        UnreadableFileError: one of the UIDs is none.
    """
    if not all(_UID.fullmatch(each) for each in (sop_class, sop_uid, syntax)):
        raise UnreadableFileError(Text("The file does not say what it is ({element} is missing).", element="UID"))
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(sop_class), UID(sop_uid)
    meta.TransferSyntaxUID, meta.ImplementationClassUID = UID(syntax), UID(_IMPLEMENTATION)
    target = DicomBytesIO()
    target.write(bytes(128) + b"DICM")
    write_file_meta_info(target, meta)
    return target.getvalue()
