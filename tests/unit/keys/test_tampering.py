"""Signed words and sealed files in hands that change them, letter by letter and bit by bit."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError, KeyLockedError, UnreadableFileError
from clinic_app.keys import NodeKeys
from clinic_app.keys.derived import derive
from clinic_app.keys.node_keys import seal, seal_file, verify_jws

HERE, THERE = NodeKeys.create(), NodeKeys.create()
PAYLOAD = '{"opinion":"Ырғақ синустық"}'.encode()
SIGNED = HERE.sign_jws(PAYLOAD)
SEALED = seal(PAYLOAD, [HERE.age_recipient])


def _part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(SIGNED) - 1), st.characters(codec="utf-8"))
def test_no_changed_letter_of_a_signed_text_changes_what_is_believed(place: int, letter: str) -> None:
    changed = SIGNED[:place] + letter + SIGNED[place + 1 :]
    try:
        assert verify_jws(changed, HERE.public_jwk) == PAYLOAD
    except UnreadableFileError:
        assert changed != SIGNED


@pytest.mark.parametrize("algorithm", ["none", "HS256", "EdDSA", "RS256", "", None, 5])
def test_a_header_that_names_another_signature_is_never_believed(algorithm: object) -> None:
    _, payload, signature = SIGNED.split(".")
    for tail in (signature, ""):
        with pytest.raises(UnreadableFileError):
            verify_jws(f"{_part({'alg': algorithm})}.{payload}.{tail}", HERE.public_jwk)


def test_a_key_that_travels_inside_the_signed_text_is_not_asked() -> None:
    header, payload, signature = THERE.sign_jws(PAYLOAD).split(".")
    inside = _part({"alg": "Ed25519", "jwk": THERE.public_jwk})
    for text in (f"{inside}.{payload}.{signature}", f"{header}.{payload}.{signature}"):
        with pytest.raises(UnreadableFileError):
            verify_jws(text, HERE.public_jwk)


def test_a_signature_is_never_good_for_other_words() -> None:
    header, _, signature = SIGNED.split(".")
    other = THERE.sign_jws(b"other words").split(".")[1]
    with pytest.raises(UnreadableFileError):
        verify_jws(f"{header}.{other}.{signature}", HERE.public_jwk)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "...", "a.b.c", "Ә.Ә.Ә", SIGNED + ".", SIGNED + "\n\n.x", SIGNED[:-20]]
)
def test_what_is_no_signed_text_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        verify_jws(text, HERE.public_jwk)
    assert caught.value.text.render("ru")


@pytest.mark.parametrize("x", ["", "A", "A" * 42, "A" * 44, "Ә" * 43, "!" * 43, None, 7])
def test_what_is_no_public_key_believes_nobody(x: object) -> None:
    with pytest.raises((InvalidInputError, UnreadableFileError)):
        verify_jws(SIGNED, {"kty": "OKP", "crv": "Ed25519", "x": x})


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=4096))
def test_any_words_come_back_from_signing_and_from_sealing(words: bytes) -> None:
    assert verify_jws(HERE.sign_jws(words), HERE.public_jwk) == words
    assert HERE.unseal(seal(words, [THERE.age_recipient, HERE.age_recipient])) == words


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_no_changed_byte_of_a_sealed_package_is_opened(place: int, bits: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= bits
    with pytest.raises((UnreadableFileError, KeyLockedError)):
        HERE.unseal(bytes(changed))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(SEALED) - 1))
def test_no_sealed_package_that_was_cut_is_opened(length: int) -> None:
    with pytest.raises((UnreadableFileError, KeyLockedError)):
        HERE.unseal(SEALED[:length])


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_a_file_of_any_size_comes_back_and_a_cut_one_leaves_nothing(tmp_path: Path, size: int) -> None:
    plain, sealed, target = tmp_path / "plain", tmp_path / "sealed", tmp_path / "target"
    plain.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    seal_file(plain, sealed, [HERE.age_recipient])
    HERE.unseal_file(sealed, target)
    assert target.read_bytes() == plain.read_bytes()
    target.unlink()
    sealed.write_bytes(sealed.read_bytes()[:-1])
    with pytest.raises(UnreadableFileError):
        HERE.unseal_file(sealed, target)
    assert not target.exists()


def test_the_others_package_is_said_to_be_the_others() -> None:
    with pytest.raises(KeyLockedError):
        THERE.unseal(SEALED)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_damaged_kept_keys_are_refused_or_still_a_whole_pair(place: int, noise: bytes) -> None:
    kept = bytearray(HERE.to_bytes())
    kept[place % len(kept) : place % len(kept) + len(noise)] = noise
    with suppress(KeyLockedError):
        keys = NodeKeys.from_bytes(bytes(kept))
        assert keys.age_recipient.startswith("age1")


def test_keys_come_back_as_they_were_kept_and_are_not_shown_by_their_name() -> None:
    again = NodeKeys.from_bytes(HERE.to_bytes())
    assert (again.age_recipient, again.public_jwk) == (HERE.age_recipient, HERE.public_jwk)
    assert verify_jws(again.sign_jws(b"x"), HERE.public_jwk) == b"x"
    assert "SECRET" not in repr(HERE).upper()
    assert "d" not in HERE.public_jwk


def test_each_purpose_and_each_salt_has_its_own_key() -> None:
    key = bytes(32)
    made = {derive(key, purpose) for purpose in ("database", "key check", "blobs", "blob names", "audit")}
    made |= {derive(key, "blobs", bytes([salt])) for salt in range(1, 11)}  # HKDF takes zeros for no salt
    assert len(made) == 15
    with pytest.raises(ValueError, match="32"):
        derive(bytes(31), "blobs")
