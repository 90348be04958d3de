"""The places people keep at a shared workstation: each with his page, out of the others' sight while another works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from ui import language, theme
from ui.shell.draft_book import DraftBook
from ui.shell.work_page import WorkPage

if TYPE_CHECKING:
    from clinic_app.access import Session

MOST: Final = 4
"""A page takes memory; the one that was left longest ago goes first."""


@dataclass(eq=False)
class Seat:
    """One person's place.

    Args:
        session: whose.
        page: his screens with everything that stands in them.
        book: his drafts.
    """

    session: Session
    page: WorkPage
    book: DraftBook
    cursor: QWidget | None = None
    beside: list[QWidget] = field(default_factory=list)
    worn: tuple[str, str] = ("", "")

    def leave(self, cursor: QWidget | None, beside: list[QWidget]) -> None:
        """Remember where the cursor was, what stood beside the window, language and theme."""
        self.cursor, self.beside = cursor, beside
        self.worn = (language.current(), theme.current())

    def come_back(self) -> None:
        """Show again what stood beside the window, and put the cursor where it was; the page is in front."""
        for each in self.beside:
            if isValid(each):
                each.show()
        self.beside = []
        if self.cursor is not None and isValid(self.cursor) and self.cursor.isVisible():
            self.cursor.setFocus()

    def is_of(self, session: Session) -> bool:
        """Return whether it belongs to this person in this role; with another role he gets another page."""
        mine = self.session
        return (mine.practitioner_id, mine.role, mine.organization_id) == (
            session.practitioner_id,
            session.role,
            session.organization_id,
        )


class Seats:
    """All places, whoever sat last at the end."""

    def __init__(self) -> None:
        self._all: list[Seat] = []

    def __iter__(self) -> Iterator[Seat]:
        """Go through them, the one left longest ago first."""
        return iter(tuple(self._all))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._all)

    def sit(self, seat: Seat) -> None:
        """Somebody sits down, for the first time or again."""
        if seat in self._all:
            self._all.remove(seat)
        self._all.append(seat)

    def remove(self, seat: Seat) -> None:
        """A place is given up."""
        self._all.remove(seat)

    def of(self, session: Session) -> Seat | None:
        """Return the place of a person, or None."""
        return next((each for each in self._all if each.is_of(session)), None)

    def outworn(self, session: Session) -> list[Seat]:
        """Return the places a person kept under another role."""
        mine = session.practitioner_id
        return [each for each in self._all if each.session.practitioner_id == mine and not each.is_of(session)]

    def surplus(self) -> list[Seat]:
        """Return whom there is no room for any more: whoever left longest ago, unless a recording runs at his place."""
        idle = [each for each in self._all[:-1] if not each.page.is_working()]
        return idle[: max(0, len(self._all) - MOST)]
