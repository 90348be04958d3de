"""Certificates as a hospital's IT makes them by itself: signed by nobody else, or by an authority of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class OwnCertificate:
    """A self-signed certificate and its key, as files (PEM); ``fingerprint`` is the SHA-256 of its DER bytes."""

    certificate: Path
    key: Path
    fingerprint: str


def own_certificate(folder: Path, name: str = "hub.hospital") -> OwnCertificate:
    """Make a certificate in ``folder`` that is valid from yesterday for a month."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return OwnCertificate(certificate, key_file, made.fingerprint(hashes.SHA256()).hex())


@dataclass(frozen=True)
class Authority:
    """Whoever signs for all devices of a hospital; ``certificate`` is a file (PEM)."""

    certificate: Path
    _key: ec.EllipticCurvePrivateKey
    _name: x509.Name

    def signed(self, name: str) -> OwnCertificate:
        """Return a certificate signed by this authority, valid from yesterday for a month, in the same folder."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(_named(name), self._name, key.public_key()).sign(self._key, hashes.SHA256())
        files = self.certificate.with_name(f"{name}.pem"), self.certificate.with_name(f"{name}.key")
        files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(_pem(key))
        return OwnCertificate(*files, made.fingerprint(hashes.SHA256()).hex())


def authority(folder: Path, name: str = "hospital") -> Authority:
    """Make an authority in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    key, subject = ec.generate_private_key(ec.SECP256R1()), _named(name)
    builder = _builder(subject, subject, key.public_key())
    made = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(
        key, hashes.SHA256()
    )
    certificate = folder / f"{name}.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return Authority(certificate, key, subject)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
