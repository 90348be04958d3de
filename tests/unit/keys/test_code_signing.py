"""Whose signature it is: over a list of files, and inside a program for Windows."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clinic_app.keys.code_signing import CodeSigner, signer_by, signers_in
from tests.helpers.certificates import OwnCertificate, own_certificate
from tests.helpers.windows_programs import windows_program

BODY = b"the list"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> OwnCertificate:
    return own_certificate(tmp_path_factory.mktemp("own"), "dala")


@pytest.fixture(scope="module")
def signature(own: OwnCertificate) -> bytes:
    key = load_pem_private_key(own.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key.sign(BODY, ec.ECDSA(hashes.SHA256()))


def test_a_signature_names_its_signer(own: OwnCertificate, signature: bytes) -> None:
    signer = signer_by(own.certificate.read_text("ascii"), signature, BODY)
    assert signer.name == "dala"
    assert signer == CodeSigner("dala", signer.certificate)


def test_another_body_another_signature_and_another_signer_are_refused(
    own: OwnCertificate, signature: bytes, tmp_path: Path
) -> None:
    stranger = own_certificate(tmp_path, "dala").certificate.read_text("ascii")
    mine = own.certificate.read_text("ascii")
    for certificate, made, body in ((mine, signature, b"a list"), (mine, b"", BODY), (stranger, signature, BODY)):
        with pytest.raises(ValueError, match="does not hold"):
            signer_by(certificate, made, body)


@pytest.mark.parametrize("certificate", ["", "x", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", "ұ"])
def test_what_is_no_certificate_is_refused(certificate: str, signature: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whose words they are does not matter
        signer_by(certificate, signature, BODY)


def test_programs_without_a_signature_hold_no_signer(tmp_path: Path) -> None:
    path = tmp_path / "a.exe"
    for body in (windows_program(), windows_program(machine=0x14C), b"", b"MZ", bytes(64), windows_program()[:0x110]):
        path.write_bytes(body)
        assert signers_in(path) == ()
    assert signers_in(tmp_path / "gone.exe") == ()


@pytest.mark.parametrize("inside", [b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03abc", b"\x30\x00"])
def test_a_damaged_signature_holds_no_signer(tmp_path: Path, inside: bytes) -> None:
    body = bytearray(windows_program())
    directory = int.from_bytes(body[0x3C:0x40], "little") + 24 + 112 + 8 * 4
    place = len(body)
    table = (8 + len(inside)).to_bytes(4, "little") + b"\x00\x02\x02\x00" + inside
    body[directory : directory + 8] = place.to_bytes(4, "little") + len(table).to_bytes(4, "little")
    (tmp_path / "a.exe").write_bytes(bytes(body) + table)
    assert signers_in(tmp_path / "a.exe") == ()
