"""A maker of releases: keys that only the test knows, a repository, and small files in place of Setup programs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from securesystemslib.signer import CryptoSigner

from clinic_app.updates.sources import METADATA
from installer.release_repository import ROLES, Repository, new_key

NEWS = {"kk": "Жаңа: жылдамырақ.", "ru": "Новое: быстрее.", "en": "New: faster."}


def new_keys(root_holders: int = 3) -> dict[str, list[CryptoSigner]]:
    """Return a key for every role, and several for the root."""
    return {**{role: [new_key()] for role in ROLES}, "root": [new_key() for _ in range(root_holders)]}


@dataclass
class Maker:
    """Who makes releases.

    Args:
        folder: for everything.
        keys: by role.
        now: the moment of what is signed.
    """

    folder: Path
    keys: dict[str, list[CryptoSigner]] = field(default_factory=new_keys)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        if not self.place.exists():
            self.repository.begin(self.keys, 2)

    @property
    def place(self) -> Path:
        """The folder of the repository."""
        return self.folder / "repository"

    @property
    def repository(self) -> Repository:
        """The repository, as of `now`."""
        return Repository(self.place, self.now)

    @property
    def root(self) -> bytes:
        """The root that a program brings along."""
        return (self.place / METADATA / "1.root.json").read_bytes()

    def publish(self, version: str, body: bytes = b"", suffix: str = "exe") -> Path:
        """Publish a release whose file holds ``body``; return the file as it was made."""
        path = self.folder / f"Dala-{version}-x64.{suffix}"
        path.write_bytes(body or f"Setup of {version}".encode())
        self.repository.add([path], NEWS, self.keys)
        return path

    def earlier(self, days: int) -> Maker:
        """Return the same maker so many days ago."""
        return replace(self, now=self.now - timedelta(days=days))

    def packed(self) -> Path:
        """Return the repository in one file."""
        target = self.folder / "dala.dala-update"
        self.repository.pack(target)
        return target
