"""Whose turn it is on the link: one small piece after the other, always the most pressing that there is.

A transaction of records, a piece of content on its way up and one on its way down are turns. After each the queues are
looked at again, so that an emergency written meanwhile goes next, though a study of hours is half way. Records go
before contents of their lane. A lane whose bytes for today are spent is left out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Final, get_args

from clinic_app.storage import Lane
from clinic_app.sync.budget import Budget
from clinic_app.sync.contents import Downloads, Uploads, WrongContentError
from clinic_app.sync.push import Push

LANES: Final[tuple[Lane, ...]] = get_args(Lane)
PRESSING: Final[tuple[Lane, ...]] = ("emergency", "referral", "records")
"""Lanes that go before anything is asked of the hub; the others give way to that from time to time."""


class Turns:
    """The order of everything that goes over one link.

    Args:
        push: sends records.
        uploads: sends contents.
        downloads: fetches contents.
        budget: what each lane may still use.
    """

    def __init__(self, push: Push, uploads: Uploads, downloads: Downloads, budget: Budget) -> None:
        self._push = push
        self._uploads = uploads
        self._downloads = downloads
        self._budget = budget

    async def run(self, lanes: Collection[Lane] = LANES, between: Callable[[], Awaitable[None]] | None = None) -> None:
        """Take turns until nothing of these lanes waits any more that may go.

        Args:
            lanes: which.
            between: awaited after each turn, for what has its own time.

        Raises:
            LinkError: the link broke, every queue goes on from where it stands; or some content was a wrong one.
        """
        wrong: WrongContentError | None = None
        while True:
            try:
                if not await self._turn(lanes):
                    break
            except WrongContentError as error:  # the others do not wait for it
                wrong = error
            if between is not None:
                await between()
        if wrong is not None:
            raise wrong

    async def _turn(self, lanes: Collection[Lane]) -> bool:
        """Take one turn; return False where nobody wanted one."""
        for lane in LANES:
            if lane in lanes and self._budget.has_left(lane):
                with self._budget.spending(lane):
                    if await self._push.step([lane]) or await self._content(lane):
                        return True
        return False

    async def _content(self, lane: Lane) -> bool:
        return await self._downloads.step(lane) or await self._uploads.step(lane)
