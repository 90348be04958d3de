"""A referral as one sealed file, ``referral-<id>.zip.age``: signed first, then zipped, then encrypted.

It opens without this program (``age -d``, any ZIP tool, any browser, any DICOM viewer) and travels by link, USB stick
or courier. Whoever opens one with this program treats it as untrusted: the envelope, the archive's shape, the
signature, the addressee and every digest are checked before anything in it is used, and nothing is written before all
of it held.

Source: IHE XDM for the shape; RFC 7515 (JWS) with EdDSA; age-encryption.org/v1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from clinic_app.foundation.errors import ClinicError, NotAllowedError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.keys import NodeKeys, seal, verify_jws
from clinic_app.records import Resource
from clinic_app.referral.archive import (
    BUNDLE,
    CAPS,
    INDEX,
    MANIFEST,
    README,
    SIGNATURE,
    Caps,
    PackedFile,
    damaged,
    read_archive,
    write_archive,
)
from clinic_app.referral.bundle import bodies_of, read_document
from clinic_app.referral.cover import Cover, index, readme
from clinic_app.referral.manifest import Manifest, decode_manifest, encode_manifest, file_entry

SEALED_TYPE: Final = "application/age"


SenderKey = Callable[[str, str], Mapping[str, Any]]
"""(device id, organisation id) -> the public key of that workstation of that organisation."""


@dataclass(frozen=True)
class PackageSource:
    """Who makes a package of what: ids for the manifest, the FHIR document, and the evidence files."""

    package_id: str
    service_request: str
    task: str
    organization: str
    device: str
    created_at: datetime
    cover: Cover
    document: bytes
    evidence: tuple[PackedFile, ...]


@dataclass(frozen=True)
class OpenedPackage:
    """A package that held every check: ``bodies`` are its records' bytes, ``contents`` its evidence by SHA-256."""

    manifest: Manifest
    records: tuple[Resource, ...]
    bodies: tuple[bytes, ...]
    contents: Mapping[str, bytes]


def package_name(package_id: str) -> str:
    """Return the file name under which a package is saved to a stick."""
    return f"referral-{package_id}.zip.age"


def build_package(source: PackageSource, recipients: Sequence[str], keys: NodeKeys) -> bytes:
    """Return the sealed package; the sender's own key is always among those who can open it.

    Raises:
        InvalidInputError: the evidence is larger than one package may be.
    """
    everybody = tuple(dict.fromkeys((*recipients, keys.age_recipient)))
    document = PackedFile(BUNDLE, source.document, "application/fhir+json")
    named = (document, *source.evidence)
    files = (
        PackedFile(README, readme(source.cover), "text/plain; charset=utf-8"),
        PackedFile(INDEX, index(source.cover, named), "text/html; charset=utf-8"),
        *named,
    )
    manifest = encode_manifest(
        Manifest(
            package_id=source.package_id,
            service_request=source.service_request,
            task=source.task,
            sender_organization=source.organization,
            sender_device=source.device,
            recipients=everybody,
            created=source.created_at,
            files=tuple(file_entry(file.path, file.data, file.mime) for file in files),
        )
    )
    signed = (
        PackedFile(MANIFEST, manifest, "application/json"),
        PackedFile(SIGNATURE, keys.sign_jws(manifest).encode("ascii"), "application/jose"),
    )
    return seal(write_archive((*files, *signed)), everybody)


def open_package(sealed: bytes, keys: NodeKeys, sender_key: SenderKey, caps: Caps = CAPS) -> OpenedPackage:
    """Return what is in a sealed package, after every check held.

    Args:
        sealed: the file as it came.
        keys: this workstation's keys.
        sender_key: finds the public key of the workstation that says it is the sender.
        caps: what a package may be at most.

    Raises:
        UnreadableFileError: damaged, changed, hostile or foreign.
        NotAllowedError: it is not addressed to this workstation.
    """
    if len(sealed) > caps.sealed_bytes:
        raise too_large()
    files = read_archive(keys.unseal(sealed), caps)
    manifest = _signed_manifest(files, sender_key)
    if keys.age_recipient not in manifest.recipients:
        raise NotAllowedError(Text("This referral package is not addressed to this workstation."))
    _check_digests(files, manifest)
    document = files[BUNDLE]
    records = read_document(document)
    contents = {each.sha256: files[each.path] for each in manifest.files if each.path not in (README, INDEX, BUNDLE)}
    return OpenedPackage(manifest, records, bodies_of(document), contents)


def _signed_manifest(files: Mapping[str, bytes], sender_key: SenderKey) -> Manifest:
    """Return the manifest, whose signature is that of the workstation it names."""
    if not {MANIFEST, SIGNATURE, BUNDLE} <= files.keys():
        raise damaged()
    manifest = decode_manifest(files[MANIFEST])
    key = sender_key(manifest.sender_device, manifest.sender_organization)
    try:
        payload = verify_jws(files[SIGNATURE].decode("ascii"), key)
    except (ClinicError, UnicodeDecodeError) as error:
        raise _forged() from error
    if payload != files[MANIFEST]:
        raise _forged()
    return manifest


def _check_digests(files: Mapping[str, bytes], manifest: Manifest) -> None:
    listed = {each.path: each for each in manifest.files}
    if len(listed) != len(manifest.files) or listed.keys() | {MANIFEST, SIGNATURE} != files.keys():
        raise damaged()
    for path, each in listed.items():
        data = files[path]
        if len(data) != each.size or hashlib.sha256(data).hexdigest() != each.sha256:
            raise damaged()


def too_large() -> UnreadableFileError:
    """Return the error for a file no package of ours is as large as."""
    return UnreadableFileError(Text("This file is too large to be a referral package."))


def _forged() -> UnreadableFileError:
    return UnreadableFileError(
        Text("The sender's signature on this referral package does not hold; nothing was taken from it.")
    )
