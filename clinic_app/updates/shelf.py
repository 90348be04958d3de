"""What lies ready on this computer: the newest release that it could install, verified, for the task that installs it.

The shelf is where the program itself may write, and so may whoever works at the computer: nothing on it is believed by
the task, which verifies it again from a copy. Here is verified so that no time and no link is spent on what the task
would refuse. One release lies on the shelf at most, and one on its way, with names of its own making.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clinic_app.foundation.durable_files import disk_errors
from clinic_app.foundation.errors import ClinicError, DiskFullError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.foundation.version import VERSION
from clinic_app.updates.installed import Installed
from clinic_app.updates.plain_files import remove_own
from clinic_app.updates.release import Release, newest
from clinic_app.updates.sources import METADATA, TARGETS, FolderSource, Source, checked_inner
from clinic_app.updates.system_folder import read_state
from clinic_app.updates.verifying import Verifier, copy_release, write_repository

FOLDER: Final = "updates"
SPARE_BYTES: Final = 1 << 30
"""What stays free on the disk: an update must never be why a patient's record cannot be saved."""
_MOST_FILES: Final = 80
_LARGEST_METADATA: Final = 2 << 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offer:
    """What there is to say of releases.

    Args:
        ready: lies here, verified, and will be installed.
        wanted: would be newer, and is on its way.
        came: of the one on its way, bytes.
        problem: why the last word about releases was not believed.
    """

    ready: Release | None = None
    wanted: Release | None = None
    came: int = 0
    problem: Text | None = None


class Shelf:
    """The releases of one computer. Safe for use from several threads.

    Args:
        data: the data folder.
        installed: how the program was installed here, with the root it brought along.
        version: of the program that runs.
        refused: versions that were tried here and did not work; asked again each time.
    """

    def __init__(
        self,
        data: Path,
        installed: Installed,
        version: str = VERSION,
        refused: Callable[[], tuple[str, ...]] = lambda: (),
    ) -> None:
        self._folder = data / FOLDER
        self._installed = installed
        self._version = version
        self._refused = refused
        self._verifier = Verifier(self._folder / "trusted", installed.root)
        self._problem: Text | None = None
        self._looked = ("", 0)
        self._lock = threading.RLock()

    def hear(self, metadata: Mapping[str, bytes]) -> Release | None:
        """Believe what a hub says of releases, or not; return the one that is to be fetched, None where none is.

        Args:
            metadata: the files of the hub's repository by their names.

        Raises:
            UnreadableFileError: it is not believed; what lies ready stays.
            StorageError: it cannot be kept.
        """
        if len(metadata) > _MOST_FILES or sum(map(len, metadata.values())) > _LARGEST_METADATA:
            raise UnreadableFileError(Text("These releases cannot be read."))
        heard = self._folder / "heard"
        with self._lock:
            remove_own(heard)
            try:
                for name, body in metadata.items():
                    path = heard / checked_inner(f"{METADATA}/{name}")
                    with disk_errors(path):
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(body)
                self._believe(FolderSource(heard))
                self._look_at_what_is_ready()
            except FileNotFoundError as error:
                raise UnreadableFileError(Text("These releases cannot be read.")) from error
            finally:
                remove_own(heard)
            return self._wanted()

    def take(self, source: Source, piece_came: Callable[[int, int], None] | None = None) -> Release | None:
        """Take the newest release of a stick; return None where this computer has nothing to gain from it.

        Args:
            source: the repository on it.
            piece_came: told how many bytes of how many are here, from time to time.

        Raises:
            UnreadableFileError: it is not believed, or damaged; what lies ready stays.
            StorageError: it cannot be kept, or there is too little room.
        """
        with self._lock:
            self._believe(source)
            self._look_at_what_is_ready()
            wanted = self._wanted()
            if wanted is None:
                return self._ready()
            self._check_room(wanted.size)
            part = self._part(wanted)
            told = (lambda came: piece_came(came, wanted.size)) if piece_came is not None else None
            copy_release(source, wanted, part, told)
            self._put(wanted, part)
            return wanted

    def offer(self) -> Offer:
        """Return what there is to say."""
        with self._lock:
            ready, wanted = self._ready(), self._wanted()
            came = self.came(wanted) if wanted is not None else 0
            return Offer(ready, wanted, came, self._problem)

    def came(self, release: Release) -> int:
        """Return how many bytes of a release that is on its way are here."""
        try:
            return self._part(release).stat().st_size
        except OSError:
            return 0

    def take_piece(self, release: Release, piece: bytes) -> int:
        """Keep what comes next of a release on its way; return how many bytes of it are here.

        Another release that was on its way is forgotten.

        Raises:
            DiskFullError: there is too little room for the whole.
            StorageError: the disk refused it.
        """
        part, came = self._part(release), self.came(release)
        with disk_errors(part):
            if not came:
                remove_own(part.parent)
                part.parent.mkdir(parents=True, exist_ok=True)
                self._check_room(release.size)
            with part.open("ab") as file:
                file.write(piece)
        return came + len(piece)

    def complete(self, release: Release) -> None:
        """Put a release that is here whole in its place.

        Raises:
            UnreadableFileError: it is not what was signed, and begins anew.
            StorageError: the disk refused it.
        """
        part = self._part(release)
        with self._lock, disk_errors(part):
            with part.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != release.sha256:
                part.unlink()
                raise UnreadableFileError(Text("The release that came is not the one that was signed."))
            self._put(release, part)

    def _believe(self, source: Source) -> None:
        try:
            self._verifier.releases(source)
        except ClinicError as error:
            self._problem = error.text
            raise
        self._problem = None

    def _look_at_what_is_ready(self) -> None:
        """Throw away what is no longer what was signed: the task would refuse it every night, nothing would come."""
        release = self._ready()
        if release is None:
            return
        path = self._folder / "ready" / TARGETS / release.stored_as
        with suppress(OSError), path.open("rb") as file:
            looked = (release.sha256, os.fstat(file.fileno()).st_mtime_ns)
            if looked == self._looked or hashlib.file_digest(file, "sha256").hexdigest() == release.sha256:
                self._looked = looked
                return
        _log.warning("what lay ready was changed; it comes anew")
        remove_own(self._folder / "ready")

    def _newest(self) -> Release | None:
        return newest(self._verifier.known(), self._installed.kind, self._version, self._refused())

    def _wanted(self) -> Release | None:
        """Return the release that is to be fetched."""
        best = self._newest()
        return best if best is not None and best != self._ready() else None

    def _ready(self) -> Release | None:
        """Return the release that lies ready: whole, newer than what runs, and not one that failed here."""
        for release in sorted(self._verifier.known(), key=lambda each: each == self._newest(), reverse=True):
            path = self._folder / "ready" / TARGETS / release.stored_as
            if newest([release], self._installed.kind, self._version, self._refused()) is None:
                continue
            try:
                if path.stat().st_size == release.size:
                    return release
            except OSError:
                continue
        return None

    def _part(self, release: Release) -> Path:
        return self._folder / "part" / release.stored_as

    def _put(self, release: Release, part: Path) -> None:
        """Put a verified file with the metadata that vouch for it into one folder, in place of the former."""
        made, ready = self._folder / "ready.new", self._folder / "ready"
        with disk_errors(part):
            remove_own(made)
            write_repository(made, self._verifier.metadata())
            (made / TARGETS).mkdir(parents=True, exist_ok=True)
            os.replace(part, made / TARGETS / release.stored_as)
            remove_own(ready)
            os.replace(made, ready)
        _log.info("version %s lies ready to be installed", release.version)

    def _check_room(self, wanted_bytes: int) -> None:
        with disk_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self._folder).free < wanted_bytes + SPARE_BYTES:
                raise DiskFullError(Text("There is too little room on the disk for a new version of the program."))


def shelf_of(data: Path, installed: Installed) -> Shelf:
    """Return the shelf of an installation; it offers nothing that the task found not to work here.

    Args:
        data: the data folder.
        installed: how the program was installed.
    """
    return Shelf(data, installed, refused=lambda: read_state(installed.system).refused)
