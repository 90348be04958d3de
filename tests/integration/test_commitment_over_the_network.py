"""Images sent to Orthanc and kept by it, by its own word; and Orthanc asking us whether we keep what it sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from pydicom.dataset import Dataset

from clinic_app.foundation.errors import LinkError, NotFoundError, UnreadableFileError
from clinic_app.imaging import Imaging
from clinic_app.imaging.filed_images import head_of
from clinic_app.imaging.network.calling import called
from clinic_app.imaging.network.commitment import (
    COMMITMENT,
    INSTANCE,
    Asked,
    Commitments,
    answer_of,
    images_in,
    question_of,
)
from clinic_app.imaging.network.listener import ImageListener, Services
from clinic_app.imaging.network.peers import USES, Peer
from clinic_app.imaging.network.sending import ImageSending, _parts
from clinic_app.records import ImagingStudy
from tests.helpers.image_archives import LOGIN, OrthancArchive, free_port, orthanc_archive
from tests.helpers.image_desk import AE, Desk, all_of, dcmtk, image_bytes, image_desk, listening
from tests.helpers.waiting import wait_until

PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
CT = "1.2.840.10008.5.1.4.1.1.2"


@dataclass
class Place:
    """Everything of it."""

    desk: Desk
    listener: ImageListener
    commitments: Commitments
    sending: ImageSending
    orthanc: OrthancArchive
    archive: Peer

    def study(self, count: int = 3, uid: str = "1.8", **more: str) -> ImagingStudy:
        """File a study."""
        found = []
        for number in range(count):
            made = {"StudyInstanceUID": uid, "SeriesInstanceUID": f"{uid}.1", "SOPInstanceUID": f"{uid}.1.{number}"}
            found.append(self.desk.image(InstanceNumber=number, **made, **more).found())
        imaging = Imaging(self.desk.store, self.desk.trail, self.desk.clock)
        return imaging.take_in(self.desk.doctor, self.desk.one.id, found, is_confirmed=True).studies[0]

    def ask(self, path: str, **body: object) -> httpx.Response:
        """Ask Orthanc of itself, or tell it to do something."""
        root = self.orthanc.server.url.removesuffix("/dicom-web")
        with httpx.Client(auth=LOGIN, trust_env=False, timeout=30) as client:
            return client.post(root + path, json=body) if body else client.get(root + path)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("commitment")
    port = free_port()
    with image_desk(folder / "desk") as desk, orthanc_archive(folder / "orthanc", port) as orthanc:
        archive = replace(orthanc.peer, uses=frozenset(USES))
        commitments = Commitments(desk.inbox.keeps, desk.store.memory, AE, desk.clock)
        peers: Sequence[Peer] = (archive, all_of("US4"), Peer("Gone", "GONE", "127.0.0.1", 1, frozenset({"store"})))
        sending = ImageSending(desk.store, desk.trail, desk.clock, commitments, AE, lambda: peers)
        services = Services(desk.inbox, None, commitments)
        with listening(services, peers, desk.clock, port=port) as listener:
            yield Place(desk, listener, commitments, sending, orthanc, archive)
            commitments.stop()


def test_a_study_is_sent_as_it_lies_and_the_archive_keeps_it_by_its_own_word(place: Place) -> None:
    study = place.study()
    steps: list[tuple[int, int]] = []
    sent = place.sending.send(
        place.desk.doctor, study, "Orthanc", progress=lambda done, total: steps.append((done, total))
    )
    assert (sent.sent, sent.failed, sent.is_stopped, sent.is_asked_to_keep) == (3, (), False, True)
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert place.orthanc.count() == 3
    wait_until(lambda: place.sending.asked(place.desk.doctor, study)[0].state != "asked", 20)
    (asked,) = place.sending.asked(place.desk.doctor, study)
    assert (asked.state, asked.count, asked.archive, asked.missing) == ("kept", 3, "Orthanc", ())


def test_sending_again_is_no_harm_and_stopping_keeps_what_was_sent(place: Place) -> None:
    study = place.study(4, uid="1.81")
    stops = iter((False, False, True, True))
    sent = place.sending.send(place.desk.doctor, study, "Orthanc", is_stopped=lambda: next(stops))
    assert (sent.sent, sent.is_stopped) == (2, True)
    again = place.sending.send(place.desk.doctor, study, "Orthanc")
    assert (again.sent, again.failed) == (4, ())


def test_an_archive_that_is_away_or_unknown_is_a_sentence(place: Place) -> None:
    study = place.study(1, uid="1.82")
    assert place.sending.archives() == ("Orthanc", "Gone")
    with pytest.raises(LinkError):
        place.sending.send(place.desk.doctor, study, "Gone")
    with pytest.raises(NotFoundError):
        place.sending.send(place.desk.doctor, study, "Nowhere")


def test_orthanc_asks_us_and_is_told_the_truth(place: Place, tmp_path: Path) -> None:
    image = tmp_path / "a.dcm"
    image.write_bytes(image_bytes(SOPInstanceUID="1.83.1", StudyInstanceUID="1.83"))
    assert dcmtk("storescu", place.listener.port, image, calling="US4")[0] == 0
    answer = place.ask("/modalities/dala/storage-commitment", DicomInstances=[[CT, "1.83.1"], [CT, "1.83.2"]])
    assert answer.status_code == 200, answer.text
    path = answer.json()["Path"]
    wait_until(lambda: place.ask(path).json()["Status"] != "Pending", 20)
    told = place.ask(path).json()
    assert told["Status"] == "Failure"
    assert [each["SOPInstanceUID"] for each in told["Success"]] == ["1.83.1"]
    assert [each["SOPInstanceUID"] for each in told["Failures"]] == ["1.83.2"]


def test_a_machine_that_cannot_be_called_is_answered_on_its_own_association(place: Place) -> None:
    from pynetdicom import evt

    heard: list[tuple[int, Dataset]] = []

    def told(event: evt.Event) -> tuple[int, None]:
        heard.append((event.event_type, event.event_information))
        return 0, None

    us = Peer("we", AE, "127.0.0.1", place.listener.port)
    handlers = [(evt.EVT_N_EVENT_REPORT, told)]
    with called(us, "US4", [(COMMITMENT, PLAIN)], handlers=handlers) as association:
        question = question_of("1.84", [(CT, "1.84.9")])
        status, _reply = association.send_n_action(question, 1, COMMITMENT, INSTANCE)
        assert status.Status == 0
        wait_until(lambda: heard and not place.commitments._running)
        nonsense = Dataset()
        nonsense.PatientID = "7"
        status, _reply = association.send_n_action(nonsense, 1, COMMITMENT, INSTANCE)
        assert status.Status == 0x0115
        status, _reply = association.send_n_action(question, 2, COMMITMENT, INSTANCE)
        assert status.Status == 0x0123
    ((kind, answer),) = heard
    assert kind == 2
    assert images_in(answer, "FailedSOPSequence") == ((CT, "1.84.9"),)
    assert answer.FailedSOPSequence[0].FailureReason == 0x0112


def test_an_archive_that_lost_some_is_heard_and_one_that_was_not_asked_is_not(place: Place) -> None:
    asked = Asked(transaction="1.85", archive="Orthanc", study_id="s", count=2, at=place.desk.clock.now())
    place.commitments.note_asked(asked)
    answer = answer_of("1.85", [(CT, "1.1")], [(CT, "1.2")])
    place.commitments.told(2, answer, replace(place.archive, name="Other"))
    assert place.commitments.of_study("s")[0].state == "asked"
    place.commitments.told(2, answer, place.archive)
    (heard,) = place.commitments.of_study("s")
    assert (heard.state, heard.missing) == ("missing", ("1.2",))
    place.commitments.told(1, Dataset(), place.archive)
    place.commitments.told(1, answer_of("9.9", [], []), place.archive)
    place.commitments.forget("1.85")
    assert place.commitments.of_study("s") == ()


def test_a_file_without_a_header_is_not_sent_and_kinds_are_parted_by_what_fits() -> None:
    with pytest.raises(UnreadableFileError):
        head_of(b"\x08\x00\x05\x00" + bytes(200))
    from clinic_app.imaging.network.sending import _File

    files = [_File(f"1.{number % 200}", "1", "", "1.2") for number in range(400)]
    parts = list(_parts(files))
    assert sum(map(len, parts)) == 400
    assert all(len({(each.sop_class, each.syntax) for each in part}) <= 126 for part in parts)
