"""Who may send images to an archive: one right for both protocols, none through a broken glass, each sending noted."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from clinic_app.access import Session
from clinic_app.access.break_glass import BreakGlass
from clinic_app.foundation.errors import LinkError, NotAllowedError
from clinic_app.imaging import Imaging
from clinic_app.imaging.archives import ImageArchives, Network
from clinic_app.imaging.network.commitment import Commitments
from clinic_app.imaging.network.peers import Peer, WebServer
from clinic_app.imaging.network.sending import ImageSending
from clinic_app.records import ImagingStudy, Patient
from clinic_app.registration.confidentiality import with_restriction
from clinic_app.storage import AuditQuery
from tests.helpers.image_desk import AE, IIN_OF_ONE, Desk, image_desk
from tests.helpers.stores import session_of

Send = Callable[[Session, ImagingStudy], object]
PEER: Final = "Archive"
WEB: Final = "Archive (DICOMweb)"


class Ways:
    """Both ways to an archive nobody answers at."""

    def __init__(self, desk: Desk, port: int) -> None:
        self.desk = desk
        peers = (Peer(PEER, "PACS", "127.0.0.1", port, frozenset({"store"})),)
        servers = (WebServer(WEB, f"http://127.0.0.1:{port}"),)
        commitments = Commitments(desk.inbox.keeps, desk.store.memory, AE, desk.clock)
        sending = ImageSending(desk.store, desk.trail, desk.clock, commitments, AE, lambda: peers)
        network = Network(AE, lambda: peers, lambda: servers)
        web = ImageArchives(desk.store, desk.trail, Imaging(desk.store, desk.trail, desk.clock), network)
        self.ways: tuple[tuple[str, Send], ...] = (
            (PEER, lambda session, study: sending.send(session, study, PEER)),
            (WEB, lambda session, study: web.send(session, study, WEB)),
        )
        desk.send(SOPInstanceUID="1.2.3.4.1", PatientID=IIN_OF_ONE)
        self.study = desk.inbox.confirm(desk.nurse, "1.2.3", desk.one.id, is_sure=True)

    def exports(self, *, is_refused: bool = False) -> list[str]:
        """Return what the trail says has left, or was kept from leaving, the last first."""
        rows = [each.event for each in self.desk.store.audit.page(AuditQuery(), 50)]
        ours = [each for each in rows if any(one.code == "export" for one in each.subtype)]
        return [str(each.entity) for each in ours if (each.outcome != "0") == is_refused]


@pytest.fixture
def ways(tmp_path: Path) -> Iterator[Ways]:
    with image_desk(tmp_path) as desk, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens at it
        yield Ways(desk, taken.getsockname()[1])


def close_record(ways: Ways) -> None:
    """Close the patient's record to all who do not treat him."""
    kept = ways.desk.store.records.get(Patient, ways.desk.one.id)
    ways.desk.store.records.commit((with_restriction(kept, is_restricted=True),))


def test_a_doctor_sends_by_either_protocol_and_it_is_noted_before_anybody_is_called(ways: Ways) -> None:
    for name, send in ways.ways:
        with pytest.raises(LinkError):  # the archive is off; the right was there
            send(ways.desk.doctor, ways.study)
        newest = ways.exports()[0]
        assert f"images to {name}" in newest
        assert ways.study.id in newest


@pytest.mark.parametrize("role", ["nurse", "registrar", "administrator"])
def test_who_may_take_no_images_out_sends_none_by_either_protocol(ways: Ways, role: str) -> None:
    session = session_of(ways.desk.store, role)
    for _name, send in ways.ways:
        with pytest.raises(NotAllowedError):
            send(session, ways.study)
    assert ways.exports() == []
    assert ways.exports(is_refused=True)


def test_a_closed_record_goes_nowhere_and_a_broken_glass_lets_nothing_out(ways: Ways) -> None:
    close_record(ways)
    desk = ways.desk
    for _name, send in ways.ways:
        with pytest.raises(NotAllowedError):
            send(desk.doctor, ways.study)
    BreakGlass(desk.store, desk.trail, desk.clock).open(
        desk.doctor, desk.one.id, "other", "He was brought in unconscious"
    )
    assert Imaging(desk.store, desk.trail, desk.clock).studies(desk.doctor, desk.one.id)  # he may look
    for _name, send in ways.ways:
        with pytest.raises(NotAllowedError):
            send(desk.doctor, ways.study)
    assert ways.exports() == []


def test_a_study_of_another_name_cannot_be_smuggled_out(ways: Ways) -> None:
    """What the caller holds of a study counts for nothing: the stored record is asked whose it is."""
    close_record(ways)
    forged = replace(ways.study, subject=ways.study.subject.__class__(reference=f"Patient/{ways.desk.other.id}"))
    for _name, send in ways.ways:
        with pytest.raises(NotAllowedError):
            send(ways.desk.doctor, forged)
