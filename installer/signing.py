"""Authenticode: with a certificate in the environment everything that Windows starts or installs is signed.

``DALA_SIGN_CERTIFICATE`` names the certificate and those between it and its root (PEM), ``DALA_SIGN_KEY`` its key
(PEM), ``DALA_SIGN_PASSWORD`` that key's password, ``DALA_SIGN_TIMESTAMP`` the address of a timestamp server (RFC
3161): without one a signature ends with its certificate. ``DALA_SIGN_ROOTS`` names the roots that are believed when a
signature is read again; without it the system's own and the certificate file.

NSIS has the uninstaller signed while it packs it: ``python installer/signing.py FILE``.

Source: Microsoft, Windows Authenticode Portable Executable Signature Format.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from installer import tools  # noqa: E402 - found only now that the root is on the path

CERTIFICATE: Final = "DALA_SIGN_CERTIFICATE"
KEY: Final = "DALA_SIGN_KEY"
PASSWORD: Final = "DALA_SIGN_PASSWORD"  # noqa: S105 - the name of a variable
TIMESTAMP: Final = "DALA_SIGN_TIMESTAMP"
ROOTS: Final = "DALA_SIGN_ROOTS"
UNSIGNED: Final = (
    f"NOT SIGNED: {CERTIFICATE} and {KEY} name no certificate. Windows will call the publisher unknown, and the "
    "self-test will say so."
)
_SYSTEM_ROOTS: Final = Path("/etc/ssl/certs/ca-certificates.crt")


class SignatureError(Exception):
    """A file could not be signed, or a signature does not hold; the message says which and why."""


@dataclass(frozen=True)
class Signer:
    """Who signs.

    Args:
        certificate: file of his certificate and those above it (PEM), his own first.
        key: file of its private key (PEM).
        password: of that file; empty for none.
        timestamp_url: of a server that says when it was signed; empty for none.
        roots: file of the roots that are believed when a signature is read again; None for the system's.
    """

    certificate: Path
    key: Path
    password: str = ""
    timestamp_url: str = ""
    roots: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Signer | None:
        """Return who signs on this computer; None where nobody does.

        Raises:
            SignatureError: half of what is needed is named, or a file is not there.
        """
        certificate, key = environment.get(CERTIFICATE, ""), environment.get(KEY, "")
        if not certificate and not key:
            return None
        if not certificate or not key:
            raise SignatureError(f"{CERTIFICATE} and {KEY} belong together; only one of them is there")
        roots = environment.get(ROOTS, "")
        for name in filter(None, (certificate, key, roots)):
            if not Path(name).is_file():
                raise SignatureError(f"there is no file {name}")
        return cls(
            Path(certificate).resolve(),
            Path(key).resolve(),
            environment.get(PASSWORD, ""),
            environment.get(TIMESTAMP, ""),
            Path(roots).resolve() if roots else None,
        )

    @property
    def name(self) -> str:
        """The name in the certificate.

        Raises:
            SignatureError: the file holds no certificate.
        """
        found = self.chain()[0].subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(found[0].value) if found else self.certificate.name

    def chain(self) -> Sequence[x509.Certificate]:
        """Return the certificates of the file, his own first.

        Raises:
            SignatureError: the file holds none.
        """
        try:
            return x509.load_pem_x509_certificates(self.certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise SignatureError(f"{self.certificate} holds no certificate (PEM)") from error

    def sign(self, path: Path) -> None:
        """Sign a program, a library or a package for Windows in its place, and read the signature again.

        Raises:
            SignatureError: it does not hold, or could not be made; the file is as it was.
            tools.MissingToolError: osslsigncode is missing.
        """
        signed = path.with_name(f"{path.name}.signed")
        stamp = ["-ts", self.timestamp_url] if self.timestamp_url else []
        try:
            with self._password_file() as password:
                tools.run(
                    "osslsigncode", "sign", "-certs", self.certificate, "-key", self.key, *password, "-h", "sha256",
                    "-n", "Dala", *stamp, "-in", path, "-out", signed,
                )  # fmt: skip
            self.verify(signed)
            os.replace(signed, path)
        except tools.MissingToolError as error:
            if "failed with" not in str(error):
                raise
            raise SignatureError(f"{path.name} could not be signed: {error}") from error
        finally:
            signed.unlink(missing_ok=True)

    def verify(self, path: Path) -> None:
        """Read a signature again.

        Raises:
            SignatureError: there is none, it does not fit the file, or it is somebody else's.
            tools.MissingToolError: osslsigncode is missing.
        """
        leaf = self.chain()[0].fingerprint(hashes.SHA256()).hex()
        with self._roots() as roots:
            try:
                tools.run("osslsigncode", "verify", "-CAfile", roots, "-TSA-CAfile", roots, "-ignore-cdp",
                          "-ignore-crl", "-require-leaf-hash", f"sha256:{leaf}", "-in", path)  # fmt: skip
            except tools.MissingToolError as error:
                if "failed with" not in str(error):
                    raise
                raise SignatureError(f"the signature of {path.name} does not hold: {error}") from error

    def signature_of(self, body: bytes) -> bytes:
        """Return a signature over the list of installed files, as `clinic_app.selftest.program_files` reads it.

        Raises:
            SignatureError: the key is of a kind that the self-test does not know, or cannot be read.
        """
        try:
            key = load_pem_private_key(self.key.read_bytes(), self.password.encode() or None)
        except (OSError, ValueError, TypeError) as error:
            raise SignatureError(f"{self.key.name} is no private key (PEM), or its password is another") from error
        if isinstance(key, rsa.RSAPrivateKey):
            made = key.sign(body, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePrivateKey):
            made = key.sign(body, ec.ECDSA(hashes.SHA256()))
        else:
            raise SignatureError(f"{self.key.name} is neither an RSA nor an elliptic-curve key")
        chain = [each.public_bytes(Encoding.PEM).decode("ascii") for each in self.chain()]
        return json.dumps({"certificates": chain, "signature": b64encode(made).decode("ascii")}).encode("ascii")

    @contextmanager
    def _password_file(self) -> Iterator[list[str]]:
        """Yield the words by which the password comes from a file that only we can read: a command line is public."""
        if not self.password:
            yield []
            return
        with tempfile.TemporaryDirectory(prefix="dala-signing-") as folder:
            path = Path(folder) / "password"
            path.touch(mode=0o600)
            path.write_text(self.password, encoding="utf-8")
            yield ["-readpass", str(path)]

    @contextmanager
    def _roots(self) -> Iterator[Path]:
        if self.roots is not None:
            yield self.roots
            return
        with tempfile.TemporaryDirectory(prefix="dala-signing-") as folder:
            path = Path(folder) / "roots.pem"
            system = _SYSTEM_ROOTS.read_bytes() if _SYSTEM_ROOTS.is_file() else b""
            path.write_bytes(system + b"\n" + self.certificate.read_bytes())
            yield path


def sign_all(paths: Iterable[Path], signer: Signer | None) -> None:
    """Sign every file where somebody signs; else leave them as they are.

    Raises:
        SignatureError: one could not be signed.
        tools.MissingToolError: osslsigncode is missing.
    """
    for path in paths:
        if signer is not None:
            signer.sign(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Sign the files named on the command line with the certificate of the environment; return the exit code."""
    names = sys.argv[1:] if arguments is None else arguments
    try:
        signer = Signer.from_environment()
        if signer is None:
            print(f"signing.py: {UNSIGNED}", file=sys.stderr)
            return 1
        sign_all(map(Path, names), signer)
    except (SignatureError, tools.MissingToolError) as error:
        print(f"signing.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
