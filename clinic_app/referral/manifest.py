"""The table of contents of a sealed package: every file with its digest, who sent it, and for whose keys it was sealed.

The recipients stand *inside* what is signed: the envelope (age) does not say who sealed it, and without them an
addressee could seal the same signed contents anew for somebody else in the sender's name.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Literal

import msgspec

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.records.datatypes import Instant

FORMAT: Final = "dala-referral-package"
VERSION: Final = 1

Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
RecordId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.-]{1,64}$")]


class ManifestFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of the package; ``size`` in bytes."""

    path: Annotated[str, msgspec.Meta(max_length=80)]
    sha256: Digest
    size: Annotated[int, msgspec.Meta(ge=0)]
    mime: Annotated[str, msgspec.Meta(max_length=100)]


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is in a package, from whom, for whom; this is what the sender's workstation signs."""

    format: Literal["dala-referral-package"] = FORMAT
    version: Literal[1] = VERSION
    package_id: RecordId
    service_request: RecordId
    task: RecordId
    sender_organization: RecordId
    sender_device: RecordId
    recipients: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=200)]
    created: Instant
    files: Annotated[tuple[ManifestFile, ...], msgspec.Meta(max_length=4000)]


def file_entry(path: str, data: bytes, mime: str) -> ManifestFile:
    """Return the manifest's line for one file."""
    return ManifestFile(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data), mime=mime)


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the bytes that are signed and lie in the package as MANIFEST.JSON."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1)


def decode_manifest(data: bytes) -> Manifest:
    """Return the manifest in ``data``.

    Raises:
        UnreadableFileError: it is no manifest, or one of a newer version.
    """
    try:
        return msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableFileError(
            Text("This referral package was made by another version of the program; it cannot be read here.")
        ) from error
