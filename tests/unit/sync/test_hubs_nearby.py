"""Hubs on the local network: found by what they say, believed by what a person confirmed, and nothing else."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zeroconf import ServiceInfo

from clinic_app.foundation.errors import InvalidInputError, LinkError
from clinic_app.hub.announcing import Announcement, announced, announcement
from clinic_app.keys.certificates import trusting
from clinic_app.sync.discovery import NearbyHub, confirmed_certificate, grouped
from clinic_app.sync.listening import SERVICE, announced_hub, nearby_hubs
from tests.helpers.certificates import own_certificate
from tests.helpers.secured_door import secured

HERE = "127.0.0.1"
PRINT = "ab" * 32


def _said(**told: str) -> ServiceInfo:
    properties = {"name": "Аурухана", "url": "https://10.0.0.5:8443", "fingerprint": PRINT, **told}
    return ServiceInfo(SERVICE, f"hub.{SERVICE}", port=8443, properties=properties)


def test_a_hub_is_found_while_it_is_there_and_not_after(tmp_path: Path) -> None:
    own = own_certificate(tmp_path)
    told = announcement("Аудандық  аурухана", HERE, 8443, own.certificate)
    with announced(told, [HERE]):
        found = nearby_hubs(1.0, [HERE])
    assert found == (NearbyHub("Аудандық аурухана", f"https://{HERE}:8443", own.fingerprint),)
    assert nearby_hubs(0.3, [HERE]) == ()


def test_what_a_hub_says_is_taken_as_it_is() -> None:
    assert announced_hub(_said()) == NearbyHub("Аурухана", "https://10.0.0.5:8443", PRINT)


@pytest.mark.parametrize(
    "told",
    [
        {"name": ""},
        {"name": "x" * 61},
        {"name": "a\u202eb"},
        {"url": "http://10.0.0.5:8443"},
        {"url": "https://user:secret@10.0.0.5"},
        {"url": "https://10.0.0.5/?next=http://evil"},
        {"url": "https://10.0.0.5:99999"},
        {"url": "https://[::1"},
        {"url": "https://" + "a" * 210},
        {"url": "javascript:alert(1)"},
        {"fingerprint": ""},
        {"fingerprint": PRINT.upper()},
        {"fingerprint": PRINT + "ab"},
    ],
)
def test_what_no_hub_of_ours_says_is_not_shown(told: dict[str, str]) -> None:
    assert announced_hub(_said(**told)) is None


@given(st.dictionaries(st.binary(min_size=1, max_size=9), st.none() | st.binary(max_size=40), max_size=4))
def test_noise_on_the_network_is_not_shown(properties: dict[bytes, bytes | None]) -> None:
    info = ServiceInfo(SERVICE, f"hub.{SERVICE}", port=1, properties=properties)
    assert announced_hub(info) is None


def test_a_fingerprint_is_shown_in_groups() -> None:
    assert grouped("0123abcd" * 8).startswith("0123 ABCD 0123 ABCD ")
    assert len(grouped(PRINT).split()) == 16


def test_the_confirmed_certificate_is_trusted_and_no_other(tmp_path: Path) -> None:
    own, other = own_certificate(tmp_path, "own"), own_certificate(tmp_path, "other")
    with secured(own) as port:
        pem = confirmed_certificate(NearbyHub("A", f"https://{HERE}:{port}", own.fingerprint))
        assert ssl.PEM_cert_to_DER_cert(pem) == ssl.PEM_cert_to_DER_cert(own.certificate.read_text(encoding="ascii"))
        with socket.create_connection((HERE, port)) as plain, trusting(pem).wrap_socket(plain) as line:
            assert line.recv(1) == b"!"
    refused = pytest.raises(ssl.SSLCertVerificationError)
    with secured(other) as port, socket.create_connection((HERE, port)) as plain, refused:
        trusting(pem).wrap_socket(plain)


def test_another_certificate_than_the_confirmed_one_is_refused(tmp_path: Path) -> None:
    with secured(own_certificate(tmp_path)) as port, pytest.raises(LinkError, match="not the hub that was chosen"):
        confirmed_certificate(NearbyHub("A", f"https://{HERE}:{port}", PRINT))


def test_a_hub_that_is_gone_is_a_plain_word() -> None:
    with socket.create_server((HERE, 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(LinkError, match="cannot be reached"):
        confirmed_certificate(NearbyHub("A", f"https://{HERE}:{port}", PRINT))


def test_a_hub_on_all_addresses_says_one_that_leads_to_it(tmp_path: Path) -> None:
    own = own_certificate(tmp_path)
    told = announcement("A", "0.0.0.0", 8443, own.certificate)
    assert told.hub.url.startswith("https://")
    assert "0.0.0.0" not in told.hub.url
    assert announcement("A", "2001:db8::5", 8443, own.certificate).hub.url == "https://[2001:db8::5]:8443"


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x07b"])
def test_a_name_nobody_can_read_aloud_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="1 to 60"):
        announcement(name, HERE, 8443, own_certificate(tmp_path).certificate)


def test_a_certificate_that_is_none_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_bytes(b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    for path in (wrong, tmp_path / "missing.pem"):
        with pytest.raises(InvalidInputError, match="cannot be read"):
            announcement("A", HERE, 8443, path)


def test_a_network_that_is_none_is_a_plain_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def unplugged(**_: object) -> None:
        raise OSError(101, "Network is unreachable")

    for module in ("clinic_app.sync.listening", "clinic_app.hub.announcing"):
        monkeypatch.setattr(f"{module}.Zeroconf", unplugged)
    with pytest.raises(LinkError, match="no network"):
        nearby_hubs(0.1)
    told = Announcement(NearbyHub("A", f"https://{HERE}:1", PRINT), 1, (HERE,))
    with pytest.raises(InvalidInputError, match="cannot be announced"), announced(told):
        pass
