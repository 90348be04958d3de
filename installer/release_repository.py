"""The repository of releases as its maintainers keep it: a folder of signed metadata, and the files it speaks of.

Four roles sign. The root says whose keys count; several people hold its keys and a number of them must sign, so that
one stolen key changes nothing. The targets key vouches for the releases themselves. Both are kept on no computer with a
network. Snapshot and timestamp say what is newest and until when that word is good: 120 days, so that a hospital that
is reached by a stick every few weeks is never told a stale word and never left without one.

Source: The Update Framework Specification 1.0, sections 4 and 6.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.updates.release import Release, numbers_of, release_of
from clinic_app.updates.sources import METADATA, TARGETS

LIFETIMES: Final[Mapping[str, timedelta]] = {
    "root": timedelta(days=3 * 365),
    "targets": timedelta(days=365),
    "snapshot": timedelta(days=120),
    "timestamp": timedelta(days=120),
}
ROLES: Final = tuple(LIFETIMES)
DRAFT: Final = "draft.root.json"
"""A root that waits for signatures of other people."""
_SERIALIZER: Final = JSONSerializer(compact=False)
_MOMENT: Final = (2020, 1, 1, 0, 0, 0)
T = TypeVar("T", Root, Targets, Snapshot, Timestamp)


class ReleaseError(Exception):
    """What was asked of the repository cannot be done; the message says why."""


class WaitsError(ReleaseError):
    """A root was written that others have to sign, too."""


@dataclass(frozen=True)
class Repository:
    """A repository of releases.

    Args:
        folder: with ``metadata`` and ``targets``; made by `begin`.
        now: the moment of everything that is signed, in UTC.
    """

    folder: Path
    now: datetime

    @classmethod
    def at(cls, folder: Path) -> Repository:
        """Return the repository in a folder, as of now."""
        return cls(folder, datetime.now(UTC))

    def begin(self, keys: Mapping[str, Sequence[CryptoSigner]], threshold: int) -> None:
        """Make a repository without a release.

        Args:
            keys: who may sign, by role.
            threshold: how many keys of the root must sign it.

        Raises:
            ReleaseError: there is a repository already, or the keys are too few.
        """
        if self._versions("root"):
            raise ReleaseError(f"there is a repository already in {self.folder}")
        root = Root(version=1, expires=self._end("root"), consistent_snapshot=True)
        self._put_keys(root, keys, threshold)
        metadata = Metadata(root)
        self._sign_root(metadata, keys["root"])
        self.publish_nothing(keys)

    def publish_nothing(self, keys: Mapping[str, Sequence[CryptoSigner]]) -> None:
        """Say that there is no release yet: what follows the first root, once it counts.

        Raises:
            ReleaseError: there are releases.
        """
        if self._versions("targets"):
            raise ReleaseError(f"there are releases in {self.folder}")
        self._publish(Targets(version=1, expires=self._end("targets")), keys)

    def add(self, files: Iterable[Path], news: Mapping[str, str], keys: Mapping[str, Sequence[CryptoSigner]]) -> None:
        """Add the files of a release; files of versions that are no longer wanted stay until `forget`.

        Args:
            files: Setup programs and packages, named as the build names them.
            news: what is new, by language.
            keys: of targets, snapshot and timestamp.

        Raises:
            ReleaseError: a file is no release, or one of this version is there with other bytes.
        """
        targets = self.targets()
        for path in files:
            release = _release(path, news)
            former = targets.targets.get(path.name)
            if former is not None and former.hashes["sha256"] != release.sha256:
                raise ReleaseError(f"{path.name} was published with other bytes; give the new one a version of its own")
            described = TargetFile(release.size, {"sha256": release.sha256}, path.name)
            described.unrecognized_fields["custom"] = {"news": dict(news)}
            targets.targets[path.name] = described
            stored = self.folder / TARGETS / release.stored_as
            stored.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, stored)
        self._publish(targets, keys)

    def forget(self, version: str, keys: Mapping[str, Sequence[CryptoSigner]]) -> None:
        """Take a release back: whoever has not installed it never will.

        Raises:
            ReleaseError: there is no such version.
        """
        targets = self.targets()
        gone = [each for each in self.releases() if each.version == version]
        if not gone:
            raise ReleaseError(f"there is no release {version}")
        for each in gone:
            del targets.targets[each.name]
            (self.folder / TARGETS / each.stored_as).unlink(missing_ok=True)
        self._publish(targets, keys)

    def renew(self, keys: Mapping[str, Sequence[CryptoSigner]]) -> None:
        """Say again what is newest, for as long as such a word is good."""
        if not self._versions("targets"):  # its root has waited for other signatures
            self.publish_nothing(keys)
            return
        self._publish(self.targets(), keys, is_changed=bool(keys.get("targets")))

    def change_root(
        self, keys: Mapping[str, Sequence[CryptoSigner]], threshold: int, former: Sequence[CryptoSigner]
    ) -> None:
        """Make the next root: other keys, or the same for longer. It is signed by the former root's keys and its own.

        Args:
            keys: who may sign from now on, by role.
            threshold: how many keys of the new root must sign it.
            former: holders of the present root who sign.

        Raises:
            ReleaseError: too few of the former, or of the new.
        """
        present = self.root()
        root = Root(present.version + 1, expires=self._end("root"), consistent_snapshot=True)
        self._put_keys(root, keys, threshold)
        metadata = Metadata(root)
        self._sign_root(metadata, [*former, *keys["root"]], present)
        self._publish(self.targets(), keys)

    def sign_draft(self, signers: Sequence[CryptoSigner]) -> bool:
        """Add signatures to the root that waits for them; return whether it counts now.

        Raises:
            ReleaseError: none waits.
        """
        draft = self.folder / DRAFT
        if not draft.is_file():
            raise ReleaseError("no root waits for a signature")
        metadata = Metadata[Root].from_file(str(draft))
        former = self.root() if self._versions("root") else None
        try:
            self._sign_root(metadata, signers, former)
        except WaitsError:
            return False
        draft.unlink()
        return True

    def root(self) -> Root:
        """Return the present root."""
        return Metadata[Root].from_file(str(self._newest("root"))).signed

    def targets(self) -> Targets:
        """Return the present description of all releases."""
        return Metadata[Targets].from_file(str(self._newest("targets"))).signed

    def releases(self) -> list[Release]:
        """Return all releases, the newest first."""
        described = self.targets().targets.values()
        found = [
            release_of(each.path, each.hashes["sha256"], each.length, (each.custom or {}).get("news"))
            for each in described
        ]
        return sorted(found, key=lambda each: (numbers_of(each.version), each.kind), reverse=True)

    def ends(self) -> dict[str, datetime]:
        """Return until when the word of every role is good."""
        named = {role: max(self._versions(role)) for role in ROLES[:-1]}
        files = {role: f"{version}.{role}.json" for role, version in named.items()} | {"timestamp": "timestamp.json"}
        folder = self.folder / METADATA
        return {role: Metadata.from_file(str(folder / name)).signed.expires for role, name in files.items()}

    def pack(self, target: Path) -> None:
        """Put the repository into one file, for a stick; only of the newest version the files come along."""
        releases = self.releases()
        wanted = {each.stored_as for each in releases if each.version == releases[0].version}
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for path in sorted((self.folder / METADATA).iterdir()):
                archive.writestr(zipfile.ZipInfo(f"{METADATA}/{path.name}", _MOMENT), path.read_bytes())
            for name in sorted(wanted):
                entry = zipfile.ZipInfo(f"{TARGETS}/{name}", _MOMENT)
                with (self.folder / TARGETS / name).open("rb") as file, archive.open(entry, "w") as copy:
                    shutil.copyfileobj(file, copy, 1 << 20)

    def _put_keys(self, root: Root, keys: Mapping[str, Sequence[CryptoSigner]], threshold: int) -> None:
        if threshold < 1 or len({each.public_key.keyid for each in keys["root"]}) < threshold:
            raise ReleaseError(f"a root that {threshold} must sign needs as many keys")
        for role in ROLES:
            if not keys.get(role):
                raise ReleaseError(f"the role {role} has no key")
            for signer in keys[role]:
                root.add_key(signer.public_key, role)
        root.roles["root"].threshold = threshold

    def _sign_root(self, metadata: Metadata[Root], signers: Sequence[CryptoSigner], former: Root | None = None) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for signer in signers:
            metadata.sign(signer, append=True)
        try:
            for judge in filter(None, (former, metadata.signed)):
                judge.verify_delegate("root", metadata.signed_bytes, metadata.signatures)
        except RepositoryError as error:
            metadata.to_file(str(self.folder / DRAFT), _SERIALIZER)
            raise WaitsError(f"too few holders of the root have signed it; the others sign {DRAFT}") from error
        self._write(f"{metadata.signed.version}.root.json", metadata)

    def _publish(
        self, targets: Targets, keys: Mapping[str, Sequence[CryptoSigner]], *, is_changed: bool = True
    ) -> None:
        """Sign what is described, and then the word that it is the newest."""
        if is_changed:
            targets.version = max(self._versions("targets"), default=0) + 1
            targets.expires = self._end("targets")
            described = self._sign("targets", targets, keys)
        else:
            described = (self.folder / METADATA / f"{targets.version}.targets.json").read_bytes()
        snapshot = Snapshot(max(self._versions("snapshot"), default=0) + 1, expires=self._end("snapshot"))
        snapshot.meta["targets.json"] = _meta(targets.version, described)
        listed = self._sign("snapshot", snapshot, keys)
        former = self.folder / METADATA / "timestamp.json"
        version = Metadata[Timestamp].from_file(str(former)).signed.version + 1 if former.is_file() else 1
        timestamp = Timestamp(version, expires=self._end("timestamp"))
        timestamp.snapshot_meta = _meta(snapshot.version, listed)
        self._sign("timestamp", timestamp, keys)
        self._remove_former(targets.version, snapshot.version)

    def _sign(self, role: str, signed: T, keys: Mapping[str, Sequence[CryptoSigner]]) -> bytes:
        metadata = Metadata(signed)
        for signer in keys.get(role, ()):
            metadata.sign(signer, append=True)
        try:
            self.root().verify_delegate(role, metadata.signed_bytes, metadata.signatures)
        except RepositoryError as error:
            raise ReleaseError(f"the role {role} must be signed by its key") from error
        return self._write("timestamp.json" if role == "timestamp" else f"{signed.version}.{role}.json", metadata)

    def _write(self, name: str, metadata: Metadata[T]) -> bytes:
        folder = self.folder / METADATA
        folder.mkdir(parents=True, exist_ok=True)
        metadata.to_file(str(folder / name), _SERIALIZER)
        return (folder / name).read_bytes()

    def _remove_former(self, targets: int, snapshot: int) -> None:
        for role, kept in (("targets", targets), ("snapshot", snapshot)):
            for version in self._versions(role):
                if version != kept:
                    (self.folder / METADATA / f"{version}.{role}.json").unlink()

    def _newest(self, role: str) -> Path:
        versions = self._versions(role)
        if not versions:
            raise ReleaseError(f"there is no repository in {self.folder}")
        return self.folder / METADATA / f"{max(versions)}.{role}.json"

    def _versions(self, role: str) -> list[int]:
        names = (each.name.split(".") for each in (self.folder / METADATA).glob(f"*.{role}.json"))
        return sorted(int(parts[0]) for parts in names if parts[0].isdigit())

    def _end(self, role: str) -> datetime:
        return (self.now + LIFETIMES[role]).replace(microsecond=0)


def new_key() -> CryptoSigner:
    """Return a new key (Ed25519)."""
    return CryptoSigner(Ed25519PrivateKey.generate())


def save_key(signer: CryptoSigner, path: Path, password: str) -> None:
    """Keep a key in a file (PEM), sealed by a password where there is one.

    Raises:
        ReleaseError: there is such a file already.
    """
    sealed: KeySerializationEncryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    private = load_pem_private_key(signer.private_bytes, None)
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            file.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))
    except FileExistsError as error:
        raise ReleaseError(f"{path} is there already; a key is never written over") from error


def load_key(path: Path, password: str) -> CryptoSigner:
    """Return a kept key.

    Raises:
        ReleaseError: it cannot be read, or the password is another.
    """
    try:
        private = load_pem_private_key(path.read_bytes(), password.encode() or None)
    except (OSError, ValueError, TypeError) as error:
        raise ReleaseError(f"{path} is no key, or its password is another") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise ReleaseError(f"{path} is no Ed25519 key")
    return CryptoSigner(private)


def _release(path: Path, news: Mapping[str, str]) -> Release:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return release_of(path.name, digest, path.stat().st_size, dict(news))
    except (OSError, UnreadableFileError) as error:
        raise ReleaseError(f"{path} is no Setup program and no package of this program") from error


def _meta(version: int, body: bytes) -> MetaFile:
    return MetaFile(version, len(body), {"sha256": hashlib.sha256(body).hexdigest()})
