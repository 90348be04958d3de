"""Signing and sealing: what was signed is known, what was sealed is shut, what was changed is refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation import durable_files
from clinic_app.foundation.errors import DiskFullError, InvalidInputError, KeyLockedError, UnreadableFileError
from clinic_app.keys import NodeKeys, derive, seal, seal_file, verify_jws
from tests.unit.foundation.test_durable_files import full_device

KEYS = NodeKeys.create()
OTHER = NodeKeys.create()


def test_keys_are_the_same_after_they_were_kept() -> None:
    again = NodeKeys.from_bytes(KEYS.to_bytes())
    assert again.age_recipient == KEYS.age_recipient
    assert again.public_jwk == KEYS.public_jwk
    assert again.unseal(seal(b"x", [KEYS.age_recipient])) == b"x"


def test_the_public_half_tells_nothing_secret() -> None:
    assert set(KEYS.public_jwk) == {"kty", "crv", "x"}
    assert "SECRET" not in repr(KEYS)


@pytest.mark.parametrize("kept", [b"", b"{}", b'{"age":"x","ed25519":{}}', b"\xff"])
def test_what_are_no_keys_is_said_so(kept: bytes) -> None:
    with pytest.raises(KeyLockedError):
        NodeKeys.from_bytes(kept)


def test_a_signature_carries_what_it_signs() -> None:
    assert verify_jws(KEYS.sign_jws("сұрақ".encode()), KEYS.public_jwk) == "сұрақ".encode()


def test_another_workstations_signature_is_refused() -> None:
    with pytest.raises(UnreadableFileError):
        verify_jws(OTHER.sign_jws(b"x"), KEYS.public_jwk)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


SIGNED = KEYS.sign_jws(b"payload")
HEADER, PAYLOAD, SIGNATURE = SIGNED.split(".")


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "..",
        "a.b.c",
        f"{part({'alg': 'none'})}.{PAYLOAD}.",
        f"{part({'alg': 'HS256'})}.{PAYLOAD}.{SIGNATURE}",
        f"{part({'alg': 'Ed25519', 'crit': ['b64'], 'b64': False})}.{PAYLOAD}.{SIGNATURE}",
        f"{HEADER}.{part('other')}.{SIGNATURE}",
        f"{HEADER}.{PAYLOAD}.{SIGNATURE[:-4]}",
        f"{HEADER}.{PAYLOAD}",
        "қол.таң.ба",
    ],
)
def test_a_forged_signature_is_refused(forged: str) -> None:
    with pytest.raises(UnreadableFileError):
        verify_jws(forged, KEYS.public_jwk)


@pytest.mark.parametrize("key", [{}, {"x": ""}, {"kty": "oct", "k": "AAAA"}, {"x": "!"}, {"x": "QUJD"}, {"x": None}])
def test_what_is_no_public_key_is_refused(key: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        verify_jws(SIGNED, key)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_no_text_passes_for_a_signature(text: str) -> None:
    with pytest.raises(UnreadableFileError):
        verify_jws(text, KEYS.public_jwk)


def test_every_recipient_opens_what_was_sealed_and_nobody_else() -> None:
    sealed = seal(b"x" * 100_000, [KEYS.age_recipient, OTHER.age_recipient])
    assert KEYS.unseal(sealed) == OTHER.unseal(sealed) == b"x" * 100_000
    with pytest.raises(KeyLockedError):
        NodeKeys.create().unseal(sealed)


@pytest.mark.parametrize("recipients", [[], ["age1nobody"], [""], ["AGE-SECRET-KEY-1"]])
def test_sealing_to_nobody_is_refused(recipients: list[str]) -> None:
    with pytest.raises(InvalidInputError):
        seal(b"x", recipients)


def test_one_changed_byte_anywhere_is_refused() -> None:
    sealed = seal(b"y" * 300, [KEYS.age_recipient])
    for place in range(0, len(sealed), 7):
        damaged = bytearray(sealed)
        damaged[place] ^= 1
        with pytest.raises((UnreadableFileError, KeyLockedError)):
            KEYS.unseal(bytes(damaged))


@pytest.mark.parametrize("left", [0, 1, 20, 150, -1])
def test_a_cut_package_is_refused(left: int) -> None:
    with pytest.raises(UnreadableFileError):
        KEYS.unseal(seal(b"y" * 300, [KEYS.age_recipient])[:left])


def test_a_file_is_sealed_and_opened_without_leaving_halves(tmp_path: Path) -> None:
    source, sealed, target = tmp_path / "a", tmp_path / "a.age", tmp_path / "b"
    source.write_bytes(b"z" * 200_000)
    seal_file(source, sealed, [KEYS.age_recipient])
    KEYS.unseal_file(sealed, target)
    assert target.read_bytes() == source.read_bytes()
    sealed.write_bytes(sealed.read_bytes()[:-100])
    target.unlink()
    with pytest.raises(UnreadableFileError):
        KEYS.unseal_file(sealed, target)
    with pytest.raises(KeyLockedError):
        OTHER.unseal_file(sealed, target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.age"]


def test_a_full_disk_leaves_no_half_of_a_sealed_or_opened_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, sealed, target = tmp_path / "a", tmp_path / "a.age", tmp_path / "b"
    source.write_bytes(b"z" * 200_000)
    seal_file(source, sealed, [KEYS.age_recipient])
    monkeypatch.setattr(durable_files, "open_part", full_device)
    with pytest.raises(DiskFullError):
        seal_file(source, target, [KEYS.age_recipient])
    with pytest.raises(DiskFullError):
        KEYS.unseal_file(sealed, target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.age"]


def test_keys_for_different_purposes_differ_and_stay_the_same() -> None:
    key = bytes(32)
    derived = {derive(key, "database"), derive(key, "blobs"), derive(key, "audit"), derive(key, "blobs", b"salt"), key}
    assert len(derived) == 5
    assert derive(key, "database").hex() == derive(bytes(32), "database").hex()
    with pytest.raises(ValueError, match="32"):
        derive(b"short", "database")
