"""What a release is: a version, the file that installs it, and what is new in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text

Kind = Literal["setup", "msi"]
LARGEST_RELEASE: Final = 512 << 20
MOST_RELEASES: Final = 64
"""Targets in one set of metadata that are looked at."""
_VERSION: Final = re.compile(r"(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})", re.ASCII)
_NAME: Final = re.compile(r"Dala-(\d+\.\d+\.\d+)-x64\.(exe|msi)", re.ASCII)
_KINDS: Final[Mapping[str, Kind]] = {"exe": "setup", "msi": "msi"}
_LONGEST_NEWS: Final = 4000


class Release(msgspec.Struct, frozen=True):
    """One release.

    Args:
        version: ``X.Y.Z``.
        kind: how it is installed.
        name: of its file.
        sha256: digest of the file, hex.
        size: of the file, bytes.
        news: what is new in it, by language.
    """

    version: str
    kind: Kind
    name: str
    sha256: str
    size: int
    news: dict[str, str] = {}

    @property
    def stored_as(self) -> str:
        """The file's name in a repository: no two releases have the same."""
        return f"{self.sha256}.{self.name}"

    def news_in(self, language: str) -> str:
        """Return what is new, in the language or the nearest to it; empty where nobody wrote anything."""
        return next((self.news[each] for each in (language, "ru", "en") if self.news.get(each)), "")


def numbers_of(version: str) -> tuple[int, int, int]:
    """Return a version as numbers that can be compared.

    Raises:
        UnreadableFileError: it is none.
    """
    found = _VERSION.fullmatch(version)
    if found is None:
        raise UnreadableFileError(Text("“{version}” is no version of the form X.Y.Z.", version=version[:40]))
    return int(found[1]), int(found[2]), int(found[3])


def release_of(name: str, sha256: str, size: int, news: object) -> Release:
    """Return the release that a line of the metadata describes.

    Args:
        name: of its file.
        sha256: its digest.
        size: in bytes.
        news: by language.

    Raises:
        UnreadableFileError: it is nothing that this program installs.
    """
    found = _NAME.fullmatch(name)
    if found is None or not 0 < size <= LARGEST_RELEASE or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise UnreadableFileError(Text("“{name}” is no release of this program.", name=name[:100]))
    numbers_of(found[1])
    words = news if isinstance(news, dict) else {}
    told = {str(key)[:8]: str(value)[:_LONGEST_NEWS] for key, value in words.items() if isinstance(value, str)}
    return Release(found[1], _KINDS[found[2]], name, sha256, size, told)


def newest(releases: Iterable[Release], kind: Kind, above: str, refused: Iterable[str] = ()) -> Release | None:
    """Return the newest release that this computer could install; None where it has the newest.

    Args:
        releases: all of them.
        kind: how this computer's program was installed.
        above: the version it has.
        refused: versions that were tried here and did not work.
    """
    fit = [each for each in releases if each.kind == kind and each.version not in set(refused)]
    best = max(fit, key=lambda each: numbers_of(each.version), default=None)
    return best if best is not None and numbers_of(best.version) > numbers_of(above) else None
