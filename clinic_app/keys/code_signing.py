"""Signatures over programs: who signed a list of files, and who signed a program for Windows (Authenticode).

Whether anybody trusts that certificate, Windows says; here is only seen by whose key it was made.

Source: Microsoft, Windows Authenticode Portable Executable Signature Format; PE Format.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class CodeSigner:
    """Whoever signed.

    Args:
        name: in his certificate.
        certificate: his own, DER.
    """

    name: str
    certificate: bytes


def signer_by(certificate: str, signature: bytes, body: bytes) -> CodeSigner:
    """Return whose signature over ``body`` it is.

    Args:
        certificate: of the signer, PEM.
        signature: RSA (PKCS #1) or ECDSA, with SHA-256.
        body: what was signed.

    Raises:
        ValueError: it is not his, or there is no such certificate.
    """
    signer = x509.load_pem_x509_certificate(certificate.encode())
    try:
        _check(signer, signature, body)
    except (InvalidSignature, UnsupportedAlgorithm) as error:
        raise ValueError("the signature does not hold") from error
    return _signer(signer)


def signers_in(program: Path) -> tuple[CodeSigner, ...]:
    """Return whose certificates are inside a program's signature; none where it has none."""
    try:
        body = program.read_bytes()
        (start,) = struct.unpack_from("<I", body, 0x3C)
        is_wide = struct.unpack_from("<H", body, start + 24)[0] == 0x20B
        place, size = struct.unpack_from("<II", body, start + 24 + (112 if is_wide else 96) + 8 * 4)
        if not place or size <= 8:
            return ()
        found = pkcs7.load_der_pkcs7_certificates(_one_value(body[place + 8 : place + size]))
    except (OSError, struct.error, IndexError, ValueError, UnsupportedAlgorithm):
        return ()
    return tuple(map(_signer, found))


def _check(signer: x509.Certificate, signature: bytes, body: bytes) -> None:
    key = signer.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, body, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, body, ec.ECDSA(hashes.SHA256()))
    else:
        raise InvalidSignature  # a key of another kind


def _one_value(body: bytes) -> bytes:
    """Return the first value (X.690, definite length) without what fills its table up."""
    count = body[1] & 0x7F if body[1] & 0x80 else 0
    length = int.from_bytes(body[2 : 2 + count], "big") if count else body[1]
    return body[: 2 + count + length]


def _signer(certificate: x509.Certificate) -> CodeSigner:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(found[0].value) if found else certificate.subject.rfc4514_string()
    return CodeSigner(name, certificate.public_bytes(Encoding.DER))
