"""What a screen holds that is not saved, as the window asks for it: so that a lock or a sign-out costs nobody a word.

A screen with a form has these methods; the window asks every screen alike, keeps what it is told as the person's
drafts, and hands a draft back when he wants to go on. A screen that empties a form of its own accord (another patient
came in hand) says so with a signal ``draft_left`` that carries the draft.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from ui.language import _

if TYPE_CHECKING:
    from clinic_app.access import Draft


@runtime_checkable
class DraftHolder(Protocol):
    """A screen with forms."""

    def has_unsaved(self) -> bool:
        """Return whether something is typed that is not saved."""
        ...

    def drafts(self) -> tuple[Draft, ...]:
        """Return what is typed, a draft for each form and patient."""
        ...

    def take_draft(self, draft: Draft) -> None:
        """Put a draft back into its form; its patient is in hand, and the screen is in front."""
        ...


@runtime_checkable
class SelfKeeper(Protocol):
    """A screen that keeps its drafts itself, as the opinion does."""

    def keep_now(self, done: Callable[[], None]) -> None:
        """Keep what is typed and call back once it is on the disk or was refused."""
        ...

    def is_kept(self) -> bool:
        """Return False where the disk did not take it."""
        ...


@runtime_checkable
class Worker(Protocol):
    """A screen with work under way that ends with it."""

    def is_working(self) -> bool:
        """Return whether something runs, as a recording does, that is lost when the screen goes."""
        ...


SCREEN_OF: Final = {
    "register": "patients",
    "amend": "patients",
    "vitals": "chart",
    "monitor_vitals": "signals",
    "marks": "images",
    "referral": "referrals",
}
"""The screen each kind of draft belongs to."""


def draft_words(draft: Draft) -> str:
    """Return what somebody had begun, and about whom."""
    name = draft.name
    match draft.kind:
        case "register":
            return (
                _("You had begun to register {name}", name=name) if name else _("You had begun to register a patient")
            )
        case "amend":
            return _("You had begun to amend the data of {name}", name=name)
        case "marks":
            return _("You had begun to measure on images of {name}", name=name)
        case "referral":
            return _("You had begun a question about {name}", name=name)
        case _:
            return _("You had begun vital signs of {name}", name=name)
