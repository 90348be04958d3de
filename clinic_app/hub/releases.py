"""Releases of the program at a hub: an administrator puts them in, every workstation that is let in may fetch them.

They are verified when they are put in, so that a damaged stick is noticed in the server room and not in twenty clinics.
The workstations verify them again: a hub that was taken over cannot make them install anything.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clinic_app.foundation.durable_files import disk_errors, write_atomically
from clinic_app.foundation.errors import InvalidInputError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.hub.gate import caller_of, hub_of
from clinic_app.updates.installed import program_folder, root_in
from clinic_app.updates.release import Release, numbers_of
from clinic_app.updates.sources import METADATA, TARGETS, Source
from clinic_app.updates.verifying import Verifier, copy_release, write_repository

FOLDER: Final = "releases"
_ROOT: Final = "root.json"
_PIECE: Final = 256 << 10
_log = logging.getLogger(__name__)


class HubReleases:
    """The releases of one hub; its folder is a repository.

    Args:
        data: the hub's data folder.
    """

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER

    def take(self, source: Source, root: bytes | None) -> tuple[Release, ...]:
        """Take what a stick brings; return the newest releases, of which the files are here now.

        Args:
            source: the repository on the stick.
            root: the root that is believed first; None for the one this hub knows, or its program brought along.

        Raises:
            InvalidInputError: no root is known.
            UnreadableFileError: it is not believed, or damaged; what was here stays.
            StorageError: it cannot be kept.
        """
        verifier = Verifier(self._folder / "trusted", self._kept_root(root))
        wanted = _newest(verifier.releases(source))
        for release in wanted:
            target = self._folder / TARGETS / release.stored_as
            if not _is_whole(target, release):
                copy_release(source, release, target)
        write_repository(self._folder, verifier.metadata())
        self._forget({each.stored_as for each in wanted}, set(verifier.metadata()))
        return wanted

    def newest(self) -> tuple[Release, ...]:
        """Return the newest release of each kind that is here."""
        return _newest(Verifier(self._folder / "trusted", b"").known())

    def metadata(self) -> Mapping[str, str]:
        """Return the signed files by their names; none where no release was put in."""
        with disk_errors(self._folder):
            files = sorted((self._folder / METADATA).glob("*.json"))
            return {each.name: each.read_text(encoding="utf-8") for each in files}

    def file_of(self, sha256: str) -> Path | None:
        """Return the file of a release; None for a digest of something else.

        Args:
            sha256: checked to be a digest.
        """
        return next(iter((self._folder / TARGETS).glob(f"{sha256}.Dala-*")), None)

    def _kept_root(self, root: bytes | None) -> bytes:
        path = self._folder / _ROOT
        if root is not None and not path.exists():
            write_atomically(path, [root])
        if path.exists():
            with disk_errors(path):
                return path.read_bytes()
        brought = root_in(program_folder())
        if brought is None:
            raise InvalidInputError(Text("Name the root of the releases once: --root FILE."))
        return brought

    def _forget(self, targets: set[str], metadata: set[str]) -> None:
        for folder, kept in ((TARGETS, targets), (METADATA, metadata)):
            for path in (self._folder / folder).iterdir():
                if path.name not in kept:
                    try:
                        path.unlink()
                    except OSError as error:  # somebody is fetching it, and Windows keeps it for him: next time
                        _log.warning("a former release stays for now: %s", error)


async def word(request: Request) -> Response:
    """GET /releases: the signed metadata of the releases that are here, for every workstation that is let in."""
    await caller_of(request)
    releases = hub_of(request).releases
    told = await run_in_threadpool(releases.metadata) if releases is not None else {}
    if not told:
        raise NotFoundError(Text("The hub has no releases of the program."))
    etag = f'"{hashlib.sha256("".join(told.values()).encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-store"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return JSONResponse(told, headers=headers)


def pieces_of(path: Path, start: int, end: int) -> Iterator[bytes]:
    """Yield a part of a file.

    Args:
        path: the file.
        start: first byte.
        end: the byte behind the last.
    """
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left > 0 and (piece := file.read(min(_PIECE, left))):
            left -= len(piece)
            yield piece


def _newest(releases: tuple[Release, ...]) -> tuple[Release, ...]:
    """Return of each kind the newest."""
    kinds = {each.kind for each in releases}
    return tuple(
        max((each for each in releases if each.kind == kind), key=lambda each: numbers_of(each.version))
        for kind in sorted(kinds)
    )


def _is_whole(path: Path, release: Release) -> bool:
    try:
        with path.open("rb") as file:
            is_long_enough = os.fstat(file.fileno()).st_size == release.size
            return is_long_enough and hashlib.file_digest(file, "sha256").hexdigest() == release.sha256
    except OSError:
        return False


ROUTES: Final = (Route("/releases", word, methods=["GET"]),)
