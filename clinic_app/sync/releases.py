"""Releases of the program come through the hub when the link has nothing better to do, in pieces, within its budget.

What the hub says is not believed: the shelf verifies it. The file comes the way of every big content, from the byte on
that is here already.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Final, Protocol

from clinic_app.foundation.errors import StorageError, UnreadableFileError
from clinic_app.sync.budget import Budget
from clinic_app.sync.link import HubLink
from clinic_app.updates.release import Release

LANE: Final = "bulk"
"""Whose bytes of the day a release uses."""
ASK_EVERY_S: Final = 3600.0
AFTER_DAMAGE_S: Final = 24 * 3600.0
"""How long a hub is not asked that has sent a whole release which is not the one that was signed."""
TURN_S: Final = 20.0
"""Seconds after which the fetching gives way to the next exchange."""
LOOK_EVERY_S: Final = 1.0
_log = logging.getLogger(__name__)


class Shelf(Protocol):
    """Verifies and keeps releases: `clinic_app.updates.shelf.Shelf`, or a hub's."""

    def hear(self, metadata: Mapping[str, bytes]) -> Release | None:
        """Return the release that is to be fetched."""
        ...

    def came(self, release: Release) -> int:
        """Return how many of its bytes are here."""
        ...

    def take_piece(self, release: Release, piece: bytes) -> int:
        """Keep what comes next; return how many bytes are here."""
        ...

    def complete(self, release: Release) -> None:
        """Verify a release that is here whole, and put it in its place."""
        ...


class Releases:
    """Fetches releases for one node.

    Args:
        shelf: where they go.
        link: the hub.
        budget: what the link may still be used for today.
        is_pressed: whether something else wants the link; asked about once a second.
        time_s: a clock that only goes forward, in seconds.
    """

    def __init__(
        self,
        shelf: Shelf,
        link: HubLink,
        budget: Budget,
        is_pressed: Callable[[], bool] = lambda: False,
        time_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shelf = shelf
        self._link = link
        self._budget = budget
        self._is_pressed = is_pressed
        self._time_s = time_s
        self._ask_at_s = float("-inf")
        self._etag = ""
        self._wanted: Release | None = None

    async def run(self) -> None:
        """Ask from time to time what there is, and fetch for a while what is wanted.

        Raises:
            LinkError: the hub cannot be reached.
            HubRefusalError: it does not give this.
        """
        if not self._budget.has_left(LANE):
            return
        with self._budget.spending(LANE):
            if self._time_s() >= self._ask_at_s:
                await self._ask()
            if self._wanted is not None:
                await self._fetch(self._wanted)

    async def _ask(self) -> None:
        self._ask_at_s = self._time_s() + ASK_EVERY_S
        answer = await self._link.releases(self._etag)
        if answer is None:
            return
        try:
            self._wanted = self._shelf.hear(answer.metadata)
        except (UnreadableFileError, StorageError) as error:  # looked at anew: the disk or the clock may be mended
            _log.warning("what the hub says about releases is not taken: %s", error)
            self._etag = ""
        else:
            self._etag = answer.etag

    async def _fetch(self, release: Release) -> None:
        end_s, came = self._time_s() + TURN_S, self._shelf.came(release)
        look_s = self._time_s() + LOOK_EVERY_S
        try:
            if came < release.size:
                async with aclosing(self._link.download(release.sha256, came)) as pieces:
                    async for piece in pieces:
                        came = self._shelf.take_piece(release, piece)
                        now_s = self._time_s()
                        if came >= release.size or now_s > end_s or (now_s > look_s and self._is_pressed()):
                            break
                        look_s = look_s if now_s <= look_s else now_s + LOOK_EVERY_S
            if came >= release.size:
                self._shelf.complete(release)
                self._wanted = None
        except StorageError as error:  # goes on when there is room
            _log.warning("version %s is not kept: %s", release.version, error)
            self._wanted, self._etag = None, ""
        except UnreadableFileError as error:  # begins anew, but a hub with a damaged file must not eat the link
            _log.warning("version %s is not kept: %s", release.version, error)
            self._wanted, self._etag = None, ""
            self._ask_at_s = self._time_s() + AFTER_DAMAGE_S
