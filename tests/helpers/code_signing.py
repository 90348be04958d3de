"""A maker of programs with a certificate for signing them, from an authority that only the test believes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from installer.signing import Signer


def code_signer(folder: Path, name: str = "Dala", password: str = "") -> Signer:
    """Make an authority and somebody whose programs it vouches for; both are valid for a month."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    above, own = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    root_name, own_name = _named(f"Authority of {name}"), _named(name)

    def certificate(subject: x509.Name, key: rsa.RSAPublicKey, usage: x509.ExtensionType) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(root_name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number()).add_extension(usage, critical=True)
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
        return builder.sign(above, hashes.SHA256())

    root = certificate(root_name, above.public_key(), x509.BasicConstraints(ca=True, path_length=0))
    leaf = certificate(own_name, own.public_key(), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]))
    encryption: KeySerializationEncryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    files = {
        "root.pem": root.public_bytes(Encoding.PEM),
        "signer.pem": leaf.public_bytes(Encoding.PEM),
        "signer.key": own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption),
    }
    for each, body in files.items():
        (folder / each).write_bytes(body)
    return Signer(folder / "signer.pem", folder / "signer.key", password, roots=folder / "root.pem")


def in_environment(signer: Signer) -> dict[str, str]:
    """Return the variables that name a signer to a build."""
    return {
        "DALA_SIGN_CERTIFICATE": str(signer.certificate),
        "DALA_SIGN_KEY": str(signer.key),
        "DALA_SIGN_PASSWORD": signer.password,
        "DALA_SIGN_ROOTS": str(signer.roots or ""),
    }


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
