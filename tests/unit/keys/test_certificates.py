"""A certificate is compared by its fingerprint and trusted alone."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from clinic_app.keys.certificates import (
    fingerprint_of,
    first_certificate,
    has_fingerprint,
    looking,
    trusting,
)
from tests.helpers.certificates import own_certificate


def test_the_fingerprint_is_the_one_other_tools_show(tmp_path: Path) -> None:
    own, other = own_certificate(tmp_path, "own"), own_certificate(tmp_path, "other")
    chain = own.certificate.read_bytes() + other.certificate.read_bytes()
    assert fingerprint_of(first_certificate(chain)) == own.fingerprint
    assert has_fingerprint(first_certificate(chain), own.fingerprint)
    assert not has_fingerprint(first_certificate(chain), other.fingerprint)


@pytest.mark.parametrize("chain", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_has_no_fingerprint(chain: bytes) -> None:
    with pytest.raises(ValueError, match=r"PEM|parsing"):
        first_certificate(chain)


def test_who_trusts_one_certificate_still_asks_for_it(tmp_path: Path) -> None:
    own = own_certificate(tmp_path)
    context = trusting(own.certificate.read_text(encoding="ascii"))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) <= 1
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_who_only_looks_believes_nobody() -> None:
    assert not looking().check_hostname
    assert looking().get_ca_certs() == []
