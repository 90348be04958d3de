"""Headers of age files that would keep the parser busy for hours are refused by a look."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pyrage
import pytest
from joserfc import jws

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.keys import NodeKeys, seal, seal_file, verify_jws
from clinic_app.keys.age_header import LARGEST_HEADER_BYTES, has_short_header

VERSION = b"age-encryption.org/v1\n"
LONG = {
    "one endless recipient": VERSION + b"-> x\n" + b"A" * (2 << 20),
    "100 000 recipients": VERSION + b"-> X25519 AAAA\nAAAA\n" * 100_000 + b"--- x\n",
    "300 recipients": VERSION + b"-> X25519 AAAA\nAAAA\n" * 300 + b"--- x\n",
    "an end just too late": VERSION + b"-> x\n" + b"A" * LARGEST_HEADER_BYTES + b"\n--- x\n",
    "no end": VERSION + b"-> x\nAAAA\n",
    "no beginning": b"-> x\nAAAA\n--- x\n",
    "nothing": b"",
}


@pytest.mark.parametrize("sealed", LONG.values(), ids=LONG)
def test_it_is_refused_before_it_is_parsed(sealed: bytes, tmp_path: Path) -> None:
    assert not has_short_header(sealed)
    keys, source, target = NodeKeys.create(), tmp_path / "in", tmp_path / "out"
    source.write_bytes(sealed)
    spent = time.process_time()
    with pytest.raises(UnreadableFileError):
        keys.unseal(sealed)
    with pytest.raises(UnreadableFileError):
        keys.unseal_file(source, target)
    assert time.process_time() - spent < 5, "this is not about speed: parsed, it would be minutes"
    assert not target.exists()


def test_a_package_for_as_many_as_a_manifest_may_name_is_opened(tmp_path: Path) -> None:
    keys = NodeKeys.create()
    everybody = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(200)] + [keys.age_recipient]
    sealed = seal(b"inside", everybody)
    assert has_short_header(sealed)
    assert keys.unseal(sealed) == b"inside"


def test_files_are_looked_at_from_their_beginning(tmp_path: Path) -> None:
    keys, plain = NodeKeys.create(), tmp_path / "plain"
    plain.write_bytes(bytes(200_000))
    seal_file(plain, tmp_path / "sealed", [keys.age_recipient])
    keys.unseal_file(tmp_path / "sealed", tmp_path / "opened")
    assert (tmp_path / "opened").read_bytes() == bytes(200_000)


def test_an_armoured_file_is_none_of_ours() -> None:
    keys = NodeKeys.create()
    body = base64.encodebytes(seal(b"x", [keys.age_recipient]))
    with pytest.raises(UnreadableFileError):
        keys.unseal(b"-----BEGIN AGE ENCRYPTED FILE-----\n" + body + b"-----END AGE ENCRYPTED FILE-----\n")


@pytest.mark.parametrize("more", [{"kid": "1"}, {"typ": "JWT"}, {"cty": "x"}])
def test_a_signature_says_its_algorithm_and_nothing_else(more: dict[str, str]) -> None:
    keys = NodeKeys.create()
    assert verify_jws(keys.sign_jws(b"payload"), keys.public_jwk) == b"payload"
    token = jws.serialize_compact({"alg": "Ed25519", **more}, b"payload", keys._signing, algorithms=["Ed25519"])
    with pytest.raises(UnreadableFileError):
        verify_jws(token, keys.public_jwk)
