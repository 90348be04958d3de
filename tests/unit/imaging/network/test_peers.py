"""Devices and servers of the image network in the settings file: written, read again, refused when impossible."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.imaging.network import Peer, WebServer, peer_of, server_of, table_of, table_of_server
from clinic_app.imaging.network.peers import is_host, peers_of, servers_of, told_apart
from clinic_app.settings import DICOM_AE_TITLE, DICOM_PORT, Settings, load_settings, save_settings, settings_from
from clinic_app.workstation import _keep_devices, _keep_hub_url

CT = Peer("КТ, 2 этаж", "CT_ROOM2", "10.0.0.7", 104, frozenset({"send", "worklist"}), "cyrillic")
PACS = Peer("Archive", "HUBPACS", "pacs.hospital.kz", 4242, frozenset({"store", "query", "commit"}))
WEB = WebServer("Center", "https://pacs.example/dicom-web", "dala", frozenset({"query"}))


def test_the_network_is_off_until_somebody_turns_it_on(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path)
    assert (loaded[DICOM_AE_TITLE], loaded[DICOM_PORT], loaded.dicom_peers, loaded.dicomweb) == ("DALA", 0, (), ())


def test_the_network_is_read_from_the_file_as_it_was_written(tmp_path: Path) -> None:
    values = {"hub_url": "", "dicom.ae_title": "CLINIC7", "dicom.port": 11112, "dicom.host": "0.0.0.0"}
    written = Settings(tmp_path, values, (), (table_of(CT), table_of(PACS)), (table_of_server(WEB),))
    save_settings(written)
    loaded = load_settings(tmp_path)
    assert loaded.values == values
    assert tuple(map(peer_of, loaded.dicom_peers)) == (CT, PACS)
    assert tuple(map(server_of, loaded.dicomweb)) == (WEB,)
    text = (tmp_path / "settings.toml").read_text(encoding="utf-8")
    assert text.count("[dicom]") == 1
    assert text.count("[[dicom.peers]]") == 2


def test_a_file_as_a_person_writes_it_is_understood(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        "[dicom]\nport = 104\n\n[[dicom.peers]]\nae_title = 'US1'\nuses = 'send worklist'\n"
        "[[dicomweb]]\nurl = 'http://127.0.0.1:8042/dicom-web/'\n",
        encoding="utf-8",
    )
    loaded = load_settings(tmp_path)
    assert loaded[DICOM_PORT] == 104
    (peer,) = map(peer_of, loaded.dicom_peers)
    assert peer == Peer("US1", "US1", uses=frozenset({"send", "worklist"}))
    assert not peer.can_be_called
    (server,) = map(server_of, loaded.dicomweb)
    assert (server.url, server.uses) == ("http://127.0.0.1:8042/dicom-web", {"store", "query"})


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ("dicom = 5", "dicom"),
        ("[dicom]\nsecret = 1", "dicom.secret"),
        ("[dicom]\nport = 70000", "dicom.port"),
        ("[dicom]\npeers = 5", "dicom.peers"),
        ("[[dicom.peers]]\nuses = [1]", "dicom.peers"),
        ("[[dicomweb]]\nurl = 1.5", "dicomweb"),
    ],
)
def test_what_cannot_be_is_named_in_a_sentence(tmp_path: Path, told: str, field: str) -> None:
    (tmp_path / "settings.toml").write_text(told, encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        load_settings(tmp_path)
    assert caught.value.field == field
    assert caught.value.text.render("kk")


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ({}, "ae_title"),
        ({"ae_title": "A" * 17}, "ae_title"),
        ({"ae_title": "КТ"}, "ae_title"),
        ({"ae_title": "A\\B"}, "ae_title"),
        ({"ae_title": 5}, "ae_title"),
        ({"ae_title": "A", "name": "n" * 65}, "name"),
        ({"ae_title": "A", "host": "a b"}, "host"),
        ({"ae_title": "A", "host": "-x"}, "host"),
        ({"ae_title": "A", "port": 65536}, "port"),
        ({"ae_title": "A", "port": -1}, "port"),
        ({"ae_title": "A", "port": "104"}, "port"),
        ({"ae_title": "A", "uses": ["send", "print"]}, "uses"),
        ({"ae_title": "A", "uses": 5}, "uses"),
        ({"ae_title": "A", "letters": "kz"}, "letters"),
        ({"ae_title": "A", "color": "red"}, "color"),
    ],
)
def test_an_impossible_device_is_refused_by_its_field(table: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        peer_of(table)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "table", [{}, {"url": "ftp://x"}, {"url": "https://a b"}, {"url": "https://me:secret@x"}, {"url": "x", "uses": "a"}]
)
def test_an_impossible_server_is_refused_so_is_a_password_in_its_address(table: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        server_of(table)
    assert caught.value.field == "url"


def test_another_settings_change_keeps_the_network(tmp_path: Path) -> None:
    first = Settings(tmp_path, {"dicom.port": 104}, (), (table_of(CT),), (table_of_server(WEB),))
    save_settings(first)
    _keep_hub_url(first, "https://hub.example")
    _keep_devices(first, ())
    loaded = load_settings(tmp_path)
    assert replace(loaded, values={}) == replace(first, values={}, dicom_peers=({**table_of(CT)},))
    assert loaded.values == {"dicom.port": 104, "hub_url": "https://hub.example"}


@pytest.mark.parametrize(
    ("host", "is_one"),
    [("", True), ("10.0.0.1", True), ("::1", True), ("pacs-1.kz", True), ("a/b", False), ("a" * 254, False)],
)
def test_an_address_is_an_address(host: str, is_one: bool) -> None:
    assert is_host(host) == is_one


@settings(max_examples=25)
@given(
    name=st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=64).filter(str.strip).map(str.strip),
    title=st.from_regex(r"[A-Z0-9_]{1,16}", fullmatch=True),
    port=st.integers(0, 65535),
)
def test_any_device_survives_its_table(name: str, title: str, port: int) -> None:
    peer = Peer(name, title, "h", port, frozenset({"send"}), "latin")
    assert peer_of(settings_from(Path(), {"dicom": {"peers": [table_of(peer)]}}).dicom_peers[0]) == peer


def test_two_archives_of_one_name_are_two() -> None:
    same = replace(WEB, name="ARCHIVE")
    assert [each.name for each in told_apart([same, WEB], [PACS.name])] == ["ARCHIVE (DICOMweb)", "Center"]
    assert [each.name for each in told_apart([WEB, same, same])] == ["Center", "ARCHIVE", "ARCHIVE (DICOMweb)"]
    thrice = told_apart([same, same, same], ["archive"])
    assert [each.name for each in thrice] == ["ARCHIVE (DICOMweb)", "ARCHIVE (DICOMweb 2)", "ARCHIVE (DICOMweb 3)"]
    assert {each.url for each in thrice} == {WEB.url}


def test_a_file_with_one_name_for_two_devices_loses_neither() -> None:
    bad = {"name": "Typo", "ae_title": ""}
    peers, unusable = peers_of([table_of(CT), table_of(replace(PACS, name=CT.name.upper())), bad])
    assert [(each.name, each.ae_title) for each in peers] == [
        (CT.name, "CT_ROOM2"),
        (f"{CT.name.upper()} (2)", "HUBPACS"),
    ]
    assert [(table, error.field) for table, error in unusable] == [(bad, "ae_title")]
    servers, errors = servers_of([table_of_server(WEB), {"url": "ftp://x"}], ["center"])
    assert [each.name for each in servers] == ["Center (DICOMweb)"]
    assert [each.field for each in errors] == ["url"]
