"""The worklist over a real port: DCMTK's findscu asks as a machine does, and its images close the order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from clinic_app.imaging.network.listener import ImageListener, Services
from clinic_app.imaging.network.peers import Peer
from clinic_app.imaging.network.worklist import Worklist
from tests.helpers.image_desk import Desk, all_of, dcmtk, image_bytes, image_desk, listening

SENDS = Peer("Only sends", "SENDS", "127.0.0.1", uses=frozenset({"send"}))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, ImageListener]]:
    with image_desk(tmp_path_factory.mktemp("worklist")) as desk:
        services = Services(desk.inbox, Worklist(desk.orders.open_ones, lambda: "Хромтау"))
        with listening(services, (all_of("US4"), SENDS), desk.clock) as listener:
            yield desk, listener


def asked(listener: ImageListener, folder: Path, *keys: str, calling: str = "US4") -> list[Path]:
    """Ask as findscu does; return the answers it has written."""
    options = [part for key in keys for part in ("-k", key)]
    step = "ScheduledProcedureStepSequence[0]"
    code, said = dcmtk(
        "findscu", listener.port, "-W", "-X", "-od", folder, "-k", "PatientName", "-k", "PatientID", "-k",
        "AccessionNumber", "-k", "StudyInstanceUID", "-k", f"{step}.Modality", "-k",
        f"{step}.ScheduledStationAETitle", *options, calling=calling,
    )  # fmt: skip
    assert code == 0, said
    return sorted(folder.glob("*.dcm"))


def test_names_are_exact_in_utf_8_and_the_images_that_come_back_close_the_order(
    place: tuple[Desk, ImageListener], tmp_path: Path
) -> None:
    desk, listener = place
    order = desk.order()
    (path,) = asked(listener, tmp_path, "SpecificCharacterSet=ISO_IR 192", "PatientName=*")
    answer = dcmread(path)
    assert str(answer.PatientName) == "Қасымов^Ерлан"
    assert answer.StudyInstanceUID == order.study_uid
    image = tmp_path / "image"
    image.write_bytes(
        image_bytes(
            StudyInstanceUID=str(answer.StudyInstanceUID),
            AccessionNumber=str(answer.AccessionNumber),
            PatientID=str(answer.PatientID),
            PatientName="Kasymov^Erlan",
        )
    )
    assert dcmtk("storescu", listener.port, image, calling="US4")[0] == 0
    (waiting,) = desk.inbox.waiting(desk.nurse)
    assert [(match.by, match.sameness) for match in waiting.matches] == [("order", "identifier")]
    assert asked(listener, tmp_path / "again") == [] if (tmp_path / "again").mkdir() is None else False
    desk.inbox.confirm(desk.nurse, waiting.study.uid, desk.one.id)
    (closed,) = desk.orders.of_day(desk.nurse, desk.clock.now().date())
    assert closed.state == "done"


def test_an_old_machine_is_told_names_it_can_show(place: tuple[Desk, ImageListener], tmp_path: Path) -> None:
    desk, listener = place
    order = desk.order()
    for charset, name in (("ISO_IR 100", "Kasymov^Erlan"), ("ISO_IR 144", "Касымов^Ерлан")):
        folder = tmp_path / charset
        folder.mkdir()
        (path,) = asked(listener, folder, f"SpecificCharacterSet={charset}", f"AccessionNumber={order.accession}")
        assert str(dcmread(path).PatientName) == name
    desk.orders.cancel(desk.doctor, order.id, "test")


def test_who_only_sends_is_not_told_the_list(place: tuple[Desk, ImageListener]) -> None:
    _desk, listener = place
    code, said = dcmtk("findscu", listener.port, "-W", "-k", "PatientName", calling="SENDS")
    assert code != 0 or "No Acceptable Presentation Contexts" in said
