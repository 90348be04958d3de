"""Keys that say who somebody is, and small secrets sealed beside the data."""

from __future__ import annotations

import pytest

from clinic_app.foundation.errors import InvalidInputError, KeyLockedError, UnreadableFileError
from clinic_app.keys.node_keys import NodeKeys, verify_jws
from clinic_app.keys.sealed_value import opened_value, sealed_value
from clinic_app.keys.signing_key import ERASE, RECEIPT, SigningKey, fingerprint, said_by, thumbprint

KEY = SigningKey.create()
OTHER = SigningKey.create()


def test_a_key_comes_back_from_its_bytes() -> None:
    again = SigningKey.from_bytes(KEY.to_bytes())
    assert again.public_jwk == KEY.public_jwk
    assert again.secret_for("tokens") == KEY.secret_for("tokens")
    assert said_by(again.sign({"kind": ERASE, "n": 1}), KEY.public_jwk, ERASE)["n"] == 1


@pytest.mark.parametrize(
    "kept", [b"", b"{}", b"[]", b'{"kty":"OKP"}', b"\xff", b'{"kty":"OKP","crv":"Ed25519","x":"A"}']
)
def test_what_is_no_key_is_said_to_be_none(kept: bytes) -> None:
    with pytest.raises(KeyLockedError):
        SigningKey.from_bytes(kept)


def test_it_does_not_show_its_secret() -> None:
    secret = KEY.to_bytes().decode().split('"d":"')[1].split('"')[0]
    assert secret not in repr(KEY)
    assert "d" not in KEY.public_jwk


def test_each_purpose_has_a_secret_of_its_own() -> None:
    assert len({KEY.secret_for("a"), KEY.secret_for("b"), OTHER.secret_for("a")}) == 3
    assert len(KEY.secret_for("a")) == 32


def test_words_of_one_purpose_are_no_use_for_another() -> None:
    word = KEY.sign({"kind": RECEIPT, "device": "d"})
    assert said_by(word, KEY.public_jwk, RECEIPT)["device"] == "d"
    with pytest.raises(UnreadableFileError):
        said_by(word, KEY.public_jwk, ERASE)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "a.b.c",
        OTHER.sign({"kind": ERASE}),
        KEY.sign({"kind": "other"}),
        KEY.sign({}),
        KEY.sign({"kind": ERASE}, {"kid": "me"}),
        KEY.sign({"kind": ERASE})[:-3] + "AAA",
        "." * 10_000,
    ],
)
def test_words_of_others_are_refused(word: str) -> None:
    with pytest.raises(UnreadableFileError):
        said_by(word, KEY.public_jwk, ERASE)


def test_words_that_are_no_object_are_refused() -> None:
    keys = NodeKeys.create()
    for payload in (b"[]", b"7", b"{", b"[" * 5000):
        assert verify_jws(keys.sign_jws(payload), keys.public_jwk) == payload
        with pytest.raises(UnreadableFileError):
            said_by(keys.sign_jws(payload), keys.public_jwk, ERASE)


def test_a_fingerprint_is_short_and_the_keys_own() -> None:
    assert len(fingerprint(KEY.public_jwk)) == 19
    assert fingerprint(KEY.public_jwk) == fingerprint({**KEY.public_jwk, "kid": "x"})
    assert fingerprint(KEY.public_jwk) != fingerprint(OTHER.public_jwk)
    assert len(thumbprint(KEY.public_jwk)) == 32


def test_the_thumbprint_is_that_of_the_standard() -> None:
    """RFC 8037, appendix A.3."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(jwk).hex() == "90facafea9b1556698540f70c0117a22ea37bd5cf3ed3c47093c1707282b4b89"


@pytest.mark.parametrize("jwk", [{}, {"kty": "EC"}, {"kty": "OKP", "crv": "X25519", "x": "A"}])
def test_other_keys_have_none(jwk: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        fingerprint(jwk)


def test_a_sealed_value_opens_under_its_key_and_name_only() -> None:
    key = bytes(range(32))
    sealed = sealed_value(b"secret", key, "name")
    assert b"secret" not in sealed
    assert sealed != sealed_value(b"secret", key, "name")
    assert opened_value(sealed, key, "name") == b"secret"
    for wrong in (
        lambda: opened_value(sealed, bytes(32), "name"),
        lambda: opened_value(sealed, key, "other"),
        lambda: opened_value(sealed[:-1], key, "name"),
        lambda: opened_value(b"", key, "name"),
        lambda: opened_value(sealed[:5], key, "name"),
    ):
        with pytest.raises(KeyLockedError):
            wrong()
