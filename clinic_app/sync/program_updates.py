"""New versions of the program, for the people at this workstation: what lies ready, what is new, one from a stick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clinic_app.access import Session, Trail, own_device
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.foundation.version import VERSION
from clinic_app.storage import Store
from clinic_app.updates.release import Release
from clinic_app.updates.shelf import Shelf
from clinic_app.updates.sources import opened_source
from clinic_app.updates.system_folder import State
from clinic_app.updates.take_command import NOT_INSTALLED

Standing = Literal["none", "newest", "coming", "ready", "returned"]


@dataclass(frozen=True)
class UpdateLook:
    """How it stands with new versions.

    Args:
        version: of the program that runs.
        standing: ``none``: this copy takes none; ``newest``: there is nothing newer; ``coming`` from the hub;
            ``ready``: it is installed when nobody works; ``returned``: it did not work here.
        other: the version that comes, waits, or did not work; empty for none.
        release: the one that comes or waits.
        came: of it, bytes.
        problem: why the last word about releases was not believed.
    """

    version: str
    standing: Standing
    other: str = ""
    release: Release | None = None
    came: int = 0
    problem: Text | None = None


class ProgramUpdates:
    """New versions of the program on one workstation.

    Args:
        store: for the trail.
        trail: says who may take one from a stick.
        shelf: where they lie; None for a copy of the program that takes none.
        state: how it stands with the task that installs them.
        version: of the program.
    """

    def __init__(
        self,
        store: Store,
        trail: Trail,
        shelf: Shelf | None,
        state: Callable[[], State] = State,
        version: str = VERSION,
    ) -> None:
        self._store = store
        self._trail = trail
        self._shelf = shelf
        self._state = state
        self._version = version

    def look(self) -> UpdateLook:
        """Return how it stands; everybody may know it.

        Raises:
            StorageError: the disk refused it.
        """
        if self._shelf is None:
            return UpdateLook(self._version, "none")
        offer, refused = self._shelf.offer(), self._state().refused
        if offer.ready is not None:
            return UpdateLook(self._version, "ready", offer.ready.version, offer.ready, problem=offer.problem)
        if offer.wanted is not None:
            return UpdateLook(
                self._version, "coming", offer.wanted.version, offer.wanted, offer.came, problem=offer.problem
            )
        if refused:
            return UpdateLook(self._version, "returned", refused[-1], problem=offer.problem)
        return UpdateLook(self._version, "newest", problem=offer.problem)

    def said_to_hub(self) -> str:
        """Return what the hub is told of the version: the one that runs, and beside it what has become of another."""
        look = self.look()
        words = {"ready": "waits", "returned": "did not work"}.get(look.standing)
        return f"{look.version} ({look.other} {words})" if words else look.version

    def take(self, session: Session, stick: Path, came: Callable[[int, int], None] | None = None) -> UpdateLook:
        """Take the newest release of a stick; it is installed when nobody works.

        Args:
            session: who brings it.
            stick: a folder of releases, or a ``.dala-update`` file.
            came: told how many bytes of how many are here, from time to time.

        Raises:
            NotAllowedError: only an administrator does.
            InvalidInputError: this copy of the program takes none.
            UnreadableFileError: it is not believed, or damaged.
            StorageError: it cannot be kept.
        """
        self._trail.require(session, "update", "Device")
        if self._shelf is None:
            raise InvalidInputError(NOT_INSTALLED)
        with opened_source(stick) as source:
            self._shelf.take(source, came)
        look = self.look()
        event = self._trail.event(session, "update", own_device(self._store))
        self._store.records.commit([], audit=[event])
        return look
