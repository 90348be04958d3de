"""What devices send over their own protocol: an image, a question for the worklist, one for storage commitment."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset as read_elements
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.network.arriving_set import ArrivingSet
from clinic_app.imaging.network.commitment import images_in
from clinic_app.imaging.network.storing import (
    CANNOT_UNDERSTAND,
    NOT_WHAT_WAS_SAID,
    OUT_OF_RESOURCES,
    SUCCESS,
    Arrival,
    store,
)
from clinic_app.imaging.network.worklist import Worklist
from clinic_app.imaging.order_record import OrderForm, order_of
from clinic_app.imaging.orders import ImageOrder
from clinic_app.imaging.reading import READING_ERRORS, uid_of
from clinic_app.imaging.waiting_image import Pieces, WaitingImage
from tests.fuzz.parser import Parser
from tests.helpers.clocks import NOON
from tests.helpers.fake_images import DOCTOR, GULNUR
from tests.helpers.image_desk import all_of, image_bytes

_SYNTAXES: Final = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.70")
_CT: Final = "1.2.840.10008.5.1.4.1.1.2"
_MOST: Final = 1 << 20


class _Kept:
    """Keeps nothing, and looks at what it is told."""

    def put(self, pieces: Pieces) -> str:
        assert b"".join(map(bytes, pieces()))[:132] == bytes(128) + b"DICM"
        return "0" * 64

    def take(self, image: WaitingImage) -> bool:
        assert len(image.patient_name) <= 256
        assert len(image.accession) <= 64
        return True

    def knows(self, sop_uid: str, digest: str) -> bool:
        return False


def _image(data: bytes) -> None:
    arriving = ArrivingSet(_MOST, 1024)
    arriving.write(data[1:])
    syntax = _SYNTAXES[(data[0] if data else 0) % len(_SYNTAXES)]
    outcome = store(Arrival(_CT, "1.2.3.4.5", syntax, arriving, "US", "10.0.0.1", NOON), _Kept())
    assert outcome.status in (SUCCESS, OUT_OF_RESOURCES, NOT_WHAT_WAS_SAID, CANNOT_UNDERSTAND)
    assert outcome.remark is None or outcome.remark.render("kk")


def _question(data: bytes) -> None:
    order = ImageOrder(order_of(OrderForm("US", "Құрсақ", "?", NOON), GULNUR, DOCTOR, "AB1226000001", NOON), GULNUR)
    asked = _read(data)
    try:
        for answer in Worklist(lambda: [order], str).answers(asked, all_of("US4")):
            assert len(str(answer.PatientName)) <= 64
    except READING_ERRORS as error:  # the listener tells the device that it is not understood
        raise UnreadableFileError(Text("This is no DICOM file.")) from error


def _kept_question(data: bytes) -> None:
    asked = _read(data)
    uid_of(asked, "TransactionUID")
    images_in(asked, "ReferencedSOPSequence")


def _read(data: bytes) -> Dataset:
    try:
        return read_elements(io.BytesIO(data), True, True)
    except READING_ERRORS as error:
        raise UnreadableFileError(Text("This is no DICOM file.")) from error


def _written(dataset: Dataset) -> bytes:
    target: Any = DicomBytesIO()
    target.is_little_endian = target.is_implicit_VR = True
    write_dataset(target, dataset)
    return bytes(target.getvalue())


def _images() -> tuple[bytes, ...]:
    whole = image_bytes(SOPInstanceUID="1.2.3.4.5")
    begin = 132 + 12 + int.from_bytes(whole[140:144], "little")
    return tuple(bytes((number,)) + whole[begin:] for number in range(2))


def _questions() -> Iterator[bytes]:
    asked, step = Dataset(), Dataset()
    asked.SpecificCharacterSet, asked.PatientName, asked.PatientID = "ISO_IR 192", "Ә*", "*"
    step.Modality, step.ScheduledProcedureStepStartDate, step.ScheduledStationAETitle = "US", "20260101-", ""
    asked.ScheduledProcedureStepSequence = Sequence([step])
    yield _written(asked)
    kept, item = Dataset(), Dataset()
    kept.TransactionUID = "1.2.3"
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = _CT, "1.2.3.4.5"
    kept.ReferencedSOPSequence = Sequence([item])
    yield _written(kept)


NETWORK_PARSERS: Final[Mapping[str, Parser]] = {
    "image from a device": Parser(_image, _images, 8192),
    "question for the worklist": Parser(_question, lambda: tuple(_questions())[:1]),
    "question for what is kept": Parser(_kept_question, lambda: tuple(_questions())[1:]),
}
