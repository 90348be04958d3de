"""The image network for people: how it stands, who is let in, what is kept in the settings, what a test call says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from clinic_app.access import Session
from clinic_app.foundation.errors import DeviceError, InvalidInputError, LinkError, NotAllowedError, NotFoundError
from clinic_app.imaging.network.gate import Gate
from clinic_app.imaging.network.listener import ImageListener, Services
from clinic_app.imaging.network.peers import Peer, table_of
from clinic_app.imaging.network.service import MOST_PEERS, ImageNetwork
from clinic_app.settings import load_settings, save_settings, settings_from
from clinic_app.workstation import build_workstation
from tests.helpers.image_desk import AE, Desk, all_of, dcmtk, image_desk
from tests.helpers.stores import session_of

BAD = {"name": "Typo", "ae_title": "", "uses": ["send"]}
US = all_of("US4", "Ultrasound")


@dataclass
class Place:
    """A network over a real store."""

    desk: Desk
    listener: ImageListener
    network: ImageNetwork
    admin: Session
    kept: list[Sequence[Mapping[str, object]]] = field(default_factory=list)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with image_desk(tmp_path) as desk:
        listener = ImageListener("127.0.0.1", 0, Gate(AE), Services(desk.inbox), desk.clock)
        kept: list[Sequence[Mapping[str, object]]] = []
        tables = [table_of(US), BAD]
        network = ImageNetwork(
            listener, desk.trail, desk.store, tables, kept.append, is_wanted=True, servers=lambda: ["Oblast PACS"]
        )
        yield Place(desk, listener, network, session_of(desk.store, "administrator"), kept)
        network.stop()


def test_a_table_with_a_mistake_stops_nobody_else_and_is_not_lost(place: Place) -> None:
    assert place.network.peers() == (US,)
    place.network.put(place.admin, Peer("CT", "CT1", "10.0.0.7", uses=frozenset({"send"})))
    assert [table["name"] for table in place.kept[-1]] == ["Ultrasound", "CT", "Typo"]


def test_a_stranger_is_seen_let_in_and_a_stranger_no_longer(place: Place) -> None:
    place.network.start()
    assert dcmtk("echoscu", place.listener.port, calling="NEW1")[0] != 0
    state = place.network.state(place.desk.nurse)
    assert state.state == "listening"
    (stranger,) = state.strangers
    seen = place.network.version
    place.network.put(place.admin, Peer("New", stranger.ae_title, stranger.host, uses=frozenset({"send"})))
    assert dcmtk("echoscu", place.listener.port, calling="NEW1")[0] == 0
    after = place.network.state(place.admin)
    assert (after.strangers, after.peers[-1].ae_title) == ((), "NEW1")
    assert place.network.version > seen


def test_only_who_answers_for_the_computer_changes_the_list(place: Place) -> None:
    for session in (place.desk.doctor, place.desk.nurse, place.desk.registrar):
        with pytest.raises(NotAllowedError):
            place.network.put(session, US)
        with pytest.raises(NotAllowedError):
            place.network.remove(session, "Ultrasound")
        assert place.network.state(session).peers == (US,)


def test_a_device_is_changed_and_taken_off(place: Place) -> None:
    place.network.put(place.admin, replace(US, host="10.0.0.1"), instead_of="Ultrasound")
    assert place.network.peers()[0].host == "10.0.0.1"
    with pytest.raises(InvalidInputError) as caught:
        place.network.put(place.admin, replace(US, ae_title="OTHER"))
    assert caught.value.field == "name"
    with pytest.raises(NotFoundError):
        place.network.put(place.admin, US, instead_of="Gone")
    place.network.remove(place.admin, "Ultrasound")
    assert place.network.peers() == ()
    for number in range(MOST_PEERS):
        place.network.put(place.admin, Peer(f"D{number}", "D", uses=frozenset({"send"})))
    with pytest.raises(InvalidInputError):
        place.network.put(place.admin, Peer("One too many", "D"))


@pytest.mark.parametrize("name", ["Oblast PACS", "OBLAST pacs", "ultrasound"])
def test_no_two_archives_have_one_name(place: Place, name: str) -> None:
    archive = Peer(name, "PACS", "10.0.0.9", 104, frozenset({"store", "query"}))
    with pytest.raises(InvalidInputError, match=name) as caught:
        place.network.put(place.admin, archive)
    assert caught.value.field == "name"
    place.network.put(place.admin, replace(archive, name="Archive"))
    with pytest.raises(InvalidInputError):
        place.network.put(place.admin, archive, instead_of="Archive")
    place.network.put(place.admin, replace(archive, name="Archive", port=105), instead_of="Archive")
    place.network.put(place.admin, replace(archive, name="ARCHIVE"), instead_of="Archive")
    assert [each.name for each in place.network.peers()] == ["Ultrasound", "ARCHIVE"]


def test_a_test_call_says_how_long_it_took_or_what_is_wrong(place: Place) -> None:
    place.network.start()
    us = Peer("Ourselves", AE, "127.0.0.1", place.listener.port, frozenset({"send"}))
    place.network.put(place.admin, us)
    assert 0 < place.network.echo(place.desk.nurse, "Ourselves") < 10
    with pytest.raises(LinkError, match="only calls us"):
        place.network.echo(place.desk.nurse, "Ultrasound")
    with pytest.raises(NotFoundError):
        place.network.echo(place.desk.nurse, "Gone")
    place.network.put(place.admin, replace(us, name="Closed", port=1))
    with pytest.raises(LinkError):
        place.network.echo(place.desk.nurse, "Closed")


def test_a_taken_port_is_said_and_can_be_tried_again(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        listener = ImageListener("127.0.0.1", port, Gate(AE), Services(place.desk.inbox), place.desk.clock)
        network = ImageNetwork(listener, place.desk.trail, place.desk.store, [], place.kept.append, is_wanted=True)
        network.start()
        state = network.state(place.admin)
        assert (state.state, state.port) == ("failed", 0)
        assert state.problem is not None
        with pytest.raises(DeviceError):
            network.listen_again(place.admin)
    network.listen_again(place.admin)
    assert network.state(place.admin).state == "listening"
    network.stop()


def test_without_a_port_nothing_listens(place: Place) -> None:
    listener = ImageListener("127.0.0.1", 0, Gate(AE), Services(place.desk.inbox), place.desk.clock)
    network = ImageNetwork(listener, place.desk.trail, place.desk.store, [], place.kept.append, is_wanted=False)
    network.start()
    network.listen_again(place.admin)
    assert network.state(place.admin).state == "off"


def test_a_workstation_listens_on_the_port_of_its_settings_and_keeps_its_list_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = {"key_storage": "file", "reserve_mb": 0, "dicom": {"port": port, "peers": [table_of(US)]}}
    settings = settings_from(tmp_path, told)
    save_settings(settings)
    before = set(threading.enumerate())
    station = build_workstation(settings)
    try:
        assert dcmtk("echoscu", port, calling="US4")[0] == 0
        station.image_network._keep([table_of(US), table_of(replace(US, name="Two"))])
    finally:
        station.close()
    assert [each["name"] for each in load_settings(tmp_path).dicom_peers] == ["Ultrasound", "Two"]
    assert not {each for each in threading.enumerate() if "dicom" in each.name} - before
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", port), timeout=5):
        pass


def test_a_server_that_has_the_name_of_a_device_is_listed_beside_it_under_another(tmp_path: Path) -> None:
    device = Peer("PACS", "PACS", "10.0.0.9", 104, frozenset({"store", "query"}))
    server = {"name": "pacs", "url": "https://pacs.example/dw"}
    told = {"key_storage": "file", "reserve_mb": 0, "dicom": {"peers": [table_of(device)]}, "dicomweb": [server]}
    station = build_workstation(settings_from(tmp_path, told))
    try:
        lines = station.archives.lines()
    finally:
        station.close()
    assert [(each.name, each.kind) for each in lines] == [("PACS", "dicom"), ("pacs (DICOMweb)", "web")]
